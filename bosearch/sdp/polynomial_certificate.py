"""From a numerical sum of squares to a proof.

Source: Peyrl and Parrilo (2008), "Computing sum of squares decompositions with rational
coefficients": round the Gram matrix and spread what each coefficient then lacks over the
entries that belong to it. We keep all numbers dyadic.
"""

from collections.abc import Mapping, Sequence
from math import lcm
from typing import Any

from flint import fmpq

from bosearch.errors import CertificateError
from bosearch.sdp.certificate import POLYNOMIAL, certified
from bosearch.sdp.newton import Monomial
from bosearch.sdp.polynomial_program import SosProgram, products_of
from bosearch.sdp.result import SdpResult
from bosearch.sdp.rounding import DyadicGram, binary_order, two_to

_BITS = (96, 160, 256)  # of the rounded Gram matrix, tried in turn


def prove(
    program: SosProgram, basis: list[Monomial], result: SdpResult, bound: fmpq
) -> dict[str, Any]:
    """Return a certificate of ``bound`` that the checker has accepted.

    Raises:
        CertificateError: The Gram matrix is too close to a singular one.
    """
    scale = lcm(int(bound.q), *(c.denominator for c in program.terms.values()))
    target, unit = program.sides(scale)
    left = {m: target.get(m, fmpq(0)) - bound * unit.get(m, fmpq(0)) for m in {*target, *unit}}
    matrix = result.blocks["gram"].to_arb_mat() * scale
    largest = max(binary_order(matrix[i, i]) for i in range(len(basis)))
    refusal: CertificateError | None = None
    for bits in _BITS:
        gram = DyadicGram.rounded(matrix, [min(-1, (largest - bits) // 2)] * len(basis))
        gram = spread(left, gram, basis)
        document = {
            "domain": program.domain,
            "variables": list(program.variables),
            "terms": [[list(m), str(c)] for m, c in sorted(program.terms.items())],
            "multiplier": program.multiplier,
            "scale": scale,
            "bound": str(bound),
            "basis": [list(m) for m in basis],
            "gram": gram.to_json(),
        }
        try:
            return certified(POLYNOMIAL, document, made_by=result)
        except CertificateError as error:
            refusal = error
    assert refusal is not None
    raise CertificateError(
        f"the bound {bound} was found ({result.status}) but not proved: {refusal.message}",
        hint="ask for a larger gap, or for a multiplier; a form that has zeros at infinity"
        " is better bounded on the sphere",
    ) from refusal


def spread(
    left: Mapping[Monomial, fmpq], gram: DyadicGram, basis: Sequence[Monomial]
) -> DyadicGram:
    """Add to ``gram`` what it lacks of ``left``, evenly over the entries of each monomial.

    Every coefficient of ``left`` is an integer and the exponents of ``gram`` are equal and
    negative, so that the remainders fit: half of an even one goes to each mirror image.
    """
    unit = two_to(2 * gram.exponents[0])
    lower = [list(row) for row in gram.lower]
    diagonal = list(gram.diagonal)
    for monomial, pairs in products_of(basis).items():
        total = sum((gram.entry(i, j) * (1 if i == j else 2) for i, j in pairs), fmpq(0))
        units = ((left.get(monomial, fmpq(0)) - total) / unit).p
        square = [i for i, j in pairs if i == j]
        mirrored = [(i, j) for i, j in pairs if i != j]
        share = units // (2 * len(mirrored) + len(square))
        for i, j in mirrored:
            lower[i - 1][j] += share
        rest = units - 2 * share * len(mirrored)
        if square:
            diagonal[square[0]] += rest * unit
        else:
            for i, j in mirrored[: int(rest) // 2]:
                lower[i - 1][j] += 1
    return DyadicGram(gram.exponents, tuple(map(tuple, lower)), tuple(diagonal))
