"""The Bayesian last layer: against linear regression, and against the variational bound."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Generator, Tensor

from bosearch.errors import SurrogateError
from bosearch.surrogates.networks.evidence import NOISE, most_evidence
from bosearch.surrogates.networks.features import (
    Climb,
    FeatureKernel,
    LastLayerKernel,
    calibrated,
    dealt,
    held_out,
    rows,
    trained,
)
from bosearch.surrogates.networks.laplace import SCALE
from bosearch.surrogates.networks.mlp import BatchedMLP
from bosearch.surrogates.networks.vbll import LastLayer
from bosearch.surrogates.training import TrainingSet
from tests.surrogates.zoo import cube, smooth

D = 2
DATA = smooth(14, D)
X = torch.rand(5, D, generator=Generator().manual_seed(1), dtype=torch.float64)


def features(found: Any, Z: Tensor) -> Tensor:
    """``n x (w + 1)`` features of the last layer's whitened weights and bias."""
    kernel = found.process.kernel
    h = kernel.features(Z)
    scaled = kernel.mlp.weight_std / math.sqrt(h.shape[-1]) * h
    return torch.cat([scaled, torch.full_like(h[:, :1], kernel.mlp.bias_std)], dim=-1)


def posterior(found: Any) -> tuple[Tensor, Tensor]:
    """Of the whitened last layer: Bishop (2006), eqs. 3.50 and 3.51."""
    process = found.process
    phi = features(found, found.training.Z)
    eye = torch.eye(phi.shape[-1], dtype=torch.float64)
    precision = eye / process.theta[0].exp() + phi.mT @ (phi / process.noise[:, None])
    return torch.linalg.solve(precision, phi.mT @ (process.y / process.noise)), precision.inverse()


@pytest.mark.parametrize("widths", [(), (6, 5)])
def test_predictions_are_those_of_linear_regression_on_the_features(
    widths: tuple[int, ...],
) -> None:
    found = LastLayer(widths=widths, steps=30).fit(DATA, cube(D), seed=0)
    mean, cov = posterior(found)
    phi = features(found, X)
    location, spread = found.training.location, found.training.spread
    predicted: Any = found.model.posterior(X)
    torch.testing.assert_close(
        predicted.mean[:, 0], location + spread * phi @ mean, rtol=1e-8, atol=1e-8
    )
    expected = spread**2 * ((phi @ cov * phi).sum(-1) + 1e-8)  # the model's jitter
    torch.testing.assert_close(predicted.variance[:, 0], expected, rtol=1e-6, atol=1e-9)


def bound(found: Any, mean: Tensor, cov: Tensor) -> float:
    """The variational bound, term by term: Harrison et al. (2024), eq. 9, and its divergence."""
    process = found.process
    phi, s = features(found, found.training.Z), float(process.theta[0].exp())
    away = process.y - phi @ mean
    spread = (phi @ cov * phi).sum(-1)
    fit = -0.5 * ((away.square() + spread) / process.noise).sum()
    fit = fit - 0.5 * (2.0 * math.pi * process.noise).log().sum()
    k = len(mean)
    divergence = cov.diagonal().sum() / s + mean @ mean / s - k + k * math.log(s) - cov.logdet()
    return float(fit - 0.5 * divergence)


def test_the_variational_bound_is_highest_at_our_posterior_and_is_the_evidence() -> None:
    found = LastLayer(widths=(6, 5), steps=30).fit(DATA, cube(D), seed=0)
    mean, cov = posterior(found)
    best = bound(found, mean, cov)
    assert best == pytest.approx(found.report.log_evidence, rel=1e-8)
    generator = Generator().manual_seed(0)
    for _ in range(5):
        step = torch.randn(mean.shape, generator=generator, dtype=torch.float64)
        assert bound(found, mean + 0.1 * step, cov) < best
        assert bound(found, mean, cov + 0.01 * torch.diag(step.square())) < best
        assert bound(found, mean, 0.9 * cov) < best


