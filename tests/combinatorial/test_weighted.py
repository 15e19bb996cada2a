"""Draws without replacement, and the polish that keeps them different and new."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from bosearch.combinatorial import weighted
from bosearch.combinatorial.space import Sites
from bosearch.combinatorial.weighted import Weighted
from tests.combinatorial.dense import DensePayoff, every, gibbs


def test_draws_follow_successive_choice_among_those_left() -> None:
    """Plackett and Luce: P(a, b) = p_a p_b / (1 - p_a)."""
    sites = Sites((2, 2))
    values = np.array([0.0, 0.4, -0.3, 0.9])
    points = Weighted.of(sites, every((2, 2)), values)
    p = np.exp(values / 0.5)
    p /= p.sum()
    pairs = list(permutations(range(4), 2))
    rng, seen = np.random.default_rng(0), dict.fromkeys(pairs, 0)
    for _ in range(4000):
        drawn = points.draw(2, rng, tau=0.5)
        first, second = sites.keys(drawn.X).tolist()
        seen[first, second] += 1
    expected = [4000 * p[a] * p[b] / (1 - p[a]) for a, b in pairs]
    assert chisquare(list(seen.values()), expected).pvalue > 0.01


def test_points_are_kept_once_and_the_best_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weighted, "_MOST", 5)
    sites = Sites((4, 4))
    payoff = DensePayoff.random((4, 4), seed=0)
    points = every((4, 4))
    kept = Weighted.of(sites, np.concatenate([points, points]), np.tile(payoff.values(points), 2))
    assert sorted(kept.values) == sorted(payoff.table.ravel())[-5:]
    assert payoff.values(kept.X).tolist() == kept.values.tolist()
    again = kept.joined(points[:3], payoff.values(points[:3]))
    assert sorted(again.values) == sorted(kept.values)


def test_known_points_are_left_out() -> None:
    sites = Sites((3, 3))
    points = Weighted.of(sites, every((3, 3)), np.arange(9.0))
    left = points.without(np.array([0, 4, 8]))
    assert sites.keys(left.X).tolist() == [1, 2, 3, 5, 6, 7]
    assert left.values.tolist() == [1, 2, 3, 5, 6, 7]
    assert len(left.draw(20, np.random.default_rng(0), tau=1.0).X) == 6


@pytest.mark.parametrize("n", [2, 10, 30])
def test_the_temperature_makes_as_many_points_matter_as_were_asked_for(n: int) -> None:
    sites = Sites((5, 5, 5))
    payoff = DensePayoff.random((5, 5, 5), seed=1)
    points = Weighted.of(sites, every((5, 5, 5)), payoff.table.ravel())
    p = gibbs(points.values, points.temperature(n))
    assert np.exp(-(p * np.log(p)).sum()) == pytest.approx(n, rel=1e-6)
    moved = Weighted(sites, points.X, 100.0 * points.values - 7.0)
    assert moved.temperature(n) == pytest.approx(100.0 * points.temperature(n))


def test_few_or_equal_points_have_a_temperature_too() -> None:
    sites = Sites((5, 5))
    few = Weighted.of(sites, every((5, 5))[:4], np.array([0.0, 1.0, 2.0, 3.0]))
    p = gibbs(few.values, few.temperature(100))
    assert np.exp(-(p * np.log(p)).sum()) == pytest.approx(2, rel=1e-6)
    assert Weighted.of(sites, every((5, 5)), np.ones(25)).temperature(3) == 1.0


def test_the_threshold_is_the_value_of_the_nth_best() -> None:
    sites = Sites((3, 3))
    points = Weighted.of(sites, every((3, 3)), np.array([4.0, 8, 1, 0, 7, 3, 2, 6, 5]))
    assert [points.threshold(n) for n in (1, 3, 9, 10)] == [8.0, 6.0, 0.0, -np.inf]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), share=st.floats(0.2, 1.0), n=st.integers(1, 12))
def test_polished_points_are_new_feasible_different_and_no_worse(
    seed: int, share: float, n: int
) -> None:
    counts = (3, 4, 3)
    rng = np.random.default_rng(seed)
    good = rng.random(counts) < share
    good[tuple(rng.integers(counts))] = True
    sites = Sites(counts, mask=lambda X: good[tuple(X.T)])
    payoff = DensePayoff.random(counts, seed=seed)
    points = every(counts)[good.ravel()]
    rng.shuffle(points)
    drawn, known = points[:n], np.sort(sites.keys(points[n : n + 5]))
    start = Weighted.of(sites, drawn, payoff.values(drawn))
    end = start.polished(payoff, known)
    keys = sites.keys(end.X)
    assert sites.feasible(end.X).all()
    assert len(np.unique(keys)) == len(keys) == len(start.X)
    assert not np.isin(keys, known).any()
    assert end.values.tolist() == payoff.values(end.X).tolist()
    assert (end.values >= np.sort(start.values)[::-1]).all()
    # One point alone moves to its best new deviation.
    alone = Weighted.of(sites, drawn[:1], payoff.values(drawn[:1]))
    near = [p for p in every(counts) if (p != drawn[0]).sum() <= 1 and good[tuple(p)]]
    new = [p for p in near if sites.keys(p[None])[0] not in known]
    assert alone.polished(payoff, known).values[0] == max(payoff.values(np.array(new)))
