"""Sphere packing, three points: Cohn, de Laat and Salmon (2022), theorem 1.1.

Let ``0 < r < R``, ``f2`` a radial function with ``f2^ >= 0`` and ``f3`` a positive definite
kernel on the ball of radius ``R``, invariant under rotations, and zero beyond. If

- (ii) ``f2(x) <= 0`` for ``|x| >= R``,
- (iii) ``f2(x) + f3(x, x) + 2 f3(x, 0) <= 0`` for ``r <= |x| <= R``,
- (iv) ``f3(x, y) + f3(-x, y - x) + f3(x - y, -y) <= 0`` where all distances of ``0, x, y``
  lie in ``[r, R]``,
- (v) ``f3(x, y) <= 0`` for ``|x|, |y|`` in ``[r, R]`` and ``|x - y| >= R``,

then balls of diameter ``r`` have density at most ``vol(B_(r/2)) (f2(0) + f3(0, 0)) / f2^(0)``.
Proof: let ``C`` be the centres of a periodic packing with ``N`` of them in a cell of volume
``W``. By Poisson summation the sum of ``f2(y - x)`` over ``x`` in the cell and ``y`` in ``C`` is
at least ``f2^(0) N^2/W``; the sum of ``f3(y - x, z - x)`` over ``z`` too is not negative. Of both
together, ``x = y = z`` gives ``N (f2(0) + f3(0, 0))``; two distinct points give (iii), or (ii)
beyond ``R``; three give (iv) if all their distances are at most ``R``, (v) if two are, else 0.

A certificate has ``rho = 2 pi r^2``, ``outer = 2 pi R^2``, and a ``unit`` of squared distances,
any positive number. ``grams`` are those of ``bosearch.verify.radial`` for ``f2`` with
``end = outer``, which proves (ii); ``kernels`` define ``f3``: see ``bosearch.verify.kernels``;
``near`` and ``far`` prove (iv) and (v): see ``bosearch.verify.triples``. (iii) needs no numbers:
see ``bosearch.verify.segment``.
"""

from flint import fmpq

from bosearch.errors import CertificateError
from bosearch.verify.density import prove_density
from bosearch.verify.kernels import Kernel
from bosearch.verify.proof import Proof
from bosearch.verify.radial import MAX_DIM, odd_degree, prove_radial, short_positive
from bosearch.verify.reading import Section
from bosearch.verify.segment import prove_negative
from bosearch.verify.triples import Shell, prove_nowhere_positive, read_words

KEYS = (
    "dim",
    "d",
    "degree",
    "rho",
    "outer",
    "unit",
    "grams",
    "kernels",
    "near",
    "far",
    "density",
)
MAX_D = 16


def prove(section: Section) -> Proof:
    """Prove a density bound.

    Raises:
        CertificateError: The first thing that is damaged or not proved.
    """
    dim = section.integer("dim", 2, MAX_DIM)
    d, degree = section.integer("d", 1, MAX_D), odd_degree(section)
    shell = Shell(*(short_positive(section, key) for key in ("rho", "outer", "unit")))
    if not shell.rho < shell.outer:
        raise CertificateError("certificate: rho must be less than outer")
    f3 = Kernel(section.value["kernels"], dim, d, shell.unit)
    words = {kind: read_words(section.value[kind], kind, d) for kind in ("near", "far")}

    f2 = prove_radial(section.value["grams"], dim, degree, shell.outer)
    ratio = (f2.function(fmpq(0)) + f3.at_origin()) / f2.transform(fmpq(0))
    proof = prove_density(section, "three-point", dim, shell.rho, ratio)
    f3.prove_positive_definite()
    prove_negative(
        f2.function, f3.on_pairs(), shell.rho, shell.outer, "f2(x) + f3(x, x) + 2 f3(x, 0) <= 0"
    )
    for kind in ("near", "far"):
        prove_nowhere_positive(kind, shell, d, words[kind], f3.on_triples(kind, shell))
    return proof
