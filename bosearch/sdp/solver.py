"""Solve a semidefinite program: prepare it, run a backend, recompute what it found."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, final

import torch

from bosearch.errors import SdpError
from bosearch.sdp.backends import backend as backend_of
from bosearch.sdp.dependence import dependent, independent_on_blocks
from bosearch.sdp.iterate import Iterate
from bosearch.sdp.multifloat import MultiFloat
from bosearch.sdp.options import Options
from bosearch.sdp.outcome import Outcome
from bosearch.sdp.prepare import Prepared, prepare
from bosearch.sdp.problem import SdpProblem
from bosearch.sdp.recompute import recompute, slacks_of
from bosearch.sdp.result import MEANING, Errors, Iteration, SdpResult, Status
from bosearch.sdp.tables import LIMBS
from bosearch.sdp.warm import warm_start

_NEAR_GAP = 1e-6  # of a solution that is near optimal
_NEAR_ERROR = 1e-8


def solve(
    problem: SdpProblem,
    *,
    backend: str = "native",
    gap: float = 1e-12,
    limbs: Literal["auto"] | int = "auto",
    device: str | None = None,
    time_s: float | None = None,
    max_iterations: int = 300,
    cancel: Callable[[], bool] | None = None,
    on_iteration: Callable[[Iteration], None] | None = None,
    checkpoint: Path | None = None,
    warm: SdpResult | None = None,
) -> SdpResult:
    """Solve a program. What is asked badly raises; how the solve ends is a status.

    Args:
        problem: The program.
        backend: "native", "clarabel" (double precision) or "sdpa-gmp" (a subprocess).
        gap: See ``Options``, as all that follow.
        limbs: See there.
        device: See there.
        time_s: See there.
        max_iterations: See there.
        cancel: See there.
        on_iteration: See there.
        checkpoint: See there.
        warm: See there.

    Raises:
        SdpError: Rows depend on each other, an option is out of range, a checkpoint
            belongs to another program, or the backend is unknown or not installed.
    """
    began = time.process_time()
    chosen = backend_of(backend)
    version = chosen.version()
    options = Options(
        gap=gap,
        limbs=limbs,
        device=device,
        time_s=time_s,
        max_iterations=max_iterations,
        cancel=cancel,
        on_iteration=on_iteration,
        checkpoint=checkpoint,
        warm=warm,
    )
    prepared = _checked(problem)
    judge = _Judge(prepared, options)
    start = None if warm is None else warm_start(prepared, warm)
    outcome = chosen.solve(prepared, options, judge.accepts, start)
    status = outcome.status
    if status in (Status.primal_infeasible, Status.dual_infeasible):
        found = _ray(prepared, outcome)
    else:
        found = judge.measured(outcome.iterate)
        status = judge.status(status, found)
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
        seconds=time.process_time() - began,
        limbs=outcome.iterate.limbs,
        backend=backend,
        version=version,
        screen=chosen.screen,
    )


def _checked(problem: SdpProblem) -> Prepared:
    """Prepare a problem whose rows are independent."""
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
class _Judge:
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
    problem = prepared.problem
    blocks, free = prepared.primal(at.Y, at.y)
    duals = prepared.duals(at.x)
    exact = recompute(problem, blocks, free, duals)
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
