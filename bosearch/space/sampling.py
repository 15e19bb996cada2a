"""Uniform samples of the feasible set of a space.

Rejection comes first. Where it finds too little, a small finite space is listed,
and linear constraints are met by hit-and-run in their polytope, the others by
rejection from there.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from bosearch.errors import InfeasibleSpaceError
from bosearch.space.constraint import Bools, Constraint, Values
from bosearch.space.factor import Array, Factor
from bosearch.space.parameter import Parameter
from bosearch.space.polytope import hit_and_run, interior_point

Point = dict[str, Any]

MAX_LISTED = 1_000_000  # points of a finite space
_PROBE = 1 << 13  # draws after which rejection is judged
_BATCH = 1 << 13
_MAX_DRAWS = 1 << 20
_MAX_PLAY_OUTS = 1 << 14  # draws where one takes many steps in Python


class Feasible(Protocol):
    """What sampling needs to know of a space."""

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """What varies."""
        ...

    @property
    def conditions(self) -> Sequence[Constraint]:
        """What must hold."""
        ...

    @property
    def factors(self) -> tuple[Factor, ...]:
        """The coordinates."""
        ...

    @property
    def size(self) -> int | None:
        """Number of points."""
        ...

    def satisfied(self, values: Values, n: int) -> Bools:
        """Which points are feasible."""
        ...

    def from_unit(self, U: Array, rng: np.random.Generator | None = None) -> list[Point]:
        """Points of the unit cube."""
        ...

    def linear_inequalities(self) -> tuple[Array, Array]:
        """Linear constraints on coordinates."""
        ...

    def enumerate(self) -> Iterator[Point]:
        """All feasible points."""
        ...

    def encode(self, points: Sequence[Mapping[str, Any]]) -> Array:
        """Coordinates of points."""
        ...


def sample_feasible(space: Feasible, n: int, rng: np.random.Generator) -> list[Point]:
    """Draw ``n`` points uniformly from the feasible set.

    Raises:
        InfeasibleSpaceError: Fewer than ``n`` draws succeeded.
    """
    if not space.conditions:
        return _draw(space, n, rng)
    most = _most_draws(space)
    uniform = _batches(lambda size: _draw(space, size, rng), 2 * n)
    found = _accept(space, uniform, n, _PROBE, most=most)
    if len(found) >= n:
        return found
    if space.size is not None and space.size <= MAX_LISTED:
        return _from_list(space, n, rng)
    polytope = _polytope_points(space, rng)
    if polytope is not None:
        # A fresh start: points found so far were found because they were likely.
        found = _accept(space, polytope, n, most // 8, most=most)
    else:
        found += _accept(space, uniform, n - len(found), most, most=most)
    if len(found) < n:
        raise _infeasible(space, len(found), rng)
    return found


def _most_draws(space: Feasible) -> int:
    return _MAX_DRAWS if all(p.factors for p in space.parameters.values()) else _MAX_PLAY_OUTS


def _draw(space: Feasible, n: int, rng: np.random.Generator) -> list[Point]:
    columns = [p.sample(n, rng) for p in space.parameters.values()]
    return [dict(zip(space.parameters, row, strict=True)) for row in zip(*columns, strict=True)]


def _batches(draw: Callable[[int], list[Point]], size: int) -> Iterator[list[Point]]:
    """Batches that grow, since more are wanted where few succeed."""
    size = max(size, 16)
    while True:
        yield draw(min(size, _BATCH))
        size *= 2


def _accept(
    space: Feasible, batches: Iterator[list[Point]], n: int, probe: int, *, most: int
) -> list[Point]:
    """The first ``n`` feasible points, fewer when they are too rare to go on.

    Judged after ``probe`` draws: whether ``n`` would be reached within ``most``.
    """
    found: list[Point] = []
    drawn = 0
    for points in batches:
        values = {name: [point[name] for point in points] for name in space.parameters}
        ok = space.satisfied(values, len(points))
        found += [point for point, good in zip(points, ok, strict=True) if good]
        drawn += len(points)
        if len(found) >= n or (drawn >= probe and len(found) * most < n * drawn) or drawn >= most:
            break
    return found[:n]


def _from_list(space: Feasible, n: int, rng: np.random.Generator) -> list[Point]:
    points = list(space.enumerate())
    if not points:
        raise InfeasibleSpaceError(
            f"none of the {space.size} points of the space satisfies the input constraints",
            hint=_culprit(space, rng),
        )
    X = space.encode(points)
    weights = np.ones(len(points))
    for i, factor in enumerate(space.factors):
        weights *= factor.weights(factor.codes(X[:, i]))
    chosen = rng.choice(len(points), size=n, p=weights / weights.sum())
    return [dict(points[i]) for i in chosen]


def _polytope_points(space: Feasible, rng: np.random.Generator) -> Iterator[list[Point]] | None:
    """Points that satisfy the linear constraints, uniformly; ``None`` if that is no help."""
    if not space.factors:
        return None
    A, b = space.linear_inequalities()
    used = A.any(axis=0)
    if not used.any():
        return None
    A, b = _in_unit_cube(A, b, space.factors)
    start, radius = interior_point(A[:, used], b)
    if radius < 1e-12:
        raise InfeasibleSpaceError(
            "the linear input constraints leave no room inside the bounds",
            hint=_culprit(space, rng),
        )

    def points() -> Iterator[list[Point]]:
        for X in hit_and_run(A[:, used], b, start, rng):
            U = rng.random((len(X), len(space.factors)))
            U[:, used] = np.clip(X, 0.0, np.nextafter(1.0, 0.0))
            yield space.from_unit(U, rng)

    return points()


def _in_unit_cube(A: Array, b: Array, factors: Sequence[Factor]) -> tuple[Array, Array]:
    """Linear constraints on the numbers that ``from_unit`` takes.

    A value of a discrete factor is a cell of the cube there. The constraints are
    relaxed until they contain the whole cell of every point that they admit; a
    sample of the polytope, less the cells of other points, is then uniform.
    """
    A, b = A.copy(), b.copy()
    for i, factor in enumerate(factors):
        if factor.size is not None and A[:, i].any():
            steps = max(factor.size - 1, 1)
            b += (A[:, i] + np.abs(A[:, i])) / (2 * steps)
            A[:, i] *= factor.size / steps
    return A, b


def _infeasible(space: Feasible, found: int, rng: np.random.Generator) -> InfeasibleSpaceError:
    what = "no feasible point was" if not found else f"only {found} feasible points were"
    return InfeasibleSpaceError(
        f"{what} found among about {_most_draws(space)} draws", hint=_culprit(space, rng)
    )


def _culprit(space: Feasible, rng: np.random.Generator) -> str:
    """Name the constraint that rejects most."""
    points = _draw(space, 1000, rng)
    values = {name: [point[name] for point in points] for name in space.parameters}
    kept = [(int(c.holds(values, len(points)).sum()), str(c)) for c in space.conditions]
    count, name = min(kept)
    return f"{name!r} alone rejects {100 - count / 10:g} % of the points: loosen it"
