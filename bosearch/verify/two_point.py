"""Sphere packing, two points: Cohn and Elkies (2003), theorem 3.2.

If ``f^ >= 0`` everywhere and ``f <= 0`` where ``s = 2 pi |x|^2 >= rho = 2 pi r^2``, balls of
diameter ``r`` have density at most ``vol(B_(r/2)) f(0)/f^(0)``, which is
``(rho/8)^(dim/2) / Gamma(dim/2 + 1) * f(0)/f^(0)``. Such an ``f`` is what
``bosearch.verify.radial`` proves of four Gram matrices.
"""

from flint import fmpq

from bosearch.verify.density import prove_density
from bosearch.verify.proof import Proof
from bosearch.verify.radial import MAX_DIM, odd_degree, prove_radial, short_positive
from bosearch.verify.reading import Section

KEYS = ("dim", "degree", "rho", "grams", "density")


def prove(section: Section) -> Proof:
    """Prove a density bound.

    Raises:
        CertificateError: The first thing that is damaged or not proved.
    """
    dim = section.integer("dim", 1, MAX_DIM)
    degree, rho = odd_degree(section), short_positive(section, "rho")
    f = prove_radial(section.value["grams"], dim, degree, rho)
    ratio = f.function(fmpq(0)) / f.transform(fmpq(0))
    return prove_density(section, "two-point", dim, rho, ratio)
