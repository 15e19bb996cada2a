"""Sites know what is feasible, and give every point a key of its own."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bosearch.combinatorial.space import Sites, contains, deviations
from bosearch.errors import InfeasibleSpaceError, ParameterError, ShapeError, SpaceError

RNG = np.random.default_rng


def even_sum(X: Any) -> Any:
    return X.sum(axis=1) % 2 == 0


@pytest.mark.parametrize("counts", [(3, 2, 4), (5,) * 60, (300, 2, 700), (300,) * 20])
def test_keys_are_equal_where_points_are_and_nowhere_else(counts: tuple[int, ...]) -> None:
    sites = Sites(counts)
    X = sites.random(400, RNG(0))
    X[200:] = X[:200]
    X[300:, -1] = (X[300:, -1] + 1) % counts[-1]  # differs in the last, lightest site
    keys = sites.keys(X).tolist()
    rows = [tuple(x) for x in X.tolist()]
    for i in range(400):
        assert [k == keys[i] for k in keys] == [row == rows[i] for row in rows]
    assert sorted(keys) == np.sort(sites.keys(X)).tolist()


def test_allow_lists_mask_and_pool_add_up() -> None:
    levels = [np.array([True, True, False]), np.ones(2, dtype=bool), np.ones(4, dtype=bool)]
    every = Sites((3, 2, 4)).all()
    pool = every[::2]
    sites = Sites((3, 2, 4), allowed=levels, mask=even_sum, pool=pool)
    in_pool = {tuple(x) for x in pool.tolist()}
    expected = [x[0] < 2 and sum(x) % 2 == 0 and tuple(x) in in_pool for x in every.tolist()]
    assert sites.feasible(every).tolist() == expected
    assert sites.size == len(sites.all()) == sum(expected)
    assert sites.feasible(sites.random(50, RNG(0))).all()


@given(seed=st.integers(0, 1_000), share=st.floats(0.1, 1.0))
@settings(max_examples=30, deadline=None)
def test_alternatives_are_the_feasible_deviations(seed: int, share: float) -> None:
    counts = (3, 4, 2)
    open_ones = RNG(seed).random(24) < share
    plain = Sites(counts)
    sites = plain.with_mask(lambda X: open_ones[plain.keys(X)])
    X = plain.random(6, RNG(seed))
    for i, count in enumerate(counts):
        expected = sites.feasible(deviations(X, i, count)).reshape(6, count)
        assert (sites.alternatives(X, i) == expected).all()


def test_uniform_points_are_uniform_on_the_feasible_set() -> None:
    sites = Sites((3, 2, 4), mask=even_sum)
    keys = sites.keys(sites.random(12_000, RNG(0)))
    counts = np.unique(keys, return_counts=True)[1]
    assert len(counts) == 12
    # Binomial with mean 1000: five standard deviations, for twelve cells.
    assert abs(counts - 1000).max() < 5 * np.sqrt(1000 * 11 / 12)


def test_a_large_pool_is_looked_up_at_once() -> None:
    counts = (20,) * 12
    pool = Sites(counts).random(200_000, RNG(0))
    sites = Sites(counts, pool=np.concatenate([pool, pool[:10]]))
    assert sites.size == 200_000
    assert sites.feasible(pool[::1000]).all()
    assert not sites.feasible(Sites(counts).random(100, RNG(1))).any()


def test_two_masks_hold_both() -> None:
    sites = Sites((4, 4), mask=even_sum).with_mask(lambda X: X[:, 0] == 1)
    assert sites.all().tolist() == [[1, 1], [1, 3]]


def test_a_mask_that_forbids_everything_is_an_error_and_not_a_loop() -> None:
    sites = Sites((4, 4), mask=lambda X: np.zeros(len(X), dtype=bool))
    with pytest.raises(InfeasibleSpaceError, match=r"0 of \d+ random points satisfy the mask"):
        sites.random(1, RNG(0))
    assert sites.some(5, RNG(0), draws=1000).shape == (0, 2)
    assert len(sites.all()) == 0


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: Sites(()), SpaceError, "at least one site"),
        (lambda: Sites((3, 0)), SpaceError, "at least one site"),
        (
            lambda: Sites((2,), allowed=[np.zeros(2, bool)]),
            InfeasibleSpaceError,
            "no allowed level",
        ),
        (lambda: Sites((2, 3), allowed=[np.ones(2, bool)]), ShapeError, "one list per site"),
        (lambda: Sites((2, 3), pool=np.array([[0, 3]])), ParameterError, "3 is not a level"),
        (lambda: Sites((2, 3), pool=np.array([[0.5, 1]])), ParameterError, "0.5 is not a level"),
        (lambda: Sites((2, 3), pool=np.array([[0, 1, 1]])), ShapeError, r"\(S, 2\)"),
        (
            lambda: Sites((2, 3), pool=np.array([[0, 1]]), mask=even_sum),
            InfeasibleSpaceError,
            "no point of the pool",
        ),
    ],
)
def test_bad_sites_are_refused(build: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        build()


def test_membership_in_nothing_is_false() -> None:
    assert contains(np.array([], dtype=np.int64), np.array([1, 2])).tolist() == [False, False]
