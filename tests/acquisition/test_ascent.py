"""Batched ascent: known maxima, bounds, constraints, and no start left worse."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize

from bosearch.acquisition.ascent import ascend

Array = NDArray[np.float64]
FREE = np.ones(3, dtype=bool)
CURVATURE = np.diag([1.0, 30.0, 900.0]) + 0.4
PEAK = np.array([0.3, 0.6, 0.2])


def quadratic(X: Array) -> tuple[Array, Array]:
    gap = X - PEAK
    return -0.5 * np.einsum("bi,ij,bj->b", gap, CURVATURE, gap), -gap @ CURVATURE


def ripples(X: Array) -> tuple[Array, Array]:
    return np.sin(9 * X).sum(1) - X[:, 0] ** 2, 9 * np.cos(9 * X) - 2 * X * np.array([1, 0, 0])


def test_ill_conditioned_quadratic_is_solved_from_every_start() -> None:
    starts = np.random.default_rng(0).uniform(size=(12, 3))
    ends, values = ascend(quadratic, starts, FREE, rounds=100, tolerance=1e-14)
    np.testing.assert_allclose(ends, np.tile(PEAK, (12, 1)), rtol=0, atol=1e-4)
    np.testing.assert_allclose(values, 0.0, rtol=0, atol=1e-6)


def test_maximum_on_the_boundary_equals_scipy() -> None:
    def shifted(X: Array) -> tuple[Array, Array]:
        return quadratic(X + np.array([0.0, 0.0, 0.5]))  # the peak lies outside

    ends, values = ascend(shifted, np.full((1, 3), 0.5), FREE, rounds=200, tolerance=1e-14)
    expected = minimize(
        lambda x: -shifted(x[None])[0][0],
        np.full(3, 0.5),
        jac=lambda x: -shifted(x[None])[1][0],
        method="L-BFGS-B",
        bounds=[(0, 1)] * 3,
    )
    assert ends[0, 2] == 0.0
    assert values[0] == pytest.approx(-expected.fun, abs=1e-6)


def test_batch_equals_a_loop_over_single_starts() -> None:
    starts = np.random.default_rng(1).uniform(size=(6, 3))
    together, _ = ascend(ripples, starts, FREE, rounds=60)
    alone = np.vstack([ascend(ripples, start[None], FREE, rounds=60)[0] for start in starts])
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-9)


def test_no_start_ends_lower_and_held_coordinates_stay() -> None:
    starts = np.random.default_rng(2).uniform(size=(20, 3))
    ends, values = ascend(ripples, starts, np.array([True, False, True]), rounds=50)
    assert (values >= ripples(starts)[0]).all()
    assert (ends[:, 1] == starts[:, 1]).all()
    assert ((ends >= 0) & (ends <= 1)).all()


def test_steps_out_of_the_feasible_set_are_cut_back() -> None:
    starts = np.full((3, 3), 0.1)
    ends, values = ascend(quadratic, starts, FREE, rounds=60, allowed=lambda X: X.sum(1) <= 0.6)
    assert (ends.sum(1) <= 0.6).all()
    assert (values > quadratic(starts)[0]).all()


def test_infinite_values_are_not_entered() -> None:
    def walled(X: Array) -> tuple[Array, Array]:
        value, slope = quadratic(X)
        return np.where(X[:, 1] > 0.5, np.nan, value), slope

    ends, values = ascend(walled, np.full((2, 3), 0.2), FREE, rounds=60)
    assert np.isfinite(values).all()
    assert (ends[:, 1] <= 0.5).all()
