import pytest
from flint import fmpq

from bosearch.errors import SdpError
from bosearch.sdp import solve
from bosearch.sdp.dependence import dependent_rows, independent_on_blocks
from bosearch.sdp.multifloat import MultiFloat
from bosearch.sdp.prepare import prepare
from bosearch.sdp.problem import Entries, Sampled, SdpProblem
from tests.sdp.helpers import complementary, pentagon, two_point


@pytest.mark.parametrize("problem", [pentagon(), two_point(8, 13), complementary(0)[0]])
def test_independent_rows_are_left_alone(problem: SdpProblem) -> None:
    assert independent_on_blocks(prepare(problem)) == [True]
    assert dependent_rows(problem) == ()


def traces(*, last: fmpq | int) -> SdpProblem:
    return SdpProblem(
        blocks={"a": 2, "b": 1},
        rows=["trace", "first", "other", "last"],
        rhs=[1, 0, 0, 1],
        terms=[
            Entries("a", "trace", {(0, 0): 1, (1, 1): 1}),
            Entries("a", "first", {(0, 0): 3}),
            Entries("b", "other", {(0, 0): 1}),
            Entries("a", "last", {(0, 0): last, (1, 1): 2}),
        ],
    )


def test_a_dependent_row_is_refused_by_name() -> None:
    problem = traces(last=5)
    assert dependent_rows(problem) == ("last",)
    with pytest.raises(SdpError, match=r"1 of 4 rows are linear combinations.*'last'\n  hint"):
        solve(problem)


def test_rows_that_only_doubles_confuse_are_independent() -> None:
    """A 2^-40 multiple of one more coordinate: double precision is in doubt, 212 bits are not."""
    problem = SdpProblem(
        blocks={"a": 2},
        rows=["one", "two"],
        rhs=[1, 1],
        terms=[
            Entries("a", "one", {(0, 0): 1, (1, 1): 1}),
            Entries("a", "two", {(0, 0): 1, (1, 1): 1 + fmpq(1, 2**40)}),
        ],
    )
    assert dependent_rows(problem) == ()


def test_samples_beyond_the_degree_are_dependent() -> None:
    """A form of two variables has three coefficients: of five samples two are implied."""
    vectors = [[1, s] for s in range(5)]
    problem = SdpProblem(
        blocks={"a": 2},
        rows=[f"p{s}" for s in range(5)],
        rhs=[1] * 5,
        terms=[Sampled("a", vectors, [1] * 5, range(5))],
    )
    assert dependent_rows(problem) == ("p3", "p4")


def test_a_dependence_through_rounded_limbs_is_found() -> None:
    third = MultiFloat.from_exact([[fmpq(1, 3), 1], [fmpq(2, 3), 2]], 2)
    problem = SdpProblem(
        blocks={"a": 2},
        rows=["r", "s"],
        rhs=[1, 4],
        terms=[Sampled("a", third, [1, 1], ["r", "s"])],
    )
    assert dependent_rows(problem) == ("s",)


def test_free_variables_may_make_rows_independent() -> None:
    free = SdpProblem(
        blocks={"a": 2},
        rows=["trace", "twice"],
        rhs=[1, 3],
        free=["y"],
        free_matrix=[[0], [1]],
        cost_free=[1],
        terms=[
            Entries("a", "trace", {(0, 0): 1, (1, 1): 1}),
            Entries("a", "twice", {(0, 0): 2, (1, 1): 2}),
        ],
        cost_blocks=[Entries("a", None, {(0, 1): 1})],
    )
    assert independent_on_blocks(prepare(free)) == [False]
    assert dependent_rows(free) == ()
    # Then y = 3 - 2 trace = 1, and the least of 2 Y_01 is -1.
    result = solve(free)
    assert result.status == "optimal"
    assert result.value == pytest.approx(0.0, abs=1e-11)
