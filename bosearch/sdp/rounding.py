"""Round Gram matrices to dyadic numbers, then repair their polynomial identity exactly.

What a solver returns is a little off: it satisfies an identity to a hundred bits
and rounding breaks it anew. The residual is an exact polynomial. Each of its
coefficients is moved into an entry of a Gram matrix, which costs positive
definiteness no more than the size of the residual.

Source: methods of Cohn, de Laat and Salmon (2022), section 6, and of Peyrl and
Parrilo (2008) for polynomials in several variables. We absorb by elimination along
a triangular family of polynomials instead of solving a linear system over the
rationals: with monic integer polynomials no denominator but two appears.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self, final

from flint import arb, arb_mat, fmpq, fmpq_poly, fmpz

from bosearch.errors import CertificateError


@final
@dataclass(frozen=True)
class DyadicGram:
    """A symmetric matrix of dyadic numbers.

    Args:
        exponents: ``n`` integers ``e``.
        lower: Rows 1 to n - 1 below the diagonal, in units of ``2^(e_i + e_j)``.
        diagonal: ``n`` dyadic rationals, of any denominator: they take up residuals.
    """

    exponents: tuple[int, ...]
    lower: tuple[tuple[fmpz, ...], ...]
    diagonal: tuple[fmpq, ...]

    @classmethod
    def rounded(cls, matrix: arb_mat, exponents: Sequence[int]) -> Self:
        """Round an ``n x n`` matrix of balls, taken at their midpoints, to these exponents."""
        rows = matrix.mid().tolist()
        grid = [
            [_nearest(x, exponents[i] + exponents[j]) for j, x in enumerate(row[: i + 1])]
            for i, row in enumerate(rows)
        ]
        return cls(
            tuple(exponents),
            tuple(tuple(row[:-1]) for row in grid[1:]),
            tuple(row[-1] * two_to(2 * e) for row, e in zip(grid, exponents, strict=True)),
        )

    @property
    def size(self) -> int:
        """Rows of the matrix."""
        return len(self.exponents)

    def entry(self, i: int, j: int) -> fmpq:
        """The entry at ``(i, j)``."""
        if i == j:
            return self.diagonal[i]
        i, j = max(i, j), min(i, j)
        return self.lower[i - 1][j] * two_to(self.exponents[i] + self.exponents[j])

    def plus_diagonal(self, corrections: Sequence[fmpq]) -> "DyadicGram":
        """Add dyadic rationals to the diagonal."""
        diagonal = tuple(a + b for a, b in zip(self.diagonal, corrections, strict=True))
        return DyadicGram(self.exponents, self.lower, diagonal)

    def square(self, basis: Sequence[fmpq_poly]) -> fmpq_poly:
        """The polynomial ``b^T G b`` of a univariate basis."""
        total = fmpq_poly()
        for i, p in enumerate(basis):
            inner = fmpq_poly()
            for j in range(i):
                inner += self.entry(i, j) * basis[j]
            total += p * (2 * inner + self.diagonal[i] * p)
        return total

    def to_json(self) -> dict[str, Any]:
        """Write the numbers as the checker reads them."""
        return {
            "exponents": list(self.exponents),
            "lower": [[to_hex(m) for m in row] for row in self.lower],
            "diagonal": [_mantissa_exponent(x) for x in self.diagonal],
        }


def balanced_exponents(matrix: arb_mat, bits: int) -> list[int]:
    """Exponents that leave every diagonal entry about ``bits`` bits.

    Raises:
        CertificateError: A diagonal entry is not positive.
    """
    made = []
    for i in range(matrix.nrows()):
        if not (entry := matrix[i, i].mid()) > 0:
            raise CertificateError(f"diagonal entry {i} of a Gram matrix is not positive: {entry}")
        made.append((binary_order(entry) - bits) // 2)
    return made


def binary_order(value: arb) -> int:
    """The integer ``e`` with ``2^(e-1) <= |midpoint| < 2^e``."""
    mantissa, exponent = value.mid().man_exp()
    return int(exponent) + int(abs(mantissa)).bit_length()


def two_to(exponent: int) -> fmpq:
    """A power of two, exactly."""
    return fmpq(fmpz(1) << exponent) if exponent >= 0 else fmpq(1, fmpz(1) << -exponent)


def to_hex(value: fmpz) -> str:
    """Hexadecimal digits, with a sign if negative."""
    return format(int(value), "x")


def _nearest(value: arb, exponent: int) -> fmpz:
    """The integer nearest to the midpoint divided by ``2^exponent``."""
    mantissa, own = value.man_exp()
    return (mantissa * two_to(int(own) - exponent) + fmpq(1, 2)).floor()


def _mantissa_exponent(value: fmpq) -> list[Any]:
    exponent = -(int(value.q).bit_length() - 1)
    mantissa = value.p
    zeros = (int(mantissa) & -int(mantissa)).bit_length() - 1 if mantissa else 0
    return [to_hex(mantissa >> zeros), exponent + zeros if mantissa else 0]


def absorb(residual: fmpq_poly, elements: Sequence[fmpq_poly]) -> list[fmpq]:
    """Return exact ``x`` with ``residual = sum_k x_k elements[k]``.

    Args:
        residual: Of degree below ``len(elements)``.
        elements: Monic polynomials, ``elements[k]`` of degree ``k``.
    """
    if residual.degree() >= len(elements):
        raise CertificateError(
            f"a residual of degree {residual.degree()} exceeds the {len(elements)} elements"
        )
    made = [fmpq(0)] * len(elements)
    for k in reversed(range(len(elements))):
        made[k] = residual[k]
        residual -= made[k] * elements[k]
    return made
