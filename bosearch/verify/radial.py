"""A radial function with ``f^ >= 0`` everywhere and ``f <= 0`` far out, from four Gram matrices.

Let ``s = 2 pi |x|^2``, ``alpha = dim/2 - 1`` and ``l_k`` the monic multiple of the
Laguerre polynomial ``L_k^alpha``; then ``l_k(s) e^(-s/2)`` is its own Fourier transform up
to the sign ``(-1)^k``. Two Gram matrices give ``P = sigma0 + s sigma1``, so that
``P(s) e^(-s/2)`` is nowhere negative. With ``P = sum a_k l_k`` it is the transform of
``f(x) = sum (-1)^k a_k l_k(s) e^(-s/2)``. Two more Gram matrices must satisfy
``-sum (-1)^k a_k l_k(end + u) = tau0(u) + u tau1(u)`` identically, so that ``f <= 0``
where ``s >= end``. The basis under the Gram matrices is ``p_j(s) = 2^j l_j(s/2)``, also monic.
"""

from typing import Any, NamedTuple

from flint import fmpq, fmpq_poly

from bosearch.errors import CertificateError
from bosearch.verify.gram import Gram
from bosearch.verify.reading import Section

BLOCKS = ("sigma0", "sigma1", "tau0", "tau1")
MAX_DIM = 64
MAX_DEGREE = 201
_MAX_SHORT = 2**64  # numerator and denominator: powers of such rationals multiply the work


class Radial(NamedTuple):
    """``f`` and its transform, both as polynomials in ``s`` by ``e^(-s/2)``."""

    function: fmpq_poly
    transform: fmpq_poly  # positive at zero: that is the integral of f


def prove_radial(grams: Any, dim: int, degree: int, end: fmpq) -> Radial:
    """Return the function of four Gram matrices.

    Args:
        grams: An object with the four of them.
        dim: Of the space.
        degree: Odd, of both polynomials.
        end: From where on ``f <= 0``.

    Raises:
        CertificateError: The first thing that is damaged or not proved.
    """
    size = degree // 2 + 1
    section = Section(grams, "grams", BLOCKS)
    sigma0, sigma1, tau0, tau1 = (Gram(section.value[name], name, size) for name in BLOCKS)
    s, basis = fmpq_poly([0, 1]), _monic_laguerre(dim, size, 2)
    transform = sigma0.square(basis) + s * sigma1.square(basis)  # P
    function = _fourier(transform, _monic_laguerre(dim, degree + 1, 1))  # f(x) e^(s/2)
    if -function(s + end) != tau0.square(basis) + s * tau1.square(basis):
        raise CertificateError("the identity -f = tau0 + (s - end) tau1 does not hold")
    for gram in (sigma0, sigma1, tau0, tau1):
        gram.prove_positive_definite()
    return Radial(function, transform)


def odd_degree(section: Section) -> int:
    """Read ``degree``.

    Raises:
        CertificateError: It is even, or out of range.
    """
    degree = section.integer("degree", 1, MAX_DEGREE)
    if degree % 2 == 0:
        raise CertificateError(f"certificate: degree must be odd, got {degree}")
    return degree


def short_positive(section: Section, key: str) -> fmpq:
    """Read a positive rational of at most 64 bits each way.

    Raises:
        CertificateError: It is not.
    """
    value = section.rational(key)
    if value <= 0 or max(value.p, value.q) > _MAX_SHORT:
        raise CertificateError(f"certificate: {key} must be positive and short, got {value}")
    return value


def _monic_laguerre(dim: int, count: int, h: int) -> list[fmpq_poly]:
    """The monic multiples of ``L_j^(dim/2 - 1)(s/h)`` for ``j < count``."""
    alpha, s = fmpq(dim, 2) - 1, fmpq_poly([0, 1])
    made = [fmpq_poly([1])]
    for j in range(count - 1):
        step = (s - h * (2 * j + 1 + alpha)) * made[j]
        made.append(step - h * h * j * (j + alpha) * made[j - 1] if j else step)
    return made


def _fourier(polynomial: fmpq_poly, monic: list[fmpq_poly]) -> fmpq_poly:
    """Change the sign of every odd coefficient in the basis ``monic``."""
    made = fmpq_poly()
    for k in reversed(range(len(monic))):
        part = polynomial[k] * monic[k]
        polynomial -= part
        made += part if k % 2 == 0 else -part
    return made
