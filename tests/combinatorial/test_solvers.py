"""Games end in equilibria that brute force agrees with, and say so truthfully."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bosearch.combinatorial.payoff import Payoff
from bosearch.combinatorial.solvers import TOLERANCE, best_response, max_gains, steepest_ascent
from bosearch.combinatorial.space import Codes, Sites
from bosearch.errors import InfeasibleSpaceError
from tests.combinatorial.cases import game
from tests.combinatorial.dense import DensePayoff

RNG = np.random.default_rng


def equilibria_by_brute_force(payoff: Payoff, sites: Sites) -> set[tuple[int, ...]]:
    """All feasible points that no single change improves, found one by one."""
    X = sites.all()
    value = dict(zip(map(tuple, X.tolist()), payoff.values(X).tolist(), strict=True))
    found = set()
    for x, here in value.items():
        rivals = [
            (*x[:i], a, *x[i + 1 :]) for i, count in enumerate(sites.counts) for a in range(count)
        ]
        if all(value.get(rival, -np.inf) <= here + TOLERANCE for rival in rivals):
            found.add(x)
    return found


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("masked", [False, True])
def test_games_from_everywhere_find_exactly_the_equilibria(seed: int, masked: bool) -> None:
    payoff, sites = game(seed)
    if masked:
        allowed = RNG(seed).random(sites.size) < 0.6
        sites = sites.with_mask(lambda X: allowed[sites.keys(X)])
    expected = equilibria_by_brute_force(payoff, sites)
    for found in (
        best_response(payoff, sites, sites.all(), RNG(0)),
        steepest_ascent(payoff, sites, sites.all()),
    ):
        assert set(map(tuple, found.X.tolist())) == expected
        assert found.certified.all()
        assert (np.diff(found.values) <= 0).all()
        np.testing.assert_allclose(payoff.values(found.X), found.values, rtol=0, atol=1e-12)


def test_an_interrupted_game_certifies_what_could_still_be_gained() -> None:
    payoff, sites = game(1, counts=(6,) * 6)
    starts = sites.random(20, RNG(0))
    cut = best_response(payoff, sites, starts, RNG(1), max_sweeps=1)
    np.testing.assert_allclose(
        cut.max_gain, max_gains(payoff, sites, cut.X, cut.values), rtol=0, atol=1e-12
    )
    assert not cut.certified.all()
    exact = [
        max(payoff.player(x[None], i).max() for i in range(6)) - v
        for x, v in zip(cut.X, cut.values, strict=True)
    ]
    np.testing.assert_allclose(cut.max_gain, exact, rtol=0, atol=1e-12)


@pytest.mark.parametrize("solver", ["best response", "steepest"])
def test_no_game_falls_below_its_start(solver: str) -> None:
    payoff, sites = game(2, counts=(5,) * 5)
    for k in range(10):
        start = sites.random(1, RNG(k))
        found = (
            best_response(payoff, sites, start, RNG(0))
            if solver == "best response"
            else steepest_ascent(payoff, sites, start)
        )
        assert found.values[0] >= payoff.values(start)[0]


def test_relabelled_levels_and_reordered_sites_have_relabelled_equilibria() -> None:
    counts, rng = (3, 4, 2), RNG(5)
    table = rng.normal(size=counts)
    order = [2, 0, 1]
    shuffles = [rng.permutation(count) for count in counts]
    # Of the relabelled game: level shuffles[i][a] of site i is level a of the old one.
    inverse = [np.argsort(shuffle) for shuffle in shuffles]
    relabelled = table[np.ix_(*inverse)].transpose(order)

    def found(table: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Codes:
        sites = Sites(table.shape)
        return best_response(DensePayoff(table), sites, sites.all(), RNG(0)).X

    moved = [[int(shuffles[i][x[i]]) for i in order] for x in found(table).tolist()]
    assert sorted(moved) == sorted(found(relabelled).tolist())


def test_an_infeasible_start_is_repaired_or_given_up() -> None:
    payoff, sites = game(3)
    first_row = sites.with_mask(lambda X: X[:, 0] == 0)
    one_off, hopeless = [1, 0, 0, 0], [1, 1, 1, 1]
    alone = Sites(sites.counts, mask=lambda X: (X == 0).all(axis=1))
    assert (best_response(payoff, first_row, np.array([one_off]), RNG(0)).X[:, 0] == 0).all()
    with pytest.raises(InfeasibleSpaceError, match="no game reached a feasible point"):
        best_response(payoff, alone, np.array([hopeless]), RNG(0))


@given(seed=st.integers(0, 10_000), share=st.floats(0.05, 0.9))
@settings(max_examples=40, deadline=None)
def test_no_game_ends_where_a_random_mask_forbids(seed: int, share: float) -> None:
    payoff, sites = game(seed % 7)
    allowed = RNG(seed).random(sites.size) < share
    masked = sites.with_mask(lambda X: allowed[sites.keys(X)])
    if not allowed.any():
        return
    found = best_response(payoff, masked, sites.all(), RNG(seed))
    assert masked.feasible(found.X).all()
    assert found.certified.all()


@pytest.mark.parametrize("seed", range(10))
def test_sixty_four_games_find_the_best_of_a_small_space(seed: int) -> None:
    payoff, sites = game(seed, counts=(8,) * 4, n=60)
    found = best_response(payoff, sites, sites.random(64, RNG(seed)), RNG(seed))
    assert found.values[0] == pytest.approx(payoff.values(sites.all()).max(), abs=1e-9)


def test_games_rest_after_a_handful_of_sweeps_and_meet() -> None:
    payoff, sites = game(0, counts=(20,) * 4, n=100)
    found = best_response(payoff, sites, sites.random(64, RNG(0)), RNG(0))
    assert found.sweeps <= 10
    assert payoff.evaluations <= 64 + 64 * 80 * found.sweeps
    assert payoff.variances <= 0.8 * payoff.evaluations  # random data: the hardest case
    keys = sites.keys(found.X)
    assert len(set(keys.tolist())) == len(keys)


def test_results_depend_on_the_seed_alone() -> None:
    payoff, sites = game(0, counts=(6,) * 6)
    starts = sites.random(16, RNG(0))
    one, two = (best_response(payoff, sites, starts, RNG(4)) for _ in range(2))
    assert (one.X == two.X).all()
    assert (one.values == two.values).all()
    assert (starts == sites.random(16, RNG(0))).all()  # starts are left as they were


def test_brute_force_knows_a_game_with_two_equilibria() -> None:
    table = np.array([[1.0, 0.0], [0.0, 2.0]])
    sites = Sites((2, 2))
    expected = equilibria_by_brute_force(DensePayoff(table), sites)
    assert expected == {(0, 0), (1, 1)}
    assert list(itertools.product(range(2), repeat=2)) == list(map(tuple, sites.all().tolist()))
