"""The exact terms of each block as 212-bit numbers: samples, matrices, cost.

Programs whose terms are arranged alike are one batch of ``N``; one alone is a batch of one.

Sparse entries become samples too, by polarisation: ``a (e_i e_j^T + e_j e_i^T)``
is ``a/2`` times ``(e_i + e_j)(e_i + e_j)^T`` minus ``a/2`` times
``(e_i - e_j)(e_i - e_j)^T``. So a block knows two forms only.
"""

import math
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import torch
from torch import Tensor

from bosearch.sdp import exact
from bosearch.sdp.exact import Scalar
from bosearch.sdp.layers import Index
from bosearch.sdp.multifloat import MultiFloat, cat, stack
from bosearch.sdp.problem import SdpProblem
from bosearch.sdp.terms import Dense, Entries, Sampled, Term

LIMBS = 4  # of everything here; levels of lower precision round it

_Samples = tuple[MultiFloat, MultiFloat, Tensor]  # vectors P x n, weights P, rows P
_Rounded = Callable[[Any], MultiFloat]


@final
@dataclass(frozen=True, eq=False)
class Block:
    """One psd block of size ``n`` in the basis of the problem.

    Args:
        vectors: ``N x P x n`` samples.
        weights: ``N x P``.
        rows: ``P`` rows that the samples add to.
        matrices: ``N x q x n x n``, of dense terms.
        matrix_rows: ``q`` rows that they add to.
        cost: ``N x n x n``.
    """

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

    @staticmethod
    def joined(blocks: Sequence["Block"]) -> "Block":
        """One block in all programs of several batches."""
        return replace(
            blocks[0],
            vectors=cat([block.vectors for block in blocks]),
            weights=cat([block.weights for block in blocks]),
            matrices=cat([block.matrices for block in blocks]),
            cost=cat([block.cost for block in blocks]),
        )

    def taken(self, which: Index) -> "Block":
        """The block in some of the programs."""
        return replace(
            self,
            vectors=self.vectors[which],
            weights=self.weights[which],
            matrices=self.matrices[which],
            cost=self.cost[which],
        )


@final
@dataclass(frozen=True, eq=False)
class Tables:
    """Problems in 212 bits, in their own basis.

    Args:
        blocks: In the order of the problems.
        rhs: ``N x m``.
        free_matrix: ``N x m x k``.
        cost_free: ``N x k``.
        constant: ``N``.
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
        """Round a problem, to a batch of one."""
        return cls(
            tuple(blocks_of(problem)),
            vector_of(problem.rhs).unsqueeze(0),
            limbs_of(problem.free_matrix).unsqueeze(0),
            vector_of(problem.cost_free).unsqueeze(0),
            vector_of([problem.constant]),
            1.0 if problem.sense == "minimize" else -1.0,
        )

    @property
    def arrangement(self) -> Hashable:
        """Equal for programs that can be joined to one batch."""
        blocks = [
            (block.size, tuple(block.rows.tolist()), tuple(block.matrix_rows.tolist()))
            for block in self.blocks
        ]
        return tuple(blocks), tuple(self.free_matrix.shape[1:]), self.sign

    @property
    def entries(self) -> int:
        """How many numbers the constraints of one program hold."""
        tables = [self.free_matrix]
        tables += [table for block in self.blocks for table in (block.vectors, block.matrices)]
        return sum(math.prod(table.shape[1:]) for table in tables)

    @staticmethod
    def joined(several: Sequence["Tables"]) -> "Tables":
        """All programs of several batches of one arrangement."""
        if len(several) == 1:
            return several[0]
        columns = zip(*(tables.blocks for tables in several), strict=True)
        return replace(
            several[0],
            blocks=tuple(map(Block.joined, columns)),
            rhs=cat([tables.rhs for tables in several]),
            free_matrix=cat([tables.free_matrix for tables in several]),
            cost_free=cat([tables.cost_free for tables in several]),
            constant=cat([tables.constant for tables in several]),
        )

    def taken(self, which: Index) -> "Tables":
        """Some of the programs, by position."""
        return replace(
            self,
            blocks=tuple(block.taken(which) for block in self.blocks),
            rhs=self.rhs[which],
            free_matrix=self.free_matrix[which],
            cost_free=self.cost_free[which],
            constant=self.constant[which],
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
    """Collect the terms of each block, in the order of the blocks; a batch of one.

    A table that several terms share is rounded once.
    """
    known: dict[int, MultiFloat] = {}

    def rounded(table: Any) -> MultiFloat:
        if id(table) not in known:
            known[id(table)] = limbs_of(table)
        return known[id(table)]

    terms: dict[str, list[Term]] = {name: [] for name in problem.blocks}
    costs: dict[str, list[Term]] = {name: [] for name in problem.blocks}
    for term in problem.terms:
        terms[term.block].append(term)
    for term in problem.cost_blocks:
        costs[term.block].append(term)
    return [
        _block(size, terms[name], costs[name], rounded) for name, size in problem.blocks.items()
    ]


def outer_sum(vectors: MultiFloat, weights: MultiFloat) -> MultiFloat:
    """Return the ``... x n x n`` sums of ``w_p v_p v_p^T``."""
    return vectors.mT @ (vectors * weights.unsqueeze(-1))


def _block(size: int, terms: list[Term], costs: list[Term], rounded: _Rounded) -> Block:
    vectors, weights, rows = _samples(size, terms, rounded)
    dense = [term for term in terms if isinstance(term, Dense)]
    cost = MultiFloat.zeros((size, size), LIMBS)
    if costs:
        cost_vectors, cost_weights, _ = _samples(size, costs, rounded)
        cost = outer_sum(cost_vectors, cost_weights)
    for term in costs:
        if isinstance(term, Dense):
            cost = cost + rounded(term.matrix)
    matrices = MultiFloat.zeros((0, size, size), LIMBS)
    if dense:
        matrices = stack([rounded(term.matrix) for term in dense])
    return Block(
        vectors.unsqueeze(0),
        weights.unsqueeze(0),
        rows,
        matrices.unsqueeze(0),
        torch.tensor([term.row for term in dense], dtype=torch.int64),
        cost.unsqueeze(0),
    )


def _samples(size: int, terms: Iterable[Term], rounded: _Rounded) -> _Samples:
    none = MultiFloat.zeros((0, size), LIMBS), MultiFloat.zeros((0,), LIMBS)
    found: list[_Samples] = [(*none, torch.zeros(0, dtype=torch.int64))]
    for term in terms:
        if isinstance(term, Sampled):
            rows = torch.tensor(term.rows or [0] * len(term.weights), dtype=torch.int64)
            found.append((rounded(term.vectors), vector_of(term.weights), rows))
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
