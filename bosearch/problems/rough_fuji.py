"""Rough Mount Fuji: a slope towards one peak, under noise that is frozen into the landscape.

The value is ``-slope * (number of sites that differ from the peak) + noise``,
the noise of each sequence being independent and uniform on [0, 1). It is not
stored: a sequence's number is hashed, so that the landscape has any length.

Source: Neidhart, Szendro and Krug (2014), "Adaptation in tunably rugged fitness
landscapes: the rough Mount Fuji model", arXiv:1402.3065, with bounded noise,
because the optimum can then be found and proven near the peak.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, product
from math import comb
from typing import Self, final

import numpy as np

from bosearch.errors import ConfigError
from bosearch.problems.benchmark import BenchmarkProblem
from bosearch.problems.functions import Array
from bosearch.problems.landscape import Codes, alphabet_of, benchmark_of, checked

_MOST_SCANNED = 2_000_000  # sequences around the peak


@final
@dataclass(frozen=True, eq=False)
class RoughFuji:
    """A rough Mount Fuji landscape, to be maximized.

    Args:
        peak: ``L`` codes where the slope ends; the optimum is near it.
        levels: Number of letters.
        slope: What each differing site costs, in units of the noise's range.
        seed: Of the noise.
    """

    peak: Codes
    levels: int
    slope: float
    seed: int

    @classmethod
    def random(cls, length: int, *, levels: int, slope: float, seed: int) -> Self:
        """Draw the peak of a landscape.

        Raises:
            ConfigError: The slope is not positive, or there are too few or too many levels.
        """
        alphabet_of(levels)
        if not slope > 0:
            raise ConfigError(f"RoughFuji: slope must be positive, got {slope}")
        peak = np.random.default_rng(seed).integers(levels, size=length)
        return cls(peak, levels, slope, seed)

    @property
    def length(self) -> int:
        """Number of sites."""
        return len(self.peak)

    @property
    def alphabet(self) -> str:
        """One letter per level."""
        return alphabet_of(self.levels)

    def values(self, X: Codes) -> Array:
        """``n`` values of ``n x L`` codes."""
        X = checked(X, self.length, self.levels)
        away = (self.peak != X).sum(axis=1)
        return np.asarray(_uniform(X, self.seed) - self.slope * away)

    @cached_property
    def optimiser(self) -> Codes:
        """The codes of the global maximum.

        Shells around the peak are listed in turn, until no value of the next one can
        be better: noise is below 1.

        Raises:
            ConfigError: The slope is too gentle: more than 2,000,000 sequences to list.
        """
        best, value, listed = self.peak, float(self.values(self.peak[None])[0]), 1
        for distance in range(1, self.length + 1):
            if 1.0 - self.slope * distance <= value:
                break
            listed += comb(self.length, distance) * (self.levels - 1) ** distance
            if listed > _MOST_SCANNED:
                raise ConfigError(
                    f"RoughFuji: {listed:,} sequences may hold the optimum, expected at most"
                    f" {_MOST_SCANNED:,}",
                    hint="a steeper slope",
                )
            for X in self._shell(distance):
                values = self.values(X)
                top = int(values.argmax())
                if values[top] > value:
                    best, value = X[top], float(values[top])
        return best

    def _shell(self, distance: int) -> Iterator[Codes]:
        """All sequences that differ from the peak at ``distance`` sites, some at a time."""
        steps = np.array(list(product(range(1, self.levels), repeat=distance)))
        for sites in combinations(range(self.length), distance):
            X = np.tile(self.peak, (len(steps), 1))
            X[:, sites] = (X[:, sites] + steps) % self.levels
            yield X


def _uniform(X: Codes, seed: int) -> Array:
    """A number in [0, 1) for each of ``n`` rows, by the mixing function of SplitMix64.

    Source: Steele, Lea and Flood (2014), "Fast splittable pseudorandom number
    generators"; each letter is added to the state and mixed in turn.
    """
    golden = np.uint64(0x9E3779B97F4A7C15)
    with np.errstate(over="ignore"):  # arithmetic modulo 2^64
        state = np.full(len(X), seed, dtype=np.uint64)
        for column in (np.zeros(len(X), dtype=np.uint64), *X.T.astype(np.uint64)):
            state += (column + np.uint64(1)) * golden
            state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            state ^= state >> np.uint64(31)
    return np.asarray((state >> np.uint64(11)) * 2.0**-53)


def rough_fuji(
    length: int, *, levels: int = 20, slope: float = 0.1, seed: int = 0
) -> BenchmarkProblem:
    """A rough Mount Fuji landscape with its exact maximum."""
    landscape = RoughFuji.random(length, levels=levels, slope=slope, seed=seed)
    return benchmark_of(f"rough_fuji{length}", landscape)
