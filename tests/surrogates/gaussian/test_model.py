"""The BoTorch model of a normal posterior, in any unit."""

import numpy as np
import pytest
import torch
from torch import Tensor

from bosearch.surrogates.coordinates import Coordinates
from bosearch.surrogates.gaussian.model import JITTER, GaussianModel, steadied
from tests.surrogates.zoo import cube

SLOPE = torch.tensor([2.0, -1.0], dtype=torch.float64)
X = torch.tensor(np.random.default_rng(0).uniform(size=(4, 3, 2)))


def moments(Z: Tensor) -> tuple[Tensor, Tensor]:
    """A linear function whose slope has the covariance of the identity."""
    return Z @ SLOPE, Z @ Z.mT


@pytest.mark.parametrize("spread", [1e-9, 1.0, 1e6])
def test_moments_are_those_given_in_any_unit(spread: float) -> None:
    model = GaussianModel(
        Coordinates(cube(2)), moments, location=3.0, spread=spread, noise_var=0.25 * spread**2
    )
    for noise, extra in ((False, 0.0), (True, 0.25)):
        posterior = model.posterior(X, observation_noise=noise)
        assert torch.allclose((posterior.mean[..., 0] - 3.0) / spread, X @ SLOPE, atol=1e-5)
        squares = X.square().sum(-1) + extra
        assert torch.allclose(posterior.variance[..., 0] / spread**2, squares, atol=2.0 * JITTER)
        cov = posterior.distribution.covariance_matrix / spread**2
        expected = X @ X.mT + extra * torch.eye(3, dtype=X.dtype)
        assert torch.allclose(cov, expected, atol=2.0 * JITTER)


def test_a_variance_that_rounding_made_negative_is_raised() -> None:
    model = GaussianModel(
        Coordinates(cube(2)),
        lambda Z: (Z @ SLOPE, Z @ Z.mT - 2.0),
        location=0.0,
        spread=1e-3,
        noise_var=0.0,
    )
    variance = model.posterior(X[:, :1]).variance
    assert variance.min() == pytest.approx(1e-6 * JITTER)


def test_only_covariances_that_cannot_be_factored_are_steadied() -> None:
    ones = torch.ones(2, 2, dtype=torch.float64)
    cov = torch.stack([torch.eye(2, dtype=torch.float64), ones - 1e-6 * torch.eye(2)])
    found = steadied(cov)
    assert torch.equal(found[0], cov[0])
    assert torch.allclose(found[1], ones, atol=1.1e-5)
    assert torch.linalg.eigvalsh(found[1]).min() > 0.0
    with pytest.raises(ArithmeticError, match="not positive definite, even with jitter"):
        steadied(-cov)
