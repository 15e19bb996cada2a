"""Invariant kernels on a ball against Gegenbauer polynomials and their definiteness."""

import numpy as np
import pytest
from flint import fmpq
from numpy.typing import NDArray
from scipy.special import eval_gegenbauer

from bosearch.packing.kernels import Kernels

EXTENT = fmpq(29, 2)


def vectors(dim: int, count: int) -> NDArray[np.float64]:
    """Points of the ball."""
    rng = np.random.default_rng(dim)
    made: NDArray[np.float64] = rng.standard_normal((count, dim))
    made *= (rng.uniform(0.0, float(EXTENT), count) ** 0.5 / np.linalg.norm(made, axis=1))[:, None]
    return made


def exact(x: float) -> fmpq:
    return fmpq(*x.as_integer_ratio())


def squared(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[fmpq, fmpq, fmpq]:
    return exact(float(x @ x)), exact(float(y @ y)), exact(float((x - y) @ (x - y)))


@pytest.mark.parametrize("dim", [2, 3, 4, 9])
def test_angular_part_is_a_gegenbauer_polynomial_of_the_cosine(dim: int) -> None:
    x, y = vectors(dim, 2)
    u, v = x @ x, y @ y
    cosine = (x @ y) / (u * v) ** 0.5
    for k, found in enumerate(Kernels(dim, EXTENT).angular(*squared(x, y), 9)):
        if dim == 2:
            expected = np.cos(k * np.arccos(cosine))
        else:
            order = dim / 2 - 1
            expected = eval_gegenbauer(k, order, cosine) / eval_gegenbauer(k, order, 1.0)
        expected *= (u * v / float(EXTENT) ** 2) ** (k / 2)
        assert float(found) == pytest.approx(expected, abs=1e-13)


@pytest.mark.parametrize("dim", [2, 3, 5])
def test_kernels_are_positive_definite(dim: int) -> None:
    kernels, at = Kernels(dim, EXTENT), vectors(dim, 14)
    square = [[kernels.angular(*squared(x, y), 7) for y in at] for x in at]
    for k in range(7):
        matrix = np.array([[float(values[k]) for values in row] for row in square])
        assert np.linalg.eigvalsh(matrix).min() > -1e-12


def test_split_sums_the_kernels_over_the_places() -> None:
    kernels, sizes = Kernels(4, EXTENT), (3, 2, 0, 1)
    x, y = vectors(4, 2)
    places = [squared(x, y), squared(-x, y - x), squared(x - y, -y)]
    for k, (size, (rows, weights)) in enumerate(
        zip(sizes, kernels.split(places, sizes), strict=True)
    ):
        total = sum(
            (
                float(weight) * np.outer(row, row)
                for row, weight in zip(np.array(rows, dtype=float), weights, strict=True)
            ),
            np.zeros((size, size)),
        )
        expected = np.zeros((size, size))
        for u, v, w in places:
            a, b = (np.array(kernels.radial(t, size), dtype=float) for t in (u, v))
            q = float(kernels.angular(u, v, w, 4)[k])
            expected += q * (np.outer(a, b) + np.outer(b, a)) / 2
        np.testing.assert_allclose(total, expected, atol=1e-13)


def test_radial_part_is_of_size_one_on_the_ball() -> None:
    for u in (fmpq(0), fmpq(3), EXTENT):
        assert all(abs(value) <= 1 for value in Kernels(4, EXTENT).radial(u, 10))
