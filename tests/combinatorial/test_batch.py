"""Batches: what exhaustive search would choose, and never a known point."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bosearch.combinatorial.batch import Known, Play, hallucinated, thompson, top
from bosearch.combinatorial.payoff import Payoff
from bosearch.combinatorial.solvers import Equilibria, best_response, max_gains
from bosearch.combinatorial.space import Codes, Sites
from bosearch.combinatorial.table_payoff import TablePayoff
from bosearch.errors import SpaceExhaustedError
from tests.combinatorial.cases import game

RNG = np.random.default_rng


def games(sites: Sites, count: int = 32) -> Play:
    def play(payoff: Payoff, rng: np.random.Generator) -> Equilibria:
        return best_response(payoff, sites, sites.some(count, rng, draws=4096), rng)

    return play


def rngs(q: int, seed: int = 0) -> list[np.random.Generator]:
    return [RNG([seed, k]) for k in range(q)]


def exhaustive(payoff: TablePayoff, sites: Sites, known: set[int], q: int) -> list[int]:
    """Keys of the batch that looks at every point before each choice."""
    X = sites.all()
    keys = sites.keys(X)
    chosen: list[int] = []
    for _ in range(q):
        free = ~np.isin(keys, [*known, *chosen])
        best = np.flatnonzero(free)[payoff.values(X[free]).argmax()]
        chosen.append(int(keys[best]))
        payoff = payoff.conditioned(X[best])
    return chosen


def test_hallucinated_batches_are_those_of_exhaustive_search() -> None:
    same = []
    for seed in range(10):
        payoff, sites = game(seed, counts=(7,) * 4, n=60)
        known = Known(sites, sites.keys(payoff.X))
        before = set(known.keys.tolist())
        picks = hallucinated(payoff, sites, known, games(sites, 128), rngs(6))
        keys = sites.keys(np.array([pick.x for pick in picks])).tolist()
        same.append(keys == exhaustive(payoff, sites, before, 6))
    assert np.mean(same) >= 0.8  # the same batch, point by point and in the same order


def test_top_is_the_head_of_all_deviations_of_all_equilibria() -> None:
    payoff, sites = game(1, counts=(4,) * 4, n=20)
    known = Known(sites, sites.keys(payoff.X))
    every = sites.all()
    # With all points as ends of games, their deviations are all points.
    ends = Equilibria(every, payoff.values(every), np.zeros(len(every)), 0)
    values = payoff.values(every)[known.new(every)]
    picks = top(payoff, sites, known, lambda *_: ends, rngs(10))
    found = [pick.value for pick in picks]
    np.testing.assert_allclose(found, -np.sort(-values)[:10], rtol=0, atol=1e-9)


@pytest.mark.parametrize("rule", ["hallucinated", "top"])
def test_each_pick_says_what_a_player_could_still_gain(rule: str) -> None:
    payoff, sites = game(2, counts=(5,) * 3, n=30)
    known = Known(sites, sites.keys(payoff.X))
    if rule == "top":
        picks = top(payoff, sites, known, games(sites), rngs(5))
    else:
        picks = hallucinated(payoff, sites, known, games(sites), rngs(1))
    for pick in picks:
        here = payoff.values(pick.x[None])
        assert pick.value == pytest.approx(here[0], abs=1e-9)
        gain = max_gains(payoff, sites, pick.x[None], here)[0]
        assert pick.max_gain == pytest.approx(gain, abs=1e-9)
        assert pick.equilibria >= 1


@given(seed=st.integers(0, 10_000), share=st.floats(0.05, 1.0), q=st.integers(1, 12))
@settings(max_examples=40, deadline=None)
def test_no_known_and_no_infeasible_point_is_ever_chosen(seed: int, share: float, q: int) -> None:
    payoff, plain = game(seed % 5, counts=(3, 2, 4), n=8)
    open_ones = RNG(seed).random(plain.size) < share
    sites = plain.with_mask(lambda X: open_ones[plain.keys(X)])
    known = Known(sites, sites.keys(payoff.X))
    left = {tuple(x) for x in sites.all()[known.new(sites.all())].tolist()}
    start = sites.all()
    if not len(start):
        return

    def play(payoff: Payoff, rng: np.random.Generator) -> Equilibria:
        return best_response(payoff, sites, start, rng)

    if not left:
        with pytest.raises(SpaceExhaustedError):
            hallucinated(payoff, sites, known, play, rngs(q, seed))
        return
    for picks in (
        hallucinated(payoff, sites, Known(sites, known.keys), play, rngs(q, seed)),
        top(payoff, sites, Known(sites, known.keys), play, rngs(q, seed)),
        thompson(payoff, sites, Known(sites, known.keys), play, rngs(q, seed)),
    ):
        chosen = [tuple(pick.x.tolist()) for pick in picks]
        assert len(set(chosen)) == len(chosen) <= q
        assert set(chosen) <= left
    assert len(picks) >= 1


def test_a_batch_larger_than_what_is_left_ends_there() -> None:
    payoff, sites = game(0, counts=(2, 2, 2), n=5)
    known = Known(sites, sites.keys(payoff.X))
    left = int(known.new(sites.all()).sum())
    for rule in (hallucinated, top, thompson):
        again = Known(sites, known.keys)
        assert len(rule(payoff, sites, again, games(sites), rngs(20))) == left
    known.add(sites.all())
    with pytest.raises(SpaceExhaustedError, match="all feasible points are among the 8 known"):
        hallucinated(payoff, sites, known, games(sites), rngs(1))


def test_islands_that_no_deviation_reaches_are_found_when_all_else_is_known() -> None:
    payoff, plain = game(0, counts=(4, 4), n=3)
    islands = np.array([[0, 0], [3, 3]])
    sites = plain.with_mask(lambda X: np.isin(plain.keys(X), plain.keys(islands)))
    known = Known(sites, sites.keys(islands[:1]))

    def home(payoff: Payoff, rng: np.random.Generator) -> Equilibria:
        return best_response(payoff, sites, islands[:1], rng)

    (pick,) = hallucinated(payoff, sites, known, home, rngs(1))
    assert pick.x.tolist() == [3, 3]
    assert pick.equilibria == 0  # no deviation of any


def test_a_hallucinated_batch_spreads_where_the_top_crowds() -> None:
    def spread(X: Codes) -> float:
        return float((X[:, None] != X[None]).sum(-1).mean())

    spreads = []
    for seed in range(6):
        payoff, sites = game(seed, counts=(6,) * 4, n=20, lengthscale=2.5)
        known = sites.keys(payoff.X)
        one = hallucinated(payoff, sites, Known(sites, known), games(sites), rngs(8))
        other = top(payoff, sites, Known(sites, known), games(sites), rngs(8))
        spreads.append([spread(np.array([p.x for p in picks])) for picks in (one, other)])
    hallucinations, crowds = np.transpose(spreads)
    assert (hallucinations >= crowds).all()
    assert hallucinations.mean() > crowds.mean()


def test_work_of_a_batch_is_bounded() -> None:
    payoff, sites = game(0, counts=(20,) * 4, n=100)
    spent: list[int] = []

    def play(payoff: Payoff, rng: np.random.Generator) -> Equilibria:
        ends = best_response(payoff, sites, sites.random(32, rng), rng)
        spent.append(payoff.evaluations)
        return ends

    known = Known(sites, sites.keys(payoff.X))
    assert len(hallucinated(payoff, sites, known, play, rngs(8))) == 8
    assert max(spent) <= 10 * 32 * 80  # ten sweeps of all games; a fifth of all points


def test_thompson_games_choose_points_as_often_as_they_are_best() -> None:
    payoff, sites = game(1, counts=(2, 3), n=3)
    X = sites.all()
    picks = [
        thompson(payoff, sites, Known(sites), games(sites, 8), rngs(1, seed))[0]
        for seed in range(300)
    ]
    chosen = np.bincount(sites.keys(np.array([p.x for p in picks])), minlength=6) / 300
    mean, _ = payoff.moments(X)
    # The joint posterior by columns: a point measured as predicted lowers variances by cov^2.
    root = np.linalg.cholesky(_covariance(payoff, X) + 1e-9 * np.eye(6))
    draws = mean + RNG(0).normal(size=(20_000, 6)) @ root.T
    best = np.bincount(draws.argmax(axis=1), minlength=6) / 20_000
    # Four standard errors of 300 draws.
    assert (abs(chosen - best) < 4 * np.sqrt(best * (1 - best) / 300) + 0.01).all()


def _covariance(payoff: TablePayoff, X: Codes) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Posterior covariance of ``S x L`` points, by the textbook."""

    def k(A: Codes, B: Codes) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        product = np.full((len(A), len(B)), payoff.signal)
        for i, table in enumerate(payoff.tables):
            product *= table[np.ix_(A[:, i], B[:, i])]
        return product

    noisy = k(payoff.X, payoff.X) + np.diag(payoff.noise)
    return np.asarray(k(X, X) - k(X, payoff.X) @ np.linalg.solve(noisy, k(payoff.X, X)))
