"""The exact terms of each block as 212-bit numbers: samples, matrices, cost.

Sparse entries become samples too, by polarisation: ``a (e_i e_j^T + e_j e_i^T)``
is ``a/2`` times ``(e_i + e_j)(e_i + e_j)^T`` minus ``a/2`` times
``(e_i - e_j)(e_i - e_j)^T``. So a block knows two forms only.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor

from bosearch.sdp import exact
from bosearch.sdp.exact import Scalar
from bosearch.sdp.multifloat import MultiFloat, cat, stack
from bosearch.sdp.problem import SdpProblem
from bosearch.sdp.terms import Dense, Entries, Sampled, Term

LIMBS = 4  # of everything here; levels of lower precision round it

_Samples = tuple[MultiFloat, MultiFloat, Tensor]  # vectors P x n, weights P, rows P


@final
@dataclass(frozen=True, eq=False)
class Block:
    """One psd block of size ``n`` in the basis of the problem.

    Args:
        name: Its name.
        vectors: ``P x n`` samples.
        weights: ``P``.
        rows: ``P`` rows that the samples add to.
        matrices: ``q x n x n``, of dense terms.
        matrix_rows: ``q`` rows that they add to.
        cost: ``n x n``.
    """

    name: str
    vectors: MultiFloat
    weights: MultiFloat
    rows: Tensor
    matrices: MultiFloat
    matrix_rows: Tensor
    cost: MultiFloat

    @property
    def size(self) -> int:
        """Rows of its matrices."""
        return int(self.cost.shape[-1])


@final
@dataclass(frozen=True, eq=False)
class Tables:
    """A problem in 212 bits, in its own basis.

    Args:
        blocks: In the order of the problem.
        rhs: ``m``.
        free_matrix: ``m x k``.
        cost_free: ``k``.
        constant: A scalar.
        sign: -1 for a program that is maximized, else 1.
    """

    blocks: tuple[Block, ...]
    rhs: MultiFloat
    free_matrix: MultiFloat
    cost_free: MultiFloat
    constant: MultiFloat
    sign: float

    @classmethod
    def of(cls, problem: SdpProblem) -> "Tables":
        """Round a problem."""
        return cls(
            tuple(blocks_of(problem)),
            vector_of(problem.rhs),
            limbs_of(problem.free_matrix),
            vector_of(problem.cost_free),
            MultiFloat.from_exact(problem.constant, LIMBS),
            1.0 if problem.sense == "minimize" else -1.0,
        )


def limbs_of(values: Any) -> MultiFloat:
    """Round an exact table to 212 bits; balls to their midpoints."""
    if exact.is_multifloat(values):
        return values.with_limbs(LIMBS)
    return MultiFloat.from_flint(values, LIMBS)


def vector_of(values: Sequence[Scalar]) -> MultiFloat:
    """Round exact scalars to 212 bits."""
    return MultiFloat.from_exact(list(values), LIMBS).reshape(len(values))


def blocks_of(problem: SdpProblem) -> list[Block]:
    """Collect the terms of each block, in the order of the blocks."""
    terms: dict[str, list[Term]] = {name: [] for name in problem.blocks}
    costs: dict[str, list[Term]] = {name: [] for name in problem.blocks}
    for term in problem.terms:
        terms[term.block].append(term)
    for term in problem.cost_blocks:
        costs[term.block].append(term)
    return [_block(name, size, terms[name], costs[name]) for name, size in problem.blocks.items()]


def outer_sum(vectors: MultiFloat, weights: MultiFloat) -> MultiFloat:
    """Return the ``n x n`` sum of ``w_p v_p v_p^T``."""
    return vectors.mT @ (vectors * weights.unsqueeze(-1))


def _block(name: str, size: int, terms: list[Term], costs: list[Term]) -> Block:
    vectors, weights, rows = _samples(size, terms)
    dense = [term for term in terms if isinstance(term, Dense)]
    cost_vectors, cost_weights, _ = _samples(size, costs)
    cost = outer_sum(cost_vectors, cost_weights)
    for term in costs:
        if isinstance(term, Dense):
            cost = cost + limbs_of(term.matrix)
    return Block(
        name,
        vectors,
        weights,
        rows,
        stack([limbs_of(term.matrix) for term in dense])
        if dense
        else MultiFloat.zeros((0, size, size), LIMBS),
        torch.tensor([term.row for term in dense], dtype=torch.int64),
        cost,
    )


def _samples(size: int, terms: Iterable[Term]) -> _Samples:
    none = MultiFloat.zeros((0, size), LIMBS), MultiFloat.zeros((0,), LIMBS)
    found: list[_Samples] = [(*none, torch.zeros(0, dtype=torch.int64))]
    for term in terms:
        if isinstance(term, Sampled):
            rows = torch.tensor(term.rows or [0] * len(term.weights), dtype=torch.int64)
            found.append((limbs_of(term.vectors), vector_of(term.weights), rows))
    entries = [term for term in terms if isinstance(term, Entries) and term.entries]
    if entries:
        found.append(_polarised(size, entries))
    return (
        cat([vectors for vectors, _, _ in found]),
        cat([weights for _, weights, _ in found]),
        torch.cat([rows for _, _, rows in found]),
    )


def _polarised(size: int, terms: Iterable[Entries]) -> _Samples:
    places: list[tuple[int, int, float]] = []  # of sample p: e_i + sign e_j; sign 0 for e_i
    values: list[Scalar] = []
    rows: list[int] = []
    for term in terms:
        for (i, j), value in term.entries.items():
            for sign in (0.0,) if i == j else (1.0, -1.0):
                places.append((i, j, sign))
                values.append(value)
                rows.append(int(term.row or 0))
    vectors = torch.zeros(len(places), size, dtype=torch.float64)
    factors = torch.ones(len(places), dtype=torch.float64)
    for p, (i, j, sign) in enumerate(places):
        vectors[p, i] = 1.0
        if sign:
            vectors[p, j] = sign
            factors[p] = 0.5 * sign
    weights = vector_of(values) * factors
    return MultiFloat.of(vectors, LIMBS), weights, torch.tensor(rows, dtype=torch.int64)
