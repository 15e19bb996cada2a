"""Bounds against known minima, closed forms, and a search by brute force."""

import itertools
import random
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.polynomial import Polynomial
from scipy.optimize import minimize

from bosearch.errors import CertificateError, SdpError
from bosearch.sdp.polynomials import sos_lower_bound
from bosearch.verify import verify

MOTZKIN = "x^4*y^2 + x^2*y^4 - 3*x^2*y^2 + 1"
ROBINSON = (
    "x^6 + y^6 + z^6 - x^4*y^2 - x^2*y^4 - x^4*z^2 - x^2*z^4 - y^4*z^2 - y^2*z^4 + 3*x^2*y^2*z^2"
)


def test_motzkins_minimum_is_zero_but_only_a_multiplier_proves_it() -> None:
    bound = sos_lower_bound(MOTZKIN, multiplier=1)
    assert bound.certified
    assert -1e-6 <= bound.bound <= 0
    assert bound.certificate is not None
    assert verify(bound.certificate).bound == bound.bound
    with pytest.raises(SdpError, match="no number is a lower bound") as caught:
        sos_lower_bound(MOTZKIN)
    assert "larger multiplier" in str(caught.value)


def test_robinsons_form_is_nonnegative_on_the_sphere_by_a_multiplier() -> None:
    # Not a sum of squares by itself, but |x|^2 times it is: Reznick (2000), section 4.
    without = sos_lower_bound(ROBINSON, domain="sphere").bound
    assert without < -0.01
    assert -1e-6 <= sos_lower_bound(ROBINSON, domain="sphere", multiplier=1).bound <= 0


def test_a_form_with_zeros_at_infinity_is_not_proved_in_space_and_the_hint_says_so() -> None:
    with pytest.raises(CertificateError, match="not proved") as caught:
        sos_lower_bound(ROBINSON.replace("z", "1"), multiplier=1)
    assert "sphere" in str(caught.value)


@pytest.mark.parametrize("seed", range(6))
def test_a_univariate_bound_is_the_minimum(seed: int) -> None:
    # Every nonnegative polynomial in one variable is a sum of squares: Hilbert (1888).
    rng = random.Random(seed)
    degree = rng.choice([2, 4, 6, 8])
    coefficients = [rng.randint(-9, 9) for _ in range(degree)] + [rng.randint(1, 9)]
    slope = Polynomial(coefficients).deriv()
    critical = [z.real for z in slope.roots() if abs(z.imag) < 1e-9]
    minimum = min(float(Polynomial(coefficients)(x)) for x in critical)
    bound = sos_lower_bound({(k,): c for k, c in enumerate(coefficients)}).bound
    assert minimum - 1e-7 * max(1.0, abs(minimum)) <= bound <= minimum + 1e-12 * abs(minimum)


@pytest.mark.parametrize(("n", "seed"), [(2, 0), (2, 1), (2, 2), (3, 3), (3, 4), (4, 5)])
def test_random_quartics_agree_with_brute_force(n: int, seed: int) -> None:
    # In two variables quartics have no gap (Hilbert); in more, random ones hardly ever do.
    rng = random.Random(seed)
    terms: dict[tuple[int, ...], int] = {}
    for m in itertools.product(range(5), repeat=n):
        if sum(m) <= 3:
            terms[m] = rng.randint(-9, 9)
    for i in range(n):
        terms[tuple(4 * (i == j) for j in range(n))] = rng.randint(3, 9)
    bound = float(sos_lower_bound(terms).bound)

    powers = np.array(list(terms), dtype=float)
    values = np.array(list(terms.values()), dtype=float)

    def p(x: Any) -> float:
        return float(values @ np.prod(np.asarray(x) ** powers, axis=1))

    starts = np.random.default_rng(seed).uniform(-3, 3, (60, n))
    found = min(float(minimize(p, x, method="BFGS", options={"gtol": 1e-9}).fun) for x in starts)
    assert bound <= found + 1e-9 * abs(found)  # a bound holds everywhere
    assert bound == pytest.approx(found, rel=1e-6)


@pytest.mark.parametrize(
    ("text", "minimum"),
    [
        ("x^2", Fraction(0)),
        ("(x*y - 1)^2 + x^2", Fraction(0)),  # not attained
        ("x^2*y^2", Fraction(0)),
        ("1/3*x^2 - 2/7*x", Fraction(-3, 49)),
        ("x^4 - 0.2*x^2 + y^2 - y", Fraction(-1, 100) - Fraction(1, 4)),
        ("10^6*(x - 1000)^2 + 123456", Fraction(123456)),
        ("(x - y)^2 + (y - z)^2 + (z - 1)^4", Fraction(0)),
    ],
)
def test_known_minima_are_bounded_closely(text: str, minimum: Fraction) -> None:
    bound = sos_lower_bound(text).bound
    margin = Fraction(1, 10**6) * max(Fraction(1), abs(minimum))
    assert minimum - margin <= bound <= minimum


def test_the_least_eigenvalue_is_the_bound_of_a_quadratic_form_on_the_sphere() -> None:
    rng = np.random.default_rng(1)
    A = rng.integers(-9, 9, (5, 5))
    A = A + A.T
    terms: dict[tuple[int, ...], int] = {}
    for i in range(5):
        for j in range(5):
            m = tuple(int((k == i) + int(k == j)) for k in range(5))
            terms[m] = terms.get(m, 0) + int(A[i, j])
    least = float(np.linalg.eigvalsh(A)[0])
    assert float(sos_lower_bound(terms, domain="sphere").bound) == pytest.approx(least, abs=1e-7)


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "x^3",
        "-x^2",
        "x*y",
        "x^4 - y^4",
        "x^2*y^2 + x",
        "x^4 + y^3",
        "x^2 + y^2*x - 3",
        "x^2*y",
    ],
)
def test_what_certainly_has_no_lower_bound_is_refused_by_its_term(text: str) -> None:
    with pytest.raises(SdpError, match="unbounded below: its term"):
        sos_lower_bound(text)


def test_unboundedness_that_only_the_solver_sees_is_refused() -> None:
    with pytest.raises(SdpError, match="no number is a lower bound"):
        sos_lower_bound("(x^2 - 2*y^2)^2 - 3*x^2*y^2 + x")


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"multiplier": -1}, "multiplier must be"),
        ({"multiplier": True}, "multiplier must be"),
        ({"multiplier": 17}, "multiplier must be"),
        ({"domain": "ball"}, "domain must be"),
        ({"domain": "sphere"}, "must be a form of even degree"),
    ],
)
def test_bad_arguments_are_refused(kwargs: dict[str, Any], message: str) -> None:
    with pytest.raises(SdpError, match=message):
        sos_lower_bound("x^2 + x", **kwargs)


def test_constants_and_large_polynomials_are_refused() -> None:
    with pytest.raises(SdpError, match="constant"):
        sos_lower_bound("x - x + 1")
    with pytest.raises(SdpError, match="would need 495 monomials"):
        sos_lower_bound("+".join(f"{v}^8" for v in "abcdefgh"))


def test_a_bound_without_certificate_says_so() -> None:
    bound = sos_lower_bound("x^4 - x", certify=False)
    assert not bound.certified
    assert bound.certificate is None
    assert float(bound.bound) == pytest.approx(-3 * 4 ** (-4 / 3), abs=1e-8)
