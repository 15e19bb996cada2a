"""Adjacent NK landscapes: ruggedness by choice, and the optimum known at any length.

The value is the mean of ``L`` contributions; that of a site depends on its own
letter and on those of the ``K`` sites after it, the sequence being a ring. The
contributions are independent and uniform on [0, 1).

Source: Kauffman and Weinberger (1989), "The NK model of rugged fitness
landscapes and its application to maturation of the immune response"; the optimum
of the adjacent model by dynamic programming: Weinberger (1996), "NP completeness
of Kauffman's N-k model".
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Self, final

import numpy as np

from bosearch.errors import ConfigError
from bosearch.problems.benchmark import BenchmarkProblem
from bosearch.problems.functions import Array
from bosearch.problems.landscape import Codes, alphabet_of, benchmark_of, checked

_MOST_CELLS = 1 << 25  # of one step of the dynamic program: A^(2K + 1)


@final
@dataclass(frozen=True, eq=False)
class NK:
    """An adjacent NK landscape on a ring, to be maximized.

    Args:
        tables: ``L x A x ... x A`` contributions, ``K + 1`` axes of ``A`` levels; the first
            is the letter of the site itself.
    """

    tables: Array

    @classmethod
    def random(cls, length: int, *, levels: int, neighbours: int, seed: int) -> Self:
        """Draw a landscape of ``length`` sites that each interact with ``neighbours`` others.

        Raises:
            ConfigError: There are not more sites than neighbours, or too few or too many levels.
        """
        alphabet_of(levels)
        if not 0 <= neighbours < length:
            raise ConfigError(
                f"NK: neighbours must lie in [0, length - 1 = {length - 1}], got {neighbours}"
            )
        shape = (length, *(levels,) * (neighbours + 1))
        return cls(np.random.default_rng(seed).random(shape))

    @property
    def length(self) -> int:
        """Number of sites."""
        return len(self.tables)

    @property
    def alphabet(self) -> str:
        """One letter per level."""
        return alphabet_of(self.tables.shape[1])

    @property
    def neighbours(self) -> int:
        """K: the sites on which a contribution depends besides its own."""
        return self.tables.ndim - 2

    def values(self, X: Codes) -> Array:
        """``n`` values of ``n x L`` codes: means of the sites' contributions."""
        X = checked(X, self.length, self.tables.shape[1])
        ring = np.concatenate([X, X[:, : self.neighbours]], axis=1)
        windows = [ring[:, k : k + self.length] for k in range(self.neighbours + 1)]
        contributions = self.tables[(np.arange(self.length), *windows)]  # n x L
        return np.asarray(contributions.mean(axis=1))

    @cached_property
    def optimiser(self) -> Codes:
        """The codes of a global maximum.

        Max-plus dynamic programming along the ring, for all first ``K`` letters at
        once: O(L A^(2K + 1)) operations and L A^(2K) bytes.

        Raises:
            ConfigError: One step would need more than 2^25 cells.
        """
        L, A, K = self.length, self.tables.shape[1], self.neighbours
        if K == 0:
            return np.asarray(self.tables.argmax(axis=1))
        states = A**K
        if states * states * A > _MOST_CELLS:
            raise ConfigError(
                f"NK: the optimum needs {states * states * A:,} cells per site, more than"
                f" {_MOST_CELLS:,}",
                hint="fewer levels, or fewer neighbours",
            )
        best = np.where(np.eye(states, dtype=bool), 0.0, -math.inf)  # first K x last K letters
        choices = []  # for site i on: the letter that left the window
        for i in range(L - K):
            table = self.tables[i].reshape(A, states // A, A)
            options = best.reshape(states, A, states // A, 1) + table
            choices.append(options.argmax(axis=1).reshape(states, states).astype(np.uint8))
            best = options.max(axis=1).reshape(states, states)
        first, last = np.divmod(int((best + self._closing()).argmax()), states)
        letters = [int(letter) for letter in np.unravel_index(last, (A,) * K)]
        for choice in reversed(choices):
            code = int(np.ravel_multi_index(letters[:K], (A,) * K))
            letters.insert(0, int(choice[first, code]))
        return np.array(letters, dtype=np.int64)

    def _closing(self) -> Array:
        """``A^K x A^K`` sums of the contributions that join the last letters to the first."""
        A, K = self.tables.shape[1], self.neighbours
        sums = np.zeros((A,) * (2 * K))  # axes: K first letters, K last letters
        for j in range(K):
            # The window of site L - K + j: last letters from j on, first letters up to j.
            window = np.moveaxis(
                self.tables[self.length - K + j], range(K - j, K + 1), range(j + 1)
            )
            shape = (A,) * (j + 1) + (1,) * (K - 1) + (A,) * (K - j)
            sums += window.reshape(shape)
        return sums.reshape(A**K, A**K)


def nk(length: int, *, levels: int = 20, neighbours: int = 1, seed: int = 0) -> BenchmarkProblem:
    """An adjacent NK landscape with its exact maximum."""
    landscape = NK.random(length, levels=levels, neighbours=neighbours, seed=seed)
    return benchmark_of(f"nk{length}", landscape)
