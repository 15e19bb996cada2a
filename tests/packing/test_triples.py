"""The domain of triples, against triangles that are drawn."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from flint import fmpq

from bosearch.packing.assembly import LETTERS, Which, degree
from bosearch.packing.triples import Shell, Triple, multiplier, squares

SHELL = Shell(fmpq(9), fmpq(16))


def drawn(which: Which, count: int) -> list[tuple[fmpq, fmpq, fmpq]]:
    """Squared distances of random triples of points in the plane."""
    rng = np.random.default_rng(5)
    found: list[tuple[fmpq, fmpq, fmpq]] = []
    while len(found) < count:
        x, y = rng.uniform(-4.0, 4.0, (2, 2))
        u, v, w = (Fraction(float(z @ z)).limit_denominator(10**6) for z in (x, y, x - y))
        if 9 <= u <= 16 and 9 <= v <= 16 and (9 <= w <= 16 if which == "near" else w >= 16):
            found.append(tuple(fmpq(t.numerator, t.denominator) for t in (u, v, w)))  # type: ignore[arg-type]  # three of them
    return found


def coordinates(which: Which, u: fmpq, v: fmpq, w: fmpq) -> Triple:
    def of(t: fmpq) -> fmpq:
        return (2 * t - SHELL.rho - SHELL.outer) / (SHELL.outer - SHELL.rho)

    z = of(w) if which == "near" else (2 * (w - u - v) / SHELL.outer - 1) / 3
    return of(u), of(v), z


@pytest.mark.parametrize("which", ["near", "far"])
def test_letters_are_nonnegative_on_triangles(which: Which) -> None:
    for triple in drawn(which, 30):
        at = coordinates(which, *triple)
        assert squares(which, at, SHELL.rho, SHELL.outer) == triple
        assert all(-1 <= x <= 1 for x in at)
        letters = SHELL.letters(which, at)
        assert set(letters) == set(LETTERS[which])
        assert all(0 <= float(value) <= 3 for value in letters.values())


def test_letters_are_the_polynomials_that_confine_triples() -> None:
    ((u, v, w),) = drawn("near", 1)
    ends = (SHELL.outer - SHELL.rho) ** 2 / 4
    g = [(t - SHELL.rho) * (SHELL.outer - t) / ends for t in (u, v, w)]
    letters = SHELL.letters("near", coordinates("near", u, v, w))
    assert letters["s1"] == g[0] + g[1] + g[2]
    assert letters["s2"] == g[0] * g[1] + g[1] * g[2] + g[2] * g[0]
    assert letters["s3"] == g[0] * g[1] * g[2]
    assert letters["G"] == (4 * u * v - (u + v - w) ** 2) / (4 * SHELL.extent**2)

    ((u, v, w),) = drawn("far", 1)
    g = [(t - SHELL.rho) * (SHELL.outer - t) / ends for t in (u, v)]
    letters = SHELL.letters("far", coordinates("far", u, v, w))
    assert letters["q1"] == g[0] + g[1]
    assert letters["q2"] == g[0] * g[1]
    assert letters["l"] == (w - SHELL.outer) / SHELL.extent


@pytest.mark.parametrize("which", ["near", "far"])
def test_degree_of_a_word_is_that_of_its_polynomial(which: Which) -> None:
    for word in [*((letter,) for letter in LETTERS[which]), tuple(sorted(LETTERS[which]))[:2]]:
        # differences of order k of a polynomial on a line vanish from its degree + 1 on
        line = [
            multiplier(
                SHELL.letters(which, (fmpq(i, 50), fmpq(2 * i + 3, 70), fmpq(5 - 3 * i, 90))), word
            )
            for i in range(12)
        ]
        orders = 0
        while any(line):
            line = [b - a for a, b in pairwise(line)]
            orders += 1
        assert orders == degree(which, word) + 1


def test_extent_is_short_and_a_little_above_the_outer_end() -> None:
    for outer in (fmpq(18, 1), fmpq(1, 3), fmpq(31415, 10**5), fmpq(1001)):
        extent = Shell(outer / 2, outer).extent
        assert outer <= extent <= outer * fmpq(17, 16)
        odd = int(extent.p) // (int(extent.p) & -int(extent.p))
        assert odd < 32
