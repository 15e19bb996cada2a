"""Objectives, residuals and slacks of solutions, recomputed from the exact data.

A solver measures itself in its own arithmetic and basis; what is reported is
measured here, in the basis of the problem and at twice its precision or more: up
to two limbs in four, by ``remeasure``; beyond, in balls of 500 bits, by ``recompute``,
which costs ten times as much.

``N`` solutions are measured side by side, one alone as a batch of one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from flint import arb, arb_mat, ctx

from bosearch.sdp import exact
from bosearch.sdp.multifloat import MultiFloat, cat
from bosearch.sdp.problem import SdpProblem
from bosearch.sdp.tables import LIMBS, Tables, outer_sum, vector_of
from bosearch.sdp.terms import Dense, Entries, Sampled, Term

_BITS = 500


@final
@dataclass(frozen=True, eq=False)
class Recomputed:
    """What solutions amount to; four limbs each.

    Args:
        primal: Objectives of blocks and free variables, ``N``.
        dual: Objectives of the multipliers, ``N``.
        rows: ``N x m`` residuals ``c - A(Y) - B y``.
        free: ``N x k`` residuals ``d - B^T x``.
        slacks: ``C - A^T(x)`` by block, ``N x n x n``; its negative in a program to maximize.
    """

    primal: MultiFloat
    dual: MultiFloat
    rows: MultiFloat
    free: MultiFloat
    slacks: tuple[MultiFloat, ...]

    @staticmethod
    def joined(several: Sequence["Recomputed"]) -> "Recomputed":
        """All solutions of several batches."""
        return Recomputed(
            cat([found.primal for found in several]),
            cat([found.dual for found in several]),
            cat([found.rows for found in several]),
            cat([found.free for found in several]),
            tuple(map(cat, zip(*(found.slacks for found in several), strict=True))),
        )


def recompute(
    problem: SdpProblem, blocks: Mapping[str, MultiFloat], free: MultiFloat, duals: MultiFloat
) -> Recomputed:
    """Measure a primal and a dual solution against the problem; a batch of one.

    Args:
        problem: The problem.
        blocks: ``n x n`` by name.
        free: ``k``.
        duals: ``m``.
    """
    with ctx.workprec(_BITS):
        Y = {name: block.to_arb_mat() for name, block in blocks.items()}
        y, x = _column(free), _column(duals)
        B = _balls(problem.free_matrix)
        rows = arb_mat([[arb(c)] for c in problem.rhs]) - B * y
        values = [rows[i, 0] for i in range(rows.nrows())]
        for term in problem.terms:
            for row, value in _applied(term, Y[term.block]):
                values[row] -= value
        primal = arb(problem.constant) + _dot(problem.cost_free, y)
        for term in problem.cost_blocks:
            primal += sum((value for _, value in _applied(term, Y[term.block])), arb(0))
        dual = arb(problem.constant) + _dot(problem.rhs, x)
        left = [
            arb(d) - value
            for d, value in zip(problem.cost_free, (B.transpose() * x).entries(), strict=True)
        ]
        return Recomputed(
            vector_of([primal]),
            vector_of([dual]),
            vector_of(values).unsqueeze(0),
            vector_of(left).unsqueeze(0),
            tuple(slack.unsqueeze(0) for slack in slacks_of(problem, duals).values()),
        )


def remeasure(
    tables: Tables, blocks: Sequence[MultiFloat], free: MultiFloat, duals: MultiFloat
) -> Recomputed:
    """As ``recompute``, in 212 bits: of the product of all sizes involved.

    Args:
        tables: The problems.
        blocks: ``N x n x n`` each, in the order of the problems.
        free: ``N x k``.
        duals: ``N x m``.
    """
    rows = tables.rhs - _times(tables.free_matrix, free)
    primal = tables.constant + (tables.cost_free * free).sum(-1)
    slacks = []
    for block, Y in zip(tables.blocks, blocks, strict=True):
        V, m = block.vectors, rows.shape[-1]
        slack = block.cost
        if len(block.rows):
            seen = ((V @ Y) * V).sum(-1) * block.weights
            rows = rows - seen.segment_sum(-1, block.rows, m)
            slack = slack - outer_sum(V, block.weights * duals[:, block.rows])
        if len(block.matrix_rows):
            dense = (block.matrices * Y.unsqueeze(1)).sum(-1).sum(-1)
            rows = rows - dense.segment_sum(-1, block.matrix_rows, m)
            slack = slack - (block.matrices * duals[:, block.matrix_rows, None, None]).sum(1)
        if bool(block.cost.to_double().any()):
            primal = primal + (block.cost * Y).reshape(len(Y), -1).sum(-1)
        slacks.append(slack * tables.sign)
    left = tables.cost_free - _times(tables.free_matrix.mT, duals)
    dual = tables.constant + (tables.rhs * duals).sum(-1)
    return Recomputed(primal, dual, rows, left, tuple(slacks))


def _times(matrix: MultiFloat, vector: MultiFloat) -> MultiFloat:
    return (matrix @ vector.unsqueeze(-1))[..., 0]


def slacks_of(
    problem: SdpProblem, duals: MultiFloat, *, cost: bool = True
) -> dict[str, MultiFloat]:
    """``C - A^T(x)`` by block, its negative in a program to maximize; ``C`` only with ``cost``."""
    sign = 1 if problem.sense == "minimize" else -1
    with ctx.workprec(_BITS):
        x = _column(duals)
        slacks = {name: arb_mat(size, size) for name, size in problem.blocks.items()}
        for term in problem.cost_blocks if cost else ():
            slacks[term.block] += _adjoint(term, None, problem.blocks[term.block]) * sign
        for term in problem.terms:
            slacks[term.block] -= _adjoint(term, x, problem.blocks[term.block]) * sign
        return {name: MultiFloat.from_flint(slack, LIMBS) for name, slack in slacks.items()}


def _column(values: MultiFloat) -> arb_mat:
    return values.reshape(len(values), 1).to_arb_mat()


def _balls(values: Any) -> arb_mat:
    if exact.is_multifloat(values):
        return values.to_arb_mat()
    return arb_mat(values)


def _dot(numbers: Any, column: arb_mat) -> arb:
    pairs = zip(numbers, column.entries(), strict=True)
    return sum((arb(number) * entry for number, entry in pairs), arb(0))


def _applied(term: Term, Y: arb_mat) -> list[tuple[int, arb]]:
    """The rows of a term (-1 in the cost) and what they see of ``Y``."""
    match term:
        case Sampled():
            V = _balls(term.vectors)
            left = (V * Y).tolist()
            rows = term.rows or [-1] * len(left)
            return [
                (int(row), arb(weight) * sum((a * b for a, b in zip(v, u, strict=True)), arb(0)))
                for row, weight, v, u in zip(rows, term.weights, V.tolist(), left, strict=True)
            ]
        case Entries():
            total = arb(0)
            for (i, j), value in term.entries.items():
                total += arb(value) * Y[i, j] * (1 if i == j else 2)
        case Dense():
            total = (_balls(term.matrix) * Y).trace()
    return [(-1 if term.row is None else int(term.row), total)]


def _adjoint(term: Term, x: arb_mat | None, n: int) -> arb_mat:
    """The matrix of a term, its rows weighted by ``x``; by one in the cost."""
    if isinstance(term, Sampled):
        V = _balls(term.vectors)
        weights = [arb(weight) for weight in term.weights]
        if x is not None:
            weights = [w * x[int(row), 0] for w, row in zip(weights, term.rows, strict=True)]
        scaled = [[w * v for v in row] for w, row in zip(weights, V.tolist(), strict=True)]
        return V.transpose() * arb_mat(scaled) if scaled else arb_mat(n, n)
    factor = arb(1) if x is None else x[int(term.row or 0), 0]
    if isinstance(term, Dense):
        return _balls(term.matrix) * factor
    matrix = arb_mat(n, n)
    for (i, j), value in term.entries.items():
        matrix[i, j] = matrix[j, i] = arb(value) * factor
    return matrix
