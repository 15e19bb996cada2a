"""The two functions of a three-point certificate in plain doubles, for points of space.

Nothing of the checker or the program is used: Laguerre, Gegenbauer and Chebyshev
polynomials are SciPy's, and the Fourier transform is a Gauss-Laguerre quadrature.
"""

from fractions import Fraction
from functools import cached_property
from math import gamma, pi
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import eval_gegenbauer, eval_genlaguerre, factorial, roots_genlaguerre

Array = NDArray[np.float64]


def matrix(document: dict[str, Any]) -> Array:
    exponents = document["exponents"]
    made = np.diag([float(int(m, 16) * Fraction(2) ** e) for m, e in document["diagonal"]])
    for i, row in enumerate(document["lower"], start=1):
        for j, m in enumerate(row):
            made[i, j] = made[j, i] = float(int(m, 16)) * 2.0 ** (exponents[i] + exponents[j])
    return made


def chebyshev(x: Array, count: int) -> Array:
    """``T_0 .. T_(count-1)``, one row each."""
    return np.array([np.polynomial.chebyshev.Chebyshev.basis(k)(x) for k in range(count)])


class Rebuilt:
    """``f2`` and ``f3`` of a certificate."""

    def __init__(self, certificate: dict[str, Any]) -> None:
        self.dim: int = certificate["dim"]
        self.degree: int = certificate["degree"]
        numbers = {key: certificate[key].split("/") for key in ("rho", "outer", "unit")}
        rho, outer, unit = (float(p[0]) / float(p[1] if p[1:] else 1) for p in numbers.values())
        self.r, self.R = (rho / (2 * pi)) ** 0.5, (outer / (2 * pi)) ** 0.5
        self.unit = unit / (2 * pi)
        self.grams = {name: matrix(m) for name, m in certificate["grams"].items()}
        self.kernels = [None if m is None else matrix(m) for m in certificate["kernels"]]

    @property
    def alpha(self) -> float:
        return self.dim / 2 - 1

    def sigma(self, s: Array) -> Array:
        """The transform of ``f2``, without its Gaussian."""
        n = self.degree // 2 + 1
        # monic multiples of L_j(s/2) in s: (-2)^j j! L_j
        p = np.array(
            [(-2.0) ** j * factorial(j) * eval_genlaguerre(j, self.alpha, s / 2) for j in range(n)]
        )
        squares = [np.einsum("is,ij,js->s", p, self.grams[f"sigma{i}"], p) for i in (0, 1)]
        made: Array = squares[0] + s * squares[1]
        return made

    @cached_property
    def coefficients(self) -> Array:
        """Of the transform in Laguerre polynomials, by quadrature exact for its degree."""
        count = self.degree + 1
        nodes, weights = roots_genlaguerre(count + 1, self.alpha)
        values = self.sigma(nodes)
        return np.array(
            [
                (weights * values)
                @ eval_genlaguerre(k, self.alpha, nodes)
                * gamma(k + 1)
                / gamma(k + self.alpha + 1)
                for k in range(count)
            ]
        )

    def f2(self, length: Array, *, transform: bool = False) -> Array:
        s = 2 * pi * length**2
        total = np.zeros_like(s)
        for k, c in enumerate(self.coefficients):
            sign = 1 if transform else (-1) ** k
            total += sign * c * eval_genlaguerre(k, self.alpha, s)
        made: Array = total * np.exp(-s / 2)
        return made

    def f3(self, a: Array, b: Array, cosine: Array) -> Array:
        """Of the lengths of two points and the cosine of their angle."""
        size = max(len(F) for F in self.kernels if F is not None)
        M, N = (chebyshev(2 * t**2 / self.unit - 1, size) for t in (a, b))
        lam, total = self.alpha, np.zeros_like(a)
        for k, F in enumerate(self.kernels):
            if F is not None:
                angular = (
                    np.cos(k * np.arccos(np.clip(cosine, -1, 1)))
                    if self.dim == 2
                    else eval_gegenbauer(k, lam, cosine) / eval_gegenbauer(k, lam, 1.0)
                )
                n = len(F)
                radial = ((F @ N[:n]) * M[:n]).sum(axis=0)
                total += radial * (a * b / self.unit) ** k * angular
        return total

    def triple(self, a: Array, b: Array, c: Array) -> Array:
        """``f3`` of two points at distances ``a`` and ``b`` from the origin, ``c`` apart."""
        return self.f3(a, b, (a**2 + b**2 - c**2) / (2 * a * b))
