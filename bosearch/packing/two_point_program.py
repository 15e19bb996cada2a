"""The linear programming bound of Cohn and Elkies as a semidefinite program.

A packing of balls of diameter ``r`` has density at most ``vol(B_(r/2)) f(0) / f^(0)``
if ``f^ >= 0`` everywhere and ``f(x) <= 0`` for ``|x| >= r`` (Cohn and Elkies 2003,
theorem 3.2). With ``s = 2 pi |x|^2``, ``rho = 2 pi r^2`` and the monic Laguerre
polynomials ``l_k`` scaled by powers of two, ``phi_k``, both are identities of degree
``D = 2d + 1``::

    f^(x) e^(s/2) = P(s)  = sum_k c_k phi_k(s)                    = sigma0(s) + s sigma1(s)
    -f(x) e^(s/2) = -sum_k (-1)^k c_k phi_k(rho + u)              = tau0(u) + u tau1(u)

with four sums of squares of degree ``2d``. Each is enforced at ``D + 1`` zeros of a
Laguerre polynomial, so every constraint matrix has rank one: de Laat and Leijenhorst
(2024). ``P(0) = 1`` eliminates ``c_D``, since ``phi_D`` is the largest at zero: as a row of
its own it would make the Schur complement singular, and eliminating ``c_0`` would leave
columns that are nearly parallel in high dimensions. ``c_0`` counts from one, where ``f`` is
a Gaussian, so that the right-hand side has the size of the solution.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import final

from flint import arb, arb_mat, ctx, fmpq, fmpq_poly

from bosearch.errors import SdpError
from bosearch.packing.laguerre import laguerre_zeros, log2_norms, monic_laguerre
from bosearch.sdp.problem import Sampled, SdpProblem

MAX_DIM = 64
MAX_DEGREE = 201
BLOCKS = ("sigma0", "sigma1", "tau0", "tau1")
_BITS = 512  # of the tables: an exact value at a sample has thousands


@final
@dataclass(frozen=True)
class TwoPointProgram:
    """One bound: dimension, degree and scale.

    Args:
        dim: Of the space, 1 to 64.
        degree: ``D``, odd, of both polynomials in ``s``.
        rho: ``2 pi r^2``, a short rational: its powers enter the certificate.

    Raises:
        SdpError: One of them is out of range.
    """

    dim: int
    degree: int
    rho: fmpq

    def __post_init__(self) -> None:
        check_size(self.dim, self.degree)
        if self.rho <= 0:
            raise SdpError(f"rho = 2 pi r^2 must be positive, got {self.rho}")

    @property
    def size(self) -> int:
        """Rows of each of the four Gram matrices."""
        return self.degree // 2 + 1

    @cached_property
    def eigenbasis(self) -> list[fmpq_poly]:
        """``phi_k`` for ``k <= D``."""
        return scaled(self.dim, self.degree + 1, width=1)

    def problem(self) -> SdpProblem:
        """State the program; its cost is ``f(0) / f^(0)``."""
        D, phi = self.degree, self.eigenbasis
        signed = [p if k % 2 else -p for k, p in enumerate(phi)]
        sides = (
            (BLOCKS[:2], phi, fmpq(0)),
            (BLOCKS[2:], signed, self.rho),
        )
        points = laguerre_zeros(self.dim, D + 1)
        squares = scaled(self.dim, self.size, width=2)
        values = [p(fmpq(0)) for p in phi]  # of alternating signs
        at_zero = [value / -values[D] for value in values]
        with ctx.workprec(_BITS):
            free: list[list[arb]] = []
            rhs: list[arb] = []
            terms = []
            table = arb_mat(_values(squares, points))
            for blocks, polynomials, origin in sides:
                rows = range(len(rhs), len(rhs) + D + 1)
                weights = []
                for row in _values(polynomials, [origin + u for u in points]):
                    weights.append(1 / max(map(abs, row)).mid())
                    # c_D = sum_{k < D} at_zero(k) c_k keeps P(0) = 1 while c_0 counts from 1
                    columns = [row[k] + row[D] * arb(at_zero[k]) for k in range(D)]
                    free.append([-column * weights[-1] for column in columns])
                    rhs.append(row[0] * weights[-1])
                multiplied = [w * arb(u) for w, u in zip(weights, points, strict=True)]
                terms.append(Sampled(blocks[0], table, weights, rows))
                terms.append(Sampled(blocks[1], table, multiplied, rows))
            return SdpProblem(
                blocks=dict.fromkeys(BLOCKS, self.size),
                rows=[f"f^ at {i}" for i in range(D + 1)] + [f"f at {i}" for i in range(D + 1)],
                rhs=rhs,
                free=[f"c{k}" for k in range(D)],
                free_matrix=arb_mat(free),
                terms=terms,
                cost_free=[2 * values[k] if k % 2 == 0 else 0 for k in range(D)],
                constant=1,
            )


def check_size(dim: int, degree: int) -> None:
    """Refuse a dimension or a degree that we cannot serve."""
    for name, value, high in (("dim", dim, MAX_DIM), ("degree", degree, MAX_DEGREE)):
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= high:
            raise SdpError(f"{name} must be an integer from 1 to {high}, got {value!r}")
    if degree % 2 == 0:
        raise SdpError(
            f"degree must be odd, got {degree}",
            hint=f"take {degree - 1} or {degree + 1}",
        )


def scaled(dim: int, count: int, *, width: int) -> list[fmpq_poly]:
    """Monic Laguerre polynomials divided by powers of two near their norms."""
    norms = log2_norms(dim, count, width=width)
    monic = monic_laguerre(dim, count, width=width)
    return [p * fmpq(2) ** -e for p, e in zip(monic, norms, strict=True)]


def _values(polynomials: Sequence[fmpq_poly], points: Sequence[fmpq]) -> list[list[arb]]:
    """Balls around the exact values; one row per point."""
    return [[arb(p(x)) for p in polynomials] for x in points]
