r"""Positive definite kernels on a ball that rotations leave alone.

For every ``k`` and every psd matrix ``F_k``, one of them is

.. math:: \langle F_k, m(u) m(v)^T \rangle (|x||y|)^k P_k^n(\cos\angle(x, y)), \quad
          u = |x|^2, \; v = |y|^2,

with the Gegenbauer polynomial ``P_k^n(1) = 1``: Schoenberg (1942), Bachoc and Vallentin
(2008). In ``u``, ``v`` and ``t = <x, y>`` it is a polynomial; ``m`` are Chebyshev polynomials.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from flint import fmpq

from bosearch.packing.invariants import chebyshev

Triple = tuple[fmpq, fmpq, fmpq]


@final
@dataclass(frozen=True)
class Kernels:
    """The family, on the ball ``|x|^2 <= extent``.

    Args:
        dim: ``n``, at least 2.
        extent: All squared lengths are divided by it.
    """

    dim: int
    extent: fmpq

    def radial(self, u: fmpq, count: int) -> list[fmpq]:
        """``m(u)``: Chebyshev polynomials on ``[0, extent]``."""
        return chebyshev(2 * u / self.extent - 1, count)

    def angular(self, u: fmpq, v: fmpq, w: fmpq, count: int) -> list[fmpq]:
        """``(|x||y|)^k P_k`` for ``k < count``, where ``w = |x - y|^2``."""
        n, uv = self.dim, u * v / self.extent**2
        t = (u + v - w) / (2 * self.extent)
        values = [fmpq(1), t]
        for k in range(1, count - 1):
            step = (2 * k + n - 2) * t * values[k] - k * uv * values[k - 1]
            values.append(step / (k + n - 2))
        return values[:count]

    def split(
        self, places: Sequence[Triple], sizes: Sequence[int]
    ) -> list[tuple[list[list[fmpq]], list[fmpq]]]:
        """The sum of all kernels over several places, as squares.

        ``m(u) m(v)^T``, made symmetric, is a quarter of the square of ``m(u) + m(v)`` minus a
        quarter of that of ``m(u) - m(v)``.

        Args:
            places: ``(u, v, w)`` each.
            sizes: Of ``F_k``.

        Returns:
            Vectors and weights for each ``k``.
        """
        count = max(sizes)
        vectors, quarters = [], []
        for u, v, w in places:
            a, b = self.radial(u, count), self.radial(v, count)
            vectors.append([x + y for x, y in zip(a, b, strict=True)])
            vectors.append([x - y for x, y in zip(a, b, strict=True)])
            quarters.append([q / 4 for q in self.angular(u, v, w, len(sizes))])
        return [
            (
                [vector[:size] for vector in vectors],
                [weight for q in quarters for weight in (q[k], -q[k])],
            )
            for k, size in enumerate(sizes)
        ]
