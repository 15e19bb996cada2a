"""Repair gains a hundred digits and moves small eigenvalues in proportion."""

import numpy as np
import pytest
from flint import arb, arb_mat, ctx, fmpq

from bosearch.packing.laguerre import laguerre_zeros
from bosearch.packing.two_point_program import BLOCKS, TwoPointProgram, scaled
from bosearch.packing.two_point_repair import repaired
from bosearch.sdp import SdpResult, solve


@pytest.fixture(scope="module")
def program() -> TwoPointProgram:
    return TwoPointProgram(8, 21, fmpq(13176795, 2**20))


@pytest.fixture(scope="module")
def result(program: TwoPointProgram) -> SdpResult:
    return solve(program.problem(), gap=1e-10)


def lacking(program: TwoPointProgram, matrices: dict[str, arb_mat]) -> float:
    """The largest violation of the second identity, at points where it was not imposed.

    The coefficients are found from ``P`` by interpolation at yet other points.
    """
    count = program.degree + 1
    points = [z + fmpq(1, 7) for z in laguerre_zeros(program.dim, count)]
    phi = program.eigenbasis
    squares = scaled(program.dim, program.size, width=2)

    def value(name: str, u: fmpq) -> arb:
        v = arb_mat([[arb(p(u)) for p in squares]])
        return (v * matrices[name] * v.transpose())[0, 0]

    P = arb_mat([[value("sigma0", s) + arb(s) * value("sigma1", s)] for s in points])
    c = arb_mat([[arb(p(s)) for p in phi] for s in points]).solve(P)
    worst = 0.0
    for u in points[::3]:
        row = [arb((-1) ** k * p(program.rho + u)) for k, p in enumerate(phi)]
        parts = [-c[k, 0] * x for k, x in enumerate(row)] + [
            -value("tau0", u),
            -arb(u) * value("tau1", u),
        ]
        worst = max(worst, float(abs(sum(parts, arb(0))) / max(map(abs, parts))))
    return worst


def test_the_identities_hold_to_ninety_digits(program: TwoPointProgram, result: SdpResult) -> None:
    with ctx.workprec(2000):
        before = {name: result.blocks[name].to_arb_mat() for name in BLOCKS}
        after = repaired(program, before)
        assert lacking(program, before) > 1e-40
        assert lacking(program, after) < 1e-90
        for name in BLOCKS:
            assert np.linalg.norm(floats(after[name] - before[name])) < 1e-6 * np.linalg.norm(
                floats(before[name])
            )


def test_eigenvalues_change_in_proportion(program: TwoPointProgram, result: SdpResult) -> None:
    before = {name: result.blocks[name].to_arb_mat() for name in BLOCKS}
    after = repaired(program, before)
    with ctx.workprec(600):
        for name in BLOCKS:
            L = cholesky(before[name])
            inner = L.solve(after[name] - before[name]).transpose()
            ratios = np.linalg.eigvalsh(floats(L.solve(inner)))
            assert np.abs(ratios).max() < 1e-2


def test_repair_is_idempotent(program: TwoPointProgram, result: SdpResult) -> None:
    once = repaired(program, {name: result.blocks[name].to_arb_mat() for name in BLOCKS})
    twice = repaired(program, once)
    with ctx.workprec(1000):
        for name in BLOCKS:
            assert np.abs(floats((twice[name] - once[name]) * arb(10) ** 90)).max() < 1


def floats(matrix: arb_mat) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
    return np.array([[float(x) for x in row] for row in matrix.tolist()])


def cholesky(matrix: arb_mat) -> arb_mat:
    n = matrix.nrows()
    L = arb_mat(n, n)
    for j in range(n):
        for i in range(j, n):
            rest = matrix[i, j] - sum((L[i, k] * L[j, k] for k in range(j)), arb(0))
            L[i, j] = rest.sqrt().mid() if i == j else (rest / L[j, j]).mid()
    return L
