"""Bases split by symmetry: checked by permuting coordinates, and by counting."""

from itertools import permutations
from math import comb

import numpy as np
import pytest
from flint import fmpq
from numpy.typing import NDArray

from bosearch.packing.invariants import Part, chebyshev, far_parts, near_parts

# d, and for multiplier 1 the sizes on near triples (a, b, c) and on far ones: table of CdLS.
SIZES = [
    (2, (4, 0, 3), (7, 3)),
    (3, (7, 1, 6), (13, 7)),
    (4, (11, 2, 11), (22, 13)),
    (5, (16, 4, 18), (34, 22)),
    (6, (23, 7, 27), (50, 34)),
    (7, (31, 11, 39), (70, 50)),
    (8, (41, 16, 54), (95, 70)),
    (9, (53, 23, 72), (125, 95)),
    (10, (67, 31, 94), (161, 125)),
]


def values(part: Part, points: NDArray[np.float64], degree: int) -> NDArray[np.float64]:
    """``rows of the representation x points x labels``."""
    T = [chebyshev(column, degree + 1) for column in points.T]
    return np.array([part.values(T, label) for label in part.labels]).transpose(1, 2, 0)


def points(count: int = 40) -> NDArray[np.float64]:
    return np.random.default_rng(3).uniform(-1.0, 1.0, (count, 3))


def test_chebyshev_polynomials_are_cosines() -> None:
    angle = np.linspace(0.0, np.pi, 7)
    for k, column in enumerate(chebyshev(np.cos(angle), 9)):
        np.testing.assert_allclose(column, np.cos(k * angle), atol=1e-13)
    assert chebyshev(fmpq(1, 2), 4) == [1, fmpq(1, 2), fmpq(-1, 2), -1]  # angle 60 degrees
    assert chebyshev(fmpq(1, 2), 0) == []


@pytest.mark.parametrize(("d", "near", "far"), SIZES)
def test_sizes_are_those_of_the_table(d: int, near: tuple[int, ...], far: tuple[int, ...]) -> None:
    assert tuple(part.size(d) for part in near_parts(12)) == near
    assert tuple(part.size(d) for part in far_parts(12)) == far


@pytest.mark.parametrize("degree", [0, 1, 2, 3, 4, 5, 6])
def test_parts_together_span_all_polynomials(degree: int) -> None:
    """Each representation occurs as often as its dimension: 1 + 1 + 2, and 1 + 1."""
    everything = comb(degree + 3, 3)
    for parts in (near_parts(degree), far_parts(degree)):
        assert sum(len(part.factors) * len(part.labels) for part in parts) == everything
        at = points(2 * everything)
        table = np.hstack(
            [row for part in parts if part.labels for row in values(part, at, degree)]
        )
        assert np.linalg.matrix_rank(table) == everything


def test_near_parts_transform_as_their_names_say() -> None:
    degree, at = 6, points()
    trivial, sign, standard = near_parts(degree)
    for order in permutations(range(3)):
        moved = at[:, order]
        parity = np.linalg.det(np.eye(3)[list(order)])
        np.testing.assert_allclose(
            values(trivial, moved, degree), values(trivial, at, degree), atol=1e-12
        )
        np.testing.assert_allclose(
            values(sign, moved, degree), parity * values(sign, at, degree), atol=1e-12
        )
        # all pairs of basis polynomials, so that any psd matrix gives an invariant
        for point, image in zip(at, moved, strict=True):
            np.testing.assert_allclose(
                gram(standard, image[None], degree), gram(standard, point[None], degree), atol=1e-11
            )


def gram(part: Part, at: NDArray[np.float64], degree: int) -> NDArray[np.float64]:
    """What multiplies a psd matrix, at one point."""
    rows = values(part, at, degree)[:, 0]  # rows x labels
    factors = np.array([float(factor) for factor in part.factors])
    product: NDArray[np.float64] = (rows.T * factors) @ rows
    return product


def test_far_parts_transform_as_their_names_say() -> None:
    degree, at = 5, points()
    even, odd = far_parts(degree)
    exchanged = at[:, [1, 0, 2]]
    np.testing.assert_allclose(
        values(even, exchanged, degree), values(even, at, degree), atol=1e-12
    )
    np.testing.assert_allclose(values(odd, exchanged, degree), -values(odd, at, degree), atol=1e-12)


@pytest.mark.parametrize("degree", [3, 6])
def test_labels_come_by_degree_so_that_lower_bases_are_prefixes(degree: int) -> None:
    for high, low in zip(near_parts(degree), near_parts(degree - 1), strict=True):
        assert high.labels[: high.size(degree - 1)] == low.labels
    for high, low in zip(far_parts(degree), far_parts(degree - 1), strict=True):
        assert high.labels[: high.size(degree - 1)] == low.labels


def test_rationals_and_doubles_agree() -> None:
    exact = [fmpq(3, 8), fmpq(-1, 4), fmpq(5, 16)]
    T = [chebyshev(x, 6) for x in exact]
    at = np.array([[float(x) for x in exact]])
    for part in (*near_parts(5), *far_parts(5)):
        found = np.array([[float(p) for p in part.values(T, label)] for label in part.labels]).T
        np.testing.assert_allclose(found, values(part, at, 5)[:, 0], atol=1e-14)
