"""What a solver found, measured by the exact data: a backend is believed in nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import torch

from bosearch.errors import SdpError
from bosearch.sdp.backends.base import Backend
from bosearch.sdp.dependence import dependent, independent_on_blocks
from bosearch.sdp.iterate import Iterate
from bosearch.sdp.multifloat import MultiFloat
from bosearch.sdp.options import Options
from bosearch.sdp.outcome import Outcome
from bosearch.sdp.prepare import Prepared, prepare
from bosearch.sdp.problem import SdpProblem
from bosearch.sdp.recompute import recompute, remeasure, slacks_of
from bosearch.sdp.result import MEANING, Errors, SdpResult, Status
from bosearch.sdp.tables import LIMBS

_NEAR_GAP = 1e-6  # of a solution that is near optimal
_NEAR_ERROR = 1e-8


def checked(problem: SdpProblem) -> Prepared:
    """Prepare a problem whose rows are independent.

    Raises:
        SdpError: They are not.
    """
    prepared = prepare(problem)
    if independent_on_blocks(prepared):
        return prepared
    names = dependent(prepared)
    if names:
        listed = ", ".join(map(repr, names[:5])) + (", ..." if len(names) > 5 else "")
        raise SdpError(
            f"{len(names)} of {len(problem.rows)} rows are linear combinations of the others:"
            f" {listed}",
            hint="remove them if their right-hand sides agree; otherwise nothing is feasible",
        )
    return prepare(problem, augmented=True)


@final
@dataclass(frozen=True, eq=False)
class _Solution:
    """A solution or a ray in the terms of the problem, measured by the exact data."""

    primal: MultiFloat
    dual: MultiFloat
    gap: float
    errors: Errors
    blocks: Mapping[str, MultiFloat]
    free: MultiFloat
    duals: MultiFloat
    slacks: Mapping[str, MultiFloat]


@final
class Judge:
    """Measures iterates by the exact data, and says what they are worth."""

    def __init__(self, prepared: Prepared, options: Options) -> None:
        self._prepared = prepared
        self._options = options
        self._last: tuple[Iterate, _Solution] | None = None

    def measured(self, at: Iterate) -> _Solution:
        """The solution of an iterate; that of the last one is remembered."""
        if self._last is None or self._last[0] is not at:
            self._last = at, _measured(self._prepared, at)
        return self._last[1]

    def accepts(self, at: Iterate) -> bool:
        """Whether an iterate is optimal."""
        found = self.measured(at)
        options = self._options
        return found.gap <= options.gap and found.errors.worst <= options.feasibility

    def result(self, outcome: Outcome, backend: Backend, seconds: float) -> SdpResult:
        """Report an outcome.

        Args:
            outcome: What the backend returned.
            backend: Which.
            seconds: CPU seconds that it took.
        """
        status = outcome.status
        if status in (Status.primal_infeasible, Status.dual_infeasible):
            found = _ray(self._prepared, outcome)
        else:
            found = self.measured(outcome.iterate)
            status = self.status(status, found)
        return SdpResult(
            status=status,
            message=f"{status}: {MEANING[status]} ({outcome.detail})",
            primal=found.primal,
            dual=found.dual,
            gap=found.gap,
            errors=found.errors,
            blocks=found.blocks,
            free=found.free,
            duals=found.duals,
            slacks=found.slacks,
            history=outcome.history,
            counts=dict(outcome.counts),
            seconds=seconds,
            limbs=outcome.iterate.limbs,
            backend=backend.name,
            version=backend.version(),
            screen=backend.screen,
        )

    def status(self, claimed: Status, found: _Solution) -> Status:
        """What a solution is, given what its solver claims and what was measured."""
        if claimed in (Status.limit, Status.cancelled):
            return claimed
        options = self._options
        if found.gap <= options.gap and found.errors.worst <= options.feasibility:
            return Status.optimal
        if found.errors.worst <= max(_NEAR_ERROR, options.feasibility):
            if found.gap <= max(_NEAR_GAP, options.gap):
                return Status.near_optimal
            if claimed is Status.stalled:
                return Status.feasible_only
        return claimed if claimed is Status.stalled else Status.numerical


def _measured(prepared: Prepared, at: Iterate) -> _Solution:
    blocks, free = prepared.primal(at.Y, at.y)
    duals = prepared.duals(at.x)
    if 2 * at.limbs <= LIMBS:
        exact = remeasure(prepared.tables, blocks, free, duals)
    else:
        exact = recompute(prepared.problem, blocks, free, duals)
    inside, _ = prepared.inner_dual(exact.slacks, duals)
    missed = tuple(a - z.to("cpu") for a, z in zip(inside, at.Z, strict=True))
    primal, dual = float(exact.primal.to_double()), float(exact.dual.to_double())
    difference = abs(float((exact.primal - exact.dual).to_double()))
    return _Solution(
        primal=exact.primal,
        dual=exact.dual,
        gap=difference / max(1.0, abs(primal), abs(dual)),
        errors=prepared.errors(exact.rows, exact.free, missed),
        blocks=blocks,
        free=free,
        duals=duals,
        slacks=exact.slacks,
    )


def _ray(prepared: Prepared, outcome: Outcome) -> _Solution:
    """The ray of an infeasible program, scaled to change the objective by one."""
    problem, at, unit = prepared.problem, outcome.iterate, prepared.unit
    blocks, free = prepared.primal(at.Y, at.y)
    duals = prepared.duals(at.x) / unit
    infinite = float("inf") * prepared.sign
    if outcome.status is Status.dual_infeasible:
        infinite = -infinite
    everything = MultiFloat.of(torch.tensor(infinite, dtype=torch.float64), LIMBS)
    return _Solution(
        primal=everything,
        dual=everything,
        gap=float("inf"),
        errors=Errors(rows=float("inf"), free=float("inf"), slack=float("inf")),
        blocks={name: block / unit for name, block in blocks.items()},
        free=free / unit,
        duals=duals,
        slacks=slacks_of(problem, duals, cost=False),
    )
