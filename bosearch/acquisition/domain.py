"""Where candidates may lie: the encoded points of a space, feasible and new.

Encoded points are rows of numbers: continuous and ordinal coordinates in
[0, 1], ordinal ones on their grid, categorical ones as codes.
"""

from collections.abc import Iterator
from functools import cached_property
from math import prod
from typing import final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from bosearch.acquisition.region import Region
from bosearch.errors import InfeasibleSpaceError
from bosearch.space import Space

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]

_RESOLUTION = 1e-9  # encoded points nearer than this, in every coordinate, are one point
_FULL_NEIGHBOURHOOD = 12  # ordinal factors up to this size may jump to any value
_SCATTER_ROUNDS = 8  # doublings of the sample when feasible points are rare
_CHUNK = 1 << 15


@final
class Domain:
    """The feasible encoded points of ``space``, without those in ``known``.

    Args:
        space: What may vary; it has at least one factor.
        known: ``m x d`` points not to be proposed again, observed or pending, if any.
        region: The part of the space to stay in; all of it by default.
    """

    def __init__(self, space: Space, known: Array | None, region: Region | None = None) -> None:
        self.space, self.region = space, region
        self._points = known
        self._known = set() if known is None else {row.tobytes() for row in _rounded(known)}

    @property
    def whole(self) -> "Domain":
        """The domain without its region."""
        return Domain(self.space, self._points)

    @property
    def known(self) -> int:
        """Number of known points."""
        return len(self._known)

    @property
    def d(self) -> int:
        """Number of coordinates."""
        return len(self.space.factors)

    @cached_property
    def continuous(self) -> Bools:
        """``d`` flags of the coordinates that may take any value in [0, 1]."""
        return np.array([factor.kind == "continuous" for factor in self.space.factors])

    @cached_property
    def codes(self) -> NDArray[np.int64]:
        """``d`` numbers of categories, 0 for a coordinate that is a number."""
        factors = self.space.factors
        return np.array([(f.size or 0) if f.kind == "categorical" else 0 for f in factors])

    @property
    def lower(self) -> Array:
        """``d`` bounds of the numbers."""
        return np.zeros(self.d) if self.region is None else self.region.lower

    @property
    def upper(self) -> Array:
        """``d`` bounds of the numbers."""
        return np.ones(self.d) if self.region is None else self.region.upper

    @cached_property
    def constrained(self) -> bool:
        """Whether some points within the bounds are infeasible."""
        return bool(self.space.constraints or self.space.forbidden)

    def from_cube(self, U: Array) -> Array:
        """Map ``b x d`` uniform numbers in [0, 1) to uniform encoded points."""
        if self.region is not None:
            U = self.lower + (self.upper - self.lower) * U
        columns = [f.from_unit(U[:, i]) for i, f in enumerate(self.space.factors)]
        return np.stack(columns, axis=1)

    def snap(self, X: Array) -> Array:
        """Move discrete coordinates to the nearest values, and all into their range."""
        return np.stack([f.snap(X[:, i]) for i, f in enumerate(self.space.factors)], axis=1)

    def feasible(self, X: Array) -> Bools:
        """Which of ``b x d`` encoded points satisfy the input constraints, within the region."""
        whole = np.ones(len(X), dtype=bool)
        held: Bools = whole if self.region is None else self.region.holds(X)
        if not self.constrained:
            return held
        held &= np.asarray(self.space.feasible_encoded(X), dtype=bool)
        return held

    def new(self, X: Array) -> Bools:
        """Which of ``b x d`` encoded points are not known."""
        return np.array([row.tobytes() not in self._known for row in _rounded(X)], dtype=bool)

    def scatter(self, n: int, rng: np.random.Generator) -> Array:
        """At most ``n`` quasi-random feasible points, and at least one outside of a region.

        Raises:
            InfeasibleSpaceError: No feasible point could be found.
        """
        engine = qmc.Sobol(self.d, scramble=True, seed=rng)
        size = 1 << max(n - 1, 0).bit_length()
        found: list[Array] = []
        for _ in range(_SCATTER_ROUNDS):
            X = self.from_cube(engine.random(size))
            if self.region is not None:
                X = self.region.restored(X, rng)
            found.append(X[self.feasible(X)])
            if sum(map(len, found)) >= min(n, 32):
                break
        points = np.concatenate(found)[:n]
        if len(points) >= min(n, 32):
            return points
        if self.region is not None:
            return np.concatenate([points, self.around(self.region.centre[None], n, rng)])[:n]
        sampled = self.space.encode(self.space.sample(min(n, 32), rng))
        return np.concatenate([points, sampled])[:n]

    def around(self, anchors: Array, n: int, rng: np.random.Generator) -> Array:
        """At most ``n`` feasible points near ``k x d`` anchors, at distances of several decades.

        Each changes a random subset of the coordinates: in high dimension the way
        up seldom needs all of them at once.
        """
        if not len(anchors):
            return np.empty((0, self.d))
        X = anchors[rng.integers(len(anchors), size=n)]
        share = np.maximum(rng.uniform(size=(n, 1)), 1.0 / self.d)
        change = rng.uniform(size=X.shape) < share
        change[np.arange(n), rng.integers(self.d, size=n)] = True
        reach = 10.0 ** rng.uniform(-3.0, -0.5, size=(n, 1))
        near = np.clip(X + reach * rng.normal(size=X.shape), self.lower, self.upper)
        fresh = self.from_cube(rng.uniform(size=X.shape))
        categorical = np.array([factor.kind == "categorical" for factor in self.space.factors])
        X = self.snap(np.where(change, np.where(categorical, fresh, near), X))
        if self.region is not None:
            X = self.region.restored(X, rng)
        return X[self.feasible(X)]

    def neighbours(self, x: Array) -> Array:
        """The feasible points that differ from ``x`` in one discrete coordinate."""
        rows = []
        for i, factor in enumerate(self.space.factors):
            if factor.size is None:
                continue
            here = int(factor.codes(x[[i]])[0])
            if factor.kind == "categorical" or factor.size <= _FULL_NEIGHBOURHOOD:
                codes = set(range(factor.size))
            else:
                jumps = [1 << k for k in range((factor.size - 1).bit_length())]
                codes = {here + sign * jump for jump in jumps for sign in (-1, 1)}
            there = np.array([c for c in sorted(codes - {here}) if 0 <= c < factor.size], dtype=int)
            changed = np.repeat(x[None], len(there), axis=0)
            changed[:, i] = factor.coordinates(there)
            rows.append(changed)
        X = np.concatenate([np.empty((0, self.d)), *rows])
        return X[self.feasible(X)]

    def chunks(self) -> Iterator[Array]:
        """All feasible new points of a finite space, some ten thousand at a time."""
        factors = self.space.factors
        sizes = [factor.size or 0 for factor in factors]
        for start in range(0, prod(sizes), _CHUNK):
            codes = np.unravel_index(np.arange(start, min(start + _CHUNK, prod(sizes))), sizes)
            X = np.stack([f.coordinates(c) for f, c in zip(factors, codes, strict=True)], axis=1)
            X = X[self.feasible(X)]
            yield X[self.new(X)]


def _rounded(X: Array) -> NDArray[np.int64]:
    return np.rint(np.ascontiguousarray(X) / _RESOLUTION).astype(np.int64)


def no_candidate(domain: Domain) -> InfeasibleSpaceError:
    """The error of a search that found neither a feasible nor a new point."""
    return InfeasibleSpaceError(
        f"no new feasible point found among {domain.d} factors",
        hint="check the constraints: `bosearch check` shows the share of feasible points",
    )
