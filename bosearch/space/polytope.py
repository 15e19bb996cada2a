"""Uniform points in a polytope ``A x <= b`` inside the unit cube."""

from collections.abc import Iterator

import numpy as np

from bosearch.space.factor import Array

_CHAINS = 128
_PHASES = 12  # after each, directions follow the spread of the chains


def interior_point(A: Array, b: Array) -> tuple[Array, float]:
    """The centre and radius of the largest ball in ``A x <= b`` and the unit cube.

    A negative radius means that the polytope is empty.
    """
    from scipy.optimize import linprog  # 0.3 s to import, and seldom needed

    A, b = _with_cube(A, b)
    norms = np.linalg.norm(A, axis=1)
    d = A.shape[1]
    solution = linprog(
        np.append(np.zeros(d), -1.0),
        A_ub=np.column_stack([A, norms]),
        b_ub=b,
        bounds=[(None, None)] * (d + 1),
    )
    if solution.x is None:
        return np.full(d, 0.5), -np.inf
    return solution.x[:d], float(solution.x[d])


def hit_and_run(A: Array, b: Array, start: Array, rng: np.random.Generator) -> Iterator[Array]:
    """Yield batches of uniform points, ``chains x d`` each, without end.

    Chains start at an interior point. While they spread, the distribution of the
    directions is adapted to their covariance, which makes flat polytopes round; it
    is fixed before the first batch.

    Source: Smith (1984), "Efficient Monte Carlo Procedures for Generating Points
    Uniformly Distributed over Bounded Regions".
    """
    A, b = _with_cube(A, b)
    d = len(start)
    X = np.tile(start, (max(_CHAINS, 4 * d), 1))
    shape = np.eye(d)
    for _ in range(_PHASES):
        X = _walk(X, A, b, shape, 2 * d + 10, rng)
        values, vectors = np.linalg.eigh(np.atleast_2d(np.cov(X.T)))
        shape = vectors * np.sqrt(np.maximum(values, 1e-12 * values.max()))
    while True:
        X = _walk(X, A, b, shape, 8 * d + 10, rng)
        yield X


def _walk(
    X: Array, A: Array, b: Array, shape: Array, steps: int, rng: np.random.Generator
) -> Array:
    for _ in range(steps):
        V = rng.standard_normal(X.shape) @ shape.T
        slack = np.maximum(b - X @ A.T, 0.0)  # chains x m
        rate = V @ A.T
        with np.errstate(divide="ignore", invalid="ignore"):
            reach = slack / rate
        forward = np.where(rate > 0, reach, np.inf).min(axis=1)
        back = np.where(rate < 0, reach, -np.inf).max(axis=1)
        X = X + (back + (forward - back) * rng.random(len(X)))[:, None] * V
    return X


def _with_cube(A: Array, b: Array) -> tuple[Array, Array]:
    eye = np.eye(A.shape[1])
    return np.concatenate([A, eye, -eye]), np.concatenate(
        [b, np.ones(len(eye)), np.zeros(len(eye))]
    )
