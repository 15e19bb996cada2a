"""The density that a radial function bounds, and the sentence that says so."""

from flint import arb, ctx, fmpq

from bosearch.errors import CertificateError
from bosearch.verify.proof import Proof
from bosearch.verify.reading import Section

_BITS = 1024


def prove_density(section: Section, kind: str, dim: int, rho: fmpq, ratio: fmpq) -> Proof:
    """Prove the claim ``density`` for balls of diameter ``r``, where ``rho = 2 pi r^2``.

    Args:
        section: The certificate.
        kind: Of the proof.
        dim: Of the space.
        rho: The scale.
        ratio: The proved bound of the number of balls per unit of volume.

    Raises:
        CertificateError: ``vol(B_(r/2)) ratio`` is not proved to be at most ``density``.
    """
    claim, density = section.decimal("density")
    with ctx.workprec(_BITS):
        half = fmpq(dim, 2)
        volume = arb(rho / 8) ** arb(half) / arb(half + 1).gamma()  # pi cancels
        if not volume * arb(ratio) <= arb(density):
            raise CertificateError(f"the density is not proved to be at most {claim}")
    return Proof(
        kind=kind,
        statement=f"Every packing of equal balls in dimension {dim} has density at most {claim}.",
        dim=dim,
        density=claim,
    )
