"""NK landscapes: values as defined, and the optimum against enumeration."""

from itertools import product

import numpy as np
import pytest

from bosearch.errors import ConfigError, ShapeError
from bosearch.problems.nk import NK, nk


@pytest.mark.parametrize(
    ("length", "levels", "neighbours"),
    [(6, 3, 0), (6, 3, 1), (6, 3, 2), (5, 3, 3), (4, 3, 3), (3, 4, 2), (5, 2, 4), (2, 5, 1)],
)
@pytest.mark.parametrize("seed", range(3))
def test_optimum_is_that_of_enumeration(
    length: int, levels: int, neighbours: int, seed: int
) -> None:
    landscape = NK.random(length, levels=levels, neighbours=neighbours, seed=seed)
    every = np.array(list(product(range(levels), repeat=length)))
    (found,) = landscape.values(landscape.optimiser[None])
    assert found == pytest.approx(landscape.values(every).max(), abs=1e-15)


def test_value_is_the_mean_of_contributions_around_the_ring() -> None:
    landscape = NK.random(4, levels=3, neighbours=2, seed=0)
    x = [2, 0, 1, 2]
    total = sum(landscape.tables[i, x[i], x[(i + 1) % 4], x[(i + 2) % 4]] for i in range(4))
    assert landscape.values(np.array([x]))[0] == pytest.approx(total / 4, abs=1e-15)


@pytest.mark.parametrize("neighbours", [1, 2])
def test_no_change_of_two_sites_improves_the_optimum_of_a_long_sequence(neighbours: int) -> None:
    landscape = NK.random(60, levels=8, neighbours=neighbours, seed=1)
    best = landscape.optimiser
    (value,) = landscape.values(best[None])
    rng = np.random.default_rng(0)
    for _ in range(20):
        i, j = rng.choice(60, size=2, replace=False)
        changed = np.tile(best, (64, 1))
        changed[:, [i, j]] = list(product(range(8), repeat=2))
        assert landscape.values(changed).max() == pytest.approx(value, abs=1e-15)
    # The mean of 60 maxima of 8 uniform numbers is 8/9: a poor optimum would be below.
    assert value > 8 / 9


def test_sites_far_apart_do_not_interact() -> None:
    landscape = NK.random(8, levels=4, neighbours=2, seed=2)
    rng = np.random.default_rng(0)
    base, other = rng.integers(4, size=(2, 8))

    def value(*sites: int) -> float:
        x = base.copy()
        x[list(sites)] = other[list(sites)]
        return float(landscape.values(x[None])[0])

    assert value(0, 4) - value(4) == pytest.approx(value(0) - value(), abs=1e-15)
    assert abs(value(0, 1) - value(1) - value(0) + value()) > 1e-3


def test_the_letters_are_not_those_of_the_amino_acids() -> None:
    assert set(nk(3).space.parameters["seq"].to_spec()["alphabet"]) != set("ACDEFGHIKLMNPQRSTVWY")


def test_bad_landscapes_and_points_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"neighbours must lie in \[0, length - 1 = 3\], got 4"):
        NK.random(4, levels=3, neighbours=4, seed=0)
    with pytest.raises(ConfigError, match=r"levels must lie in \[2, 62\], got 63"):
        NK.random(4, levels=63, neighbours=1, seed=0)
    with pytest.raises(ConfigError, match=r"more than 33,554,432\n  hint: fewer levels"):
        _ = NK.random(6, levels=20, neighbours=3, seed=0).optimiser
    landscape = NK.random(4, levels=3, neighbours=1, seed=0)
    with pytest.raises(ShapeError, match=r"shape \(n, 4\), got int64 of shape \(4,\)"):
        landscape.values(np.zeros(4, dtype=np.int64))
    with pytest.raises(ShapeError, match=r"codes must lie in \[0, 2\], got \[0, 3\]"):
        landscape.values(np.array([[0, 1, 2, 3]]))
    with pytest.raises(ShapeError, match="got float64"):
        landscape.values(np.zeros((1, 4)))  # type: ignore[arg-type]
