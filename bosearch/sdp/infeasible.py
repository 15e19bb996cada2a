r"""Rays that show that one side of a program is infeasible.

If ``c . x = 1``, ``B^T x = 0`` and ``-A^T(x)`` is psd up to an error ``e``, every
feasible ``Y`` has ``1 <= e |Y|``, so there is none smaller than ``1/e`` in the scale
of the preconditioned program. The same holds for the dual with a direction
``(Y, y)`` along which the cost falls.
"""

from dataclasses import dataclass
from typing import final

from bosearch.sdp.iterate import Facts, Iterate
from bosearch.sdp.multifloat import MultiFloat
from bosearch.sdp.result import Status

_ERROR = 1e-8  # of a normalised ray


@final
@dataclass(frozen=True)
class Ray:
    """What a ray shows, and the ``factor`` that normalises it."""

    status: Status
    detail: str
    factor: float

    def of(self, at: Iterate) -> Iterate:
        """The normalised ray, held as an iterate."""

        def times(arrays: tuple[MultiFloat, ...]) -> tuple[MultiFloat, ...]:
            return tuple(array * self.factor for array in arrays)

        return Iterate(times(at.Y), times(at.Z), times(at.x), at.y * self.factor)


def ray(lack: Facts, feasible: float) -> Ray | None:
    """Say whether an iterate is a ray; ``feasible`` is the residual of a feasible side."""
    if lack.dual > 0.0 and lack.primal_error > feasible:
        error = lack.rise / lack.dual
        if error < _ERROR:
            detail = f"multipliers of error {error:.1e}"
            return Ray(Status.primal_infeasible, detail, 1.0 / lack.dual)
    if lack.primal < 0.0 and lack.dual_error > feasible:
        error = lack.fall / -lack.primal
        if error < _ERROR:
            detail = f"a direction of error {error:.1e}"
            return Ray(Status.dual_infeasible, detail, -1.0 / lack.primal)
    return None
