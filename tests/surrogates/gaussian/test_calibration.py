"""Observations of the model's own prior fall where it predicts, as often as it says.

For each of many worlds a function, its noise and the points are drawn from the prior; then one
new observation is held against the prediction from the others. Its place in the predicted
distribution is uniform if the posterior is exact, whatever the kernel.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Generator

from bosearch.surrogates.gaussian.exact import ExactProcess
from bosearch.surrogates.gaussian.infinite import InfiniteNetwork
from bosearch.surrogates.gaussian.kernels import Hyper, Kernel, LinearKernel, Stationary
from bosearch.surrogates.gaussian.merging import Merged
from bosearch.surrogates.gaussian.student_t import FittedT
from bosearch.surrogates.interface import FitReport
from bosearch.surrogates.registry import load
from bosearch.surrogates.training import TrainingSet
from tests.surrogates.zoo import cube, told

Place = Callable[[Kernel, torch.Tensor, torch.Tensor, torch.Tensor], float]

WORLDS, N = 300, 8
NOISE = 0.05
FREE = Hyper(0.0, -5.0, 5.0)
KERNELS: dict[str, tuple[Kernel, list[float]]] = {
    "matern52": (Stationary("matern52", torch.tensor([0, 1]), FREE, None), [-1.0, -0.3]),
    "rbf": (Stationary("rbf", torch.tensor([0, 1]), FREE, FREE), [-1.0, -0.3, 0.5]),
    "spherical": (LinearKernel(FREE, FREE, FREE), [0.0, 0.5, -0.3]),
    "network": (InfiniteNetwork().kernel, [1.0, 0.3]),
}


def places(name: str, place: Place, *, scales: Callable[[Any], float], seed: int) -> Any:
    """Of one new observation in each world; ``scales`` draws the variance of everything."""
    kernel, values = KERNELS[name]
    theta = torch.tensor(values, dtype=torch.float64)
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(WORLDS):
        Z = torch.tensor(rng.uniform(size=(N + 1, 2)))
        Z[1:3] = Z[0]  # measured three times
        C = kernel(theta, Z, Z) + NOISE * torch.eye(N + 1, dtype=torch.float64)
        normals = torch.tensor(rng.normal(size=N + 1))
        y = math.sqrt(scales(rng)) * (torch.linalg.cholesky(C) @ normals)
        found.append(place(kernel, theta, Z, y))
    return np.array(found)


def process(kernel: Kernel, theta: torch.Tensor, Z: torch.Tensor, y: torch.Tensor) -> ExactProcess:
    unknown = torch.full((len(y),), math.nan, dtype=torch.float64)
    zero = torch.zeros((), dtype=torch.float64)
    return ExactProcess(kernel, theta, zero + math.log(NOISE), zero, Z, y, unknown)


def of_normal(
    kernel: Kernel, theta: torch.Tensor, Z: torch.Tensor, y: torch.Tensor, *, merge: bool = False
) -> float:
    given = process(kernel, theta, Z[:N], y[:N])
    if merge:
        merged = Merged.of(Z[:N], y[:N], given.known_var)
        given = given.given(merged.Z, merged.y, merged.known_var, merged.counts)
    mean, cov = given.moments(Z[N:])
    return float(stats.norm.cdf(float(y[N] - mean[0]) / math.sqrt(float(cov[0, 0]) + NOISE)))


def of_merged(kernel: Kernel, theta: torch.Tensor, Z: torch.Tensor, y: torch.Tensor) -> float:
    return of_normal(kernel, theta, Z, y, merge=True)


def of_t(kernel: Kernel, theta: torch.Tensor, Z: torch.Tensor, y: torch.Tensor) -> float:
    given = process(kernel, theta, Z[:N], y[:N])
    blank = TrainingSet.of(told(Z[:N].numpy(), y[:N].numpy()), cube(2))
    found = FittedT(blank, given, 1.5, 1.5, FitReport(seconds=0.0))
    mean, cov = given.moments(Z[N:])
    scale = math.sqrt(found.factor * (float(cov[0, 0]) + NOISE))
    return float(stats.t(found.dof).cdf(float(y[N] - mean[0]) / scale))


def is_uniform(found: Any) -> None:
    assert stats.kstest(found, "uniform").pvalue > 1e-3
    for level in (0.5, 0.9, 0.95):
        inside = int((abs(found - 0.5) < 0.5 * level).sum())
        assert stats.binomtest(inside, WORLDS, level).pvalue > 1e-3


@pytest.mark.parametrize("name", KERNELS)
def test_a_process_of_its_own_prior_is_calibrated(name: str) -> None:
    is_uniform(places(name, of_normal, scales=lambda rng: 1.0, seed=0))


def test_one_on_means_of_repeats_is_calibrated_too() -> None:
    found = places("matern52", of_merged, scales=lambda rng: 1.0, seed=0)
    is_uniform(found)
    apart = places("matern52", of_normal, scales=lambda rng: 1.0, seed=0)
    assert found == pytest.approx(apart, abs=1e-6)


@pytest.mark.parametrize("name", ["matern52", "network"])
def test_one_of_unknown_scale_is_calibrated_over_the_scales(name: str) -> None:
    def scale(rng: Any) -> float:
        return float(1.5 / rng.gamma(1.5))

    is_uniform(places(name, of_t, scales=scale, seed=1))
    normal = places(name, of_normal, scales=scale, seed=1)  # which does not know
    outside = int((abs(normal - 0.5) > 0.495).sum())  # 3 of 300 are expected
    assert stats.binomtest(outside, WORLDS, 0.01).pvalue < 1e-6


@pytest.mark.parametrize("name", ["gp", "gp-gamma", "student-t", "replicates", "map-saas"])
def test_fitted_processes_cover_what_they_have_not_seen(name: str) -> None:
    """Hyperparameters come from the observations here: bands are those of a working model."""
    kernel = KERNELS["matern52"][0]
    theta = torch.tensor([-1.0, -0.3], dtype=torch.float64)
    inside = []
    for seed in range(4):
        Z = torch.tensor(np.random.default_rng(seed).uniform(size=(80, 2)))
        draw = kernel.draw(theta, 2, 1, Generator().manual_seed(seed))
        noise = np.random.default_rng(100 + seed).normal(scale=0.1, size=80)
        y = 50.0 + 20.0 * (draw(Z)[0].numpy() + noise)
        found = load(name).fit(told(Z[:30].numpy(), y[:30]), cube(2), seed=seed)
        posterior: Any = found.model.posterior(Z[30:].unsqueeze(1), observation_noise=True)
        away = (y[30:] - posterior.mean[:, 0, 0].numpy()) ** 2
        inside.append(away < 1.96**2 * posterior.variance[:, 0, 0].numpy())
    assert 0.85 <= float(np.mean(inside)) <= 1.0
