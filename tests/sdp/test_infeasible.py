"""Rays are held to Farkas' lemma in exact arithmetic."""

import math

import pytest
import torch
from flint import fmpq, fmpq_mat

from bosearch.sdp import SdpProblem, SdpResult, Status, solve
from bosearch.sdp.problem import Dense, Entries

IDENTITY = {(0, 0): 1, (1, 1): 1}


def least_eigenvalue(block: torch.Tensor) -> float:
    return float(torch.linalg.eigvalsh(block)[0])


@pytest.mark.parametrize("backend", ["native", "clarabel"])
def test_a_negative_entry_on_the_diagonal_is_infeasible(backend: str) -> None:
    problem = SdpProblem(
        blocks={"a": 2},
        rows=["trace", "corner"],
        rhs=[1, -1],
        terms=[Entries("a", "trace", IDENTITY), Entries("a", "corner", {(0, 0): 1})],
        cost_blocks=[Entries("a", None, {(0, 1): 1})],
    )
    result = solve(problem, backend=backend)
    assert result.status is Status.primal_infeasible
    assert "no point satisfies the constraints" in result.message
    assert result.primal.to_double() == math.inf
    x = result.duals.to_fmpq()
    assert abs(float(x[0] - x[1] - 1)) < 1e-12  # c . x = 1
    # -A^T(x) is psd up to the error of a ray, so <A(Y), x> <= 0 < c . x.
    assert least_eigenvalue(result.slacks["a"].to_double()) > -1e-7


def test_an_infeasible_program_to_maximize_shows_the_mirrored_ray() -> None:
    problem = SdpProblem(
        blocks={"a": 1},
        rows=["r"],
        rhs=[-2],
        terms=[Entries("a", "r", {(0, 0): 1})],
        sense="maximize",
    )
    result = solve(problem)
    assert result.status is Status.primal_infeasible
    assert result.primal.to_double() == -math.inf
    (x,) = result.duals.to_fmpq()
    assert abs(float(-2 * x + 1)) < 1e-12
    assert result.slacks["a"].to_double().item() == pytest.approx(0.5)


@pytest.mark.parametrize("backend", ["native", "clarabel"])
def test_an_unbounded_objective_shows_its_direction(backend: str) -> None:
    problem = SdpProblem(
        blocks={"a": 2},
        rows=["corner"],
        rhs=[1],
        terms=[Entries("a", "corner", {(0, 0): 1})],
        cost_blocks=[Dense("a", None, [[0, 0], [0, -1]])],
    )
    result = solve(problem, backend=backend)
    assert result.status is Status.dual_infeasible
    assert result.value == -math.inf
    Y = result.blocks["a"].to_fmpq_mat()
    assert abs(float(Y[1, 1] - 1)) < 1e-12
    assert abs(float(Y[0, 0])) < 1e-7
    assert least_eigenvalue(result.blocks["a"].to_double()) > -1e-12


def test_an_unbounded_free_variable_shows_its_direction() -> None:
    problem = SdpProblem(
        blocks={"a": 1},
        rows=["r"],
        rhs=[1],
        free=["y"],
        free_matrix=[[1]],
        cost_free=[-1],
        terms=[Entries("a", "r", {(0, 0): -1})],
    )
    result = solve(problem)
    assert result.status is Status.dual_infeasible
    (y,), Y = result.free.to_fmpq(), result.blocks["a"].to_fmpq_mat()
    assert abs(float(y - 1)) < 1e-12
    assert abs(float(Y[0, 0] - y)) < 1e-7


def test_feasible_programs_with_large_solutions_are_not_called_infeasible() -> None:
    """``y`` reaches 10^6: an iterate looks like a ray for a while."""
    big = fmpq(10) ** 6
    problem = SdpProblem(
        blocks={"a": 2},
        rows=["corner", "other"],
        rhs=[1, big],
        terms=[Entries("a", "corner", {(0, 0): 1}), Entries("a", "other", {(0, 1): fmpq(1, 2)})],
        cost_blocks=[Entries("a", None, {(1, 1): 1})],
    )
    result: SdpResult = solve(problem)
    assert result.status is Status.optimal  # Y = [[1, 10^6], [10^6, 10^12]]
    assert result.value == pytest.approx(1e12, rel=1e-11)
    exact = fmpq_mat([[1, big], [big, big * big]])
    assert abs(float(result.blocks["a"].to_fmpq_mat()[1, 1] / exact[1, 1] - 1)) < 1e-10
