"""Sphere packing, two points: Cohn and Elkies (2003), theorem 3.2.

Let ``s = 2 pi |x|^2``, ``alpha = dim/2 - 1`` and ``l_k`` the monic multiple of the
Laguerre polynomial ``L_k^alpha``; then ``l_k(s) e^(-s/2)`` is its own Fourier transform up
to the sign ``(-1)^k``. Two Gram matrices give ``P = sigma0 + s sigma1``, so that
``P(s) e^(-s/2)`` is nowhere negative. With ``P = sum a_k l_k`` it is the transform of
``f(x) = sum (-1)^k a_k l_k(s) e^(-s/2)``. Two more Gram matrices must satisfy
``-sum (-1)^k a_k l_k(rho + u) = tau0(u) + u tau1(u)`` identically, so that ``f <= 0``
where ``s >= rho = 2 pi r^2``. Then balls of diameter ``r`` have density at most
``vol(B_(r/2)) f(0)/f^(0) = (rho/8)^(dim/2) / Gamma(dim/2 + 1) * f(0)/f^(0)``.
The basis under the Gram matrices is ``p_j(s) = 2^j l_j(s/2)``, also monic.
"""

from flint import arb, ctx, fmpq, fmpq_poly

from bosearch.errors import CertificateError
from bosearch.verify.gram import Gram
from bosearch.verify.proof import Proof
from bosearch.verify.reading import Section

KEYS = ("dim", "degree", "rho", "grams", "density")
BLOCKS = ("sigma0", "sigma1", "tau0", "tau1")

MAX_DIM = 64
MAX_DEGREE = 201
MAX_RHO = 2**64  # numerator and denominator: its powers multiply the work
_DENSITY_BITS = 1024


def prove(section: Section) -> Proof:
    """Prove a density bound.

    Raises:
        CertificateError: The first thing that is damaged or not proved.
    """
    dim = section.integer("dim", 1, MAX_DIM)
    degree = section.integer("degree", 1, MAX_DEGREE)
    if degree % 2 == 0:
        raise CertificateError(f"certificate: degree must be odd, got {degree}")
    rho = section.rational("rho")
    if rho <= 0 or max(rho.p, rho.q) > MAX_RHO:
        raise CertificateError(f"certificate: rho must be positive and short, got {rho}")
    claim, density = section.decimal("density")
    size = degree // 2 + 1
    grams = Section(section.value["grams"], "grams", BLOCKS).value
    sigma0, sigma1, tau0, tau1 = (Gram(grams[name], name, size) for name in BLOCKS)

    s, basis = fmpq_poly([0, 1]), _monic_laguerre(dim, size, 2)
    transform = sigma0.square(basis) + s * sigma1.square(basis)  # P
    function = _fourier(transform, _monic_laguerre(dim, degree + 1, 1))  # f(x) e^(s/2)
    if -function(s + rho) != tau0.square(basis) + s * tau1.square(basis):
        raise CertificateError("the identity -f = tau0 + (s - rho) tau1 does not hold")
    for gram in (sigma0, sigma1, tau0, tau1):
        gram.prove_positive_definite()

    mean = transform(fmpq(0))  # f^(0); positive, for sigma0 is positive definite
    with ctx.workprec(_DENSITY_BITS):
        half = fmpq(dim, 2)
        volume = arb(rho / 8) ** arb(half) / arb(half + 1).gamma()
        if not volume * arb(function(fmpq(0)) / mean) <= arb(density):
            raise CertificateError(f"the density is not proved to be at most {claim}")
    return Proof(
        kind="two-point",
        statement=f"Every packing of equal balls in dimension {dim} has density at most {claim}.",
        dim=dim,
        density=claim,
    )


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
