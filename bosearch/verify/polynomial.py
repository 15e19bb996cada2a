"""Lower bound of a polynomial ``p`` by a sum of squares.

``scale (1 + |x|^2)^k (p - bound)`` must equal ``b^T G b`` over the stated monomials ``b``,
with ``G`` positive definite. On the sphere ``|x| = 1`` and for a form ``p``, it is
``scale |x|^(2k) (p - bound |x|^deg)``.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import comb
from typing import Any

from flint import fmpq, fmpq_mpoly, fmpq_mpoly_ctx

from bosearch.errors import CertificateError
from bosearch.verify.gram import Gram
from bosearch.verify.proof import Proof
from bosearch.verify.reading import Section, as_integer, as_list, as_rational

KEYS = ("domain", "variables", "terms", "multiplier", "scale", "bound", "basis", "gram")

MAX_VARIABLES = 16
MAX_TERMS = 20_000
MAX_BASIS = 300
MAX_EXPONENT = 200
MAX_MULTIPLIER = 16
MAX_SCALE = 10**300
_MAX_WORK = 10**6  # terms of the multiplier times terms of the polynomial

Monomial = tuple[int, ...]


def prove(section: Section) -> Proof:
    """Prove a lower bound.

    Raises:
        CertificateError: The first thing that is damaged or not proved.
    """
    domain = section.choice("domain", ("space", "sphere"))
    names = _names(section)
    n = len(names)
    terms = _terms(section, n)
    k = section.integer("multiplier", 0, MAX_MULTIPLIER)
    if len(terms) * comb(n + k, k) > _MAX_WORK:
        raise CertificateError("certificate: the polynomial and its multiplier are too large")
    scale = section.integer("scale", 1, MAX_SCALE)
    bound = section.rational("bound")
    basis = [_monomial(m, "basis", n) for m in section.items("basis", 1, MAX_BASIS)]
    gram = Gram(section.value["gram"], "gram", len(basis))

    ring = fmpq_mpoly_ctx.get([f"x{i}" for i in range(n)])
    p = ring.from_dict(terms)
    norm = sum((x * x for x in ring.gens()), ring.constant(0))
    if domain == "space":
        left = (1 + norm) ** k * (p - bound)
    else:
        degree = _degree(terms)
        left = norm**k * (p - bound * norm ** (degree // 2))
    if scale * left != _square(gram, basis, ring):
        raise CertificateError("the polynomial less its bound is not the stated sum of squares")
    gram.prove_positive_definite()
    points = f"all real ({', '.join(names)})" + (" of norm 1" if domain == "sphere" else "")
    return Proof(
        kind="polynomial-lower-bound",
        statement=f"{_text(terms, names)} >= {bound} for {points}.",
        dim=n,
        bound=Fraction(int(bound.p), int(bound.q)),
    )


def _names(section: Section) -> list[str]:
    names = section.items("variables", 1, MAX_VARIABLES)
    if not all(isinstance(x, str) and len(x) <= 40 and x.isidentifier() for x in names):
        raise CertificateError("certificate: variables must be names")
    if len(set(names)) < len(names):
        raise CertificateError("certificate: variables must differ")
    return names


def _terms(section: Section, n: int) -> dict[Monomial, fmpq]:
    terms: dict[Monomial, fmpq] = {}
    for i, pair in enumerate(section.items("terms", 1, MAX_TERMS)):
        monomial, value = as_list(pair, f"term {i}", 2, 2)
        monomial = _monomial(monomial, f"term {i}", n)
        if monomial in terms:
            raise CertificateError(f"term {i}: its monomial is repeated")
        terms[monomial] = as_rational(value, f"term {i}")
        if terms[monomial] == 0:
            raise CertificateError(f"term {i} is zero")
    return terms


def _monomial(value: Any, where: str, n: int) -> Monomial:
    return tuple(as_integer(e, where, 0, MAX_EXPONENT) for e in as_list(value, where, n, n))


def _degree(terms: dict[Monomial, fmpq]) -> int:
    degrees = {sum(monomial) for monomial in terms}
    degree = degrees.pop()
    if degrees or degree % 2:
        raise CertificateError("certificate: on the sphere, p must be a form of even degree")
    return degree


def _square(gram: Gram, basis: Sequence[Monomial], ring: fmpq_mpoly_ctx) -> fmpq_mpoly:
    """The polynomial ``b^T G b``, exactly."""
    total: dict[Monomial, fmpq] = {}
    for i, a in enumerate(basis):
        for j, b in enumerate(basis[: i + 1]):
            value = gram.diagonal_entry(i) if i == j else 2 * gram.entry(i, j)
            monomial = tuple(x + y for x, y in zip(a, b, strict=True))
            total[monomial] = total.get(monomial, fmpq(0)) + value
    return ring.from_dict(total)


def _text(terms: dict[Monomial, fmpq], names: Sequence[str]) -> str:
    made = ""
    for monomial, value in sorted(terms.items(), reverse=True):
        factors = [
            name if e == 1 else f"{name}^{e}" for name, e in zip(names, monomial, strict=True) if e
        ]
        if abs(value) != 1 or not factors:
            factors.insert(0, str(abs(value)))
        made += (" - " if value < 0 else " + ") + "*".join(factors)
    return made.removeprefix(" + ").strip()
