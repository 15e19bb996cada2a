"""Rows match coefficients."""

from fractions import Fraction

from flint import fmpq

from bosearch.sdp.polynomial_program import SosProgram


def test_the_program_matches_coefficients() -> None:
    program = SosProgram(("x",), {(4,): Fraction(1), (1,): Fraction(-2)})
    problem = program.problem(program.basis())
    assert problem.blocks == {"gram": 3}
    assert problem.rows == ("1", "x", "x^2", "x^3", "x^4")
    assert problem.rhs == (0, -2, 0, 0, 1)


def test_a_multiplier_multiplies_both_sides() -> None:
    # (1 + x^2)(x^2 - bound) = x^4 + x^2 - bound (1 + x^2)
    program = SosProgram(("x",), {(2,): Fraction(1)}, multiplier=1)
    assert program.sides(3) == (
        {(4,): fmpq(3), (2,): fmpq(3)},
        {(2,): fmpq(3), (0,): fmpq(3)},
    )
    # On the sphere: x^2 (x^2 - bound x^2)
    program = SosProgram(("x",), {(2,): Fraction(1)}, multiplier=1, domain="sphere")
    assert program.sides(1) == ({(4,): fmpq(1)}, {(4,): fmpq(1)})
