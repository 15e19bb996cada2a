from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from bosearch.sdp.multifloat import eft
from bosearch.sdp.multifloat.backend import Array

Pair = Callable[[Array, Array], tuple[Array, Array]]


def doubles(seed: int, exponent: int) -> Array:
    """Doubles of either sign with exponents up to ``exponent`` away from 0."""
    rng = np.random.default_rng(seed)
    return np.ldexp(rng.standard_normal((1, 400)), rng.integers(-exponent, exponent + 1, (1, 400)))


def product(x: Array, y: Array) -> tuple[Array, Array]:
    p = x * y
    return p, eft.product_error(p, eft.split(x), eft.split(y))


@pytest.mark.parametrize(
    ("transform", "operation", "exponent"),
    [
        (eft.two_sum, Fraction.__add__, 60),
        (eft.two_sum, Fraction.__add__, 900),
        (eft.two_difference, Fraction.__sub__, 60),
        (product, Fraction.__mul__, 60),
        (product, Fraction.__mul__, 400),
    ],
)
def test_result_and_error_sum_to_the_exact_value(
    transform: Pair, operation: Callable[[Fraction, Fraction], Fraction], exponent: int
) -> None:
    x, y = doubles(0, exponent), doubles(1, exponent)
    high, low = transform(x, y)
    for a, b, h, e in zip(x[0], y[0], high[0], low[0], strict=True):
        exact = operation(Fraction(a), Fraction(b))
        assert Fraction(h) + Fraction(e) == exact
        assert h == float(exact)  # rounded to nearest, as Fraction rounds


def test_halves_have_26_bits() -> None:
    x = doubles(2, 300)
    high, low = eft.split(x)
    assert (high + low == x).all()
    for half in (high, low):
        numerators = (Fraction(v).numerator for v in half[0])
        assert all((n // (n & -n)).bit_length() <= 26 for n in numerators if n)


@pytest.mark.parametrize("limbs", [2, 3, 4])
def test_distilled_limbs_do_not_overlap_even_when_leading_terms_cancel(limbs: int) -> None:
    # The sums of a column cancel down to its third term, or to its second.
    columns = [
        [1.0, -1.0, 2.0**-70, 2.0**-124, 2.0**-190],
        [2.0**-53, -(2.0**-53), 2.0**-106, -(2.0**-160), 2.0**-213],
        [2.0**-52, -(2.0**-52) + 2.0**-100, -(2.0**-100), 2.0**-120, 1e-47],
        [3.0, 2.0**-54, 1e-30, 1e-47, 1e-64],
    ]
    found = eft.distil([np.array([row]) for row in zip(*columns, strict=True)], limbs)
    for j, column in enumerate(columns):
        exact = sum(map(Fraction, column), Fraction(0))
        limb = [Fraction(float(x)) for x in found[:, j]]
        assert found[0, j] == float(exact)
        largest = max(map(abs, map(Fraction, column)))
        assert abs(exact - sum(limb)) <= largest * Fraction(2) ** (1 - 53 * limbs)
