"""From the solution of a two-point program to a proof.

The four Gram matrices are rounded to dyadic numbers. ``sigma0`` and ``sigma1`` define
``P`` and with it ``f``, so that the first identity holds by definition. What the second
lacks is moved into the diagonals of ``tau0`` and ``tau1``: their ``p_j^2`` and ``u p_j^2``
are monic of all degrees from 0 to ``D``, hence the elimination is exact.
"""

from collections.abc import Mapping
from typing import Any

from flint import arb, arb_mat, ctx, fmpq, fmpq_poly

from bosearch.errors import CertificateError
from bosearch.packing.densities import density_per_ratio
from bosearch.packing.laguerre import log2_norms, monic_laguerre
from bosearch.packing.two_point_program import BLOCKS, TwoPointProgram
from bosearch.packing.two_point_repair import repaired
from bosearch.sdp.certificate import TWO_POINT, certified
from bosearch.sdp.result import SdpResult
from bosearch.sdp.rounding import DyadicGram, absorb, balanced_exponents, two_to

_BITS = ((512, 80), (1024, 128), (2048, 192))  # of the repair, of the rounded matrices
_DIGITS = 16  # of the density
_WORK_BITS = 1024


def prove(program: TwoPointProgram, result: SdpResult) -> dict[str, Any]:
    """Return a certificate that the checker has accepted.

    Raises:
        CertificateError: The solution is too far from the cone or too close to its boundary.
    """
    solution = {name: result.blocks[name].to_arb_mat() for name in BLOCKS}
    refusal: CertificateError | None = None
    for working_bits, bits in _BITS:
        try:
            matrices = repaired(program, solution, bits=working_bits)
            return certified(TWO_POINT, rounded(program, matrices, bits), made_by=result)
        except CertificateError as error:
            refusal = error
    assert refusal is not None
    raise CertificateError(
        f"the bound was found ({result.status}) but not proved: {refusal.message}",
        hint="ask for a larger gap such as 1e-10, which stays further from the boundary, or for"
        " more limbs, which leave less to repair",
    ) from refusal


def rounded(program: TwoPointProgram, matrices: Mapping[str, arb_mat], bits: int) -> dict[str, Any]:
    """Return the body of a certificate, exact but not yet checked.

    Args:
        program: What was solved.
        matrices: Gram matrices of ``sigma0``, ``sigma1``, ``tau0``, ``tau1`` in its basis.
        bits: To which they are rounded, relative to their diagonals.
    """
    grams, function, transform = exact_grams(program, matrices, bits)
    ratio = function(fmpq(0)) / transform(fmpq(0))
    return {
        "dim": program.dim,
        "degree": program.degree,
        "rho": str(program.rho),
        "density": upper_density(program.dim, program.rho, ratio),
        "grams": {name: grams[name].to_json() for name in BLOCKS},
    }


def exact_grams(
    program: TwoPointProgram, matrices: Mapping[str, arb_mat], bits: int
) -> tuple[dict[str, DyadicGram], fmpq_poly, fmpq_poly]:
    """Return dyadic Gram matrices that satisfy the second identity exactly.

    Args:
        program: What was solved.
        matrices: See ``rounded``.
        bits: See there.

    Returns:
        The matrices in the basis of the checker, ``f(x) e^(s/2)`` and its transform.
    """
    dim, D = program.dim, program.degree
    norms = log2_norms(dim, program.size, width=2)
    basis = monic_laguerre(dim, program.size, width=2)
    grams = {name: _monic(matrices[name], norms, bits) for name in BLOCKS}
    s = fmpq_poly([0, 1])
    transform = grams["sigma0"].square(basis) + s * grams["sigma1"].square(basis)
    function = fourier(transform, monic_laguerre(dim, D + 1))
    lacking = -function(s + program.rho)
    lacking -= grams["tau0"].square(basis) + s * grams["tau1"].square(basis)
    squares = [p * p for p in basis]
    corrections = absorb(lacking, [q for p in squares for q in (p, s * p)])
    grams["tau0"] = grams["tau0"].plus_diagonal(corrections[0::2])
    grams["tau1"] = grams["tau1"].plus_diagonal(corrections[1::2])
    return grams, function, transform


def _monic(matrix: arb_mat, norms: list[int], bits: int) -> DyadicGram:
    """Round after a change to the monic basis: powers of two only."""
    n = len(norms)
    with ctx.workprec(_WORK_BITS):
        scaled = [
            matrix[i, j].mid() * arb(two_to(-norms[i] - norms[j]))
            for i in range(n)
            for j in range(n)
        ]
    monic = arb_mat(n, n, scaled)
    return DyadicGram.rounded(monic, balanced_exponents(monic, bits))


def fourier(polynomial: fmpq_poly, monic: list[fmpq_poly]) -> fmpq_poly:
    """Transform ``polynomial(s) e^(-s/2)``: the sign of odd coefficients in ``monic`` changes."""
    made = fmpq_poly()
    for k, coefficient in enumerate(absorb(polynomial, monic)):
        made += (-coefficient if k % 2 else coefficient) * monic[k]
    return made


def upper_density(dim: int, rho: fmpq, ratio: fmpq) -> str:
    """The density of a ratio ``f(0) / f^(0)``, rounded up in its 16th significant digit."""
    with ctx.workprec(_WORK_BITS):
        density = density_per_ratio(dim, rho) * arb(ratio)
        if not 0 < density < 1000:
            raise CertificateError(f"no density: {density.str(5)}")
        places = _DIGITS
        while density * arb(10) ** places < 10 ** (_DIGITS - 1):
            places += 1
        units = _least_integer(density * arb(10) ** places)
    whole, part = divmod(units, 10**places)
    return f"{whole}.{part:0{places}d}"


def _least_integer(value: arb) -> int:
    """An integer that the ball does not exceed: the least, unless the ball straddles one."""
    upper = value.upper().ceil().unique_fmpz()
    assert upper is not None  # the ceiling of an exact number
    return int(upper)
