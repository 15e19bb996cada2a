"""Simulation-based calibration: a posterior given data drawn from the prior is as the prior.

Each chain has observations of its own, drawn with weights, noise and scale from the prior;
the rank of the true value among thinned draws is then uniform, whatever the posterior.

Source: Talts, Betancourt, Simpson, Vehtari and Gelman (2018), "Validating Bayesian inference
algorithms with simulation-based calibration".
"""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import chisquare
from torch import Tensor

from bosearch.surrogates.networks.mlp import BatchedMLP
from bosearch.surrogates.sampling import hamiltonian, kinetic
from bosearch.surrogates.sampling.target import NoisePrior, Target, anchored_start
from tests.surrogates.sampling.targets import normal, seeded

CHAINS, RANKS = 320, 8


def simulated(widths: tuple[int, ...]) -> tuple[Target, Tensor]:
    """Targets of all chains, and their true ``chains x (P + 2)`` states."""
    network = BatchedMLP(widths=widths)
    Z = torch.rand(6, 1, generator=seeded(1), dtype=torch.float64)
    blank = Target(
        network=network,
        scaled=network.is_weight(1).double(),
        unit=torch.ones(network.count(1), dtype=torch.float64),
        Z=Z,
        y=torch.zeros(6, dtype=torch.float64),
        known_var=torch.full((6,), torch.nan, dtype=torch.float64),
        noise=NoisePrior(median=0.1, spread=0.7, floor=0.01),
        scale_spread=0.5,
    )
    truth = normal(CHAINS, blank.size, seed=2)
    noise = blank.noise_var(truth).sqrt()[:, None] * normal(CHAINS, 6, seed=3)
    return replace(blank, y=blank.values(truth, Z) + noise), truth


def quantities(target: Target, state: Tensor) -> Tensor:
    """``chains x 4``: two values, noise and scale."""
    points = torch.tensor([[0.1], [0.9]], dtype=torch.float64)
    return torch.cat([target.values(state, points), state[:, -2:]], dim=1)


def p_values(target: Target, truth: Tensor, states: Tensor) -> list[float]:
    """Of uniform ranks, 0 to 7 among 7 thinned draws."""
    draws = torch.stack([quantities(target, state) for state in states])
    assert len(draws) == RANKS - 1
    ranks = (draws < quantities(target, truth)).sum(0).numpy()  # chains x 4
    counts = [np.bincount(column, minlength=RANKS) for column in ranks.T]
    return [float(chisquare(count).pvalue) for count in counts]


@pytest.mark.parametrize("widths", [(), (4,)])
def test_hmc_is_calibrated(widths: tuple[int, ...]) -> None:
    target, truth = simulated(widths)
    generator = seeded(4)
    start = anchored_start(target, CHAINS, steps=100, rate=0.05, generator=generator)
    found = hamiltonian.sample(
        target, start, burn_in=60, draws=RANKS - 1, every=10, leaps=15, generator=generator
    )
    assert min(p_values(target, truth, found.states)) > 0.001


@pytest.mark.parametrize("scheme", ["baoab", "align", "quicsort"])
def test_langevin_is_calibrated(scheme: str) -> None:
    target, truth = simulated(())
    generator = seeded(5)
    start = anchored_start(target, CHAINS, steps=100, rate=0.05, generator=generator)
    found = kinetic.sample(
        target.slope,
        start,
        scheme=scheme,
        step=0.06,
        burn_in=200,
        draws=RANKS - 1,
        every=100,
        generator=generator,
    )
    assert min(p_values(target, truth, found.states)) > 0.001


def test_wrong_noise_would_be_found() -> None:
    """The test has power: a prior of the noise that is off by half a magnitude is refused."""
    target, truth = simulated(())
    wrong = replace(target, noise=replace(target.noise, median=0.3))
    generator = seeded(6)
    start = anchored_start(wrong, CHAINS, steps=100, rate=0.05, generator=generator)
    found = hamiltonian.sample(
        wrong, start, burn_in=60, draws=RANKS - 1, every=10, leaps=15, generator=generator
    )
    assert min(p_values(target, truth, found.states)) < 1e-6
