"""The last layer integrated out: against the Gaussian density of all observations, and draws."""

import math

import pytest
import torch
from torch import Tensor
from torch.distributions import MultivariateNormal

from bosearch.surrogates.networks.mlp import Activation, BatchedMLP
from bosearch.surrogates.sampling.marginal import PACE, Marginal
from bosearch.surrogates.sampling.target import NoisePrior, Target
from tests.surrogates.sampling.targets import normal, seeded


def example(widths: tuple[int, ...], activation: Activation = "gelu") -> Marginal:
    """Nine observations; the noise of four is known."""
    network = BatchedMLP(widths, activation, weight_std=1.3, bias_std=0.7)
    known = torch.full((9,), torch.nan, dtype=torch.float64)
    known[:4] = torch.tensor([0.02, 0.1, 0.3, 1e-5])
    target = Target(
        network=network,
        scaled=network.is_weight(2).double(),
        unit=torch.where(network.is_weight(2), 1.5, 1.0).double(),
        Z=torch.rand(9, 2, generator=seeded(1), dtype=torch.float64),
        y=normal(1, 9, seed=2)[0],
        known_var=known,
        noise=NoisePrior(median=0.05, spread=0.7, floor=0.01),
        scale_spread=0.4,
    )
    return Marginal(target)


def of_target(state: Tensor) -> Tensor:
    """The coordinates of the hidden weights, of the noise and of the scale."""
    return torch.cat([state[..., :-1], PACE * state[..., -1:]], dim=-1)


def covariance(marginal: Marginal, state: Tensor) -> Tensor:
    """``n x n``, of values of one state, which are linear in the last layer's weights."""
    target, last = marginal.target, marginal.target.size - marginal.size
    weights = torch.eye(last, dtype=torch.float64)
    hidden, rest = state[:-2].expand(last, -1), of_target(state)[-2:].expand(last, -1)
    F = target.values(torch.cat([hidden, weights, rest], dim=-1), target.Z).mT
    return F @ F.mT


@pytest.mark.parametrize("widths", [(), (4,), (5, 12)])
def test_densities_are_those_of_the_process_given_the_hidden_layers(
    widths: tuple[int, ...],
) -> None:
    marginal = example(widths)
    target = marginal.target
    states = normal(3, marginal.size, seed=3)
    values, _ = marginal(states)
    for state, value in zip(states, values, strict=True):
        inferred = target.noise_var(state[None]).expand(9)
        var = torch.where(target.known_var.isnan(), inferred, target.known_var).clamp(min=0.01)
        process = MultivariateNormal(
            torch.zeros(9, dtype=torch.float64), covariance(marginal, state) + torch.diag(var)
        )
        density = process.log_prob(target.y) + 4.5 * math.log(2.0 * math.pi)
        assert float(value + 0.5 * of_target(state).square().sum()) == pytest.approx(
            float(density), rel=1e-9
        )


@pytest.mark.parametrize("activation", ["tanh", "relu", "gelu"])
@pytest.mark.parametrize("widths", [(), (4,), (5, 12)])
def test_slopes_are_those_of_finite_differences(
    widths: tuple[int, ...], activation: Activation
) -> None:
    marginal = example(widths, activation)
    states = normal(2, marginal.size, seed=4)
    _, slopes = marginal(states)
    h = 1e-6
    for k in range(marginal.size):
        step = torch.zeros_like(states)
        step[:, k] = h
        secants = (marginal(states + step)[0] - marginal(states - step)[0]) / (2.0 * h)
        torch.testing.assert_close(slopes[:, k], secants, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("widths", [(4,), (5, 12)])
def test_last_layers_are_drawn_from_their_conditional(widths: tuple[int, ...]) -> None:
    """Values at the observed points: mean and covariance within four standard errors."""
    marginal = example(widths)
    target, count = marginal.target, 20_000
    state = normal(1, marginal.size, seed=5)
    drawn = marginal.completed(state.expand(count, -1), seeded(6))
    assert torch.equal(drawn[:, : marginal.size - 2], state[:, :-2].expand(count, -1))
    assert torch.equal(drawn[:, -2:], of_target(state)[:, -2:].expand(count, -1))
    values = target.values(drawn, target.Z)
    K = covariance(marginal, state[0])
    known = torch.where(target.known_var.isnan(), target.noise_var(state), target.known_var)
    gain = torch.linalg.solve(K + torch.diag(known.clamp(min=0.01)), K).mT
    mean, cov = gain @ target.y, K - gain @ K
    away = values - mean
    error = away.std(0) / math.sqrt(count)
    assert ((away.mean(0)).abs() < 4.0 * error).all()
    products = away[:, :, None] * away[:, None, :]
    error = products.std(0) / math.sqrt(count)
    assert ((products.mean(0) - cov).abs() < 4.0 * error + 1e-12).all()


def test_a_factor_that_does_not_exist_is_not_finite() -> None:
    marginal = example((4,))
    states = torch.full((2, marginal.size), 1e200, dtype=torch.float64)
    value, slope = marginal(states)
    assert not torch.isfinite(value).any()
    assert not torch.isfinite(slope).all()
