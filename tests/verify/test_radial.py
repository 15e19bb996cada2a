"""Functions of degree one in closed form, and the Fourier transform by quadrature."""

from typing import Any

import numpy as np
import pytest
from flint import fmpq, fmpq_poly
from scipy.integrate import quad

from bosearch.errors import CertificateError
from bosearch.verify.radial import odd_degree, prove_radial, short_positive
from bosearch.verify.reading import Section
from tests.verify.certificates import degree_one, gram


@pytest.mark.parametrize("dim", [1, 3, 8])
@pytest.mark.parametrize("slope", [1, 3])
def test_degree_one_has_its_closed_form(dim: int, slope: int) -> None:
    end = dim + 2
    f = prove_radial(degree_one(dim, end, slope)["grams"], dim, 1, fmpq(end))
    assert f.transform == fmpq_poly([1, slope])
    assert f.function == fmpq_poly([1 + slope * dim, -slope])


def test_transform_is_that_of_the_function() -> None:
    """In one dimension, the cosine integral of ``f`` is its transform, by quadrature."""
    f = prove_radial(degree_one(1, 3, 1)["grams"], 1, 1, fmpq(3))

    def value(p: fmpq_poly, x: float) -> float:
        s = 2 * np.pi * x * x
        return sum(float(c) * s**k for k, c in enumerate(p.coeffs())) * float(np.exp(-s / 2))

    for y in (0.0, 0.3, 1.0):
        integral, _ = quad(
            lambda x, y=y: 2 * value(f.function, x) * np.cos(2 * np.pi * x * y), 0, 9
        )
        assert integral == pytest.approx(value(f.transform, y), abs=1e-9)


def test_function_must_end_where_it_is_said_to() -> None:
    grams = degree_one(8, 10, 1)["grams"]
    for end in (fmpq(9), fmpq(11), fmpq(10) + fmpq(1, 2**60)):
        with pytest.raises(CertificateError, match="identity"):
            prove_radial(grams, 8, 1, end)
    with pytest.raises(CertificateError, match="sigma1 is not positive definite"):
        prove_radial({**degree_one(8, 10, 0)["grams"], "tau0": gram([-1])}, 8, 1, fmpq(10))


@pytest.mark.parametrize("value", ["0", "-1", "1/0", "2/4", "1" * 30, 1, None])
def test_only_short_positive_rationals_are_read(value: Any) -> None:
    with pytest.raises(CertificateError):
        short_positive(Section({"x": value}, "it", ("x",)), "x")
    assert short_positive(Section({"x": "7/4"}, "it", ("x",)), "x") == fmpq(7, 4)


def test_only_odd_degrees_are_read() -> None:
    assert odd_degree(Section({"degree": 7}, "it", ("degree",))) == 7
    for value in (0, 2, 203, 1.0, "1", True):
        with pytest.raises(CertificateError, match="degree must be"):
            odd_degree(Section({"degree": value}, "it", ("degree",)))
