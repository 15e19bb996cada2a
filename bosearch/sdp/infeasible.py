r"""Rays that show that one side of a program is infeasible.

If ``c . x = 1``, ``B^T x = 0`` and ``-A^T(x)`` is psd up to an error ``e``, every
feasible ``Y`` has ``1 <= e |Y|``, so there is none smaller than ``1/e`` in the scale
of the preconditioned program. The same holds for the dual with a direction
``(Y, y)`` along which the cost falls.
"""

from dataclasses import dataclass
from typing import final

from bosearch.sdp.iterate import Iterate, Residuals, norm
from bosearch.sdp.multifloat import MultiFloat
from bosearch.sdp.program import Program
from bosearch.sdp.result import Status

_ERROR = 1e-8  # of a normalised ray


@final
@dataclass(frozen=True, eq=False)
class Ray:
    """A normalised ray, held as an iterate, and what it shows."""

    status: Status
    detail: str
    iterate: Iterate


def ray(program: Program, at: Iterate, lack: Residuals, feasible: float) -> Ray | None:
    """Return a ray if the iterate is one; ``feasible`` is the residual of a feasible side."""
    rise = float(lack.dual.to_double())
    if rise > 0.0 and lack.primal_error > feasible:
        missed = tuple(C - s for C, s in zip(program.cost, lack.slack, strict=True))
        error = norm((*missed, program.cost_free - lack.free)) / rise
        if error < _ERROR:
            detail = f"multipliers of error {error:.1e}"
            return Ray(Status.primal_infeasible, detail, _scaled(at, 1.0 / rise))
    fall = -float(lack.primal.to_double())
    if fall > 0.0 and lack.dual_error > feasible:
        error = norm(tuple(c - r for c, r in zip(program.rhs, lack.rows, strict=True))) / fall
        if error < _ERROR:
            detail = f"a direction of error {error:.1e}"
            return Ray(Status.dual_infeasible, detail, _scaled(at, 1.0 / fall))
    return None


def _scaled(at: Iterate, factor: float) -> Iterate:
    def times(arrays: tuple[MultiFloat, ...]) -> tuple[MultiFloat, ...]:
        return tuple(array * factor for array in arrays)

    return Iterate(times(at.Y), times(at.Z), times(at.x), at.y * factor)
