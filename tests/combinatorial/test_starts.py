"""Starts are feasible, near good data and far from it, and follow from the seed."""

import numpy as np

from bosearch.combinatorial.space import Sites
from bosearch.combinatorial.starts import mixed_starts, walks

RNG = np.random.default_rng


def test_an_eighth_are_the_best_observations_and_half_are_near_them() -> None:
    sites = Sites((20,) * 12)
    X, y = sites.random(100, RNG(0)), RNG(1).normal(size=100)
    starts = mixed_starts(sites, X, y, RNG(2), count=64)
    assert starts.shape == (64, 12)
    best = X[np.argsort(-y)[:16]]
    assert (starts[:8] == best[:8]).all()
    nearest = (starts[:, None] != best[None]).sum(-1).min(axis=1)
    assert (nearest[:32] <= 3).all()
    assert nearest[32:].mean() > 8  # of uniform points: 12 * 0.95, less what chance allows


def test_starts_are_feasible_even_where_uniform_points_are_not() -> None:
    # No two neighbours may differ by more than one: a share of (3/30)^39 of all points.
    def smooth(
        X: np.ndarray[tuple[int, int], np.dtype[np.intp]],
    ) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        return np.asarray((abs(np.diff(X, axis=1)) <= 1).all(axis=1))

    sites = Sites((30,) * 40, mask=smooth)
    X = np.full((3, 40), 7)
    X[1, 0], X[2, :] = 8, 20
    starts = mixed_starts(sites, X, np.array([1.0, 2.0, 0.0]), RNG(0), count=32)
    assert len(starts) == 32
    assert sites.feasible(starts).all()
    assert len(np.unique(starts, axis=0)) > 16


def test_infeasible_observations_are_no_starts() -> None:
    sites = Sites((3, 3), mask=lambda X: X[:, 0] == 1)
    X = np.array([[0, 0], [1, 1]])
    starts = mixed_starts(sites, X, np.array([9.0, 1.0]), RNG(0), count=16)
    assert (starts[:, 0] == 1).all()
    assert len(starts) == 16


def test_steps_of_a_walk_change_one_site_at_a_time() -> None:
    sites = Sites((9,) * 30)
    X = walks(sites, np.zeros((1, 30), dtype=np.intp), np.array([0, 1, 2, 5]), RNG(0))
    assert ((X != 0).sum(axis=1) <= [0, 1, 2, 5]).all()
    assert walks(sites, X[:0], np.array([3]), RNG(0)).shape == (0, 30)
