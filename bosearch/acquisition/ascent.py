"""Projected quasi-Newton ascent from many starts at once.

Each start has its own inverse Hessian, step length and set of active bounds;
only the evaluations are shared, one batch for all starts that still move. The
acquisition of a Gaussian process costs little more for twenty points than for
one, which is why the starts go in step.

Source: Bertsekas (1982), "Projected Newton methods for optimization problems
with simple constraints" (projection and active set); Nocedal and Wright
(2006), eq. 6.17 (BFGS update), section 3.5 (interpolated backtracking).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]

_SUFFICIENT = 1e-4  # share of the linear gain that a step must reach (Armijo)
_FIRST_STEP = 0.1  # length of the first step, in units of the cube
_SMALLEST_STEP = 1e-9


def ascend(
    value_and_gradient: Callable[[Array], tuple[Array, Array]],
    starts: Array,
    free: Bools,
    *,
    rounds: int,
    allowed: Callable[[Array], Bools] | None = None,
    tolerance: float = 1e-8,
    lower: Array | float = 0.0,
    upper: Array | float = 1.0,
) -> tuple[Array, Array]:
    """Climb within a box, by default the unit cube, from all starts together.

    Args:
        value_and_gradient: Maps ``b x d`` points to ``b`` values and ``b x d`` gradients.
        starts: ``r x d`` points.
        free: ``d`` flags: the coordinates that may move.
        rounds: Batches to evaluate at most.
        allowed: Which of ``b x d`` points are feasible; a step to any other is cut back.
        tolerance: A start rests when a step raises its value by less than this.
        lower: ``d`` bounds, or one of all coordinates.
        upper: Likewise.

    Returns:
        ``r x d`` points and their ``r`` values, none lower than at the start.
    """
    x = starts.copy()
    r, d = x.shape
    value, slope = value_and_gradient(x)
    slope = np.where(free, slope, 0.0)
    inverse = np.broadcast_to(np.eye(d), (r, d, d)).copy()
    fresh = np.ones(r, dtype=bool)  # no curvature seen yet
    moving = np.isfinite(value)
    direction, step = np.zeros_like(x), np.zeros(r)
    renew = moving.copy()  # starts that need a new direction
    for _ in range(rounds):
        if renew.any():
            held = ((x <= lower) & (slope < 0.0)) | ((x >= upper) & (slope > 0.0))
            direction[renew] = _direction(held[renew], slope[renew], inverse[renew])
            length = np.linalg.norm(direction, axis=1)
            step = np.where(
                renew, np.where(fresh, _FIRST_STEP / np.maximum(length, 1e-300), 1.0), step
            )
            step = np.where(renew, np.minimum(step, 1.0 / np.maximum(length, 1e-300)), step)
            moving &= length > 0
        rows = np.flatnonzero(moving)
        if not len(rows):
            break
        trial = x[rows] + step[rows, None] * direction[rows]
        trial = np.where(free, np.clip(trial, lower, upper), x[rows])
        moved = trial - x[rows]
        new_value, new_slope = value_and_gradient(trial)
        new_slope = np.where(free, new_slope, 0.0)
        linear = np.einsum("bd,bd->b", slope[rows], moved)
        good = np.isfinite(new_value) & (new_value >= value[rows] + _SUFFICIENT * linear)
        good &= np.isfinite(new_slope).all(1)
        if allowed is not None:
            good &= allowed(trial)
        renew = np.zeros(r, dtype=bool)
        kept = rows[good]
        if len(kept):
            change = slope[kept] - new_slope[good]  # of the negated gradient
            inverse[kept], updated = _bfgs(inverse[kept], moved[good], change, fresh[kept])
            fresh[kept] &= ~updated
            gain = new_value[good] - value[kept]
            x[kept], value[kept], slope[kept] = trial[good], new_value[good], new_slope[good]
            moving[kept] = gain > tolerance
            renew[kept] = moving[kept]
        lost = rows[~good]
        if len(lost):
            step[lost] *= _shrink(value[lost], new_value[~good], linear[~good])
            moving[lost] = np.abs(moved[~good]).max(1) > _SMALLEST_STEP
    return x, value


def _direction(held: Bools, slope: Array, inverse: Array) -> Array:
    """Quasi-Newton directions on the coordinates that no bound holds; uphill in any case."""
    free_slope = np.where(held, 0.0, slope)
    direction = np.einsum("bij,bj->bi", inverse, free_slope)
    direction = np.where(held, 0.0, direction)
    uphill = np.einsum("bd,bd->b", direction, free_slope) > 0.0
    result: Array = np.where(uphill[:, None], direction, free_slope)
    return result


def _bfgs(inverse: Array, s: Array, y: Array, fresh: Bools) -> tuple[Array, Bools]:
    """BFGS update of ``b x d x d`` inverse Hessians where the curvature is positive."""
    sy = np.einsum("bd,bd->b", s, y)
    yy = np.einsum("bd,bd->b", y, y)
    usable = sy > 1e-12 * np.sqrt(yy * np.einsum("bd,bd->b", s, s))
    sy = np.where(usable, sy, 1.0)
    scale = np.where(fresh & usable, sy / np.where(usable, yy, 1.0), 1.0)
    H = inverse * scale[:, None, None]
    Hy = np.einsum("bij,bj->bi", H, y)
    yHy = np.einsum("bi,bi->b", y, Hy)
    outer = s[:, :, None] * Hy[:, None, :]
    new = (
        H
        - (outer + outer.transpose(0, 2, 1)) / sy[:, None, None]
        + ((1.0 + yHy / sy) / sy)[:, None, None] * (s[:, :, None] * s[:, None, :])
    )
    return np.where(usable[:, None, None], new, inverse), usable


def _shrink(value: Array, new_value: Array, linear: Array) -> Array:
    """Where the parabola through the failed step peaks, kept within [0.1, 0.5] of it."""
    drop: Array = np.where(np.isfinite(new_value), new_value, -np.inf) - value - linear
    with np.errstate(divide="ignore", invalid="ignore"):
        peak = np.where(drop < 0.0, -linear / (2.0 * drop), 0.5)
    share: Array = np.clip(np.nan_to_num(peak, nan=0.1), 0.1, 0.5)
    return share
