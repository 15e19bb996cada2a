"""What every backend promises, held against all of them; and what is peculiar to some."""

import importlib.metadata
import math
import time

import pytest

from bosearch.errors import SdpError
from bosearch.sdp import Status, solve
from bosearch.sdp.backends import NAMES, backend
from bosearch.sdp.problem import Entries, SdpProblem
from tests.sdp.helpers import complementary, pentagon, two_point


def installed(package: str) -> bool:
    try:
        importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


needs_sdpa = pytest.mark.skipif(
    not installed("sdpa-multiprecision"), reason="needs the package sdpa-multiprecision"
)
ALL = [pytest.param(name, marks=needs_sdpa if name == "sdpa-gmp" else ()) for name in NAMES]
DIGITS = {"native": 1e-11, "clarabel": 1e-6, "sdpa-gmp": 1e-11}  # relative, of an optimum


@pytest.mark.parametrize("name", ALL)
def test_theta_of_the_pentagon_is_sqrt_five(name: str) -> None:
    result = solve(pentagon(), backend=name)
    assert result.backend == name
    assert result.version
    assert result.value == pytest.approx(math.sqrt(5), rel=DIGITS[name])


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("sense", ["minimize", "maximize"])
def test_padded_blocks_and_free_variables_come_back_in_place(name: str, sense: str) -> None:
    problem, optimum = complementary(7, sizes=(8, 7, 2), m=6, k=2, sense=sense)  # type: ignore[arg-type]
    result = solve(problem, backend=name)
    assert result.value == pytest.approx(float(optimum), rel=DIGITS[name])
    assert result.errors.worst < 1e-6


@pytest.mark.parametrize("name", ALL)
def test_an_infeasible_program_is_recognised(name: str) -> None:
    problem = SdpProblem(
        blocks={"a": 2},
        rows=["trace", "corner"],
        rhs=[1, -1],
        terms=[
            Entries("a", "trace", {(0, 0): 1, (1, 1): 1}),
            Entries("a", "corner", {(0, 0): 1}),
        ],
    )
    assert solve(problem, backend=name).status is Status.primal_infeasible


@pytest.mark.parametrize("name", ALL)
def test_an_unbounded_program_is_recognised(name: str) -> None:
    problem = SdpProblem(
        blocks={"a": 2},
        rows=["corner"],
        rhs=[1],
        terms=[Entries("a", "corner", {(0, 0): 1})],
        cost_blocks=[Entries("a", None, {(1, 1): -1})],
    )
    assert solve(problem, backend=name).status is Status.dual_infeasible


@needs_sdpa
def test_sphere_packing_agrees_with_sdpa_gmp_to_the_digits_of_its_data() -> None:
    problem = two_point(8, 13)
    ours, theirs = solve(problem), solve(problem, backend="sdpa-gmp")
    # Data and solution of SDPA pass through doubles: about 14 digits.
    assert abs(float((ours.primal - theirs.primal).to_double())) < 2e-12
    assert not theirs.screen


def test_double_precision_is_a_screen_and_does_not_pretend_to_a_gap_it_missed() -> None:
    result = solve(two_point(8, 13), backend="clarabel")
    assert result.screen
    assert result.status is not Status.optimal
    assert result.value == pytest.approx(1.0144460, abs=1e-6)


@pytest.mark.parametrize("name", ["clarabel", pytest.param("sdpa-gmp", marks=needs_sdpa)])
def test_a_limit_of_iterations_is_not_a_solution(name: str) -> None:
    result = solve(pentagon(), backend=name, max_iterations=2)
    assert result.status not in (Status.optimal, Status.near_optimal)


@needs_sdpa
def test_the_subprocess_is_killed_when_time_is_up_or_it_is_cancelled() -> None:
    began = time.monotonic()
    problem = two_point(8, 41)
    late = solve(problem, backend="sdpa-gmp", time_s=0.3)
    assert late.status is Status.limit
    asked = iter([False, True])
    ended = solve(problem, backend="sdpa-gmp", cancel=lambda: next(asked))
    assert ended.status is Status.cancelled
    assert time.monotonic() - began < 20  # it would need half a minute each


def test_an_unknown_backend_comes_with_a_suggestion() -> None:
    with pytest.raises(SdpError, match=r"unknown backend 'sdpa'\n  hint: did you mean 'sdpa-gmp'"):
        solve(pentagon(), backend="sdpa")
    with pytest.raises(SdpError, match="one of native, clarabel, sdpa-gmp"):
        backend("x")


def test_a_backend_that_is_not_installed_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def nothing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr("bosearch.sdp.backends.sdpa_gmp.version", nothing)
    with pytest.raises(SdpError, match="hint: pip install sdpa-multiprecision"):
        solve(pentagon(), backend="sdpa-gmp")
