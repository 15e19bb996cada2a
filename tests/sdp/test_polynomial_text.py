"""Texts are expanded exactly, and nothing else is run."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bosearch.errors import SdpError
from bosearch.sdp.polynomial_text import MAX_DEGREE, read_polynomial


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x", {(1,): 1}),
        ("x^4*y^2 + x^2*y^4 - 3*x^2*y^2 + 1", {(4, 2): 1, (2, 4): 1, (2, 2): -3, (0, 0): 1}),
        ("(x + y)**2 - 2*x*y", {(2, 0): 1, (0, 2): 1}),
        ("0.1*x", {(1,): Fraction(1, 10)}),
        ("x/3 - 1/6", {(1,): Fraction(1, 3), (0,): Fraction(-1, 6)}),
        ("1e-3*x", {(1,): Fraction(1, 1000)}),
        ("-x^2", {(2,): -1}),
        ("-(-x)", {(1,): 1}),
        ("+x - x", {}),
        ("2*3*x*x*x", {(3,): 6}),
        ("  (x-1)*(x+1) ", {(2,): 1, (0,): -1}),
    ],
)
def test_texts_are_expanded(text: str, expected: dict[tuple[int, ...], Any]) -> None:
    assert read_polynomial(text)[1] == expected


def test_variables_are_sorted_as_people_count() -> None:
    names, terms = read_polynomial("x10 + 2*x2 + 3*b")
    assert names == ("b", "x2", "x10")
    assert terms == {(0, 0, 1): 1, (0, 1, 0): 2, (1, 0, 0): 3}


def test_coefficients_are_taken_as_they_are() -> None:
    given_terms: dict[tuple[int, ...], int | Fraction] = {
        (2, 0): 3,
        (0, 2): Fraction(1, 3),
        (1, 1): 0,
    }
    names, terms = read_polynomial(given_terms)
    assert names == ("x1", "x2")
    assert terms == {(2, 0): 3, (0, 2): Fraction(1, 3)}


def test_a_sum_may_be_longer_than_parentheses_may_be_deep() -> None:
    text = " + ".join(f"{k}*x^{k % 7}" for k in range(1, 3000))
    _, terms = read_polynomial(text)
    assert terms == {(e,): sum(k for k in range(1, 3000) if k % 7 == e) for e in range(7)}


@given(
    st.dictionaries(
        st.tuples(st.integers(0, 5), st.integers(0, 5)),
        st.fractions(max_denominator=50).filter(bool),
        min_size=1,
    )
)
def test_written_polynomials_are_read_back(terms: dict[tuple[int, int], Fraction]) -> None:
    text = " + ".join(f"({c})*a^{i}*b^{j}" for (i, j), c in terms.items())
    assert read_polynomial(text) == (("a", "b"), terms)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "1 to 16 variables, not 0"),
        ("1", "1 to 16 variables, not 0"),
        ("x +", "'' is not expected"),
        ("x x", "'x' is not expected"),
        ("2x", "'x' is not expected"),
        ("x)", "'\\)' is not expected"),
        ("(x", "should close"),
        ("x/y", "no quotient by a number"),
        ("x/0", "divides by zero"),
        ("x/(1-1)", "divides by zero"),
        ("x^-1", "no power"),
        ("x^y", "no power"),
        ("x^0.5", "no power"),
        ("x^2^2", "is not expected"),
        ("sin(x)", "is not expected"),
        ("x.real", "cannot be read"),
        ("x[0]", "cannot be read"),
        ("'a'*x", "cannot be read"),
        ("0x10*x", "'x10\\*x' is not expected"),
        ("x >= 0", "cannot be read"),
        ("x\u00b2", "cannot be read"),
        ("__import__('os')", "is not expected|cannot be read"),
        (f"x^{MAX_DEGREE + 1}", "no power"),
        ("(x^90)^90", "too large"),
        ("(x^60)^3*x^60", "too large"),
        ("x*(9^99)^99", "too large"),
        ("1e99999*x", "too long a number"),
        ("1" * 5000 + "*x", "too long a number"),
        ("(a+b+c+d+e+f+g+h)^40", "too large"),
        ("(" * 150 + "x" + ")" * 150, "nested more than 100 deep"),
        ("-" * 50_000 + "x", "nested more than 100 deep"),
        ("+".join("abcdefghijklmnopq"), "1 to 16 variables, not 17"),
        ("x" * 200_000, "at most 100000 characters"),
    ],
)
def test_everything_else_is_refused(text: str, message: str) -> None:
    with pytest.raises(SdpError, match=message):
        read_polynomial(text)


@pytest.mark.parametrize(
    "terms",
    [None, {}, 3, {(1, 2): 1, (1,): 1}, {(-1,): 1}, {(1.0,): 1}, {1: 1}, {(1,): 0.5}, {(1,): True},
     {(): 1}, {(101,): 1}],
)  # fmt: skip
def test_badly_stated_coefficients_are_refused(terms: Any) -> None:
    with pytest.raises(SdpError):
        read_polynomial(terms)
