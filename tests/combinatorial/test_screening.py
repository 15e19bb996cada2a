"""A lazy look at a list chooses what a full look chooses, with less work."""

import numpy as np
import pytest

from bosearch.combinatorial.batch import Known
from bosearch.combinatorial.screening import screened
from bosearch.errors import SpaceExhaustedError
from tests.combinatorial.cases import game


@pytest.mark.parametrize("seed", range(3))
def test_lazy_greedy_is_greedy(seed: int) -> None:
    payoff, sites = game(seed, counts=(9, 8, 7, 6), n=40)
    pool = sites.random(2_000, np.random.default_rng(seed))
    known = Known(sites, sites.keys(payoff.X))
    left = pool[known.new(pool)]
    picks = screened(payoff, pool, 6, known)
    for pick in picks:
        values = payoff.values(left)
        best = int(values.argmax())
        assert pick.value == pytest.approx(values[best], abs=1e-9)
        assert pick.x.tolist() == left[best].tolist()
        payoff = payoff.conditioned(pick.x)
        left = left[(left != pick.x).any(axis=1)]


def test_most_of_a_pool_is_never_computed() -> None:
    payoff, sites = game(0, counts=(20,) * 4, n=60, lengthscale=2.0)
    pool = sites.random(50_000, np.random.default_rng(0))
    picks = screened(payoff, pool, 1, Known(sites))
    assert len(picks) == 1
    assert payoff.variances < 0.2 * len(pool)


def test_a_pool_ends_where_it_ends() -> None:
    payoff, sites = game(0)
    pool = sites.all()[:5]
    known = Known(sites)
    picks = screened(payoff, pool, 9, known)
    assert sorted(p.x.tolist() for p in picks) == pool.tolist()
    with pytest.raises(SpaceExhaustedError, match="all 5 candidates are known"):
        screened(payoff, pool, 1, known)
