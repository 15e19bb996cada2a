"""Bases against those of the program, by another author of theirs, and against group theory."""

from itertools import permutations
from math import comb

import pytest
from flint import arb, arb_mat, fmpq, fmpq_mat

from bosearch.packing.invariants import chebyshev, far_parts, near_parts
from bosearch.verify.cube import Cube, Node
from bosearch.verify.squares import PARTS, Label, Part, Products, Vector

CASES = [(kind, name) for kind in PARTS for name in PARTS[kind]]


def at(points: list[fmpq], h: int) -> Cube:
    """Rational points in place of nodes: products become exact."""
    cube = Cube(len(points))
    cube.chebyshev = [[arb(t) for t in chebyshev(x, h + 1)] for x in points]
    return cube


def vectors(part: Part, cube: Cube, node: Node, labels: list[Label]) -> list[Vector]:
    return list(part.values(Products(cube, 6), node, labels))


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_bases_are_those_of_the_program(kind: str, name: str) -> None:
    points = [fmpq(1, 2), fmpq(-3, 8), fmpq(1, 8)]
    program = next(p for p in (near_parts if kind == "near" else far_parts)(6) if p.name == name)
    part = PARTS[kind][name]
    labels = list(part.labels(6))
    assert tuple(labels) == program.labels
    node = (2, 1, 0)
    table = [chebyshev(points[i], 7) for i in node]
    expected = [program.values(table, label) for label in labels]
    found = vectors(part, at(points, 6), node, labels)
    for i, vector in enumerate(found):
        assert [x.mid() for x in vector] == [arb(values[i]) for values in expected]
    weights = [fmpq(w, part.halves) for w in part.weights]
    assert weights == list(program.factors)


@pytest.mark.parametrize("h", [0, 1, 2, 5, 8])
@pytest.mark.parametrize("kind", PARTS)
def test_parts_together_have_all_polynomials(kind: str, h: int) -> None:
    dimensions = {"trivial": 1, "sign": 1, "standard": 2}
    counted = sum(dimensions[name] * len(part.labels(h)) for name, part in PARTS[kind].items())
    assert counted == comb(h + 3, 3)


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_lower_degrees_come_first(kind: str, name: str) -> None:
    labels = PARTS[kind][name].labels
    for h in range(7):
        assert labels(7)[: len(labels(h))] == labels(h)
        assert all(sum(label) <= h for label in labels(h))


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_sums_of_squares_are_invariant_and_not_negative(kind: str, name: str) -> None:
    points = [fmpq(7, 8), fmpq(-1, 4), fmpq(1, 2)]
    part = PARTS[kind][name]
    labels = list(part.labels(5))
    n = len(labels)
    root = fmpq_mat([[fmpq((3 * i + j * j) % 7 - 3, 4) for j in range(n)] for i in range(n)])
    Y = arb_mat(root * root.transpose())
    values = []
    for order in permutations(range(3)):
        if kind == "near" or order[2] == 2:
            cube = at([points[i] for i in order], 5)
            node = (2, 1, 0) if kind == "near" else (1, 0, 2)
            (value,) = part.sums(part.tables(Products(cube, 5), [node], labels), Y)
            assert value >= 0
            values.append(value)
    assert all(value.overlaps(values[0]) for value in values)
    assert values[0] > 0


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_smaller_matrices_take_the_first_polynomials(kind: str, name: str) -> None:
    cube, part = Cube(5), PARTS[kind][name]
    products, nodes = Products(cube, 4), [(4, 2, 1), (3, 3, 0)]
    labels = list(part.labels(4))
    few = len(labels) // 2
    Y = arb_mat([[arb(i + j + (i == j) * 9) for j in range(few)] for i in range(few)])
    cut = part.sums(part.tables(products, nodes, labels), Y)
    own = part.sums(part.tables(products, nodes, labels[:few]), Y)
    assert all(a.overlaps(b) for a, b in zip(cut, own, strict=True))
