"""The solver as a whole: known optima, optimality conditions in exact arithmetic, and work."""

import math

import pytest
import torch
from flint import arb, ctx, fmpq, fmpq_mat

from bosearch.errors import SdpError
from bosearch.sdp import Dense, Entries, Sampled, SdpProblem, SdpResult, Status, solve
from tests.sdp.helpers import complementary, pentagon, two_point


def test_theta_of_the_pentagon_is_sqrt_five() -> None:
    result = solve(pentagon())
    assert result.status is Status.optimal
    assert result.value == pytest.approx(math.sqrt(5), abs=1e-11)  # Lovász (1979)
    # The certificate: t I + (anything on edges) - J is in the cone, and t is the value.
    slack = result.slacks["X"].to_double()
    assert torch.linalg.eigvalsh(slack).min() > -1e-11
    assert [float(slack[i, (i + 2) % 5]) for i in range(5)] == pytest.approx([-1.0] * 5)
    assert slack.diagonal().tolist() == pytest.approx([math.sqrt(5) - 1] * 5)


@pytest.mark.parametrize("sense", ["minimize", "maximize"])
@pytest.mark.parametrize("seed", range(4))
def test_random_programs_with_known_optima(seed: int, sense: str) -> None:
    problem, optimum = complementary(seed, sense=sense)  # type: ignore[arg-type]  # a parameter
    result = solve(problem)
    assert result.status is Status.optimal
    # Both objectives enclose the optimum up to the gap and infeasibility allowed.
    scale = max(1.0, abs(float(optimum)))
    assert abs(float(result.primal.to_fmpq() - optimum)) < 2e-12 * scale
    assert abs(float(result.dual.to_fmpq() - optimum)) < 2e-12 * scale


def test_blocks_of_many_sizes_are_padded_without_changing_the_optimum() -> None:
    problem, optimum = complementary(5, sizes=(8, 7, 8, 3, 1), m=9, k=3)
    result = solve(problem)
    assert result.status is Status.optimal
    assert abs(float(result.primal.to_fmpq() / optimum - 1)) < 1e-11


def test_optimality_conditions_hold_in_exact_arithmetic() -> None:
    """Dual feasibility by construction, primal to the residual, complementarity to the gap."""
    problem, _ = complementary(2, sense="maximize")
    result = solve(problem, gap=1e-20)
    x = fmpq_mat(len(problem.rows), 1, result.duals.to_fmpq())
    y = fmpq_mat(len(problem.free), 1, result.free.to_fmpq())
    left = fmpq_mat(len(problem.rows), 1, list(problem.rhs)) - problem.free_matrix * y
    slack = {}
    for term in problem.cost_blocks:
        assert isinstance(term, Dense)
        slack[term.block] = -1 * term.matrix
    total = fmpq(0)
    for term in problem.terms:
        assert isinstance(term, Dense)
        assert isinstance(term.row, int)
        Y = result.blocks[term.block].to_fmpq_mat()
        left[term.row, 0] -= sum((term.matrix * Y)[i, i] for i in range(Y.nrows()))
        slack[term.block] += term.matrix * x[term.row, 0]
    for name, Z in slack.items():
        Y = result.blocks[name].to_fmpq_mat()
        total += sum(((Y * Z)[i, i] for i in range(Y.nrows())), fmpq(0))
        for matrix in (result.blocks[name], result.slacks[name]):
            assert torch.linalg.eigvalsh(matrix.to_double()).min() > -1e-12
        error = result.slacks[name].to_fmpq_mat() - Z
        assert max(abs(float(entry)) for entry in error.entries()) < 1e-55
    assert max(abs(float(entry)) for entry in left.entries()) < 1e-20
    dual = problem.free_matrix.transpose() * x - fmpq_mat(len(problem.free), 1, problem.cost_free)
    assert max(abs(float(entry)) for entry in dual.entries()) < 1e-20
    assert 0 < float(total) < 1e-20 * abs(result.value)


def test_a_linear_program_is_one_of_blocks_of_size_one() -> None:
    """Minimize 2a + 5b + c with a + b = 2 and a - c = 1, all nonnegative: at (2, 0, 1)."""
    problem = SdpProblem(
        blocks={"a": 1, "b": 1, "c": 1},
        rows=["sum", "difference"],
        rhs=[2, 1],
        terms=[
            Entries("a", "sum", {(0, 0): 1}),
            Entries("b", "sum", {(0, 0): 1}),
            Entries("a", "difference", {(0, 0): 1}),
            Entries("c", "difference", {(0, 0): -1}),
        ],
        cost_blocks=[
            Entries(name, None, {(0, 0): k}) for name, k in (("a", 2), ("b", 5), ("c", 1))
        ],
    )
    result = solve(problem)
    assert result.value == pytest.approx(5.0, abs=1e-11)
    values = [float(result.blocks[name].to_double()) for name in "abc"]
    assert values == pytest.approx([2, 0, 1], abs=1e-10)


