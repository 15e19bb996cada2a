"""The rows say what the theorem says, and the optimum is that of another parametrization."""

import math
import random

import pytest
from flint import arb, arb_mat, ctx, fmpq

from bosearch.errors import SdpError
from bosearch.packing.laguerre import laguerre_zeros, log2_norms
from bosearch.packing.two_point_program import BLOCKS, TwoPointProgram
from bosearch.sdp import solve
from bosearch.sdp.problem import Sampled
from tests.sdp.helpers import two_point as by_helpers


def laguerre(k: int, dim: int, s: arb) -> arb:
    return s.laguerre_l(arb(k), arb(fmpq(dim, 2) - 1))


@pytest.mark.parametrize(("dim", "degree"), [(1, 5), (3, 7), (8, 13), (24, 9)])
def test_rows_hold_exactly_for_the_function_that_they_describe(dim: int, degree: int) -> None:
    """Take any coefficients and Gram matrices; compute what each row lacks by flint's Laguerre
    functions and by the program, which scales each row."""
    rng = random.Random(dim)
    rho = fmpq(round(2 * math.pi * 2**20), 2**20)
    program = TwoPointProgram(dim, degree, rho)
    problem = program.problem()
    with ctx.workprec(300):
        free = [arb(rng.gauss(0, 1)) for _ in range(degree)]
        n = program.size
        grams = {}
        for name in BLOCKS:
            A = arb_mat([[arb(rng.gauss(0, 1)) for _ in range(n)] for _ in range(n)])
            grams[name] = A * A.transpose()
        lacking = [
            c - sum(problem.free_matrix[i, k] * x for k, x in enumerate(free))
            for i, c in enumerate(problem.rhs)
        ]
        scale: dict[int, arb] = {}
        for term in problem.terms:
            assert isinstance(term, Sampled)
            for p, row in enumerate(term.rows):
                assert isinstance(row, int)
                v = arb_mat([[term.vectors[p, j] for j in range(n)]])
                value = (v * grams[term.block] * v.transpose())[0, 0]
                lacking[row] -= term.weights[p] * value
                if term.block in ("sigma0", "tau0"):
                    scale[row] = term.weights[p]

        def phi(k: int, s: arb) -> arb:
            multiple = arb(-1) ** k * arb(k).fac() if k else arb(1)
            return multiple * laguerre(k, dim, s) / arb(2) ** log2_norms(dim, k + 1)[k]

        def square(name: str, s: arb) -> arb:
            norms = log2_norms(dim, n, width=2)
            b = [
                (arb(-2) ** j * arb(j).fac() if j else arb(1))
                * laguerre(j, dim, s / 2)
                / arb(2) ** norms[j]
                for j in range(n)
            ]
            v = arb_mat([b])
            return (v * grams[name] * v.transpose())[0, 0]

        # c_0 counts from one, and P(0) = 1 gives the last coefficient.
        c = [free[0] + 1, *free[1:]]
        zero = arb(0)
        last = (1 - sum(x * phi(k, zero) for k, x in enumerate(c))) / phi(degree, zero)
        c.append(last)
        for i, u in enumerate(laguerre_zeros(dim, degree + 1)):
            s = arb(u)
            transform = sum(x * phi(k, s) for k, x in enumerate(c))
            expected = transform - square("sigma0", s) - s * square("sigma1", s)
            assert abs(expected * scale[i] - lacking[i]) < 1e-60
            s = arb(rho) + arb(u)
            function = sum((-1) ** k * x * phi(k, s) for k, x in enumerate(c))
            expected = -function - square("tau0", arb(u)) - arb(u) * square("tau1", arb(u))
            row = degree + 1 + i
            assert abs(expected * scale[row] - lacking[row]) < 1e-60
        value = sum((-1) ** k * x * phi(k, zero) for k, x in enumerate(c))  # f(0) / f^(0)
        cost = problem.constant + sum(
            arb(d) * x for d, x in zip(problem.cost_free, free, strict=True)
        )
        assert abs(value - cost) < 1e-60


@pytest.mark.parametrize(("dim", "degree"), [(8, 13), (3, 9)])
def test_another_parametrization_has_the_same_optimum(dim: int, degree: int) -> None:
    rho = fmpq(round(4 * math.pi * 2**50), 2**50)  # r^2 = 2
    ours = solve(TwoPointProgram(dim, degree, rho).problem(), gap=1e-11)
    theirs = solve(by_helpers(dim, degree), gap=1e-11)
    assert ours.value == pytest.approx(theirs.value, rel=1e-10)


def test_sizes_and_scales_out_of_range_are_refused() -> None:
    rho = fmpq(12)
    for dim in (0, -1, 65, 8.0, "8", True, None):
        with pytest.raises(SdpError, match="dim must be an integer from 1 to 64"):
            TwoPointProgram(dim, 9, rho)  # type: ignore[arg-type]  # on purpose
    for degree in (0, -3, 203, 9.0, None):
        with pytest.raises(SdpError, match="degree must be an integer from 1 to 201"):
            TwoPointProgram(8, degree, rho)  # type: ignore[arg-type]  # on purpose
    with pytest.raises(SdpError, match="degree must be odd, got 10"):
        TwoPointProgram(8, 10, rho)
    for bad in (fmpq(0), fmpq(-1)):
        with pytest.raises(SdpError, match="must be positive"):
            TwoPointProgram(8, 9, bad)
