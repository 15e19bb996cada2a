"""Bounds of degree one, which a person can prove."""

import math

import pytest

from bosearch.errors import CertificateError
from bosearch.verify import verify
from tests.verify.certificates import changed, degree_one, gram


def closed_form(dim: int, rho: int, slope: int) -> float:
    volume: float = (rho / 8) ** (dim / 2) / math.gamma(dim / 2 + 1)
    return volume * (1 + slope * dim)


@pytest.mark.parametrize("dim", [1, 2, 3, 8, 15, 24, 64])
@pytest.mark.parametrize("slope", [1, 3])
def test_degree_one_proves_its_closed_form_and_not_less(dim: int, slope: int) -> None:
    rho = dim + 2
    density = closed_form(dim, rho, slope)
    made = degree_one(dim, rho, slope)
    above, below = f"{density * (1 + 1e-12):.60f}", f"{density * (1 - 1e-12):.60f}"
    assert verify(changed(made, ("density",), above)).density == above
    with pytest.raises(CertificateError, match="density is not proved"):
        verify(changed(made, ("density",), below))


def test_a_matrix_that_is_not_positive_definite_is_named() -> None:
    # a = 1 and rho = dim + 1 makes tau0 zero, rho = dim negative; the identity holds.
    for rho in (9, 8):
        with pytest.raises(CertificateError, match="tau0 is not positive definite: pivot 0"):
            verify(degree_one(8, rho, 1))


def test_an_identity_that_does_not_hold_is_named() -> None:
    with pytest.raises(CertificateError, match="identity"):
        verify(changed(degree_one(), ("grams", "tau1"), gram([2])))
    with pytest.raises(CertificateError, match="identity"):
        verify(changed(degree_one(), ("dim",), 7))


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("dim", 0, "dim must be an integer from 1 to 64, got 0"),
        ("dim", 65, "from 1 to 64"),
        ("dim", 8.0, "from 1 to 64, got 8.0"),
        ("degree", 2, "degree must be odd, got 2"),
        ("degree", 10**9, "degree must be an integer from 1 to"),
        ("degree", 3, "exponents: expected 2 items, got 1"),
        ("rho", "0", "rho must be positive"),
        ("rho", "-10", "rho must be positive"),
        ("rho", "20/2", "lowest terms"),
        ("rho", "1" * 3000, "rho must be positive and short"),
        ("rho", 10, "a rational such as"),
        ("density", "1", "a decimal such as"),
        ("density", "1e0", "a decimal such as"),
        ("density", "inf", "a decimal such as"),
        ("density", "-0.1", "a decimal such as"),
        ("grams", [], "grams: expected an object, got a list"),
    ],
)
def test_what_is_out_of_range_is_refused(key: str, value: object, message: str) -> None:
    with pytest.raises(CertificateError, match=message):
        verify(changed(degree_one(), (key,), value))
