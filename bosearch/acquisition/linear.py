"""Climb along linear input constraints, where steps cut back would stick to the boundary."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from bosearch.acquisition.domain import Domain
from bosearch.acquisition.value import Acquisition

Array = NDArray[np.float64]

_POLISHED = 3  # starts that are worth a climb of their own
_INSIDE = 1.0 - 1e-7  # share of the way to a boundary point, to stay feasible in rounding


def climb_in_polytope(
    X: Array, values: Array, acquisition: Acquisition, domain: Domain, *, rounds: int
) -> tuple[Array, Array]:
    """Continue the best climbs by sequential quadratic programming under ``A x <= b``.

    Ends that break another constraint, or are no better, are discarded.

    Args:
        X: ``r x d`` feasible points.
        values: Their ``r`` scores.
        acquisition: What a point is worth.
        domain: Its space states the constraints.
        rounds: Iterations per climb, at most.

    Returns:
        Points and scores, none lower than before.
    """
    A, b = domain.space.linear_inequalities()
    free = domain.continuous
    if not len(b) or not A[:, free].any():
        return X, values
    X, values = X.copy(), values.copy()
    for i in np.argsort(-values)[:_POLISHED]:
        end = _climb(X[i], acquisition, domain, A, b, rounds)
        inside = X[i] + _INSIDE * (end - X[i])
        if not domain.feasible(inside[None])[0]:
            continue
        value = float(acquisition.value(inside[None])[0])
        if value > values[i]:
            X[i], values[i] = inside, value
    return X, values


def _climb(x: Array, acquisition: Acquisition, domain: Domain, A: Array, b: Array, n: int) -> Array:
    free = domain.continuous
    lower, upper = domain.lower[free], domain.upper[free]

    def negated(u: Array) -> tuple[float, Array]:
        point = x.copy()
        point[free] = u
        value, slope = acquisition.value_and_gradient(point[None])
        return -float(value[0]), -slope[0, free]

    rest = b - A[:, ~free] @ x[~free]
    result = minimize(
        negated,
        x[free],
        jac=True,
        method="SLSQP",
        bounds=list(zip(lower, upper, strict=True)),
        constraints={
            "type": "ineq",
            "fun": lambda u: rest - A[:, free] @ u,
            "jac": lambda u: -A[:, free],
        },
        options={"maxiter": n},
    )
    end = x.copy()
    if np.isfinite(result.x).all():
        end[free] = np.clip(result.x, lower, upper)
    return end
