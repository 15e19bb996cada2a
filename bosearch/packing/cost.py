"""What a three-point bound costs to solve, predicted from the sizes of its program.

The work of one interior-point iteration on a program with ``m`` rows is a Cholesky
factorization, ``m^3``, and for each block of size ``n`` that is sampled by ``v`` vectors
the products ``v n^2`` and the part ``v^2 n`` of the Schur complement. Predicted seconds are
a sum of these with positive coefficients, so that more pieces never cost less.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import final

from bosearch.packing.assembly import LETTERS, Assembly, Which

FEATURES = ("start", "samples", "products", "Schur complement", "factorization")
PAIR_NODES = 37


@final
@dataclass(frozen=True)
class CostModel:
    """Predicts seconds.

    Args:
        coefficients: Seconds per unit of each of ``FEATURES``, none negative.
    """

    coefficients: Sequence[float]

    def seconds(self, dim: int, d: int, d2: int, assembly: Assembly) -> float:
        """Predicted CPU seconds of a solve; positive."""
        amounts = features(dim, d, d2, assembly)
        return sum(c * x for c, x in zip(self.coefficients, amounts, strict=True))


def features(dim: int, d: int, d2: int, assembly: Assembly) -> tuple[float, ...]:
    """The amounts of work, one for each of ``FEATURES``.

    The dimension of the space does not enter: it changes numbers, not sizes.
    """
    rows, blocks = shape(d, d2, assembly)
    return (
        1.0,
        float(sum(v * n for n, v in blocks)),
        float(sum(v * n**2 + n**3 for n, v in blocks)),
        float(sum(v**2 * n for n, v in blocks)),
        float(rows**3),
    )


def shape(d: int, d2: int, assembly: Assembly) -> tuple[int, list[tuple[int, int]]]:
    """Return the number of rows, and of each block its size and its number of vectors."""
    pair, ray = PAIR_NODES, 2 * d2 + 2
    blocks = [(d2 + 1, ray)] * 4 + [(pair // 2 + 1, pair), (pair // 2, pair)]
    triples: dict[Which, int] = {which: _dimension(which, 2 * d) for which in LETTERS}
    for which, count in triples.items():
        for word in assembly.words(which):
            sizes = _sizes(which, assembly.half_degree(which, word, d))
            blocks += [(n, rank * count) for n, rank in sizes if n]
    for k, n in enumerate(assembly.kernels):
        if n:
            vectors = (2 if k == 0 else 1) * pair + 6 * triples["near"] + 2 * triples["far"]
            blocks.append((n, vectors))
    return 2 * ray + pair + sum(triples.values()), blocks


@lru_cache(maxsize=256)
def _sizes(which: Which, h: int) -> tuple[tuple[int, int], ...]:
    """Sizes and ranks of the representations of a sum of squares of degree ``2h``."""
    if which == "far":
        even = sum(1 for a, b, _ in _labels(h) if a >= b)
        return (even, 1), (sum(1 for a, b, _ in _labels(h) if a > b), 1)
    trivial = sum(1 for a, b, c in _labels(h) if a >= b >= c)
    sign = sum(1 for a, b, c in _labels(h) if a > b > c)
    every = sum(1 for _ in _labels(h))  # dimensions: all = trivial + sign + 2 standard
    return (trivial, 1), (sign, 1), ((every - trivial - sign) // 2, 2)


@lru_cache(maxsize=256)
def _dimension(which: Which, degree: int) -> int:
    """How many invariant polynomials there are up to a degree."""
    return _sizes(which, degree)[0][0]


def _labels(most: int) -> Iterator[tuple[int, int, int]]:
    for a in range(most + 1):
        for b in range(most + 1 - a):
            for c in range(most + 1 - a - b):
                yield a, b, c


SHIPPED = CostModel((1.2, 1.7e-5, 3.5e-8, 6e-10, 1e-8))
"""Fitted to ten solves with one thread and a gap of 1e-7: dimension 4, ``d`` from 3 to 8, within
25 percent; in dimension 9 one took twice as long. A study refits it to its own record."""
