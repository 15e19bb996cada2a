r"""Bound a polynomial on a cube from its values at Chebyshev nodes.

A polynomial of degree below ``N`` in each of three coordinates is known from its values at a
product of ``N`` nodes per coordinate. It is ``sum e_abc T_a(x) T_b(y) T_c(z)``, where
``|T_a| <= 1`` on the cube, and hence is at most ``e_000`` plus the absolute values of all others.
On the zeros ``x_i = cos((2i + 1) pi / 2N)`` of ``T_N``, ``T_a`` are orthogonal:
``e_a = (2/N) sum_i f(x_i) T_a(x_i)``, and half of that for ``a = 0``.
"""

from collections.abc import Mapping
from typing import final

from flint import arb, arb_mat, fmpq

Node = tuple[int, int, int]


@final
class Cube:
    """The nodes of ``[-1, 1]^3``: ``count`` per coordinate, in balls of the current precision."""

    def __init__(self, count: int) -> None:
        self.count = count
        # T_a(x_i) = cos(a (2i + 1) pi / 2N)
        self.chebyshev = [
            [arb.cos_pi_fmpq(fmpq(a * (2 * i + 1), 2 * count)) for a in range(count)]
            for i in range(count)
        ]

    def point(self, i: int) -> arb:
        """The node ``x_i``."""
        return arb.cos_pi_fmpq(fmpq(2 * i + 1, 2 * self.count))

    def upper_bound(self, values: Mapping[Node, arb]) -> arb:
        """A ball that lies nowhere below the maximum of the polynomial with these values."""
        N = self.count
        nodes = range(N)
        transform = arb_mat(self.chebyshev).transpose() * arb(fmpq(2, N))
        for i in nodes:
            transform[0, i] = arb(fmpq(1, N))
        table = arb_mat([[values[i, j, k] for j in nodes for k in nodes] for i in nodes])
        for _ in range(3):  # each turn transforms the first coordinate and makes it the last
            table = (transform * table).transpose()
            table = arb_mat(N, N * N, table.entries())
        constant, *others = table.entries()
        return constant + sum(map(abs, others), arb(0))
