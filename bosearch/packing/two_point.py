"""Upper bounds of the density of sphere packings by linear programming, certified.

Cohn and Elkies (2003), "New upper bounds on sphere packings I", in any dimension to 64.
The scale is searched with a few cheap solves; then one solve gives the bound, and exact
rounding turns it into a theorem.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal, localcontext
from fractions import Fraction
from typing import Any, Literal, final

from flint import arb, ctx, fmpq

from bosearch.errors import SdpError
from bosearch.packing.densities import density_per_ratio
from bosearch.packing.scale import best_scale, natural_scale
from bosearch.packing.two_point_certificate import prove
from bosearch.packing.two_point_program import TwoPointProgram, check_size
from bosearch.sdp.result import Iteration, SdpResult, Status
from bosearch.sdp.solver import solve

_RHO_BITS = 20  # after the point: short, for its powers enter the certificate
_DIGITS = 16
_USABLE = (Status.optimal, Status.near_optimal)


@final
@dataclass(frozen=True, kw_only=True)
class TwoPointBound:
    """An upper bound of the density of packings of equal balls.

    Args:
        dim: Of the space.
        degree: Of the polynomials in ``s = 2 pi |x|^2``.
        density: No packing is denser; proved only if ``certified``.
        certified: Whether ``certificate`` proves it.
        rho: The scale ``2 pi r^2``.
        gap: Relative gap of the solver.
        seconds: CPU seconds, the search for the scale included.
        status: How the solver ended.
        result: What the solver found.
        certificate: The proof, for ``bosearch.verify``; None if not asked for.
    """

    dim: int
    degree: int
    density: Decimal
    certified: bool
    rho: Fraction
    gap: float
    seconds: float
    status: Status
    result: SdpResult
    certificate: dict[str, Any] | None = None

    @property
    def r(self) -> float:
        """The diameter of the balls at which the bound was computed."""
        return math.sqrt(self.rho / 2 / math.pi)


def two_point(
    dim: int,
    degree: int,
    *,
    r: float | Fraction | Literal["best", "natural"] = "best",
    gap: float = 1e-12,
    certify: bool = False,
    backend: str = "native",
    device: str | None = None,
    limbs: Literal["auto"] | int = "auto",
    on_iteration: Callable[[Iteration], None] | None = None,
    time_s: float | None = None,
) -> TwoPointBound:
    """Bound the density of packings of equal balls in ``dim`` dimensions.

    Args:
        dim: 1 to 64.
        degree: Odd, to 201; the bound improves with it.
        r: Diameter of the balls at which to compute it: a number (``2 pi r^2`` is rounded to
            20 bits after the point), "natural" or "best"; see ``bosearch.packing.scale``.
        gap: Relative gap of the last solve.
        certify: Whether to prove the bound.
        backend: See ``bosearch.sdp.solve``, as all that follow.
        device: See there.
        limbs: See there.
        on_iteration: See there; of the last solve.
        time_s: Wall clock seconds in all.

    Raises:
        SdpError: A dimension, degree or scale that cannot be served, or the solver did not
            come near an optimum.
        CertificateError: The bound found could not be proved.
    """
    check_size(dim, degree)
    began, clock = time.process_time(), time.monotonic()

    def left() -> float | None:
        if time_s is None:
            return None
        return max(1e-3, time_s - (time.monotonic() - clock))

    def sound(log_r: float, gap: float) -> float:
        program = TwoPointProgram(dim, degree, _rho(math.exp(log_r)))
        found = solve(program.problem(), gap=gap, device=device, time_s=left())
        if found.status is Status.primal_infeasible:
            return math.inf
        return float(_density(program, _usable(found)))

    if isinstance(r, str):
        if r not in ("best", "natural"):
            raise SdpError(f"r must be a number, 'best' or 'natural', got {r!r}")
        search = best_scale if r == "best" else natural_scale
        diameter = math.exp(search(dim, degree, sound))
    else:
        diameter = _number(r)
    program = TwoPointProgram(dim, degree, _rho(diameter))
    result = solve(
        program.problem(),
        backend=backend,
        gap=gap,
        limbs=limbs,
        device=device,
        on_iteration=on_iteration,
        time_s=left(),
    )
    _usable(result)
    certificate = prove(program, result) if certify else None
    return TwoPointBound(
        dim=dim,
        degree=degree,
        density=_density(program, result)
        if certificate is None
        else Decimal(certificate["density"]),
        certified=certify,
        rho=Fraction(int(program.rho.p), int(program.rho.q)),
        gap=result.gap,
        seconds=time.process_time() - began,
        status=result.status,
        result=result,
        certificate=certificate,
    )


def _number(r: object) -> float:
    if isinstance(r, bool) or not isinstance(r, int | float | Fraction | Decimal):
        raise SdpError(f"r must be a number, 'best' or 'natural', got {r!r}")
    return float(r)


def _rho(diameter: float) -> fmpq:
    if not 0.0 < diameter < 1e3:
        raise SdpError(f"r must be between 0 and 1000, got {diameter}")
    return fmpq(max(1, round(2.0 * math.pi * diameter**2 * 2**_RHO_BITS)), 2**_RHO_BITS)


def _usable(result: SdpResult) -> SdpResult:
    if result.status not in _USABLE:
        raise SdpError(f"the bound was not found: {result.message}")
    return result


def _density(program: TwoPointProgram, result: SdpResult) -> Decimal:
    with ctx.workprec(256):
        density = density_per_ratio(program.dim, program.rho) * arb(result.primal.to_fmpq())
        text = density.str(2 * _DIGITS, radius=False)
    with localcontext() as local:
        local.prec, local.rounding = _DIGITS, ROUND_UP
        return +Decimal(text)
