"""The Laplace surrogate: against linear regression, and what its options fix."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from bosearch.errors import SurrogateError
from bosearch.surrogates.embedding import Array
from bosearch.surrogates.networks.evidence import NOISE, most_evidence
from bosearch.surrogates.networks.laplace import SCALE, Laplace
from bosearch.surrogates.networks.tangent import TangentKernel, without_mean
from tests.surrogates.zoo import cube, smooth, told

D = 2
DATA = smooth(12, D)
X = torch.rand(5, D, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def regression(Z: Array, y: Array, new: Array, scale: float, noise: float) -> tuple[Array, Array]:
    """Bayesian linear regression: Bishop (2006), eqs. 3.49-3.51 and 3.58, by matrix inversion."""

    def features(A: Array) -> Array:
        return np.column_stack([1.5 / math.sqrt(D) * (2.0 * A - 1.0), np.ones(len(A))])

    phi = features(Z)
    cov = np.linalg.inv(np.eye(D + 1) / scale + phi.T @ phi / noise)
    mean = cov @ phi.T @ y / noise
    return features(new) @ mean, features(new) @ cov @ features(new).T


@pytest.mark.parametrize("steps", [1, 300])
def test_a_network_without_hidden_layers_is_linear_regression(steps: int) -> None:
    """However far training went: the linear model is conditioned exactly."""
    recipe = Laplace(
        widths=(), weight_std=1.5, noise_var=0.2, fit_scale=False, rounds=1, steps=steps
    )
    found = recipe.fit(DATA, cube(D), seed=0)
    location, spread = found.training.location, found.training.spread
    mean, cov = regression(DATA.X, (DATA.y - location) / spread, X.numpy(), 1.0, 0.2)
    posterior: Any = found.model.posterior(X)
    assert posterior.mean[:, 0].numpy() == pytest.approx(location + spread * mean, rel=1e-8)
    found_cov = posterior.distribution.covariance_matrix / spread**2
    assert found_cov.numpy() == pytest.approx(cov, rel=1e-7, abs=2e-8)  # the model's jitter
    assert found.noise_var == pytest.approx(0.2 * spread**2)


def test_evidence_is_at_its_highest_on_a_grid_of_eigenvalues() -> None:
    found = Laplace(widths=(8,), steps=50, rounds=1).fit(DATA, cube(D), seed=0)
    process = found.residual.process
    K = found.mlp.jacobian(found.z, found.training.Z)[0]
    values, vectors = torch.linalg.eigh(K @ K.mT)
    squares = (vectors.mT @ process.y).square()

    def density(log_scale: Tensor, log_noise: Tensor) -> Tensor:
        var = log_scale.exp() * values + log_noise.exp() + 1e-9
        fit = -0.5 * (squares / var + var.log() + math.log(2.0 * math.pi)).sum()
        assert SCALE.prior is not None
        assert NOISE.prior is not None
        total: Tensor = fit + SCALE.prior(log_scale) + NOISE.prior(log_noise)
        return total

    best = density(process.theta[0], process.log_noise)
    for step in (0.0, 0.3, 1.0):
        for sign in (-1.0, 1.0):
            moved = process.theta[0] + sign * step
            for other in (-step, step):
                log_noise = (process.log_noise + other).clamp(NOISE.low, NOISE.high)
                assert float(density(moved, log_noise)) <= float(best) + 1e-6


def test_a_flat_prior_is_one_variance_of_all_weights() -> None:
    """The ``P x P`` posterior of weights that are not whitened."""
    recipe = Laplace(widths=(6, 5), steps=40, bias_std=0.3, noise_var=0.2, flat_prior_var=3.0)
    found = recipe.fit(DATA, cube(D), seed=0)
    J0, J = (found.mlp.jacobian(found.z, Z)[0] / found.mlp.stds(D) for Z in (found.training.Z, X))
    eye = torch.eye(J.shape[-1], dtype=torch.float64)
    cov = torch.linalg.inv(eye / 3.0 + J0.mT @ J0 / 0.2)
    mean = found.mlp.forward(found.z, X)[0] - found.mlp.along(found.z, found.z, X)[0]
    mean = mean + J @ cov @ (J0.mT @ found.residual.process.y) / 0.2
    ours = found.moments(X)
    torch.testing.assert_close(ours[0], mean, rtol=1e-7, atol=1e-7)
    torch.testing.assert_close(ours[1], J @ cov @ J.mT, rtol=1e-7, atol=1e-7)
    values = found.functions(20_000, seed=3)(X)
    posterior: Any = found.model.posterior(X)
    std = posterior.variance[:, 0].sqrt()
    torch.testing.assert_close(values.std(0) / std, torch.ones_like(std), rtol=0.03, atol=0.0)


def test_known_noise_is_not_inferred() -> None:
    known = told(DATA.X, DATA.y, sem=0.7)
    found = Laplace(widths=(8,), steps=50, rounds=1).fit(known, cube(D), seed=0)
    assert found.noise_var == pytest.approx(0.49)
    less = without_mean(found.mlp, found.z, found.training)
    again = most_evidence(TangentKernel(found.mlp, found.z, less.Z, SCALE), NOISE, less)
    assert float(again.process.log_noise) == NOISE.start


def test_known_and_inferred_noise_may_be_mixed() -> None:
    sem = np.where(np.arange(12) % 2 == 0, 3.0, np.nan)
    mixed = told(DATA.X, DATA.y)
    mixed = type(mixed)(mixed.X, mixed.y, sem)
    found = Laplace(widths=(8,), steps=50, rounds=1).fit(mixed, cube(D), seed=0)
    noise = found.residual.process.noise
    assert noise[0].item() == pytest.approx((3.0 / found.training.spread) ** 2, rel=1e-6)
    assert float(found.residual.process.log_noise.exp()) < noise[0].item()


def test_training_and_slopes_reach_the_report() -> None:
    found = Laplace(widths=(8,), steps=30, rounds=2).fit(DATA, cube(D), seed=0)
    assert found.report.gradients == 60
    assert found.report.loo == pytest.approx(float(found.leave_one_out().mean()))
    assert found.report.log_evidence == pytest.approx(float(found.residual.process.log_evidence))


def test_wrong_options_are_refused_by_name() -> None:
    with pytest.raises(SurrogateError, match="surrogate 'laplace': rounds must be a whole number"):
        Laplace(rounds=0)
    with pytest.raises(SurrogateError, match="surrogate 'laplace': noise_var must be a number"):
        Laplace(noise_var=0.0)
