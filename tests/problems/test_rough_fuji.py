"""Rough Mount Fuji: slope, noise, and the optimum against enumeration."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import kstest

from bosearch.errors import ConfigError
from bosearch.problems.rough_fuji import RoughFuji


@pytest.mark.parametrize("slope", [0.02, 0.1, 0.5, 2.0])
@pytest.mark.parametrize("seed", range(4))
def test_optimum_is_that_of_enumeration(slope: float, seed: int) -> None:
    landscape = RoughFuji.random(6, levels=4, slope=slope, seed=seed)
    every = np.array(list(product(range(4), repeat=6)))
    values = landscape.values(every)
    assert landscape.values(landscape.optimiser[None])[0] == values.max()
    assert (every[values.argmax()] == landscape.optimiser).all()


def test_what_the_slope_leaves_is_uniform_noise() -> None:
    landscape = RoughFuji.random(6, levels=4, slope=0.3, seed=0)
    every = np.array(list(product(range(4), repeat=6)))
    noise = landscape.values(every) + 0.3 * (every != landscape.peak).sum(axis=1)
    assert 0.0 <= noise.min() <= noise.max() < 1.0
    assert kstest(noise, "uniform").pvalue > 0.01
    # Neighbours share nothing: the correlation of 4096 independent pairs is 0 +- 1/64.
    blocks = noise.reshape((4,) * 6)
    for axis in range(6):
        pairs = np.corrcoef(blocks.ravel(), np.roll(blocks, 1, axis=axis).ravel())
        assert abs(pairs[0, 1]) < 4 / 64


def test_landscapes_of_different_seeds_are_unrelated() -> None:
    every = np.array(list(product(range(4), repeat=6)))
    peak = np.zeros(6, dtype=np.int64)
    one, two = (RoughFuji(peak, 4, 0.1, seed).values(every) for seed in (0, 1))
    slope = 0.1 * (every != 0).sum(axis=1)
    assert abs(np.corrcoef(one + slope, two + slope)[0, 1]) < 4 / 64


def test_a_slope_that_does_not_decide_is_refused() -> None:
    with pytest.raises(ConfigError, match="slope must be positive, got 0"):
        RoughFuji.random(4, levels=4, slope=0.0, seed=0)
    with pytest.raises(ConfigError, match="expected at most 2,000,000\n  hint: a steeper slope"):
        _ = RoughFuji.random(200, levels=20, slope=1e-5, seed=0).optimiser
