"""A payoff that is a table of all joint actions: nothing to approximate, all to enumerate."""

from itertools import product
from typing import Self

import numpy as np
from numpy.typing import NDArray

from bosearch.combinatorial.payoff import Array
from bosearch.combinatorial.space import Codes, deviations


class DensePayoff:
    """The entries of an array with one axis per player."""

    def __init__(self, table: Array) -> None:
        self.table = table
        self.counts = table.shape
        self.evaluations = 0

    @classmethod
    def random(cls, counts: tuple[int, ...], seed: int) -> Self:
        return cls(np.random.default_rng(seed).normal(size=counts))

    def values(self, X: Codes) -> Array:
        self.evaluations += len(X)
        return np.asarray(self.table[tuple(X.T)])

    def bounds(self, X: Codes) -> Array:
        return self.values(X)

    def player(self, X: Codes, i: int, *, above: Array | None = None) -> Array:
        return self.values(deviations(X, i, self.counts[i])).reshape(len(X), -1)

    def players(self, X: Codes) -> list[Array]:
        return [self.player(X, i) for i in range(len(self.counts))]

    def conditioned(self, x: Codes) -> Self:
        return type(self)(self.table)


def every(counts: tuple[int, ...]) -> Codes:
    """All joint actions, the last player's varying fastest."""
    return np.array(list(product(*map(range, counts))), dtype=np.intp)


def gibbs(values: Array, tau: float) -> Array:
    """Probabilities proportional to ``exp(values / tau)``."""
    weights = np.exp((values - values.max()) / tau)
    return np.asarray(weights / weights.sum())


def counted(X: Codes, counts: tuple[int, ...]) -> NDArray[np.int64]:
    """How often each joint action occurs among ``X``, in the order of ``every``."""
    numbers = np.ravel_multi_index(tuple(X.T), counts)
    return np.bincount(numbers, minlength=int(np.prod(counts)))
