"""Groups of sites are players of the same game, and leave traps that single sites cannot."""

import numpy as np
import pytest

from bosearch.combinatorial.grouping import Grouping, escape, pairs
from bosearch.combinatorial.model import tables, upper_bound
from bosearch.combinatorial.solvers import best_response
from bosearch.combinatorial.space import Sites
from bosearch.errors import SpaceError
from tests.combinatorial.cases import COUNTS, features_of, game, process

RNG = np.random.default_rng
GROUPS = [(2, 0), (1,), (3,)]


def test_joined_actions_split_into_the_same_points() -> None:
    sites = Sites(COUNTS)
    grouping = Grouping(sites, GROUPS)
    assert grouping.sites.counts == (6, 5, 4)
    every = sites.all()
    joint = grouping.join(every)
    assert (grouping.split(joint) == every).all()
    assert len(np.unique(joint, axis=0)) == len(every)


def test_grouped_payoffs_are_the_payoffs() -> None:
    payoff, sites = game(0)
    grouping = Grouping(sites, GROUPS)
    every = sites.all()
    grouped = grouping.payoff(payoff)
    np.testing.assert_allclose(
        grouped.values(grouping.join(every)), payoff.values(every), rtol=0, atol=1e-12
    )
    x = every[31]
    after = grouped.conditioned(grouping.join(x[None])[0])
    np.testing.assert_allclose(
        after.values(grouping.join(every)), payoff.conditioned(x).values(every), rtol=0, atol=1e-9
    )


def test_masks_and_allow_lists_hold_for_groups() -> None:
    levels = [np.ones(3, bool), np.ones(5, bool), np.array([True, False]), np.ones(4, bool)]
    sites = Sites(COUNTS, allowed=levels, mask=lambda X: X.sum(axis=1) % 3 != 0)
    grouping = Grouping(sites, GROUPS)
    everything = grouping.sites.all()
    assert sorted(grouping.split(everything).tolist()) == sorted(sites.all().tolist())


def test_two_sites_together_leave_a_trap() -> None:
    # XOR: (0, 0) and (1, 1) are good, the second is better, one step away both are bad.
    X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    y = np.array([1.0, -1.0, -1.0, 2.0])
    features = features_of((2, 2), RNG(0))
    model = process(X, y, features)
    payoff, sites = upper_bound(model, tables(model, features), X, beta=0.0), Sites((2, 2))
    trapped = best_response(payoff, sites, X[:1], RNG(0))
    assert trapped.X.tolist() == [[0, 0]]
    assert trapped.certified.all()
    free = escape(payoff, sites, trapped, RNG(0), best=1)
    assert free.X.tolist() == [[1, 1], [0, 0]]
    assert free.certified.all()


def test_pairs_are_a_partition_into_small_groups() -> None:
    sites = Sites((20, 20, 30, 900, 900, 2, 5))
    for seed in range(10):
        matching = pairs(sites, RNG(seed))
        Grouping(sites, matching)  # checks that it is one, and sizes
        assert [len(group) for group in matching].count(2) >= 2


def test_bad_groups_are_refused() -> None:
    with pytest.raises(SpaceError, match="exactly one group"):
        Grouping(Sites(COUNTS), [(0, 1), (1, 2, 3)])
    with pytest.raises(SpaceError, match="may have 2000 actions, got 2500"):
        Grouping(Sites((50, 50)), [(0, 1)])
