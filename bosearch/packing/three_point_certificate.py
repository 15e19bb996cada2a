"""From the solution of a three-point program to a proof.

The program was solved with a slack in the conditions on pairs and triples. Once the solution
satisfies all identities to many digits (``bosearch.sdp.feasible``), its matrices can be
rounded to dyadic numbers as they are: what the identities lack then is below the slack. Only
the Gram matrices of ``f2`` satisfy theirs exactly, for they reach to infinity;
``bosearch.packing.two_point_certificate`` sees to that.
"""

from collections.abc import Iterator
from typing import Any

from flint import arb_mat, fmpq

from bosearch.errors import CertificateError, SdpError
from bosearch.packing.assembly import LETTERS, Which, largest_half_degree
from bosearch.packing.three_point_program import ThreePointProgram, block_name
from bosearch.packing.triples import parts
from bosearch.packing.two_point_certificate import exact_grams, upper_density
from bosearch.sdp.certificate import THREE_POINT, certified
from bosearch.sdp.feasible import feasible
from bosearch.sdp.result import SdpResult
from bosearch.sdp.rounding import DyadicGram, balanced_exponents

_BITS = (72, 112, 192)  # of the rounded matrices


def prove(program: ThreePointProgram, result: SdpResult) -> dict[str, Any]:
    """Return a certificate that the checker has accepted.

    Raises:
        CertificateError: The program has no kernels, or the solution is too far from the cone,
            too close to its boundary, or lacks more than its slack.
    """
    if not program.construction.kernels:
        raise CertificateError(
            "without kernels there is nothing to prove about triples",
            hint="prove the two-point bound",
        )
    try:
        blocks, _ = feasible(program.problem(), result)
    except SdpError as error:
        raise CertificateError(f"the solution cannot be proved: {error.message}") from error
    matrices = {name: block.to_arb_mat() for name, block in blocks.items()}
    refusal: CertificateError | None = None
    for bits in _BITS:
        try:
            return certified(THREE_POINT, rounded(program, matrices, bits), made_by=result)
        except CertificateError as error:
            refusal = error
    assert refusal is not None
    raise CertificateError(
        f"the bound was found ({result.status}) but not proved: {refusal.message}",
        hint="if these kernels gain nothing, prove the two-point bound; otherwise ask for more"
        " pair_nodes, or for a larger gap, which stays further from the boundary",
    ) from refusal


def rounded(program: ThreePointProgram, matrices: dict[str, arb_mat], bits: int) -> dict[str, Any]:
    """Return the body of a certificate, not yet checked.

    Args:
        program: What was solved.
        matrices: By block, in its bases.
        bits: To which they are rounded, relative to their diagonals.
    """
    pair, function, transform = exact_grams(program.two_point, matrices, bits)
    kernels = [
        _rounded(matrices[f"F{k}"], bits) if size else None
        for k, size in enumerate(program.construction.kernels)
    ]
    origin = fmpq(0) if kernels[0] is None else _at_origin(kernels[0])
    ratio = (function(fmpq(0)) + origin) / transform(fmpq(0))
    return {
        "dim": program.dim,
        "d": program.d,
        "degree": program.two_point.degree,
        "rho": str(program.rho),
        "outer": str(program.outer),
        "unit": str(program.shell.extent),
        "density": upper_density(program.dim, program.rho, ratio),
        "grams": {name: gram.to_json() for name, gram in pair.items()},
        "kernels": [None if gram is None else gram.to_json() for gram in kernels],
        **{which: list(_words(program, which, matrices, bits)) for which in LETTERS},
    }


def _words(
    program: ThreePointProgram, which: Which, matrices: dict[str, arb_mat], bits: int
) -> Iterator[dict[str, Any]]:
    for word in program.construction.words(which):
        named = {part.name: block_name(which, word, part.name) for part in parts(which, 0)}
        grams = {
            part: _rounded(matrices[name], bits).to_json()
            for part, name in named.items()
            if name in matrices
        }
        half_degree = program.construction.half_degree(which, word, program.d)
        lowered = half_degree < largest_half_degree(which, word, program.d)
        yield {
            "word": list(word),
            **({"half_degree": half_degree} if lowered else {}),
            "grams": grams,
        }


def _rounded(matrix: arb_mat, bits: int) -> DyadicGram:
    return DyadicGram.rounded(matrix, balanced_exponents(matrix, bits))


def _at_origin(gram: DyadicGram) -> fmpq:
    """``m(0)^T F_0 m(0)``, where the Chebyshev polynomials are 1 and -1 in turn."""
    indices = range(gram.size)
    return sum(((-1) ** (i + j) * gram.entry(i, j) for i in indices for j in indices), fmpq(0))
