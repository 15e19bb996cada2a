"""A Gram matrix of dyadic numbers, read exactly and proved positive definite.

``{"exponents": [e_0 ...], "lower": [[m_10], [m_20, m_21] ...], "diagonal": [[m, e] ...]}``
stands for the symmetric matrix with ``m_ij 2^(e_i + e_j)`` below the diagonal and
``m 2^e`` on it; every ``m`` is hexadecimal.
"""

from typing import Any, final

from flint import arb, arb_mat, ctx, fmpq, fmpq_poly, fmpz

from bosearch.errors import CertificateError
from bosearch.verify.reading import MAX_EXPONENT, Section, as_hex, as_integer, as_list

_PRECISIONS = (128, 256, 512, 1024, 2048)  # of the balls, in bits: each is tried if the last failed


@final
class Gram:
    """One Gram matrix, of the given size.

    Raises:
        CertificateError: It is not written as this module says, or has another size.
    """

    def __init__(self, value: Any, where: str, size: int) -> None:
        section = Section(value, where, ("exponents", "lower", "diagonal"))
        self.where = where
        self.exponents = [
            as_integer(e, f"{where}: exponent {i}", -MAX_EXPONENT, MAX_EXPONENT)
            for i, e in enumerate(section.items("exponents", size, size))
        ]
        self.lower = [
            [
                as_hex(m, f"{where}: entry ({i}, {j})")
                for j, m in enumerate(as_list(row, f"{where}: row {i}", i, i))
            ]
            for i, row in enumerate(section.items("lower", size - 1, size - 1), start=1)
        ]
        self.diagonal = [
            _dyadic(pair, f"{where}: entry ({i}, {i})")
            for i, pair in enumerate(section.items("diagonal", size, size))
        ]

    def entry(self, i: int, j: int) -> fmpq:
        """The entry at ``i > j``."""
        return fmpq(self.lower[i - 1][j]) * fmpq(2) ** (self.exponents[i] + self.exponents[j])

    def diagonal_entry(self, i: int) -> fmpq:
        """The entry at ``(i, i)``."""
        mantissa, exponent = self.diagonal[i]
        return fmpq(mantissa) * fmpq(2) ** exponent

    def balls(self) -> arb_mat:
        """The matrix in balls of the current precision."""
        exponents, n = self.exponents, len(self.exponents)
        rows = [[arb(0)] * n for _ in range(n)]
        for i, (mantissa, exponent) in enumerate(self.diagonal):
            rows[i][i] = arb((mantissa, exponent))
            for j, m in enumerate(self._row(i)):
                rows[i][j] = rows[j][i] = arb((m, exponents[i] + exponents[j]))
        return arb_mat(rows)

    def square(self, basis: list[fmpq_poly]) -> fmpq_poly:
        """The sum of squares ``b^T G b`` over a polynomial basis ``b``, exactly."""
        scaled = [p * fmpq(2) ** e for p, e in zip(basis, self.exponents, strict=True)]
        total = fmpq_poly()
        for i, p in enumerate(basis):
            inner = sum((scaled[j] * m for j, m in enumerate(self._row(i))), fmpq_poly())
            total += 2 * scaled[i] * inner + self.diagonal_entry(i) * p * p
        return total

    def _row(self, i: int) -> list[fmpz]:
        return self.lower[i - 1] if i else []

    def prove_positive_definite(self) -> None:
        """Run a Cholesky factorization in balls; each pivot must lie above zero.

        Raises:
            CertificateError: The matrix is not positive definite, or too close to a
                singular one to tell.
        """
        for bits in _PRECISIONS:
            with ctx.workprec(bits):
                failed = self._failed_pivot()
            if failed is None:
                return
            i, pivot = failed
            if pivot <= 0:
                raise CertificateError(f"{self.where} is not positive definite: pivot {i} is <= 0")
        raise CertificateError(
            f"{self.where} is not proved positive definite: pivot {i} is 0 to {bits} bits"
        )

    def _failed_pivot(self) -> tuple[int, arb] | None:
        """The first pivot that is not certainly positive; rows scaled by 2^-e_i lose nothing."""
        factor: list[list[arb]] = []
        pivots: list[arb] = []
        for i, (mantissa, exponent) in enumerate(self.diagonal):
            row = [arb(m) for m in self._row(i)]
            for j in range(i):
                for k in range(j):
                    row[j] -= row[k] * factor[j][k]
            scaled = [x / d for x, d in zip(row, pivots, strict=True)]
            pivot = arb((mantissa, fmpz(exponent - 2 * self.exponents[i])))
            for x, y in zip(row, scaled, strict=True):
                pivot -= x * y
            if not pivot > 0:
                return i, pivot
            factor.append(scaled)
            pivots.append(pivot)
        return None


def _dyadic(value: Any, where: str) -> tuple[fmpz, int]:
    mantissa, exponent = as_list(value, where, 2, 2)
    return as_hex(mantissa, where), as_integer(exponent, where, -MAX_EXPONENT, MAX_EXPONENT)
