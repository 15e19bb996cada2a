"""How numbers and times read."""

from decimal import Decimal

import pytest

from bosearch.report import words
from bosearch.study import Measurement


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0421, "0.042 s"),
        (9.94, "9.9 s"),
        (59, "59 s"),
        (185, "3 min 5 s"),
        (3 * 3600 + 125, "3 h 2 min"),
        (2 * 86400 + 4 * 3600, "2 d 4 h"),
    ],
)
def test_a_duration_reads_in_its_two_largest_units(seconds: float, text: str) -> None:
    assert words.duration(seconds) == text


def test_a_measurement_shows_its_error_only_if_there_is_one() -> None:
    assert words.measured(Measurement(0.123456789)) == "0.123457"
    assert words.measured(Measurement(0.5, 0.0)) == "0.5"
    assert words.measured(Measurement(0.5, 0.0123)) == "0.5 ± 0.012"


def test_a_value_told_with_all_its_digits_is_shown_with_all_of_them() -> None:
    exact = Decimal("0.12345678901234567890123")
    assert words.measured(Measurement(float(exact), exact=exact)) == str(exact)


def test_parameters_read_as_assignments() -> None:
    assert words.parameters({"x": 0.1 + 0.2, "n": 3, "kernel": "rbf"}) == "x=0.3, n=3, kernel=rbf"
