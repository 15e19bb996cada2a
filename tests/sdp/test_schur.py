from collections import Counter

import pytest
import torch
from flint import fmpq, fmpq_mat

from bosearch.sdp.multifloat import MultiFloat
from bosearch.sdp.prepare import prepare
from bosearch.sdp.problem import Entries, SdpProblem
from bosearch.sdp.program import Program
from bosearch.sdp.schur import Kkt, factor
from tests.sdp.helpers import complementary, two_point


def factors(program: Program) -> tuple[MultiFloat, ...]:
    rng = torch.Generator().manual_seed(0)
    made = []
    for C in program.cost:
        noise = torch.randn(C.shape, generator=rng, dtype=torch.float64).tril()
        made.append(MultiFloat.of(noise + 4 * torch.eye(C.shape[-1]), program.limbs))
    return tuple(made)


@pytest.mark.parametrize("degree", [7, 13])
def test_a_direction_satisfies_both_equations(degree: int) -> None:
    """Two clusters of equal size and free variables across them."""
    program = prepare(two_point(8, degree)).program.at(2, None)
    S = program.schur(factors(program), factors(program))
    kkt = Kkt.of(program, S, Counter())
    r = tuple(c * 3.0 for c in program.rhs)
    s = program.cost_free * 2.0
    dx, dy = kkt.solve(r, s)
    # 106 bits, and condition numbers of S about 1e6.
    for part, square, x, by in zip(r, S, dx, program.free_apply(dy), strict=True):
        left = part - (square @ x.unsqueeze(-1))[..., 0] - by
        assert left.to_double().abs().max() < 1e-23
    assert (s - program.free_adjoint(dx)).to_double().abs().max() < 1e-23


def test_without_free_variables_the_direction_solves_with_s_alone() -> None:
    program = prepare(complementary(0, k=0)[0]).program.at(2, None)
    (S,) = program.schur(factors(program), factors(program))
    kkt = Kkt.of(program, (S,), Counter())
    (dx,), dy = kkt.solve(program.rhs, program.cost_free)
    left = program.rhs[0] - (S @ dx.unsqueeze(-1))[..., 0]
    assert left.to_double().abs().max() < 1e-25
    assert dy.shape == (1, 0)


def test_augmenting_a_singular_complement_leaves_the_solution() -> None:
    """The row ``u + v = 3`` has no psd part, so ``S`` is singular: compare with exact algebra."""
    problem = SdpProblem(
        blocks={"a": 2},
        rows=["t", "f"],
        rhs=[1, 3],
        free=["u", "v"],
        free_matrix=[[1, 0], [1, 1]],
        cost_free=[1, 2],
        terms=[Entries("a", "t", {(0, 0): 1, (1, 1): 1})],
    )
    program = prepare(problem, augmented=True).program.at(2, None)
    (S,) = program.schur(factors(program), factors(program))
    assert not bool(factor(S, "schur", Counter())[2])
    kkt = Kkt.of(program, (S,), Counter())
    (dx,), dy = kkt.solve(program.rhs, program.cost_free)

    square, B = S[0, 0].to_fmpq_mat(), program.free[0][0, 0].to_fmpq_mat()
    system = fmpq_mat(4, 4)
    for i in range(2):
        for j in range(2):
            system[i, j], system[i, 2 + j], system[2 + j, i] = square[i, j], B[i, j], B[i, j]
    right = [*program.rhs[0][0, 0].to_fmpq(), *program.cost_free[0].to_fmpq()]
    exact = system.solve(fmpq_mat(4, 1, right)).entries()
    found: list[fmpq] = [*dx[0, 0].to_fmpq(), *dy[0].to_fmpq()]
    assert all(abs(float(a - b)) < 1e-28 for a, b in zip(found, exact, strict=True))


def test_programs_with_an_indefinite_matrix_are_told_apart() -> None:
    """Of three programs with two matrices each, the second matrix of the last is indefinite."""
    tally: Counter[str] = Counter()
    matrices = MultiFloat.eye(2, 2, batch=(3, 2)) * 4.0
    matrices.parts[0, 2, 1, 0, 0] = -1.0
    lower, inverse, ok = factor(matrices, "dual", tally)
    assert ok.tolist() == [True, True, False]
    assert tally == {"dual": 1}
    assert torch.equal(lower.to_double()[0, 0], 2.0 * torch.eye(2))
    assert torch.equal(inverse.to_double()[2, 1], torch.eye(2))
