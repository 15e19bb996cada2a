r"""Positive definite kernels on pairs of points of a ball, from psd matrices.

For psd matrices ``F_k`` the kernel

    f3(x, y) = sum_k <F_k, m(u) m(v)^T> (|x||y| 2 pi / unit)^k P_k(cos of the angle of x and y)

with ``u = 2 pi |x|^2``, ``v = 2 pi |y|^2``, ``m_j(u) = T_j(2u/unit - 1)`` and the Gegenbauer
polynomials of ``dim`` dimensions, ``P_k(1) = 1``, is positive definite: Schoenberg (1942). With
``w = 2 pi |x - y|^2``, ``t = (u + v - w)/2`` the angular factors are polynomials in ``t`` and
``uv``: ``Q_0 = 1``, ``Q_1 = t/unit``, and

    (k + dim - 2) Q_(k+1) = (2k + dim - 2) (t/unit) Q_k - k (uv/unit^2) Q_(k-1).

``Q_k`` has degree ``k`` in ``u, v, w``, and the kernel of ``F_k`` of size ``n`` has degree
``2 (n - 1) + k``.
"""

from collections.abc import Callable
from typing import Any, final

from flint import arb, arb_mat, fmpq, fmpq_poly

from bosearch.errors import CertificateError
from bosearch.verify.cube import Cube, Node
from bosearch.verify.gram import Gram
from bosearch.verify.reading import Section, as_list
from bosearch.verify.triples import Shell


@final
class Kernel:
    """The kernel of a list of matrices ``F_0, F_1, ...``, null where there is none.

    Args:
        value: The list.
        dim: Of the space, at least 2.
        d: Half the largest degree.
        unit: Of squared distances by ``2 pi``.

    Raises:
        CertificateError: It is something else, or a degree exceeds ``2d``.
    """

    def __init__(self, value: Any, dim: int, d: int, unit: fmpq) -> None:
        self.dim = dim
        self.unit = unit
        self.grams: dict[int, Gram] = {}
        for k, item in enumerate(as_list(value, "kernels", 1, 2 * d + 1)):
            if item is not None:
                where = f"kernels: {k}"
                rows = Section(item, where, ("exponents",), others=True).items(
                    "exponents", 1, (2 * d - k) // 2 + 1
                )
                self.grams[k] = Gram(item, where, len(rows))
        if not self.grams:
            raise CertificateError("kernels: expected at least one matrix")

    def prove_positive_definite(self) -> None:
        """Prove that all matrices are.

        Raises:
            CertificateError: One is not.
        """
        for gram in self.grams.values():
            gram.prove_positive_definite()

    def at_origin(self) -> fmpq:
        """``f3(0, 0)``, exactly."""
        if 0 not in self.grams:
            return fmpq(0)
        return self.grams[0].square(self._basis(0, at=fmpq(0)))[0]

    def on_pairs(self) -> fmpq_poly:
        """``f3(x, x) + 2 f3(x, 0)`` as a polynomial in ``u``, exactly.

        With ``k > 0`` the second term is zero. With ``k = 0`` the sum is
        ``(m(u) + m(0))^T F_0 (m(u) + m(0)) - m(0)^T F_0 m(0)``.
        """
        total, u = fmpq_poly(), fmpq_poly([0, 1 / self.unit])
        for k, gram in self.grams.items():
            basis = self._basis(k)
            if k == 0:
                origin = self._basis(0, at=fmpq(0))
                basis = [a + b for a, b in zip(basis, origin, strict=True)]
                total -= gram.square(origin)
            total += gram.square(basis) * u**k
        return total

    def _basis(self, k: int, at: fmpq | None = None) -> list[fmpq_poly]:
        """``m`` as polynomials in ``u``, or at one ``u`` as constants."""
        u = fmpq_poly([0, 1]) if at is None else fmpq_poly([at])
        return _chebyshev(u * (2 / self.unit) - 1, len(self.grams[k].exponents))

    def on_triples(self, kind: str, shell: Shell) -> Callable[[Cube], Callable[[Node], arb]]:
        """What the theorem wants nowhere positive, at nodes of a cube.

        On far triples that is ``f3(x, y)``; on near ones it is the sum of three, with each of
        the points ``0, x, y`` as the origin in turn.
        """

        def on(cube: Cube) -> Callable[[Node], arb]:
            points = [cube.point(i) for i in range(cube.count)]
            radial = self._radial([shell.squares("near", x, x, x)[0] for x in points])

            def at(node: Node) -> arb:
                i, j, k = node
                u, v, w = shell.squares(kind, points[i], points[j], points[k])
                value = self._at(radial, i, j, (u, v, w))
                if kind == "near":
                    value += self._at(radial, i, k, (u, w, v)) + self._at(radial, j, k, (v, w, u))
                return value

            return at

        return on

    def _radial(self, lengths: list[arb]) -> dict[int, arb_mat]:
        """``<F_k, m(u) m(v)^T>`` for all ``u`` and ``v`` of a list."""
        made = {}
        for k, gram in self.grams.items():
            size = len(gram.exponents)
            M = arb_mat([_chebyshev(2 * u / self.unit - 1, size) for u in lengths])
            made[k] = M * gram.balls() * M.transpose()
        return made

    def _at(self, radial: dict[int, arb_mat], i: int, j: int, uvw: tuple[arb, arb, arb]) -> arb:
        u, v, w = uvw
        t, uv = (u + v - w) / (2 * self.unit), u * v / self.unit**2
        n, total = self.dim, arb(0)
        before, Q = arb(0), arb(1)
        for k in range(max(self.grams) + 1):
            if k in radial:
                total += radial[k][i, j] * Q
            step = (2 * k + n - 2) * t * Q - k * uv * before if k else t * Q
            before, Q = Q, step / (k + n - 2) if k else step
        return total


def _chebyshev(x: Any, count: int) -> list[Any]:
    """``T_0 .. T_(count - 1)`` of a ball or a polynomial."""
    made = [x * 0 + 1, x]
    while len(made) < count:
        made.append(2 * x * made[-1] - made[-2])
    return made[:count]
