"""Against flint's Laguerre functions, quadrature, and the Fourier integral itself."""

import math

import numpy as np
import pytest
from flint import arb, ctx, fmpq
from scipy.integrate import quad
from scipy.special import roots_genlaguerre

from bosearch.packing.laguerre import laguerre_zeros, log2_norms, monic_laguerre


@pytest.mark.parametrize("dim", [1, 2, 3, 8, 24, 63])
@pytest.mark.parametrize("width", [1, 2])
def test_polynomials_are_monic_multiples_of_flints(dim: int, width: int) -> None:
    x = fmpq(22, 7)
    for k, p in enumerate(monic_laguerre(dim, 12, width=width)):
        assert p.degree() == k
        assert p[k] == 1
        with ctx.workprec(300):
            L = arb(x / width).laguerre_l(arb(k), arb(fmpq(dim, 2) - 1))
            multiple = arb(-width) ** k * arb(math.factorial(k))
            assert (multiple * L).overlaps(arb(p(x)))


def test_coefficients_are_dyadic_and_of_width_two_integers() -> None:
    for dim in (1, 2, 7, 24):
        for p in monic_laguerre(dim, 20, width=2):
            assert p.denom() == 1
        for p in monic_laguerre(dim, 20):
            assert p.denom() & (p.denom() - 1) == 0


@pytest.mark.parametrize("k", range(6))
@pytest.mark.parametrize("y", [0.0, 0.3, 1.1])
def test_they_are_eigenfunctions_of_the_fourier_transform(k: int, y: float) -> None:
    coefficients = [float(c.p) / float(c.q) for c in monic_laguerre(1, k + 1)[k].coeffs()]
    radial = [float(c.p) / float(c.q) for c in monic_laguerre(3, k + 1)[k].coeffs()]

    def line(x: float) -> float:
        s = 2 * math.pi * x * x
        return float(np.polyval(coefficients[::-1], s)) * math.exp(-s / 2)

    def space(x: float) -> float:
        s = 2 * math.pi * x * x
        return float(np.polyval(radial[::-1], s)) * math.exp(-s / 2)

    transform, _ = quad(lambda x: 2 * line(x) * math.cos(2 * math.pi * x * y), 0, 6, epsabs=1e-11)
    assert transform == pytest.approx((-1) ** k * line(y), abs=1e-8 * math.factorial(k + 1))

    # In space: f^(y) = (2 / y) int x f(x) sin(2 pi x y) dx, and sin(a) / a -> 1 at the origin.
    def integrand(x: float) -> float:
        return 4 * math.pi * x * x * space(x) * float(np.sinc(2 * x * y))

    transform, _ = quad(integrand, 0, 6, epsabs=1e-11)
    assert transform == pytest.approx((-1) ** k * space(y), abs=1e-8 * math.factorial(k + 1))


def test_norms_are_right_to_half_a_binary_digit() -> None:
    # Gamma(alpha + 1) ||l_k||^2 = k! Gamma(k + alpha + 1)
    for dim, width in ((1, 1), (8, 2), (24, 1)):
        alpha = dim / 2 - 1
        for k, e in enumerate(log2_norms(dim, 30, width=width)):
            log = (math.lgamma(k + 1) + math.lgamma(k + alpha + 1) - math.lgamma(alpha + 1)) / 2
            assert abs(log / math.log(2) + k * math.log2(width) - e) <= 0.5 + 1e-9


@pytest.mark.parametrize(("dim", "count"), [(1, 4), (2, 42), (8, 42), (24, 58), (64, 100)])
def test_zeros_are_those_of_gauss_and_laguerre(dim: int, count: int) -> None:
    zeros = [float(z.p) / float(z.q) for z in laguerre_zeros(dim, count)]
    assert zeros == pytest.approx(roots_genlaguerre(count, dim / 2 - 1)[0], rel=1e-9)
    assert zeros == sorted(set(zeros))
    assert zeros[0] > 0
