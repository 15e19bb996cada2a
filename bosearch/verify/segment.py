"""Prove that a polynomial plus a polynomial by a Gaussian is negative on a segment.

``h(s) = p(s) e^(-s/2) + q(s)`` is enclosed on a piece with centre ``c`` and half width
``w``, where ``s = c + w y`` and ``|y| <= 1``. Both polynomials are expanded about ``c``
exactly, and ``e^(-s/2) = e^(-c/2) (sum_(j<m) (-w y/2)^j / j! + remainder)``, with a remainder of
at most ``(w/2)^m / m! e^(w/2)``. So ``h`` is a polynomial in ``y`` plus a small ball, and at
most its constant coefficient plus the absolute values of all others. Where that is not
negative the piece is cut in half.
"""

from flint import arb, arb_poly, ctx, fmpq, fmpq_poly

from bosearch.errors import CertificateError

MAX_PIECES = 5000
_BITS = 256
_TERMS = 40  # m


def prove_negative(p: fmpq_poly, q: fmpq_poly, low: fmpq, high: fmpq, where: str) -> None:
    """Prove ``p(s) e^(-s/2) + q(s) < 0`` for ``low <= s <= high``.

    Raises:
        CertificateError: It is not proved with as many pieces as we allow; ``where`` names it.
    """
    pieces = [(low, high)]
    with ctx.workprec(_BITS):
        for _ in range(MAX_PIECES):
            if not pieces:
                return
            a, b = pieces.pop()
            c, w = (a + b) / 2, (b - a) / 2
            if not _upper_bound(p, q, c, w) < 0:
                if not p(c) * arb(-c / 2).exp() + q(c) < 0:
                    raise CertificateError(
                        f"{where} is not strict where 2 pi |x|^2 = {float(c):.9g}"
                    )
                pieces += [(a, c), (c, b)]
    raise CertificateError(f"{where} is not proved with {MAX_PIECES} pieces")


def _upper_bound(p: fmpq_poly, q: fmpq_poly, c: fmpq, w: fmpq) -> arb:
    """A ball that lies nowhere below the maximum of ``h`` within ``w`` of ``c``."""
    s = fmpq_poly([c, w])
    P, Q = arb_poly(p(s)), arb_poly(q(s))
    half, terms = arb(-w / 2), [arb(1)]
    for j in range(1, _TERMS + 1):
        terms.append(terms[-1] * half / j)
    remainder = abs(terms.pop()) * abs(half).exp()
    gauss = arb(-c / 2).exp()
    constant, *others = (gauss * (P * arb_poly(terms)) + Q).coeffs() or [arb(0)]
    size = sum(map(abs, P.coeffs()), arb(0))
    return constant + sum(map(abs, others), arb(0)) + gauss * size * remainder
