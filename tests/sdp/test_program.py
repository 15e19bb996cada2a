"""Operators of a batched, padded, clustered program against plain sums over the exact terms."""

import random

import pytest
from flint import fmpq, fmpq_mat

from bosearch.sdp.multifloat import MultiFloat
from bosearch.sdp.prepare import prepare
from bosearch.sdp.prepared import Prepared
from bosearch.sdp.problem import Entries, Sampled
from tests.sdp.helpers import mixed

LIMBS = 3
TOLERANCE = 1e-40  # 159 bits, products of moderate numbers


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    return prepare(mixed())


def matrices(prepared: Prepared) -> list[list[fmpq_mat]]:
    """Row by block, ``A_i^b`` of the preconditioned program, from the exact terms."""
    problem = prepared.problem
    names = list(problem.blocks)
    bases = [T[0].to_fmpq_mat() for T in prepared.bases]
    made = [[fmpq_mat(n, n) for n in problem.blocks.values()] for _ in problem.rows]
    for term in problem.terms:
        b = names.index(term.block)
        n = problem.blocks[term.block]
        if isinstance(term, Sampled):
            for row, weight, vector in zip(
                term.rows, term.weights, term.vectors.tolist(), strict=True
            ):
                column = fmpq_mat(n, 1, vector)
                made[int(row)][b] += column * column.transpose() * weight
        elif isinstance(term, Entries):
            for (i, j), value in term.entries.items():
                made[int(term.row or 0)][b][i, j] += value
                if i != j:
                    made[int(term.row or 0)][b][j, i] += value
        else:
            made[int(term.row or 0)][b] += term.matrix
    (exponents,) = prepared.row_exponents.tolist()
    return [
        [T.transpose() * A * T * fmpq(2) ** e for A, T in zip(row, bases, strict=True)]
        for row, e in zip(made, exponents, strict=True)
    ]


def random_blocks(prepared: Prepared, seed: int) -> tuple[list[fmpq_mat], tuple[MultiFloat, ...]]:
    """Random integer lower triangular matrices by block, and batched with padding."""
    rng = random.Random(seed)
    exact = [
        fmpq_mat(n, n, [rng.randint(-3, 3) if j <= i else 0 for i in range(n) for j in range(n)])
        for n in prepared.problem.blocks.values()
    ]
    batched = []
    for cone in prepared.cones:
        batch = MultiFloat.eye(cone.size, LIMBS, batch=(1, len(cone.blocks)))
        for g, (b, n) in enumerate(zip(cone.blocks, cone.sizes, strict=True)):
            batch.parts[:, 0, g, :n, :n] = MultiFloat.from_flint(exact[b], LIMBS).parts
        batched.append(batch)
    return exact, tuple(batched)


def flat(prepared: Prepared, vector: tuple[MultiFloat, ...]) -> list[fmpq]:
    out = [fmpq(0)] * len(prepared.problem.rows)
    for family, part in zip(prepared.clusters.families, vector, strict=True):
        for rows, values in zip(family.rows.tolist(), part[0].to_fmpq(), strict=True):
            for row, value in zip(rows, values, strict=True):
                out[row] = value
    return out


def trace(A: fmpq_mat) -> fmpq:
    return sum((A[i, i] for i in range(A.nrows())), fmpq(0))


def close(found: fmpq, expected: fmpq) -> bool:
    return abs(float(found - expected)) <= TOLERANCE * max(1.0, abs(float(expected)))


def test_apply_equals_the_sum_over_terms(prepared: Prepared) -> None:
    program = prepared.program.at(LIMBS, None)
    exact, batched = random_blocks(prepared, 1)
    symmetric = [L * L.transpose() for L in exact]
    values = flat(prepared, program.apply(program.masked(tuple(L @ L.mT for L in batched))))
    for found, row in zip(values, matrices(prepared), strict=True):
        expected = sum((trace(A * X) for A, X in zip(row, symmetric, strict=True)), fmpq(0))
        assert close(found, expected)


def test_adjoint_is_the_transpose_of_apply(prepared: Prepared) -> None:
    program = prepared.program.at(LIMBS, None)
    rng = random.Random(2)
    x = [fmpq(rng.randint(-5, 5)) for _ in prepared.problem.rows]
    parts = tuple(
        MultiFloat.from_exact([[[x[i] for i in rows] for rows in family.rows.tolist()]], LIMBS)
        for family in prepared.clusters.families
    )
    sums = program.adjoint(parts)
    rows = matrices(prepared)
    for cone, batch in zip(prepared.cones, sums, strict=True):
        for g, (b, n) in enumerate(zip(cone.blocks, cone.sizes, strict=True)):
            expected = fmpq_mat(n, n)
            for value, row in zip(x, rows, strict=True):
                expected += row[b] * value
            found = batch[0, g].to_fmpq_mat()
            assert all(
                close(found[i, j], expected[i, j] if max(i, j) < n else fmpq(0))
                for i in range(cone.size)
                for j in range(cone.size)
            )


def test_schur_equals_its_definition(prepared: Prepared) -> None:
    """``S_ij = tr(A_i Y A_j W)`` with ``Y = L L^T`` and ``W = M^T M``."""
    program = prepared.program.at(LIMBS, None)
    left, left_batched = random_blocks(prepared, 3)
    right, right_batched = random_blocks(prepared, 4)
    S = program.schur(left_batched, right_batched)
    rows = matrices(prepared)
    Y = [L * L.transpose() for L in left]
    W = [M.transpose() * M for M in right]
    for family, squares in zip(prepared.clusters.families, S, strict=True):
        for members, square in zip(family.rows.tolist(), squares[0].to_fmpq(), strict=True):
            for p, i in enumerate(members):
                for q, j in enumerate(members):
                    terms = zip(rows[i], Y, rows[j], W, strict=True)
                    expected = sum((trace(A * y * B * w) for A, y, B, w in terms), fmpq(0))
                    assert close(square[p][q], expected)
