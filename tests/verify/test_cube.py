"""Polynomials whose Chebyshev coefficients are known."""

from collections.abc import Callable
from itertools import product

import pytest
from flint import arb, ctx, fmpq

from bosearch.verify.cube import Cube, Node

Function = Callable[[arb, arb, arb], arb]


def bound(f: Function, count: int) -> arb:
    cube = Cube(count)
    values = {
        (i, j, k): f(cube.point(i), cube.point(j), cube.point(k))
        for i, j, k in product(range(count), repeat=3)
    }
    return cube.upper_bound(values)


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda x, y, z: arb(-3), fmpq(-3)),
        (lambda x, y, z: x**3 * y - 2, fmpq(-1)),  # x^3 = (3 T_1 + T_3) / 4
        (lambda x, y, z: 5 * z * z * y - 7 * x * y * z, fmpq(12)),
        (lambda x, y, z: -(z * z) / 2 - fmpq(1, 8), fmpq(-1, 8)),  # attained at z = 0
        (lambda x, y, z: 8 * x**4 - 8 * x**2 + 1 - 3 * y**2, fmpq(1)),  # T_4(x) - 3 (1 + T_2(y))/2
    ],
)
@pytest.mark.parametrize("count", [5, 8])
def test_bound_is_the_sum_of_the_coefficients(f: Function, expected: fmpq, count: int) -> None:
    found = bound(f, count)
    assert found.contains(expected)
    assert found.rad() < 1e-10


def test_bound_holds_between_the_nodes() -> None:
    def f(x: arb, y: arb, z: arb) -> arb:
        return (x - y) ** 3 * (z + fmpq(1, 3)) - (x + 2 * z) ** 2 * y

    most = bound(f, 4)
    line = [fmpq(i, 7) for i in range(-7, 8)]
    assert not any(f(arb(x), arb(y), arb(z)) > most for x, y, z in product(line, repeat=3))


def test_bound_is_as_sharp_as_the_precision_allows() -> None:
    with ctx.workprec(300):
        found = bound(lambda x, y, z: (x * y * z) ** 6 - 1, 7)
        assert abs(found) < 1e-80  # 1 at a corner: the sum of all coefficients of x^6 is 1


def test_unsure_values_give_an_unsure_bound() -> None:
    cube = Cube(2)
    values: dict[Node, arb] = {(i, j, k): arb(-1, 2) for i, j, k in product(range(2), repeat=3)}
    assert not cube.upper_bound(values) < 0
    assert not cube.upper_bound({**values, (0, 0, 0): arb("nan")}) < 0
