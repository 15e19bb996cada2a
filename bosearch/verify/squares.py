r"""Sums of squares of polynomials in three coordinates that permutations leave alone.

For indices ``a, b, c`` let ``p_1``, ``p_2``, ``p_3`` be ``T_a`` of the first, second, third
coordinate by ``T_b T_c + T_c T_b`` of the other two; by ``T_b T_b``, if ``b = c``. Permuting the
coordinates permutes them. *Near*, where all of S_3 permutes the coordinates, there are

- ``trivial``: ``s^T Y s`` with ``s = p_1 + p_2 + p_3``, for all ``a >= b >= c``;
- ``sign``: ``p^T Y p`` with ``p`` the determinant of ``T_a, T_b, T_c`` at the three coordinates,
  which changes its sign at most, for all ``a > b > c``;
- ``standard``: ``(m^T Y m + 3 n^T Y n) / 2`` with ``m = 2 p_1 - p_2 - p_3``, ``n = p_2 - p_3``,
  which is ``3 sum_i p_i^T Y p_i - s^T Y s`` and therefore invariant; for all ``a > b > c`` both
  ``(a, b, c)`` and ``(c, a, b)``, and of two equal indices and another the other first.

*Far*, where the first two coordinates are exchanged,

- ``trivial``: ``p^T Y p`` with ``p = (T_a T_b + T_b T_a) T_c``, or ``T_a T_a T_c``, ``a >= b``;
- ``sign``: likewise with ``p = (T_a T_b - T_b T_a) T_c``, ``a > b``.

In each case for ``a + b + c <= h``, sorted by that sum and then by ``(a, b, c)``. Which
polynomials there are makes no difference to the truth of what is proved. All have degree
at most ``2h`` in the three coordinates together.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, final

from flint import arb, arb_mat

from bosearch.verify.cube import Cube, Node

Label = tuple[int, int, int]
Vector = list[arb]


@final
class Products:
    """Products of two Chebyshev polynomials at two nodes ``i >= j`` of a cube, for ``b >= c``."""

    def __init__(self, cube: Cube, h: int) -> None:
        self.chebyshev = T = cube.chebyshev
        indices = [(b, c) for b in range(h + 1) for c in range(b + 1) if b + c <= h]
        self.even, self.odd = {}, {}
        for i in range(cube.count):
            for j in range(i + 1):
                straight = {(b, c): T[i][b] * T[j][c] for b, c in indices}
                crossed = {(b, c): T[i][c] * T[j][b] for b, c in indices}
                self.even[i, j] = {
                    (b, c): x if b == c else x + crossed[b, c] for (b, c), x in straight.items()
                }
                self.odd[i, j] = {pair: x - crossed[pair] for pair, x in straight.items()}


class Part(NamedTuple):
    """One kind of sums of squares: weights of ``v^T Y v``, one for each vector of values."""

    weights: tuple[int, ...]
    halves: int  # the sum is divided by it
    labels: Callable[[int], Sequence[Label]]
    values: Callable[[Products, Node, Sequence[Label]], Iterator[Vector]]

    def tables(
        self, products: Products, nodes: Sequence[Node], labels: Sequence[Label]
    ) -> list[list[Vector]]:
        """Vectors at nodes, one table for each weight."""
        rows = [tuple(self.values(products, node, labels)) for node in nodes]
        return [list(column) for column in zip(*rows, strict=True)]

    def sums(self, tables: Sequence[Sequence[Vector]], Y: arb_mat) -> list[arb]:
        """Values of the sum of squares, one per node."""
        made = [arb(0)] * len(tables[0])
        for weight, table in zip(self.weights, tables, strict=True):
            V = arb_mat([row[: Y.nrows()] for row in table])
            left, right = V.entries(), (V * Y).entries()
            for i in range(len(table)):
                at = slice(i * Y.nrows(), (i + 1) * Y.nrows())
                form = sum((x * y for x, y in zip(left[at], right[at], strict=True)), arb(0))
                made[i] += weight * form / self.halves
        return made


def _sorted(labels: Iterator[Label]) -> list[Label]:
    return sorted(labels, key=lambda label: (sum(label), label))


def _descending(h: int) -> Iterator[Label]:
    for a in range(h + 1):
        for b in range(a + 1):
            for c in range(min(b, h - a - b) + 1):
                yield a, b, c


def _standard_labels(h: int) -> Iterator[Label]:
    for a, b, c in _descending(h):
        if a > b > c:
            yield a, b, c
            yield c, a, b
        elif a > b:
            yield a, b, c
        elif b > c:
            yield c, a, b


def _far_labels(h: int) -> Iterator[Label]:
    for a in range(h + 1):
        for b in range(min(a, h - a) + 1):
            for c in range(h - a - b + 1):
                yield a, b, c


def _placements(products: Products, node: Node, label: Label) -> tuple[arb, arb, arb]:
    """``p_1, p_2, p_3`` at a node ``i >= j >= k``; its second and third index descend."""
    i, j, k = node
    a, *pair = label
    T, even, bc = products.chebyshev, products.even, (pair[0], pair[1])
    return T[i][a] * even[j, k][bc], T[j][a] * even[i, k][bc], T[k][a] * even[i, j][bc]


def _near_trivial(products: Products, node: Node, labels: Sequence[Label]) -> Iterator[Vector]:
    yield [sum(_placements(products, node, label), arb(0)) for label in labels]


def _near_standard(products: Products, node: Node, labels: Sequence[Label]) -> Iterator[Vector]:
    placed = [_placements(products, node, label) for label in labels]
    yield [2 * one - two - three for one, two, three in placed]
    yield [two - three for _, two, three in placed]


def _near_sign(products: Products, node: Node, labels: Sequence[Label]) -> Iterator[Vector]:
    i, j, k = node
    x, odd = products.chebyshev[i], products.odd[j, k]
    yield [x[a] * odd[b, c] - x[b] * odd[a, c] + x[c] * odd[a, b] for a, b, c in labels]


def _far_trivial(products: Products, node: Node, labels: Sequence[Label]) -> Iterator[Vector]:
    i, j, k = node
    even, z = products.even[i, j], products.chebyshev[k]
    yield [even[a, b] * z[c] for a, b, c in labels]


def _far_sign(products: Products, node: Node, labels: Sequence[Label]) -> Iterator[Vector]:
    i, j, k = node
    odd, z = products.odd[i, j], products.chebyshev[k]
    yield [odd[a, b] * z[c] for a, b, c in labels]


PARTS = {
    "near": {
        "trivial": Part((1,), 1, lambda h: _sorted(_descending(h)), _near_trivial),
        "sign": Part(
            (1,), 1, lambda h: _sorted(x for x in _descending(h) if x[0] > x[1] > x[2]), _near_sign
        ),
        "standard": Part((1, 3), 2, lambda h: _sorted(_standard_labels(h)), _near_standard),
    },
    "far": {
        "trivial": Part((1,), 1, lambda h: _sorted(_far_labels(h)), _far_trivial),
        "sign": Part(
            (1,), 1, lambda h: _sorted(x for x in _far_labels(h) if x[0] > x[1]), _far_sign
        ),
    },
}
