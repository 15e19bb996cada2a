"""One iteration, held to the equations that define it."""

from collections import Counter

import pytest

from bosearch.sdp.interior_point import BREAKDOWNS, advance
from bosearch.sdp.iterate import Facts, Iterate, residuals
from bosearch.sdp.multifloat import cholesky
from bosearch.sdp.prepare import prepare
from bosearch.sdp.problem import SdpProblem
from bosearch.sdp.program import Program
from bosearch.sdp.start import initial
from tests.sdp.helpers import complementary, pentagon, two_point


def after(program: Program, iterations: int) -> Iterate:
    at = initial(program)
    for _ in range(iterations):
        at, _ = advance(program, at, residuals(program, at), Counter())
    return at


@pytest.mark.parametrize("problem", [pentagon(), two_point(8, 9), complementary(3)[0]])
def test_residuals_shrink_by_exactly_what_the_step_and_the_centring_leave(
    problem: SdpProblem,
) -> None:
    program = prepare(problem).program.at(2, None)
    at = initial(program)
    for _ in range(4):
        lack = residuals(program, at)
        at, steps = advance(program, at, lack, Counter())
        now = residuals(program, at)
        for old, new in zip(lack.rows, now.rows, strict=True):
            expected = old * (1.0 - float(steps.primal * (1.0 - steps.kept)))
            assert (new - expected).to_double().abs().max() < 1e-22
        for old, new in zip((*lack.slack, lack.free), (*now.slack, now.free), strict=True):
            if new.to_double().numel():
                expected = old * (1.0 - float(steps.dual * (1.0 - steps.kept)))
                assert (new - expected).to_double().abs().max() < 1e-22


def test_iterates_stay_inside_the_cones_and_in_the_padding() -> None:
    program = prepare(complementary(1, sizes=(8, 7), m=6)[0]).program.at(2, None)
    at = after(program, 6)
    (Y,), (Z,) = at.Y, at.Z
    for matrices in (Y, Z):
        assert bool(cholesky(matrices)[1].all())
        padding = matrices.to_double()[0, 1, 7]
        assert padding.tolist() == [0.0] * 7 + [1.0]


def test_the_duality_gap_of_a_feasible_iterate_is_its_complementarity() -> None:
    """``<C, Y> + d . y - c . x = <Y, Z>``, by the definition of the residuals."""
    program = prepare(two_point(8, 9)).program.at(2, None)
    (figures,) = residuals(program, after(program, 12)).figures.tolist()
    lack = Facts.of(figures)
    assert lack.primal_error < 1e-20
    assert lack.dual_error < 1e-20
    assert lack.primal - lack.dual == pytest.approx(lack.mu * program.order, rel=1e-10)


def test_an_iteration_factors_each_matrix_once() -> None:
    program = prepare(two_point(8, 9)).program.at(1, None)  # one cone, one family of clusters
    tally: Counter[str] = Counter()
    at = initial(program)
    advance(program, at, residuals(program, at), tally)
    assert tally == {"primal": 1, "dual": 1, "schur": 1, "free": 1}


def test_an_iterate_outside_the_cone_is_a_breakdown() -> None:
    program = prepare(pentagon()).program.at(1, None)
    at = initial(program)
    outside = Iterate(tuple(-Y for Y in at.Y), at.Z, at.x, at.y)
    _, steps = advance(program, outside, residuals(program, outside), Counter())
    assert BREAKDOWNS[int(steps.broken)] == "the primal matrix is not positive definite"
