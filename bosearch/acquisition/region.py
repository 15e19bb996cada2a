"""A trust region: the part of the encoded space near one point."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self, final

import numpy as np
from numpy.typing import NDArray

from bosearch.space.factor import Factor

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]

_ROUNDING = 1e-9


@final
@dataclass(frozen=True, eq=False)
class Region:
    """A box of numbers around ``centre``, in which few categories differ from its own.

    Args:
        centre: ``d`` coordinates of an encoded point.
        lower: ``d`` bounds; 0 for a category.
        upper: ``d`` bounds; 1 for a category.
        categorical: ``d`` flags.
        changes: Categories that may differ from the centre's.
    """

    centre: Array
    lower: Array
    upper: Array
    categorical: Bools
    changes: int

    @classmethod
    def around(
        cls,
        centre: Array,
        length: float,
        factors: Sequence[Factor],
        weights: Array | None = None,
    ) -> Self:
        """Sides of ``length``, cut off at the bounds of the space.

        A grid keeps at least the neighbours of the centre; of ``c`` categories
        ``length * c`` may change, at least one.

        Args:
            centre: ``d`` coordinates of an encoded point.
            length: Of a side, in units of the cube.
            factors: Of the space.
            weights: ``d`` factors of the sides; all 1 by default.
        """
        kinds = [factor.kind for factor in factors]
        categorical = np.array([kind == "categorical" for kind in kinds])
        half = 0.5 * length * (np.ones(len(factors)) if weights is None else weights)
        for i, factor in enumerate(factors):
            if factor.kind == "ordinal":
                assert factor.size is not None
                grid = factor.coordinates(np.arange(factor.size))
                half[i] = max(half[i], float(np.diff(grid).max(initial=0.0)))
        lower = np.where(categorical, 0.0, np.clip(centre - half, 0.0, 1.0))
        upper = np.where(categorical, 1.0, np.clip(centre + half, 0.0, 1.0))
        changes = max(1, int(length * categorical.sum()))
        return cls(centre, lower, upper, categorical, changes)

    def holds(self, X: Array) -> Bools:
        """Which of ``b x d`` encoded points lie within."""
        inside = np.clip(X, self.lower - _ROUNDING, self.upper + _ROUNDING) == X
        differ = (X[:, self.categorical] != self.centre[self.categorical]).sum(1)
        held: Bools = inside[:, ~self.categorical].all(1) & (differ <= self.changes)
        return held

    def restored(self, X: Array, rng: np.random.Generator) -> Array:
        """Give back the centre's categories to ``b x d`` points, but for a few chosen at random."""
        if not self.categorical.any():
            return X
        places = np.flatnonzero(self.categorical)
        kept = rng.integers(self.changes + 1, size=len(X))
        ranks = np.argsort(np.argsort(rng.uniform(size=(len(X), len(places))), axis=1), axis=1)
        restored = X.copy()
        own = np.where(ranks < kept[:, None], X[:, places], self.centre[places])
        restored[:, places] = own
        return restored
