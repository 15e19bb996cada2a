"""Rounding is as close as promised; absorption is exact."""

import random

import pytest
from flint import arb, arb_mat, ctx, fmpq, fmpq_poly, fmpz

from bosearch.errors import CertificateError
from bosearch.sdp.rounding import (
    DyadicGram,
    absorb,
    balanced_exponents,
    binary_order,
    to_hex,
    two_to,
)
from bosearch.verify.gram import Gram


def random_gram(n: int, rng: random.Random) -> arb_mat:
    """Positive definite, with rows of very different sizes."""
    with ctx.workprec(300):
        scales = [arb(rng.uniform(1, 2)) * arb(two_to(rng.randint(-200, 200))) for _ in range(n)]
        A = arb_mat([[arb(rng.gauss(0, 1)) for _ in range(n)] for _ in range(n)])
        G = (A * A.transpose()).mid()
        return arb_mat([[G[i, j] * scales[i] * scales[j] for j in range(n)] for i in range(n)])


def exact(value: arb) -> fmpq:
    mantissa, exponent = value.mid().man_exp()
    return mantissa * two_to(int(exponent))


@pytest.mark.parametrize("bits", [20, 80, 200])
def test_rounding_errors_are_half_a_unit_of_the_rows(bits: int) -> None:
    G = random_gram(6, random.Random(bits))
    exponents = balanced_exponents(G, bits)
    rounded = DyadicGram.rounded(G, exponents)
    for i in range(6):
        assert bits - 2 <= binary_order(G[i, i]) - 2 * exponents[i] <= bits + 2
        for j in range(6):
            unit = two_to(exponents[i] + exponents[j])
            assert abs(rounded.entry(i, j) - exact(G[i, j])) <= unit / 2
            assert rounded.entry(i, j) == rounded.entry(j, i)


def test_a_diagonal_entry_that_is_not_positive_is_refused() -> None:
    for entry in (0, -1):
        with pytest.raises(CertificateError, match="diagonal entry 1 of a Gram matrix"):
            balanced_exponents(arb_mat([[1, 0], [0, entry]]), 53)


def test_json_is_read_back_by_the_checker_to_the_same_numbers() -> None:
    rng = random.Random(5)
    G = random_gram(5, rng)
    rounded = DyadicGram.rounded(G, balanced_exponents(G, 90))
    deep = rounded.plus_diagonal(
        [fmpq(rng.randint(-9, 9), 2 ** rng.randint(0, 900)) for _ in range(5)]
    )
    read = Gram(deep.to_json(), "G", 5)
    for i in range(5):
        assert read.diagonal_entry(i) == deep.entry(i, i)
        for j in range(i):
            assert read.entry(i, j) == deep.entry(i, j)
    basis = [fmpq_poly([rng.randint(-5, 5) for _ in range(k + 1)]) for k in range(5)]
    assert read.square(basis) == deep.square(basis)
    zero = DyadicGram((0, 0), ((fmpz(0),),), (fmpq(0), fmpq(0))).to_json()
    assert zero == {"exponents": [0, 0], "lower": [["0"]], "diagonal": [["0", 0], ["0", 0]]}


def test_square_is_the_quadratic_form() -> None:
    gram = DyadicGram((1, -3), ((fmpz(5),),), (fmpq(7), fmpq(1, 8)))
    x = fmpq_poly([0, 1])
    basis = [x + 1, x * x - 2]
    assert gram.square(basis) == 7 * basis[0] ** 2 + fmpq(5, 2) * basis[0] * basis[1] + basis[
        1
    ] ** 2 * fmpq(1, 8)


def test_absorption_is_exact_and_stays_dyadic_over_monic_integer_polynomials() -> None:
    rng = random.Random(7)
    elements = [
        fmpq_poly([rng.randint(-(10**6), 10**6) for _ in range(k)] + [1]) for k in range(40)
    ]
    residual = fmpq_poly([fmpq(rng.randint(-99, 99), 2 ** rng.randint(0, 120)) for _ in range(40)])
    parts = absorb(residual, elements)
    total = fmpq_poly()
    for x, element in zip(parts, elements, strict=True):
        total += x * element
    assert total == residual
    assert all(x.q & (x.q - 1) == 0 and x.q <= 2**120 for x in parts)


def test_a_residual_of_too_high_a_degree_is_refused() -> None:
    with pytest.raises(CertificateError, match="degree 2 exceeds"):
        absorb(fmpq_poly([0, 0, 1]), [fmpq_poly([1]), fmpq_poly([0, 1])])
    assert absorb(fmpq_poly(), []) == []


def test_small_helpers() -> None:
    assert (two_to(3), two_to(-3)) == (fmpq(8), fmpq(1, 8))
    assert (to_hex(fmpz(-31)), to_hex(fmpz(0))) == ("-1f", "0")
    assert [binary_order(arb(x)) for x in (1, 2, 3, 0.75, -4)] == [1, 2, 2, 0, 3]
