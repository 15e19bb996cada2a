"""From encoded points to the coordinates in which a kernel measures distance.

A continuous or ordinal factor is its own coordinate. A categorical factor with
descriptors becomes its descriptor columns; one without becomes a simplex, all
of whose corners are one unit apart. With a squared-exponential kernel the
simplex *is* the exponential Hamming kernel, ``exp(-[x != x'] / (2 l^2))``, so
that one formula, and one gradient, serves every kind of space.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self, final

import numpy as np
from numpy.typing import NDArray

from bosearch.space.factor import Factor

Array = NDArray[np.float64]


@final
@dataclass(frozen=True, eq=False)
class Embedding:
    """Maps ``n x d`` encoded points to ``n x p`` coordinates.

    Args:
        tables: One entry per factor: ``size x width`` coordinates of each code of a
            categorical factor, ``None`` for a factor that is its own coordinate.
        scales: ``p`` indices: the length scale that each coordinate uses. Columns of a
            simplex share one; every other coordinate has its own.
    """

    tables: tuple[Array | None, ...]
    scales: NDArray[np.intp]

    @classmethod
    def of(cls, factors: Sequence[Factor]) -> Self:
        """The embedding of points with these ``d`` factors."""
        tables: list[Array | None] = []
        scales: list[int] = []
        for factor in factors:
            first = scales[-1] + 1 if scales else 0
            if factor.kind != "categorical":
                tables.append(None)
                scales.append(first)
            elif factor.features is not None:
                table = np.asarray(factor.features, dtype=float)
                tables.append(table)
                scales.extend(range(first, first + table.shape[1]))
            else:
                assert factor.size is not None
                tables.append(np.eye(factor.size) / np.sqrt(2.0))  # corners one unit apart
                scales.extend([first] * factor.size)
        return cls(tuple(tables), np.array(scales, dtype=np.intp))

    @property
    def shared(self) -> Self:
        """The same coordinates, with one length scale for all."""
        return replace(self, scales=np.zeros_like(self.scales))

    @property
    def count(self) -> int:
        """Number of length scales."""
        return int(self.scales[-1]) + 1

    @cached_property
    def columns(self) -> tuple[slice, ...]:
        """Where each factor's coordinates are."""
        stops = np.cumsum([1 if table is None else table.shape[1] for table in self.tables])
        return tuple(slice(int(a), int(b)) for a, b in zip([0, *stops[:-1]], stops, strict=True))

    @cached_property
    def numeric(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Factors that are their own coordinates, and which coordinates these are."""
        factors = [i for i, table in enumerate(self.tables) if table is None]
        return np.array(factors, dtype=np.intp), np.array(
            [self.columns[i].start for i in factors], dtype=np.intp
        )

    def __call__(self, X: Array) -> Array:
        """Return the ``n x p`` coordinates of ``n x d`` encoded points."""
        if all(table is None for table in self.tables):
            return X
        Z = np.empty((len(X), len(self.scales)))
        for i, (table, columns) in enumerate(zip(self.tables, self.columns, strict=True)):
            Z[:, columns] = X[:, [i]] if table is None else table[np.rint(X[:, i]).astype(int)]
        return Z

    def pull_back(self, slopes: Array) -> Array:
        """Turn ``n x p`` derivatives by coordinates into ``n x d`` ones; 0 for categories."""
        factors, columns = self.numeric
        result = np.zeros((len(slopes), len(self.tables)))
        result[:, factors] = slopes[:, columns]
        return result
