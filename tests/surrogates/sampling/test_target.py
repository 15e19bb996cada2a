import math
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import torch
from torch import Tensor

from bosearch.surrogates.networks.mlp import Activation, BatchedMLP
from bosearch.surrogates.sampling.target import NoisePrior, Target, anchored_start
from tests.surrogates.sampling.targets import normal, seeded

NOISE = NoisePrior(median=0.02, spread=0.7, floor=1e-3)
KNOWN = [math.nan, 0.04, math.nan, 0.0, math.nan]


def small(widths: tuple[int, ...] = (3,), known: list[float] = KNOWN) -> Target:
    network = BatchedMLP(widths=widths)
    Z = torch.rand(5, 2, generator=seeded(1), dtype=torch.float64)
    return Target(
        network=network,
        scaled=network.is_weight(2).double(),
        unit=torch.ones(network.count(2), dtype=torch.float64),
        Z=Z,
        y=torch.sin(3.0 * Z[:, 0]),
        known_var=torch.tensor(known, dtype=torch.float64),
        noise=NOISE,
        scale_spread=0.5,
    )


def by_hand(target: Target, state: Tensor) -> float:
    """One chain, with the network of three hidden units written out."""
    z = state.numpy()
    scale = math.exp(0.5 * z[-1])
    inferred = 1e-3 + 0.02 * math.exp(0.7 * z[-2])
    W1 = z[:6].reshape(2, 3) * scale * 1.5 / math.sqrt(2.0)
    W2 = z[9:12] * scale * 1.5 / math.sqrt(3.0)
    x = 2.0 * target.Z.numpy() - 1.0
    values = np.tanh(x @ W1 + z[6:9]) @ W2 + z[12]
    total = -0.5 * (z**2).sum()
    for value, y, known in zip(values, target.y.tolist(), KNOWN, strict=True):
        var = inferred if math.isnan(known) else max(known, 1e-3)
        total += -0.5 * (y - value) ** 2 / var - 0.5 * math.log(var)
    return float(total)


def test_the_log_density_is_likelihood_times_prior() -> None:
    target = small()
    states = normal(4, target.size)
    value, slope = target(states)
    assert value.tolist() == pytest.approx([by_hand(target, s) for s in states], rel=1e-12)
    h = 1e-6
    for k in range(target.size):
        step = torch.zeros(target.size, dtype=torch.float64)
        step[k] = h
        secant = (by_hand(target, states[0] + step) - by_hand(target, states[0] - step)) / (2 * h)
        assert float(slope[0, k]) == pytest.approx(secant, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("activation", ["tanh", "relu", "gelu"])
@pytest.mark.parametrize("widths", [(), (4,), (3, 5, 2)])
def test_slopes_are_those_of_automatic_differentiation(
    activation: Activation, widths: tuple[int, ...]
) -> None:
    target = small(widths)
    network = BatchedMLP(widths=widths, activation=activation, bias_std=0.7)
    unit = 1.0 + torch.rand(network.count(2), generator=seeded(4), dtype=torch.float64)
    target = replace(target, network=network, unit=unit)
    states = normal(4, target.size).requires_grad_()
    values = target.values(states, target.Z)
    known = torch.tensor(KNOWN, dtype=torch.float64).clamp(min=NOISE.floor)
    var = torch.where(known.isnan(), target.noise_var(states)[:, None], known)
    misfit = ((target.y - values).square() / var + var.log()).sum(-1) + states.square().sum(-1)
    (expected,) = torch.autograd.grad(-0.5 * misfit.sum(), states)
    value, slope = target(states.detach())
    torch.testing.assert_close(value, -0.5 * misfit.detach())
    torch.testing.assert_close(slope, expected)


def test_what_has_no_spread_is_fixed() -> None:
    target = replace(small(), scale_spread=0.0, noise=NoisePrior(median=0.1, spread=0.0, floor=0.2))
    states = normal(3, target.size)
    torch.testing.assert_close(target.weights(states), states[:, :-2])
    assert target.noise_var(states).tolist() == pytest.approx([0.3] * 3)
    assert torch.equal(target.slope(states)[:, -2:], -states[:, -2:])  # their prior alone


def test_slopes_of_minibatches_average_to_the_slope() -> None:
    """Over all minibatches, which is what absence of bias means."""
    target = small()
    states = normal(2, target.size)
    parts = []
    for pair in combinations(range(5), 2):
        part = target.rows(torch.tensor(pair))
        parts.append((part.slope(states) + states) * 2.5 - states)
    torch.testing.assert_close(torch.stack(parts).mean(0), target.slope(states))
    drawn = [target.minibatch_slope(states, 2, seeded(i)) for i in range(40)]
    for estimate in drawn:  # each is one of these
        assert min(float((estimate - part).abs().max()) for part in parts) < 1e-9
    assert torch.equal(target.minibatch_slope(states, 5, seeded(0)), target.slope(states))


def test_starts_fit_the_data_and_spread_as_the_prior_does() -> None:
    target = small(widths=(30,), known=[math.nan] * 5)
    start = anchored_start(target, 50, steps=300, rate=0.05, generator=seeded(0))
    fitted = target.values(start, target.Z)
    assert float((fitted - target.y).square().mean().sqrt()) < 0.1
    # 5 observations settle few of 121 weights: the others are as they were drawn.
    assert float(start[:, :-2].std()) == pytest.approx(1.0, abs=0.1)
    again = anchored_start(target, 50, steps=300, rate=0.05, generator=seeded(0))
    assert torch.equal(start, again)


def test_a_linear_start_is_where_the_anchored_posterior_is_highest() -> None:
    """Without hidden layers and with known noise the fit has a closed form."""
    target = replace(small(widths=(), known=[0.04] * 5), scale_spread=0.0)
    start = anchored_start(target, 3, steps=2000, rate=0.05, generator=seeded(2))
    anchors = torch.randn(3, target.size, generator=seeded(2), dtype=torch.float64)[:, :3]
    x = 2.0 * target.Z - 1.0
    phi = torch.cat([x * 1.5 / math.sqrt(2.0), torch.ones(5, 1, dtype=torch.float64)], dim=1)
    precision = torch.eye(3, dtype=torch.float64) + phi.mT @ phi / 0.04
    expected = torch.linalg.solve(precision, (phi.mT @ target.y / 0.04 + anchors).mT).mT
    torch.testing.assert_close(start[:, :3], expected, rtol=0, atol=1e-3)
