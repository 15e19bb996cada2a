import pytest

from bosearch.sdp.iterate import residuals
from bosearch.sdp.prepare import prepare
from bosearch.sdp.problem import Entries, SdpProblem
from bosearch.sdp.start import initial
from tests.sdp.helpers import complementary, pentagon


def test_the_start_is_a_multiple_of_the_identity_and_one_in_the_padding() -> None:
    program = prepare(complementary(0, sizes=(8, 7), m=5)[0]).program.at(1, None)
    at = initial(program)
    for batch in (*at.Y, *at.Z):
        first, second = batch.to_double()[0]
        level = float(first[0, 0])
        assert level >= 10.0
        assert first.tolist() == [[level * (i == j) for j in range(8)] for i in range(8)]
        assert second[7].tolist() == [0.0] * 7 + [1.0]
        assert float(second[0, 0]) == level
    assert float(residuals(program, at).mu) == pytest.approx(
        float(at.Y[0].to_double()[0, 0, 0, 0] * at.Z[0].to_double()[0, 0, 0, 0])
    )


@pytest.mark.parametrize("small", [1, 10**4, 10**8])
def test_the_dual_start_lies_beyond_the_multipliers_that_are_needed(small: int) -> None:
    """``x`` must be ``small`` to satisfy ``B^T x = d``, and ``Z = -A^T(x)`` is as large."""
    problem = SdpProblem(
        blocks={"a": 2},
        rows=["r", "s"],
        rhs=[1, 1],
        free=["y"],
        free_matrix=[[1], [0]],
        cost_free=[-small],
        terms=[Entries("a", "r", {(0, 0): 1}), Entries("a", "s", {(1, 1): 1})],
        cost_blocks=[Entries("a", None, {(1, 1): 1})],
    )
    prepared = prepare(problem)
    at = initial(prepared.program.at(1, None))
    needed = small * 2.0 ** -int(prepared.cost_exponents)  # in the solver's scale
    assert float(at.Z[0].to_double()[0, 0, 0, 0]) >= 10 * needed


@pytest.mark.parametrize("large", [10**3, 10**6])
def test_the_primal_start_lies_far_beyond_what_is_needed(large: int) -> None:
    """``Y[0, 0]`` must be ``large``; a start near that may never get away."""
    problem = SdpProblem(
        blocks={"a": 2},
        rows=["r"],
        rhs=[large],
        terms=[Entries("a", "r", {(0, 0): 1})],
        cost_blocks=[Entries("a", None, {(0, 0): 1, (1, 1): 1})],
    )
    prepared = prepare(problem)
    at = initial(prepared.program.at(1, None), 1000.0)
    (least,) = (c.to_double().abs().max() for c in prepared.program.rhs)
    assert float(at.Y[0].to_double()[0, 0, 0, 0]) >= 500 * float(least)


def test_the_start_is_no_further_than_that() -> None:
    """The pentagon needs matrices of size one."""
    at = initial(prepare(pentagon()).program.at(1, None))
    assert float(at.Y[0].to_double()[0, 0, 0, 0]) < 50.0
    assert float(at.Z[0].to_double()[0, 0, 0, 0]) < 500.0
