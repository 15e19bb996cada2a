"""Matrices that are barely, and barely not, positive definite."""

import random
from typing import Any

import pytest
from flint import fmpq, fmpq_mat, fmpq_poly, fmpz_mat

from bosearch.errors import CertificateError
from bosearch.verify.gram import Gram
from tests.verify.certificates import gram


def of(matrix: fmpz_mat) -> Gram:
    rows = [[int(matrix[i, j]) for j in range(i + 1)] for i in range(matrix.nrows())]
    return Gram(gram(*rows), "G", len(rows))


def hilbert(n: int) -> fmpz_mat:
    common = 232792560 * 23 * 29 * 31 * 37  # of 1 .. 22 and more
    return fmpz_mat([[common // (i + j + 1) for j in range(n)] for i in range(n)])


def test_the_hilbert_matrix_is_proved_positive_definite() -> None:
    of(hilbert(11)).prove_positive_definite()  # condition 5e14, determinant 1e-65 times scale


def test_one_unit_decides() -> None:
    n = 11
    H = hilbert(n)
    minor = fmpz_mat([[H[i, j] for j in range(n - 1)] for i in range(n - 1)])
    schur = fmpq(H.det(), minor.det())  # of the last entry: H[n-1, n-1] less this is singular
    for change, positive in ((schur.floor(), True), (schur.ceil(), False)):
        G = fmpz_mat(H)
        G[n - 1, n - 1] -= change
        assert (fmpz_mat(G).det() > 0) == positive
        if positive:
            of(G).prove_positive_definite()
        else:
            with pytest.raises(CertificateError, match="pivot 10"):
                of(G).prove_positive_definite()


def test_more_bits_are_used_where_128_do_not_tell() -> None:
    big = 1 << 400
    of(fmpz_mat([[big, big], [big, big + 1]])).prove_positive_definite()
    with pytest.raises(CertificateError, match="pivot 1 is <= 0"):
        of(fmpz_mat([[big, big], [big, big - 1]])).prove_positive_definite()
    with pytest.raises(CertificateError, match=r"pivot 1 is <= 0|pivot 1 is 0 to"):
        of(fmpz_mat([[big, big], [big, big]])).prove_positive_definite()


def test_random_matrices_are_judged_as_sylvester_does() -> None:
    rng = random.Random(3)
    seen = set()
    for _ in range(60):
        n = rng.randint(1, 6)
        A = fmpz_mat([[rng.randint(-9, 9) for _ in range(n)] for _ in range(n)])
        shift = rng.randint(-40, 20)
        G = A * A.transpose() + fmpz_mat([[shift * (i == j) for j in range(n)] for i in range(n)])
        minors = [
            fmpz_mat([[G[i, j] for j in range(k)] for i in range(k)]).det() for k in range(1, n + 1)
        ]
        positive = all(minor > 0 for minor in minors)
        seen.add(positive)
        try:
            of(G).prove_positive_definite()
        except CertificateError:
            assert not positive
        else:
            assert positive
    assert seen == {True, False}


def test_exponents_scale_rows_and_the_diagonal_has_its_own() -> None:
    document: dict[str, Any] = {
        "exponents": [3, -5],
        "lower": [["-7"]],
        "diagonal": [["1f", 2], ["3", -12]],
    }
    G = Gram(document, "G", 2)
    assert G.entry(1, 0) == fmpq(-7, 4)
    assert G.diagonal_entry(0) == 31 * 4
    assert G.diagonal_entry(1) == fmpq(3, 4096)
    x = fmpq_poly([0, 1])
    square = G.square([fmpq_poly([1]), x])
    assert square == 124 - fmpq(7, 2) * x + fmpq(3, 4096) * x * x
    exact = fmpq_mat([[124, fmpq(-7, 4)], [fmpq(-7, 4), fmpq(3, 4096)]])
    assert exact.det() < 0
    with pytest.raises(CertificateError, match="pivot 1"):
        G.prove_positive_definite()


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("exponents", [0], "exponents: expected 2 items, got 1"),
        ("exponents", [0, 10**6], "exponent 1 must be an integer"),
        ("exponents", [0, True], "exponent 1 must be an integer"),
        ("lower", [], "lower: expected 1 items, got 0"),
        ("lower", [["1", "1"]], "row 1: expected 1 items, got 2"),
        ("lower", [["01"]], "hexadecimal"),
        ("lower", [["-0"]], "hexadecimal"),
        ("lower", [["1F"]], "hexadecimal"),
        ("lower", [["f" * 4001]], "at most 4000 digits"),
        ("lower", [[1]], "hexadecimal integer such as '-1f', got a number"),
        ("diagonal", [["1", 0]], "diagonal: expected 2 items, got 1"),
        ("diagonal", [["1", 0], ["1"]], "entry \\(1, 1\\): expected 2 items, got 1"),
        ("diagonal", [["1", 0], ["1", 10**5]], "must be an integer"),
    ],
)
def test_a_misshapen_matrix_is_refused(key: str, value: Any, message: str) -> None:
    document = {**gram([2], [1, 2]), key: value}
    with pytest.raises(CertificateError, match=message):
        Gram(document, "G", 2)
