"""Ehrlich functions: motifs to be assembled in a sequence with forbidden neighbours.

A sequence is feasible if no two adjacent letters form a banned transition. Its
value is the product over ``c`` motifs of the largest share of the motif that is
found anywhere in the sequence, rounded down to a multiple of ``1 / q``: exactly 0
unless every motif is partly present, and 1 at the optimum, which exists by
construction.

Source: Stanton et al. (2024), "Closed-form test functions for biophysical
sequence design benchmarking", arXiv:2407.00236, and the definitions of the
authors' package holo-bench (banded bans, softmax of normal logits at temperature
0.5, motifs cut from one path of the chain, spacings by shares of the slack, cubic
epistasis). Our random numbers are not theirs, the first letter of a path is
uniform, and ``q`` must divide the length of a motif.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Self, final

import numpy as np
from numpy.typing import NDArray

from bosearch.errors import ConfigError
from bosearch.problems.benchmark import BenchmarkProblem
from bosearch.problems.functions import Array
from bosearch.problems.landscape import Codes, alphabet_of, benchmark_of, checked

_BAND = 0.4  # share of the levels on either side that stay allowed
_TEMPERATURE = 0.5  # of the softmax that gives the transition probabilities


@final
@dataclass(frozen=True, eq=False)
class Ehrlich:
    """An Ehrlich function, to be maximized.

    Args:
        length: Number of sites, L.
        transition: ``A x A`` probabilities of a letter (column) after another (row); 0 is banned.
        motifs: ``c x k`` codes.
        offsets: ``c x k`` places of a motif's letters, from its first: rising, from 0.
        quantization: q, a divisor of k: a motif counts in q steps.
        epistasis: How much a half-complete motif is worth less than its share, at least 0.
    """

    length: int
    transition: Array
    motifs: Codes
    offsets: Codes
    quantization: int
    epistasis: float = 0.0

    @classmethod
    def random(
        cls,
        length: int,
        *,
        levels: int,
        motifs: int,
        motif_length: int,
        quantization: int | None = None,
        epistasis: float = 0.0,
        seed: int,
    ) -> Self:
        """Draw a function; ``quantization`` is the length of a motif by default.

        Raises:
            ConfigError: The motifs do not fit, or the quantization does not divide their length.
        """
        alphabet_of(levels)
        k, q = motif_length, motif_length if quantization is None else quantization
        if motifs < 1 or k < 1 or motifs * k > length:
            raise ConfigError(
                f"Ehrlich: {motifs} motifs of length {k} do not fit into {length} sites"
            )
        if q < 1 or k % q:
            raise ConfigError(f"Ehrlich: quantization must divide the motif length {k}, got {q}")
        rng = np.random.default_rng(seed)
        transition = _transition(levels, rng)
        path = _paths(transition, 1, motifs * k, rng)[0]
        slack = (length - motifs * k) // motifs  # free sites of each motif
        shares = rng.random((motifs, k - 1))
        gaps = 1 + (slack * shares / shares.sum(axis=1, keepdims=True)).astype(np.int64)
        offsets = np.concatenate([np.zeros((motifs, 1), dtype=np.int64), gaps.cumsum(axis=1)], 1)
        return cls(length, transition, path.reshape(motifs, k), offsets, q, epistasis)

    @property
    def alphabet(self) -> str:
        """One letter per level."""
        return alphabet_of(len(self.transition))

    @property
    def allowed(self) -> NDArray[np.bool_]:
        """``A x A``: which letters (columns) may follow a letter (row)."""
        return self.transition > 0

    def feasible(self, X: Codes) -> NDArray[np.bool_]:
        """Which of ``n x L`` codes have no banned transition."""
        X = checked(X, self.length, len(self.transition))
        return np.asarray(self.allowed[X[:, :-1], X[:, 1:]].all(axis=1))

    @cached_property
    def _banned(self) -> frozenset[tuple[str, str]]:
        pairs = np.argwhere(~self.allowed).tolist()
        return frozenset((self.alphabet[a], self.alphabet[b]) for a, b in pairs)

    def allows(self, params: Mapping[str, Any]) -> bool:
        """Whether the sequence ``seq`` has no banned transition."""
        return self._banned.isdisjoint(pairwise(params["seq"]))

    def values(self, X: Codes) -> Array:
        """``n`` values of ``n x L`` codes in [0, 1]; minus infinity where infeasible."""
        feasible = self.feasible(X)
        product = np.ones(len(X))
        k, q = self.motifs.shape[1], self.quantization
        for motif, offsets in zip(self.motifs, self.offsets, strict=True):
            starts = np.arange(self.length - offsets[-1])
            places = starts[:, None] + offsets  # starts x k
            found = (X[:, places] == motif).sum(axis=-1).max(axis=-1)
            share = found * q // k / q
            product *= share * (1.0 + self.epistasis * share * (share - 1.0))
        return np.where(feasible, product, -np.inf)

    @cached_property
    def optimiser(self) -> Codes:
        """A feasible sequence of value 1: the motifs in turn, gaps filled with the letter before.

        A letter may always follow itself, and the motifs in turn are a path of the chain.
        """
        X = np.zeros(self.length, dtype=np.int64)
        start = 0
        for motif, offsets in zip(self.motifs, self.offsets, strict=True):
            for letter, offset in zip(motif, offsets, strict=True):
                X[start + offset :] = letter
            start += offsets[-1] + 1
        return X

    def sample(self, n: int, rng: np.random.Generator) -> Codes:
        """Draw ``n x L`` feasible sequences as paths of the chain, the usual starts of a search."""
        return _paths(self.transition, n, self.length, rng)


def _transition(levels: int, rng: np.random.Generator) -> Array:
    """A random transition matrix with bans, repeats always possible, every letter reachable."""
    probabilities = np.exp(rng.standard_normal((levels, levels)) / _TEMPERATURE)
    distance = (np.arange(levels) - np.arange(levels)[:, None]) % levels
    band = np.minimum(distance, levels - distance) <= int(_BAND * levels)
    while True:
        allowed = band[rng.permutation(levels)] | np.eye(levels, dtype=bool)
        if np.linalg.matrix_power(allowed.astype(float), levels).all():
            break  # every letter leads to every other
    probabilities = np.where(allowed, probabilities, 0.0)
    return np.asarray(probabilities / probabilities.sum(axis=1, keepdims=True))


def _paths(transition: Array, n: int, length: int, rng: np.random.Generator) -> Codes:
    """``n x length`` paths of the chain, the first letter uniform."""
    X = np.empty((n, length), dtype=np.int64)
    X[:, 0] = rng.integers(len(transition), size=n)
    ends = transition.cumsum(axis=1)
    ends /= ends[:, -1:]  # rounding must not leave room beyond the last letter
    for i in range(1, length):
        X[:, i] = (rng.random((n, 1)) >= ends[X[:, i - 1]]).sum(axis=1)
    return X


def ehrlich(
    length: int,
    *,
    levels: int = 32,
    motifs: int = 4,
    motif_length: int = 4,
    quantization: int | None = None,
    epistasis: float = 0.0,
    seed: int = 0,
) -> BenchmarkProblem:
    """An Ehrlich function; the maximum is 1, and banned transitions are an input constraint."""
    function = Ehrlich.random(
        length,
        levels=levels,
        motifs=motifs,
        motif_length=motif_length,
        quantization=quantization,
        epistasis=epistasis,
        seed=seed,
    )
    return benchmark_of(f"ehrlich{length}", function, constraint=function.allows)
