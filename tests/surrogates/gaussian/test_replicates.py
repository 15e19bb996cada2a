"""Merged observations against all of them."""

import math

import numpy as np
import pytest
import torch

from bosearch.surrogates.gaussian.exact import ExactProcess
from bosearch.surrogates.gaussian.kernels import Hyper, Stationary
from bosearch.surrogates.gaussian.merging import Merged
from bosearch.surrogates.gaussian.replicates import Replicates
from bosearch.surrogates.schedule import Data
from tests.surrogates.zoo import cube

KERNEL = Stationary("matern52", torch.tensor([0, 1]), Hyper(0.0, -5.0, 5.0), None)
THETA = torch.tensor([-0.5, 0.1], dtype=torch.float64)


def repeated(known: bool) -> Data:
    rng = np.random.default_rng(0)
    X = rng.uniform(size=(5, 2))[[0, 1, 1, 2, 3, 3, 3, 4, 1]]
    sem = np.full(len(X), np.nan)
    if known:
        sem[[1, 2, 8]] = 0.4, 0.4, 0.2  # of one point, two of them equally well known
    return Data(X, 5.0 + rng.normal(size=len(X)), sem)


def processes(data: Data) -> tuple[ExactProcess, ExactProcess, Merged]:
    """Given all observations, and given the merged ones."""
    Z, y = torch.tensor(data.X), torch.tensor(data.y)
    known = torch.tensor(data.sem) ** 2
    log_noise, mean = torch.tensor(math.log(0.3)), torch.tensor(5.0)
    merged = Merged.of(Z, y, known)
    one = ExactProcess(KERNEL, THETA, log_noise, mean, Z, y, known)
    few = one.given(merged.Z, merged.y, merged.known_var, merged.counts)
    return one, few, merged


@pytest.mark.parametrize("known", [False, True])
def test_merged_observations_say_what_all_of_them_say(known: bool) -> None:
    one, few, merged = processes(repeated(known))
    assert len(few.y) == (6 if known else 5)
    X = torch.tensor(np.random.default_rng(1).uniform(size=(6, 2)))
    for ours, theirs in zip(few.moments(X), one.moments(X), strict=True):
        assert torch.allclose(ours, theirs, atol=1e-8)
    whole = few.log_evidence + merged.correction(few.log_noise)
    assert float(whole) == pytest.approx(float(one.log_evidence), abs=1e-8)


def test_the_evidence_has_the_same_slope_in_the_noise() -> None:
    one, few, merged = processes(repeated(False))
    slopes: list[torch.Tensor] = []
    for process in (one, few):
        log_noise = torch.tensor(math.log(0.3), dtype=torch.float64, requires_grad=True)
        moved = ExactProcess(
            KERNEL, THETA, log_noise, one.mean, process.Z, process.y, process.known_var,
            process.counts,
        )  # fmt: skip
        value = moved.log_evidence
        if process is few:
            value = value + merged.correction(log_noise)
        slopes += torch.autograd.grad(value, log_noise)
    assert float(slopes[0]) == pytest.approx(float(slopes[1]), abs=1e-7)


@pytest.mark.parametrize("known", [False, True])
def test_one_observation_left_out_leaves_the_others_of_its_point(known: bool) -> None:
    data = repeated(known)
    found = Replicates().fit(data, cube(2), seed=0)
    training, process = found.training, found.process
    whole = process.given(training.Z, training.y, training.known_var)  # not merged
    mean, var = whole.leave_one_out()
    spread = training.spread
    expected = -0.5 * ((whole.y - mean) ** 2 / var + (2.0 * math.pi * var).log())
    assert found.leave_one_out() == pytest.approx(expected.numpy() - math.log(spread), abs=1e-6)


def test_the_noise_is_that_of_the_repeats() -> None:
    rng = np.random.default_rng(3)
    X = np.repeat(rng.uniform(size=(12, 2)), 40, axis=0)
    y = np.sin(3.0 * X[:, 0]) + 0.5 * rng.normal(size=len(X))
    found = Replicates().fit(Data(X, y, np.full(len(X), np.nan)), cube(2), seed=0)
    assert math.sqrt(found.noise_var) == pytest.approx(0.5, rel=0.08)
    assert len(found.process.y) == 12
