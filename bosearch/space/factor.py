"""Factors: the coordinates of an encoded point, and the grids of the discrete ones."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Factor:
    """One coordinate of an encoded point.

    Args:
        kind: ``continuous`` and ``ordinal`` coordinates lie in [0, 1]; a
            ``categorical`` coordinate is a code 0 .. size - 1 without order.
        size: Number of values; ``None`` if continuous. The values of an ordinal
            factor are equally spaced from 0 to 1, unless ``log_bounds`` is given.
        features: For a categorical factor with descriptors, one tuple of numbers per
            code, all of one length, each column scaled to [0, 1]; else ``None``.
        log_bounds: For the integers ``low .. high`` on a logarithmic scale: these
            two; code ``k`` lies at ``log((low + k) / low) / log(high / low)``.
    """

    kind: Literal["continuous", "ordinal", "categorical"]
    size: int | None = None
    features: tuple[tuple[float, ...], ...] | None = None
    log_bounds: tuple[int, int] | None = None

    def coordinates(self, codes: Codes) -> Array:
        """Where the values number ``codes`` (from 0) of a discrete factor lie."""
        if self.kind == "categorical":
            return codes.astype(np.float64)
        if self.log_bounds is None:
            return codes / max(self._size - 1, 1)
        low, high = self.log_bounds
        return np.log((low + codes) / low) / math.log(high / low)

    def codes(self, x: Array) -> Codes:
        """The numbers (from 0) of the values nearest to coordinates of a discrete factor."""
        if self.kind == "categorical":
            codes = np.rint(x)
        elif self.log_bounds is None:
            codes = np.rint(x * (self._size - 1))
        else:
            low, high = self.log_bounds
            codes = np.rint(low * np.exp(np.clip(x, 0, 1) * math.log(high / low))) - low
        return np.clip(codes, 0, self._size - 1).astype(np.int64)

    def snap(self, x: Array) -> Array:
        """Move coordinates to the nearest ones that a value has."""
        return np.clip(x, 0.0, 1.0) if self.size is None else self.coordinates(self.codes(x))

    def from_unit(self, u: Array) -> Array:
        """Map numbers in [0, 1) to coordinates; uniform goes to uniform.

        On a logarithmic scale an integer ``v`` has a share proportional to
        ``log((v + 1) / v)``.
        """
        if self.size is None:
            return u
        if self.log_bounds is None:
            codes = np.floor(u * self.size)
        else:
            low, high = self.log_bounds
            codes = np.floor(low * np.exp(u * math.log((high + 1) / low))) - low
        return self.coordinates(np.clip(codes, 0, self.size - 1).astype(np.int64))

    def weights(self, codes: Codes) -> Array:
        """Share of each value in ``from_unit``, up to a common factor."""
        if self.log_bounds is None:
            return np.ones(len(codes))
        return np.log1p(1.0 / (self.log_bounds[0] + codes))

    @property
    def _size(self) -> int:
        if self.size is None:
            raise TypeError("a continuous factor has no codes")
        return self.size