def quartic_minimum(bits: int) -> SdpProblem:
    """The minimum of s^4 - 3 s^2 + sqrt(2) s as a sum of squares at five samples."""
    with ctx.workprec(bits):
        samples = [fmpq(p, 2) for p in (-4, -2, 0, 1, 3)]
        values = [s**4 - 3 * s**2 + arb(2).sqrt() * s for s in samples]
    return SdpProblem(
        blocks={"sigma": 3},
        rows=[f"at {s}" for s in samples],
        rhs=values,
        free=["minimum"],
        free_matrix=[[1]] * 5,
        cost_free=[1],
        sense="maximize",
        terms=[Sampled("sigma", [[1, s, s * s] for s in samples], [1] * 5, range(5))],
    )


def test_the_minimum_of_a_polynomial_is_found_to_many_digits() -> None:
    result = solve(quartic_minimum(300), gap=1e-30)
    assert result.status is Status.optimal
    with ctx.workprec(300):
        s = arb("-1.35")  # near the minimum, where 4 s^3 - 6 s + sqrt 2 = 0
        for _ in range(12):
            s = (s - (4 * s**3 - 6 * s + arb(2).sqrt()) / (12 * s**2 - 6)).mid()
        minimum = s**4 - 3 * s**2 + arb(2).sqrt() * s
        assert abs(float(minimum - result.primal.to_fmpq())) < 1e-29
        assert abs(float(minimum - result.free[0].to_fmpq())) < 1e-29


@pytest.mark.parametrize(
    ("n", "degree", "volume", "density"),
    [  # Cohn and Elkies' bound, computed with SDPA-GMP elsewhere: ten digits
        (8, 13, math.pi**4 / 384, 0.2573340191),
        (8, 21, math.pi**4 / 384, 0.2539449678),
        (8, 33, math.pi**4 / 384, 0.2536800889),
    ],
)
def test_two_point_bounds_agree_with_published_ones(
    n: int, degree: int, volume: float, density: float
) -> None:
    result = solve(two_point(n, degree))
    assert result.status is Status.optimal
    assert result.value * volume == pytest.approx(density, abs=1e-10)
    assert result.value * volume > math.pi**4 / 384  # the density of E8


def test_work_is_one_factorization_of_each_matrix_per_iteration() -> None:
    result: SdpResult = solve(two_point(8, 21))
    attempts = result.counts["primal"]
    assert attempts <= len(result.history) + 2  # one that failed ends each level but the last
    assert result.counts["dual"] == attempts
    assert result.counts["schur"] <= attempts
    assert result.counts["free"] <= attempts
    assert len(result.history) < 25


def test_a_degenerate_duality_gap_is_not_called_optimal() -> None:
    """Primal value 1 (``Y_01 = 0``), dual value 0 (``x_2 = 0``): no method closes it."""
    problem = SdpProblem(
        blocks={"a": 3},
        rows=["corner", "pair"],
        rhs=[0, 1],
        terms=[
            Entries("a", "corner", {(0, 0): 1}),
            Entries("a", "pair", {(0, 1): 1, (2, 2): 1}),
        ],
        cost_blocks=[Entries("a", None, {(2, 2): 1})],
    )
    assert solve(problem, max_iterations=60).status is not Status.optimal


def test_a_block_without_constraints_is_solved_to_zero() -> None:
    problem = SdpProblem(
        blocks={"a": 1, "unused": 2},
        rows=["r"],
        rhs=[1],
        terms=[Entries("a", "r", {(0, 0): 1})],
        cost_blocks=[
            Entries("a", None, {(0, 0): 2}),
            Entries("unused", None, {(0, 0): 1, (1, 1): 1}),
        ],
    )
    result = solve(problem)
    assert result.value == pytest.approx(2.0, abs=1e-11)
    assert result.blocks["unused"].to_double().abs().max() < 1e-10


def test_rows_that_contradict_each_other_are_refused_as_dependent() -> None:
    problem = SdpProblem(
        blocks={"a": 1},
        rows=["one", "two"],
        rhs=[1, 5],
        terms=[Entries("a", "one", {(0, 0): 1}), Entries("a", "two", {(0, 0): 2})],
    )
    with pytest.raises(SdpError, match="'two'"):
        solve(problem)
