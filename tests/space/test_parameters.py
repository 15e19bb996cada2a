"""Parameters: values go to coordinates and back, and wrong ones are named."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bosearch.errors import ParameterError, SpaceError
from bosearch.space import Choice, Integer, Parameter, Real, Sequence

UNIT = st.floats(0, 1)
FINITE = st.floats(-1e9, 1e9)


def through(parameter: Parameter, value: Any) -> Any:
    return parameter.decode(parameter.encode([value]))[0]


@given(FINITE, FINITE, UNIT)
def test_real_survives_encoding_to_a_few_ulp_of_its_range(a: float, b: float, u: float) -> None:
    low, high = sorted((a, b))
    if low == high:
        return
    value = min(max(low + u * (high - low), low), high)
    there = through(Real(low, high), value)
    assert low <= there <= high
    assert abs(there - value) <= 4 * math.ulp(max(abs(low), abs(high)))


@given(st.floats(1e-300, 1e300), st.floats(1e-300, 1e300), UNIT)
def test_log_real_survives_encoding(a: float, b: float, u: float) -> None:
    low, high = sorted((a, b))
    if high < low * (1 + 1e-6):
        return
    (value,) = Real(low, high, log=True).decode(np.array([[u]]))
    there = through(Real(low, high, log=True), value)
    assert low <= there <= high
    # The logarithm of 1e300 has an ulp of 1.1e-13, which is a relative error of the value.
    assert there == pytest.approx(value, rel=1e-12)


@given(st.integers(-(10**9), 10**9), st.integers(1, 10**9), UNIT, st.booleans())
def test_integer_survives_encoding_exactly(low: int, spread: int, u: float, log: bool) -> None:
    low = abs(low) + 1 if log else low
    value = low + round(u * spread)
    assert through(Integer(low, low + spread, log), value) == value


@pytest.mark.parametrize(
    ("low", "high", "log"), [(-(2**49), 2**50, False), (1, 2**40, True), (2**39, 2**40, True)]
)
def test_largest_integers_survive_encoding(low: int, high: int, log: bool) -> None:
    for value in (low, low + 1, (low + high) // 2, high - 1, high):
        assert through(Integer(low, high, log), value) == value


@given(st.text("ACGT", min_size=5, max_size=5))
def test_sequence_survives_encoding(value: str) -> None:
    parameter = Sequence("TGAC", 5)
    assert through(parameter, value) == value
    assert parameter.encode([value])[0].tolist() == ["TGAC".index(letter) for letter in value]


@pytest.mark.parametrize("ordered", [False, True])
def test_choice_survives_encoding_with_its_type(ordered: bool) -> None:
    parameter = Choice(["a", 2, 0.5, True, ""], ordered=ordered)
    for value in parameter.values:
        there = through(parameter, value)
        assert there == value
        assert type(there) is type(value)


def test_log_integers_lie_at_their_logarithms_and_are_drawn_by_their_cells() -> None:
    parameter = Integer(1, 8, log=True)
    expected = [math.log(v) / math.log(8) for v in range(1, 9)]
    assert parameter.encode(range(1, 9))[:, 0].tolist() == pytest.approx(expected)
    n = 20_000
    drawn = np.array(parameter.sample(n, np.random.default_rng(0)))
    for value in range(1, 9):
        p = math.log((value + 1) / value) / math.log(9)
        assert abs(np.mean(drawn == value) - p) < 4 * math.sqrt(p * (1 - p) / n)


def test_descriptors_are_scaled_by_column() -> None:
    by_value = {"b": [3, 5], "a": [1, 5], "c": [2, 5]}
    (factor,) = Choice(["a", "b", "c"], descriptors=by_value).factors
    assert factor.features == ((0, 0), (1, 0), (0.5, 0))


@pytest.mark.parametrize(
    ("parameter", "given_value", "expected"),
    [
        (Real(0, 2), 1, 1.0),
        (Real(0, 2), np.float32(0.5), 0.5),
        (Real(0, 2), np.array(1.5), 1.5),
        (Integer(0, 9), 2.0, 2),
        (Integer(0, 9), np.int8(3), 3),
        (Choice([1, 2]), 1.0, 1),
        (Choice([True, False]), np.bool_(True), True),
        (Choice(["a"]), np.str_("a"), "a"),
        (Sequence("AB", 2), np.str_("BA"), "BA"),
    ],
)
def test_values_become_canonical(parameter: Parameter, given_value: Any, expected: Any) -> None:
    value = parameter.validate(given_value, name="x")
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    ("parameter", "value", "message"),
    [
        (Real(0, 1), 1.5, r"'x': 1.5 is above the upper bound 1.0"),
        (Real(0, 1), -1, r"'x': -1 is below the lower bound 0.0"),
        (Real(0, 1), math.nan, r"'x': expected a number in \[0.0, 1.0\], got nan"),
        (Real(0, 1), math.inf, r"'x': inf is above"),
        (Real(0, 1), True, r"'x': expected a number, got True"),
        (Real(0, 1), "0.5", r"'x': expected a number, got '0.5'"),
        (Integer(0, 9), 2.5, r"'x': expected an integer, got 2.5"),
        (Integer(0, 9), np.bool_(True), r"'x': expected an integer"),
        (Integer(0, 9), 10**400, r"above the upper bound 9"),
        (Choice(["rbf", "poly"]), "rbg", r"did you mean 'rbf'\?"),
        (Choice([1, 2]), True, r"True is not one of its 2 values"),
        (Choice([True, False]), 1, r"1 is not one of its 2 values"),
        (Choice([1, 2]), [1], r"\[1\] is not one of"),
        (Sequence("AB", 2), "ABA", r"expected 2 letters, got 3"),
        (Sequence("AB", 2), "Ab", r"'b' at site 1 .*\n.*did you mean 'B'\?"),
        (Sequence("AB", 2), 7, r"expected a string of 2 letters"),
    ],
)
def test_wrong_values_are_named(parameter: Parameter, value: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        parameter.validate(value, name="x")


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Real(1, 1), "low must be below high"),
        (lambda: Real(2, 1), "swap them"),
        (lambda: Real(0, 1, log=True), "low > 0"),
        (lambda: Real(math.nan, 1), "low must be a finite number"),
        (lambda: Real(0, math.inf), "high must be a finite number"),
        (lambda: Real(-1e308, 1e308), "overflows"),
        (lambda: Real(0, True), "high must be a finite number"),
        (lambda: Real(0, "1"), "high must be a finite number"),  # type: ignore[arg-type]
        (lambda: Real(1, 2, log=1), "log must be True or False"),  # type: ignore[arg-type]
        (lambda: Integer(0, 1.5), "must be an integer"),  # type: ignore[arg-type]
        (lambda: Integer(0, 2**60), "within"),
        (lambda: Integer(0, 9, log=True), "low > 0"),
        (lambda: Choice([]), "at least one"),
        (lambda: Choice("abc"), "must be a list"),
        (lambda: Choice(["a", "a"]), "given twice"),
        (lambda: Choice([1, True]), "cannot be told apart"),
        (lambda: Choice([1, 1.0]), "cannot be told apart"),
        (lambda: Choice([math.nan]), "finite"),
        (lambda: Choice([None]), "expected a string"),  # type: ignore[list-item]
        (lambda: Choice(["a", "b"], descriptors=[[1]]), "one descriptor per value"),
        (lambda: Choice(["a", "b"], descriptors=[[1], [1, 2]]), "one length"),
        (lambda: Choice(["a", "b"], descriptors={"a": [1]}), "'b' has no descriptor"),
        (lambda: Choice(["a"], descriptors={"a": [1], "z": [2]}), "not a value"),
        (lambda: Choice(["a"], descriptors=[[math.nan]]), "finite"),
        (lambda: Choice(["a"], ordered=True, descriptors=[[1]]), "no descriptors"),
        (lambda: Sequence("", 2), "must be a string"),
        (lambda: Sequence("AA", 2), "twice"),
        (lambda: Sequence("AB", 0), "length must be an integer >= 1"),
        (lambda: Sequence("AB", 1.5), "length must be"),  # type: ignore[arg-type]
    ],
)
def test_bad_definitions_are_refused(build: Any, message: str) -> None:
    with pytest.raises(SpaceError, match=message):
        build()


def test_equal_definitions_are_equal_and_hash_alike() -> None:
    assert len({Real(0, 1), Real(0.0, 1.0), Integer(0, 1)}) == 2
    assert Choice(["a", "b"]) == Choice(("a", "b"))
