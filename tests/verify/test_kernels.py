"""Kernels against Gegenbauer polynomials of another library, at points of space."""

from math import pi
from typing import Any

import numpy as np
import pytest
from flint import arb, fmpq
from numpy.typing import NDArray
from scipy.special import eval_chebyt, eval_gegenbauer

from bosearch.errors import CertificateError
from bosearch.verify.cube import Cube
from bosearch.verify.kernels import Kernel
from bosearch.verify.triples import Shell
from tests.verify.certificates import gram

Array = NDArray[np.float64]

SHELL = Shell(fmpq(9), fmpq(17), fmpq(18))
MATRICES: list[list[list[int]] | None] = [[[4], [1, 3], [-1, 1, 2]], [[2], [1, 5]], None, [[3]]]


def kernel(dim: int = 4, d: int = 3, matrices: Any = MATRICES) -> Kernel:
    return Kernel([None if m is None else gram(*m) for m in matrices], dim, d, SHELL.unit)


def value(dim: int, x: Array, y: Array) -> float:
    """``f3``, from lengths and the angle."""
    unit = float(SHELL.unit) / (2 * pi)
    a, b = float(np.linalg.norm(x)), float(np.linalg.norm(y))
    cosine = float(x @ y) / (a * b) if a * b else 0.0
    total = 0.0
    for k, rows in enumerate(MATRICES):
        if rows is not None:
            n = len(rows)
            F = np.array([[rows[max(i, j)][min(i, j)] for j in range(n)] for i in range(n)])
            m = [eval_chebyt(np.arange(n), 2 * t**2 / unit - 1) for t in (a, b)]
            if dim == 2:
                angular = eval_chebyt(k, cosine)
            else:
                lam = dim / 2 - 1
                angular = eval_gegenbauer(k, lam, cosine) / eval_gegenbauer(k, lam, 1.0)
            total += float(m[0] @ F @ m[1]) * (a * b / unit) ** k * float(angular)
    return total


def points(dim: int, u: float, v: float, w: float) -> tuple[Array, Array]:
    """Two points with these squared distances by ``2 pi``, in a plane."""
    a, b = np.sqrt(u / (2 * pi)), np.sqrt(v / (2 * pi))
    cosine = (u + v - w) / (2 * np.sqrt(u * v))
    x, y = np.zeros(dim), np.zeros(dim)
    x[0], y[:2] = a, (b * cosine, b * np.sqrt(1 - cosine**2))
    return x, y


@pytest.mark.parametrize("dim", [2, 3, 4, 8])
@pytest.mark.parametrize("kind", ["near", "far"])
def test_values_at_nodes_are_those_at_points_of_space(kind: str, dim: int) -> None:
    cube = Cube(7)
    at = kernel(dim).on_triples(kind, SHELL)(cube)
    checked = 0
    for node in [(i, j, k) for i in range(7) for j in range(i + 1) for k in range(j + 1)]:
        u, v, w = map(float, SHELL.squares(kind, *map(cube.point, node)))
        if 4 * u * v > (u + v - w) ** 2:
            x, y = points(dim, u, v, w)
            expected = value(dim, x, y)
            if kind == "near":
                expected += value(dim, -x, y - x) + value(dim, x - y, -y)
            assert float(at(node)) == pytest.approx(expected, abs=1e-9)
            checked += 1
    assert checked > 20


@pytest.mark.parametrize("dim", [2, 5])
def test_pairs_and_the_origin(dim: int) -> None:
    f3 = kernel(dim)
    zero = np.zeros(dim)
    assert float(f3.at_origin()) == pytest.approx(value(dim, zero, zero), abs=1e-12)
    for u in (fmpq(0), fmpq(5, 2), fmpq(11), fmpq(17)):
        x = np.zeros(dim)
        x[-1] = np.sqrt(float(u) / (2 * pi))
        expected = value(dim, x, x) + 2 * value(dim, x, zero)
        assert float(f3.on_pairs()(u)) == pytest.approx(expected, abs=1e-9)


def test_without_an_isotropic_part_the_origin_has_no_value() -> None:
    f3 = kernel(matrices=[None, [[2]]])
    assert f3.at_origin() == 0
    assert f3.on_pairs()(SHELL.unit) == 2


def test_kernel_is_positive_definite_when_its_matrices_are() -> None:
    kernel().prove_positive_definite()
    rng = np.random.default_rng(0)
    X = rng.standard_normal((40, 4))
    matrix = np.array([[value(4, x, y) for y in X] for x in X])
    assert np.linalg.eigvalsh(matrix).min() > -1e-9 * np.abs(matrix).max()
    with pytest.raises(CertificateError, match="kernels: 1 is not positive definite"):
        kernel(matrices=[[[1]], [[1], [2, 3]]]).prove_positive_definite()


@pytest.mark.parametrize(
    ("matrices", "message"),
    [
        ([], "kernels: expected 1 to 7 items, got 0"),
        ([None, None], "expected at least one matrix"),
        ([[[1]]] * 8, "kernels: expected 1 to 7 items, got 8"),
        ([[[1]] * 5], "kernels: 0: exponents: expected 1 to 4 items, got 5"),
        ([None] * 6 + [[[1]] * 2], "kernels: 6: exponents: expected 1 items, got 2"),
    ],
)
def test_degree_is_bounded_by_the_sizes(matrices: Any, message: str) -> None:
    with pytest.raises(CertificateError, match=message):
        kernel(matrices=matrices)


def test_precision_of_balls_is_that_of_the_numbers() -> None:
    at = kernel().on_triples("near", SHELL)(Cube(7))
    assert isinstance(at((3, 2, 1)), arb)
    assert at((3, 2, 1)).rad() < 1e-9
