"""A swarm finds maxima without slopes, and its weights are as sharp as was asked."""

import numpy as np
import pytest
from numpy.typing import NDArray

from bosearch.acquisition.consensus import Swarm, seek_consensus, sharpened
from bosearch.acquisition.domain import Domain
from bosearch.acquisition.optimize import EFFORTS, best_candidate
from bosearch.errors import ShapeError
from bosearch.space import Choice, Integer, Real, Space

Array = NDArray[np.float64]
PEAK = 0.37


def bowl(X: Array) -> Array:
    return np.asarray(-((X - PEAK) ** 2).sum(1))


def rastrigin(X: Array) -> Array:
    """The cube is [-3.8, 6.5]^d of the usual function: about 11^d local maxima."""
    Z = 10.24 * (X - PEAK)
    return np.asarray(-(Z**2 - 10.0 * np.cos(2 * np.pi * Z) + 10.0).sum(1))


def best_of(value: object, d: int, seed: int, particles: int = 128) -> Array:
    rng = np.random.default_rng(seed)
    X, values = seek_consensus(value, rng.uniform(size=(particles, d)), rng=rng)  # type: ignore[arg-type]
    best: Array = X[np.argmax(values)]
    return best


@pytest.mark.parametrize("d", [1, 4, 12])
def test_the_top_of_a_bowl_is_found(d: int) -> None:
    assert np.abs(best_of(bowl, d, seed=0) - PEAK).max() < 0.03


@pytest.mark.parametrize("d", [2, 4])
def test_rastrigin_is_solved_from_nearly_every_start(d: int) -> None:
    # The next best of its maxima lies one unit, 0.098 of the cube, away.
    solved = [np.abs(best_of(rastrigin, d, seed) - PEAK).max() < 0.03 for seed in range(40)]
    assert np.mean(solved) >= 0.95


def test_a_shift_or_another_unit_of_the_values_changes_nothing() -> None:
    def scaled(X: Array) -> Array:
        return 1e6 * bowl(X) - 3e7

    np.testing.assert_allclose(best_of(scaled, 3, 1), best_of(bowl, 3, 1), rtol=0, atol=1e-4)


def test_a_seed_decides_everything() -> None:
    assert (best_of(rastrigin, 3, 5) == best_of(rastrigin, 3, 5)).all()


def test_points_that_are_no_good_have_no_say() -> None:
    def half(X: Array) -> Array:
        return np.where(X[:, 0] < 0.5, np.nan, bowl(X))

    best = best_of(half, 2, seed=2)
    assert best == pytest.approx([0.5, PEAK], abs=0.02)


def test_bounds_hold_and_the_best_value_never_falls() -> None:
    rng = np.random.default_rng(3)
    starts = rng.uniform(0.2, 0.4, size=(30, 2))
    seen: list[Array] = []

    def value(X: Array) -> Array:
        seen.append(X)
        return np.asarray(X.sum(1))

    lower, upper = np.array([0.2, 0.1]), np.array([0.4, 0.5])
    swarm = Swarm(steps=20)
    X, values = seek_consensus(value, starts, rng=rng, swarm=swarm, lower=lower, upper=upper)
    every = np.concatenate(seen)
    assert ((every >= lower) & (every <= upper)).all()
    assert len(seen) == 21
    assert (values >= starts.sum(1)).all()
    assert values == pytest.approx(X.sum(1))
    assert values.max() > 0.85


@pytest.mark.parametrize("share", [0.05, 0.3, 1.0])
def test_weights_have_the_effective_number_that_was_asked_for(share: float) -> None:
    values = np.random.default_rng(0).normal(size=100) * 1e3
    values[7] = -np.inf
    weights = sharpened(values, share)
    assert weights[7] == 0.0
    assert weights.sum() == pytest.approx(1.0)
    assert 1.0 / (weights**2).sum() == pytest.approx(min(100 * share, 99), rel=1e-4)
    assert (np.diff(weights[np.argsort(values)]) >= 0.0).all()


def test_equal_values_have_equal_weights() -> None:
    assert sharpened(np.full(4, 2.0), 0.1) == pytest.approx([0.25] * 4)
    assert sharpened(np.full(4, -np.inf), 0.1) == pytest.approx([0.25] * 4)
    assert sharpened(np.array([1.0, 1.0, 0.0]), 0.1) == pytest.approx([0.5, 0.5, 0.0], abs=1e-6)


def test_a_consensus_of_one_is_refused() -> None:
    with pytest.raises(ShapeError, match="at least 2 particles"):
        seek_consensus(bowl, np.zeros((1, 2)), rng=np.random.default_rng(0))


class Steps:
    """A surface without slopes: steps in numbers, heights by category."""

    heights = np.array([0.0, 1.0, 0.3, 0.6])

    def value(self, X: Array) -> Array:
        stepped = np.floor(20.0 * X[:, :2]) / 20.0
        return np.asarray(bowl(stepped) + self.heights[X[:, 2].astype(int)])

    def value_and_gradient(self, X: Array) -> tuple[Array, Array]:
        raise AssertionError("there are no slopes")


def test_the_search_needs_no_slopes_in_a_mixed_space_with_constraints() -> None:
    space = Space(
        x=Real(0, 1),
        k=Integer(0, 10),
        c=Choice(["a", "b", "c", "d"]),
        constraints=["x >= 0.4"],
    )
    best = np.array([[0.42, 0.4, 1.0]])
    rng = np.random.default_rng(0)
    for known in (None, best):
        found = best_candidate(
            Steps(),
            Domain(space, known),
            space.encode(space.sample(2, rng)),
            effort=EFFORTS["fast"],
            rng=rng,
            slopes=False,
        )
        assert space.feasible(space.decode(found.x[None])[0])
        assert found.value == pytest.approx(float(Steps().value(best)[0]))
        assert found.x[2] == 1.0
