"""What a solver found, measured by the exact data: a backend is believed in nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import torch

from bosearch.errors import SdpError
from bosearch.sdp.backends.base import Backend
from bosearch.sdp.dependence import dependent, independent_on_blocks
from bosearch.sdp.iterate import Iterate
from bosearch.sdp.multifloat import MultiFloat
from bosearch.sdp.options import Options
from bosearch.sdp.outcome import Claims, Outcome
from bosearch.sdp.prepare import prepare_many
from bosearch.sdp.prepared import Prepared
from bosearch.sdp.problem import SdpProblem
from bosearch.sdp.recompute import Recomputed, recompute, remeasure, slacks_of
from bosearch.sdp.result import MEANING, Errors, SdpResult, Status
from bosearch.sdp.tables import LIMBS, Tables

_NEAR_GAP = 1e-6  # of a solution that is near optimal
_NEAR_ERROR = 1e-8
_RAYS = (Status.primal_infeasible, Status.dual_infeasible)


def checked(problems: Sequence[SdpProblem], tables: Tables) -> list[tuple[list[int], Prepared]]:
    """Prepare problems of one arrangement whose rows are independent.

    Returns:
        At most two batches, with the positions of their problems: those that need the free
        variables for the rows to be independent come last.

    Raises:
        SdpError: The rows of a problem are not independent.
    """
    prepared = prepare_many(problems, tables)
    independent = independent_on_blocks(prepared)
    groups = []
    for wanted in (True, False):
        places = [place for place, found in enumerate(independent) if found is wanted]
        if not places:
            continue
        batch = prepared.taken(places)
        if not wanted:
            for place in places:
                _check_independent(prepared.taken([place]))
            batch = prepare_many(batch.problems, batch.tables, augmented=True)
        groups.append((places, batch))
    return groups


def _check_independent(prepared: Prepared) -> None:
    names = dependent(prepared)
    if names:
        listed = ", ".join(map(repr, names[:5])) + (", ..." if len(names) > 5 else "")
        raise SdpError(
            f"{len(names)} of {len(prepared.problem.rows)} rows are linear combinations of the"
            f" others: {listed}",
            hint="remove them if their right-hand sides agree; otherwise nothing is feasible",
        )


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
    """Measures iterates by the exact data, many at once, and says what they are worth."""

    def __init__(self, prepared: Prepared, options: Options) -> None:
        self._prepared = prepared
        self._options = options
        self._known: dict[int, tuple[Iterate, _Solution]] = {}

    def accepts(self, claims: Claims) -> dict[int, bool]:
        """Which iterates are optimal, by the position of their programs."""
        options = self._options
        return {
            place: found.gap <= options.gap and found.errors.worst <= options.feasibility
            for place, found in self._measured(claims).items()
        }

    def results(
        self, outcomes: Sequence[Outcome], backend: Backend, seconds: float
    ) -> list[SdpResult]:
        """Report the outcomes of all programs.

        Args:
            outcomes: What the backend returned.
            backend: Which.
            seconds: CPU seconds that each took.
        """
        claims = {
            place: outcome.iterate
            for place, outcome in enumerate(outcomes)
            if outcome.status not in _RAYS
        }
        measured = self._measured(claims)
        return [
            self._result(
                outcome,
                measured.get(place) or _ray(self._prepared.taken([place]), outcome),
                backend,
                seconds,
            )
            for place, outcome in enumerate(outcomes)
        ]

    def _measured(self, claims: Claims) -> dict[int, _Solution]:
        """The solutions of iterates; the last of each program is remembered."""
        news: dict[int, list[int]] = {}
        for place, at in claims.items():
            if place not in self._known or self._known[place][0] is not at:
                news.setdefault(at.limbs, []).append(place)
        for places in news.values():
            together = Iterate.joined([claims[place] for place in places])
            for place, found in zip(
                places, _measured(self._prepared.taken(places), together), strict=True
            ):
                self._known[place] = claims[place], found
        return {place: self._known[place][1] for place in claims}

    def _result(
        self, outcome: Outcome, found: _Solution, backend: Backend, seconds: float
    ) -> SdpResult:
        status = outcome.status
        if status not in _RAYS:
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


def _measured(prepared: Prepared, at: Iterate) -> list[_Solution]:
    blocks, free = prepared.primals(at.Y, at.y)
    duals = prepared.duals(at.x)
    if 2 * at.limbs <= LIMBS:
        exact = remeasure(prepared.tables, blocks, free, duals)
    else:
        exact = Recomputed.joined(
            [
                recompute(problem, _named(problem, blocks, i), free[i], duals[i])
                for i, problem in enumerate(prepared.problems)
            ]
        )
    inside = prepared.inner_slacks(exact.slacks)
    missed = tuple(a - z.to("cpu") for a, z in zip(inside, at.Z, strict=True))
    primal, dual = exact.primal.to_double(), exact.dual.to_double()
    difference = (exact.primal - exact.dual).to_double().abs()
    gaps = difference / torch.maximum(primal.abs(), dual.abs()).clamp(min=1.0)
    errors = prepared.errors(exact.rows, exact.free, missed)
    return [
        _Solution(
            primal=exact.primal[i],
            dual=exact.dual[i],
            gap=gap,
            errors=errors[i],
            blocks=_named(problem, blocks, i),
            free=free[i],
            duals=duals[i],
            slacks=_named(problem, exact.slacks, i),
        )
        for i, (problem, gap) in enumerate(zip(prepared.problems, gaps.tolist(), strict=True))
    ]


def _named(
    problem: SdpProblem, matrices: Sequence[MultiFloat], place: int
) -> dict[str, MultiFloat]:
    """The matrices of one program, by the names of its blocks."""
    return {name: batch[place] for name, batch in zip(problem.blocks, matrices, strict=True)}


def _ray(prepared: Prepared, outcome: Outcome) -> _Solution:
    """The ray of an infeasible program, scaled to change the objective by one."""
    (units,) = prepared.units
    problem, at, unit = prepared.problem, outcome.iterate, units.size
    blocks, free = prepared.primal(at.Y, at.y)
    duals = prepared.duals(at.x)[0] / unit
    infinite = float("inf") * units.sign
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
