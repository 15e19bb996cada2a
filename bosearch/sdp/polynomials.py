"""Global lower bounds of polynomials by sums of squares, proved unless asked otherwise."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, log10
from typing import Any, final

from flint import fmpq

from bosearch.errors import SdpError
from bosearch.sdp.polynomial_certificate import prove
from bosearch.sdp.polynomial_program import NO_SUM_OF_SQUARES, Domain, SosProgram
from bosearch.sdp.polynomial_text import read_polynomial
from bosearch.sdp.result import Iteration, SdpResult, Status
from bosearch.sdp.solver import solve


@final
@dataclass(frozen=True, kw_only=True)
class PolynomialBound:
    """A lower bound of a polynomial.

    Args:
        bound: The polynomial is nowhere below; proved only if ``certified``.
        certified: Whether ``certificate`` proves it.
        status: How the solver ended.
        gap: Relative gap of the solver.
        seconds: CPU seconds of the solver.
        result: What the solver found.
        certificate: The proof, for ``bosearch.verify``; None if not asked for.
    """

    bound: Fraction
    certified: bool
    status: Status
    gap: float
    seconds: float
    result: SdpResult
    certificate: dict[str, Any] | None = None


def sos_lower_bound(
    polynomial: str | Mapping[tuple[int, ...], int | Fraction],
    *,
    multiplier: int = 0,
    domain: Domain = "space",
    gap: float = 1e-9,
    certify: bool = True,
    on_iteration: Callable[[Iteration], None] | None = None,
    time_s: float | None = None,
) -> PolynomialBound:
    """Bound a polynomial from below by a sum of squares.

    Args:
        polynomial: A text such as ``"x^4*y^2 + x^2*y^4 - 3*x^2*y^2 + 1"``, or coefficients
            by exponents such as ``{(4, 2): 1, (0, 0): 1}``.
        multiplier: ``k``: the power of ``1 + |x|^2``, or of ``|x|^2`` on the sphere.
        domain: "space", or "sphere" to bound a form on the unit sphere.
        gap: Relative gap to which it is solved.
        certify: Whether to prove the bound; it is then rounded down to a short decimal.
        on_iteration: Told about each iteration.
        time_s: Wall clock seconds for the solver.

    Raises:
        SdpError: The polynomial is unbounded below, or no bound of this kind exists.
        CertificateError: The bound found could not be proved.
    """
    variables, terms = read_polynomial(polynomial)
    program = SosProgram(variables, terms, multiplier, domain)
    basis = program.basis()
    result = solve(program.problem(basis), gap=gap, on_iteration=on_iteration, time_s=time_s)
    if result.status is Status.primal_infeasible:
        raise SdpError("no number is a lower bound by sums of squares", hint=NO_SUM_OF_SQUARES)
    if not (certify or result.status in (Status.optimal, Status.near_optimal)):
        raise SdpError(f"the bound was not found: {result.message}")
    found = result.primal.to_fmpq()
    digits = max(1, ceil(-log10(gap)) + 1)
    bound = fmpq((found * 10**digits).floor(), 10**digits)
    certificate = prove(program, basis, result, bound) if certify else None
    return PolynomialBound(
        bound=Fraction(int(bound.p), int(bound.q)),
        certified=certify,
        status=result.status,
        gap=result.gap,
        seconds=result.seconds,
        result=result,
        certificate=certificate,
    )
