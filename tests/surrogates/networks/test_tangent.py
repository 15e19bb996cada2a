"""Linearised networks: function space against weight space, and against linear regression."""

import math

import numpy as np
import pytest
import torch
from torch import Generator, Tensor

from bosearch.surrogates.gaussian.exact import FoundProcess
from bosearch.surrogates.gaussian.fitted import FittedProcess
from bosearch.surrogates.gaussian.kernels import Hyper
from bosearch.surrogates.networks.mlp import ACTIVATIONS, BatchedMLP
from bosearch.surrogates.networks.tangent import (
    FittedTangent,
    linearised,
    prior_mean,
    without_mean,
)
from bosearch.surrogates.training import TrainingSet
from tests.surrogates.zoo import cube, smooth, told

D = 2
DATA = smooth(9, D)
SCALE, NOISE = 0.7, 0.05
HYPER = Hyper(0.0, -5.0, 5.0)


def example(widths: tuple[int, ...] = (5, 4), activation: str = "tanh") -> FittedTangent:
    mlp = BatchedMLP(widths, activation)  # type: ignore[arg-type]
    z = mlp.init(1, D, Generator().manual_seed(0))
    training = TrainingSet.of(DATA, cube(D))
    theta = torch.tensor([math.log(SCALE)], dtype=torch.float64)
    noise = torch.tensor(math.log(NOISE), dtype=torch.float64)
    process = linearised(mlp, z, training, HYPER, theta, noise)
    found = FoundProcess(process, 0.0, 0)
    residual = FittedProcess.of(without_mean(mlp, z, training), found, 0.0)
    return FittedTangent(training, mlp, z, residual)


def points(*shape: int, seed: int = 1) -> Tensor:
    return torch.rand(*shape, D, generator=Generator().manual_seed(seed), dtype=torch.float64)


def weight_space(found: FittedTangent, Z: Tensor) -> tuple[Tensor, Tensor]:
    """Moments by the ``P x P`` posterior of the weights: Bishop (2006), eqs. 3.49-3.51."""
    J0 = found.mlp.jacobian(found.z, found.training.Z)[0]
    J = found.mlp.jacobian(found.z, Z)[0]
    w0 = found.z[0]
    y = found.training.y - found.mlp.forward(found.z, found.training.Z)[0] + J0 @ w0
    precision = torch.eye(len(w0), dtype=torch.float64) / SCALE + J0.mT @ J0 / NOISE
    w = torch.linalg.solve(precision, J0.mT @ y / NOISE)
    mean = found.mlp.forward(found.z, Z)[0] + J @ (w - w0)
    return mean, J @ torch.linalg.solve(precision, J.mT)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("widths", [(), (7,), (5, 4)])
def test_function_space_is_weight_space(widths: tuple[int, ...], activation: str) -> None:
    found = example(widths, activation)
    Z = points(6)
    mean, cov = found.moments(Z)
    expected_mean, expected_cov = weight_space(found, Z)
    torch.testing.assert_close(mean, expected_mean, rtol=1e-8, atol=1e-8)
    torch.testing.assert_close(cov, expected_cov, rtol=1e-8, atol=1e-8)


def test_batches_equal_a_loop() -> None:
    found = example()
    Z = points(3, 4)
    mean, cov = found.moments(Z)
    for i in range(3):
        one_mean, one_cov = found.moments(Z[i])
        torch.testing.assert_close(mean[i], one_mean)
        torch.testing.assert_close(cov[i], one_cov)


def test_the_evidence_is_that_of_the_eigenvalues_of_the_gram_matrix() -> None:
    found = example()
    process = found.residual.process
    K = found.mlp.jacobian(found.z, found.training.Z)[0]
    values, vectors = torch.linalg.eigh(K @ K.mT)
    var = SCALE * values + NOISE + 1e-9
    fit = (vectors.mT @ process.y).square() / var
    expected = -0.5 * (fit + var.log() + math.log(2.0 * math.pi)).sum()
    assert float(process.log_evidence) == pytest.approx(float(expected), rel=1e-9)


def test_slopes_along_directions_are_products_with_the_jacobian() -> None:
    found = example()
    Z = points(6)
    directions = found.mlp.init(3, D, Generator().manual_seed(2))
    J = found.mlp.jacobian(found.z, Z)[0]
    torch.testing.assert_close(found.mlp.along(found.z, directions, Z), directions @ J.mT)
    expected = found.mlp.forward(found.z, Z)[0] - J @ found.z[0]
    torch.testing.assert_close(prior_mean(found.mlp, found.z, Z), expected)


def test_a_network_without_hidden_layers_has_no_prior_mean() -> None:
    found = example(())
    assert prior_mean(found.mlp, found.z, points(6)).abs().max() < 1e-12


def test_at_the_mode_the_mean_is_the_network_itself() -> None:
    found = example()
    Z, y = found.training.Z, found.training.y
    z = found.z.clone().requires_grad_()
    newton = torch.optim.LBFGS(
        [z], max_iter=2000, line_search_fn="strong_wolfe", tolerance_grad=1e-12,
        tolerance_change=0.0, history_size=50,
    )  # fmt: skip

    def loss() -> Tensor:
        newton.zero_grad()
        away = found.mlp.forward(z, Z)[0] - y
        value = 0.5 * away.square().sum() / NOISE + 0.5 * z.square().sum() / SCALE
        value.backward()
        return value

    newton.step(loss)
    theta = torch.tensor([math.log(SCALE)], dtype=torch.float64)
    noise = torch.tensor(math.log(NOISE), dtype=torch.float64)
    mode = z.detach()
    process = linearised(found.mlp, mode, found.training, HYPER, theta, noise)
    new = points(6)
    mean = process.moments(new)[0] + prior_mean(found.mlp, mode, new)
    # As exact as the mode: its gradient is about 1e-6 where the climb stops.
    torch.testing.assert_close(mean, found.mlp.forward(mode, new)[0], rtol=0.0, atol=1e-4)


def test_draws_have_the_moments_of_the_posterior() -> None:
    found = example()
    X = points(4)
    values = found.functions(20_000, seed=3)(X)
    posterior = found.model.posterior(X)
    mean, cov = posterior.mean[:, 0], posterior.distribution.covariance_matrix
    std = cov.diagonal().sqrt()
    assert float(((values.mean(0) - mean) / std).abs().max()) < 4.0 / math.sqrt(20_000)
    empirical = torch.cov(values.mT) / (std[:, None] * std)
    torch.testing.assert_close(
        empirical, cov / (std[:, None] * std), rtol=0.0, atol=4.0 * math.sqrt(2.0 / 20_000)
    )


def test_slopes_in_the_points_are_those_of_finite_differences() -> None:
    found = example()

    def value(Z: Tensor) -> Tensor:
        mean, cov = found.moments(Z)
        return mean.sum() + cov.sum() + found.mlp.along(found.z, found.z, Z).sum()

    assert torch.autograd.gradcheck(value, (points(3).requires_grad_(),))


def test_an_update_is_a_model_of_all_observations() -> None:
    found = example()
    X = np.vstack([DATA.X, [[0.2, 0.9]]])
    y = np.append(DATA.y, 44.0)
    updated = found.update(told(X, y))
    mean, cov = updated.moments(points(5))
    expected_mean, expected_cov = weight_space(updated, points(5))
    torch.testing.assert_close(mean, expected_mean, rtol=1e-8, atol=1e-8)
    torch.testing.assert_close(cov, expected_cov, rtol=1e-8, atol=1e-8)
