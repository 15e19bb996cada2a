import random

import pytest
from flint import fmpq, fmpq_mat

from bosearch.sdp.multifloat import MultiFloat
from bosearch.sdp.problem import Dense, Entries, Sampled, SdpProblem
from bosearch.sdp.recompute import recompute, remeasure, slacks_of
from bosearch.sdp.tables import Tables


@pytest.mark.parametrize("sense", ["minimize", "maximize"])
@pytest.mark.parametrize("in_limbs", [False, True])
def test_objectives_residuals_and_slacks_equal_their_definitions(
    sense: str, in_limbs: bool
) -> None:
    rng = random.Random(0)
    n, m, k = 3, 4, 2

    def integers(rows: int, columns: int) -> fmpq_mat:
        return fmpq_mat(rows, columns, [rng.randint(-3, 3) for _ in range(rows * columns)])

    B, d, y, x = integers(m, k), integers(k, 1), integers(k, 1), integers(m, 1)
    Y, C, A1 = (M + M.transpose() for M in (integers(n, n), integers(n, n), integers(n, n)))
    v, u = integers(n, 1), integers(n, 1)
    A = [v * v.transpose() * 2 - u * u.transpose(), A1, u * u.transpose() * 5, fmpq_mat(n, n)]
    A[3][0, 1] = A[3][1, 0] = fmpq(1, 3)
    A[3][2, 2] = fmpq(4)
    problem = SdpProblem(
        blocks={"b": n},
        rows=["r0", "r1", "r2", "r3"],
        rhs=[1, -2, 3, 0],
        free=["y0", "y1"],
        free_matrix=B,
        sense=sense,  # type: ignore[arg-type]  # pytest parameters are strings
        cost_free=[d[0, 0], d[1, 0]],
        cost_blocks=[Dense("b", None, C), Sampled("b", v.transpose(), [3])],
        constant=fmpq(1, 2),
        terms=[
            Sampled("b", [v.entries(), u.entries(), u.entries()], [2, -1, 5], [0, 0, 2]),
            Dense("b", 1, A1),
            Entries("b", "r3", {(1, 0): fmpq(1, 3), (2, 2): 4}),
        ],
    )
    C = C + v * v.transpose() * 3
    column = [MultiFloat.from_exact(part.entries(), 4) for part in (y, x)]
    blocks = {"b": MultiFloat.from_flint(Y, 4)}
    if in_limbs:
        (Yb, *rest) = (part.unsqueeze(0) for part in (blocks["b"], *column))
        found = remeasure(Tables.of(problem), [Yb], *rest)
    else:
        found = recompute(problem, blocks, *column)

    def trace(M: fmpq_mat) -> fmpq:
        return sum((M[i, i] for i in range(n)), fmpq(0))

    def near(values: MultiFloat, expected: fmpq_mat) -> bool:
        flat = values.reshape(-1).to_fmpq()
        pairs = zip(flat, expected.entries(), strict=True)
        return all(abs(float(a - b)) < 1e-60 for a, b in pairs)

    rhs = fmpq_mat(m, 1, [1, -2, 3, 0])
    seen = fmpq_mat(m, 1, [trace(M * Y) for M in A])
    assert near(found.rows, rhs - seen - B * y)
    assert near(found.free, d - B.transpose() * x)
    half = fmpq(1, 2)
    assert near(found.primal, fmpq_mat([[trace(C * Y) + half]]) + d.transpose() * y)
    assert near(found.dual, rhs.transpose() * x + fmpq_mat([[half]]))
    sign = 1 if sense == "minimize" else -1
    ray = fmpq_mat(n, n)
    for i in range(m):
        ray -= A[i] * x[i, 0] * sign
    assert near(found.slacks[0], C * sign + ray)
    assert near(slacks_of(problem, column[1], cost=False)["b"], ray)
