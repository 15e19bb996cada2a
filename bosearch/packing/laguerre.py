"""Monic Laguerre polynomials, and powers of two that keep their coefficients near one.

``alpha = dim/2 - 1`` throughout, and ``s = 2 pi |x|^2``. The monic multiple ``l_k`` of
``L_k^alpha`` has dyadic coefficients, since ``alpha`` is a half-integer, and
``l_k(s) e^(-s/2)`` is an eigenfunction of the Fourier transform with eigenvalue
``(-1)^k``: Cohn and Elkies (2003), section 7.
"""

import math

import numpy as np
from flint import fmpq, fmpq_poly
from scipy.linalg import eigh_tridiagonal


def monic_laguerre(dim: int, count: int, *, width: int = 1) -> list[fmpq_poly]:
    """Return the monic multiples of ``L_j^alpha(s / width)`` for ``j < count``.

    With ``width=2`` the coefficients are integers in every dimension, and the squares
    ``(p_j(s) e^(-s/4))^2`` reach as far out as ``l_2j(s) e^(-s/2)``.
    """
    alpha, s = fmpq(dim, 2) - 1, fmpq_poly([0, 1])
    made = [fmpq_poly([1])]
    for j in range(count - 1):
        step = (s - width * (2 * j + 1 + alpha)) * made[j]
        made.append(step - width**2 * j * (j + alpha) * made[j - 1] if j else step)
    return made


def log2_norms(dim: int, count: int, *, width: int = 1) -> list[int]:
    """Return rounded binary logarithms of the norms of ``monic_laguerre`` polynomials.

    The norm is that of L2 with weight ``t^alpha e^(-t)``, ``t = s / width``, relative to ``l_0``.
    """
    alpha = dim / 2 - 1

    def norm(j: int) -> float:
        squared = math.lgamma(j + 1) + math.lgamma(j + alpha + 1) - math.lgamma(alpha + 1)
        return squared / 2 / math.log(2) + j * math.log2(width)

    return [round(norm(j)) for j in range(count)]


def laguerre_zeros(dim: int, count: int) -> list[fmpq]:
    """Return the ``count`` zeros of ``L_count^alpha``, rounded to doubles and taken exactly.

    Golub and Welsch (1969). As points of evaluation any ``count`` numbers would do.
    """
    alpha, j = dim / 2 - 1, np.arange(count)
    below = np.sqrt(j[1:] * (j[1:] + alpha))
    zeros = eigh_tridiagonal(2 * j + 1 + alpha, below, eigvals_only=True)
    return [fmpq(*float(x).as_integer_ratio()) for x in zeros]