def test_draws_have_the_moments_of_the_posterior() -> None:
    found = LastLayer(widths=(6, 5), steps=20).fit(DATA, cube(D), seed=0)
    values = found.functions(20_000, seed=3)(X)
    predicted: Any = found.model.posterior(X)
    mean, cov = predicted.mean[:, 0], predicted.distribution.covariance_matrix
    std = cov.diagonal().sqrt()
    assert float(((values.mean(0) - mean) / std).abs().max()) < 4.0 / math.sqrt(20_000)
    empirical = torch.cov(values.mT) / (std[:, None] * std)
    torch.testing.assert_close(
        empirical, cov / (std[:, None] * std), rtol=0.0, atol=4.0 * math.sqrt(2.0 / 20_000)
    )


def test_held_out_densities_are_those_of_the_predictions() -> None:
    found = LastLayer(widths=(6,), steps=20).fit(DATA, cube(D), seed=0)
    other = TrainingSet.scaled(
        smooth(4, D, seed=5),
        found.training.coordinates,
        found.training.location,
        found.training.spread,
    )
    predicted: Any = found.model.posterior(other.Z[:, None], observation_noise=True)
    normal = torch.distributions.Normal(predicted.mean[:, 0, 0], predicted.variance[:, 0, 0].sqrt())
    y = other.y * other.spread + other.location
    expected = normal.log_prob(y) + math.log(other.spread)
    torch.testing.assert_close(held_out(found.process, other), expected, rtol=1e-5, atol=1e-5)


def test_features_train_only_as_far_as_held_out_observations_gain() -> None:
    """Values without a pattern teach nothing but noise: features must not explain them."""
    rng = np.random.default_rng(0)
    training = TrainingSet.of(type(DATA)(DATA.X, rng.normal(size=14), DATA.sem), cube(D))
    mlp = BatchedMLP((20, 20))
    z = mlp.init(1, D, Generator().manual_seed(0))
    found = trained(
        FeatureKernel(mlp, z, LastLayerKernel(mlp, SCALE)),
        training,
        steps=300,
        rate=0.05,
        decay=0.01,
        patience=5,
        generator=Generator().manual_seed(1),
    )
    assert float(found.process.log_noise.exp()) > 0.3


def test_rows_are_some_of_the_observations() -> None:
    training = TrainingSet.of(DATA, cube(D))
    some = rows(training, torch.tensor([3, 0]))
    assert torch.equal(some.Z, training.Z[[3, 0]])
    assert torch.equal(some.y, training.y[[3, 0]])


def test_wrong_options_are_refused_by_name() -> None:
    with pytest.raises(SurrogateError, match="surrogate 'vbll': decay must be a number above 0"):
        LastLayer(decay=0.0)


def test_calibrated_hyperparameters_are_those_held_out_observations_like_best() -> None:
    training = TrainingSet.of(smooth(24, D), cube(D))
    mlp = BatchedMLP((10,))
    z = mlp.init(1, D, Generator().manual_seed(0))
    kernel = FeatureKernel(mlp, z, LastLayerKernel(mlp, SCALE))
    climb = Climb(kernel, NOISE, z.float(), 1.0)
    parts = dealt(training, Generator().manual_seed(1))
    weights = z.float().repeat(len(parts), 1)
    process, _ = calibrated(climb, most_evidence(kernel, NOISE, training).process, weights, parts)
    found = torch.cat([process.theta, process.log_noise[None]])

    def density(theta: Tensor) -> float:
        likelihoods = [held_out(climb.process(z, theta, a), b).sum() for a, b in parts]
        priors = [h.prior(v) for v, h in zip(theta, [SCALE, NOISE], strict=True) if h.prior]
        return float(torch.stack([*likelihoods, *priors]).sum())

    for step in 0.05 * torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]]):
        assert density(found + step) < density(found)


def test_each_observation_is_held_out_once() -> None:
    training = TrainingSet.of(DATA, cube(D))
    parts = dealt(training, Generator().manual_seed(0))
    assert all(len(seen.y) + len(out.y) == 14 for seen, out in parts)
    values, _ = torch.cat([out.y for _, out in parts]).sort()
    assert torch.equal(values, training.y.sort().values)
