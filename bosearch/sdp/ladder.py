"""The precision ladder: as few limbs as make progress, and more from the last good iterate.

A level ends when a factorization fails, when rounding disturbs the residuals
more than the gap allows, or when steps become short. The iterate before that
is still near the central path, so the next level goes on from there and nothing
is done twice. Which level it starts from hardly matters: the direction is the same.
"""

import time
from collections import Counter
from collections.abc import Callable
from typing import final

from bosearch.sdp import checkpoint
from bosearch.sdp.infeasible import ray
from bosearch.sdp.interior_point import Steps, advance
from bosearch.sdp.iterate import Iterate, Residuals, residuals
from bosearch.sdp.options import Options
from bosearch.sdp.outcome import Outcome
from bosearch.sdp.prepare import Prepared
from bosearch.sdp.program import Program
from bosearch.sdp.result import Iteration, Status
from bosearch.sdp.schur import BreakdownError
from bosearch.sdp.start import initial

_DISTURBED = 1e-3  # residual by gap, both relative, beyond which rounding does harm
_SHORT = 1e-3  # a step length
_SHORT_RUN = 3  # short steps in a row that end a level
_CHECKPOINT_EVERY = 5  # iterations


@final
class Ladder:
    """One solve: it remembers limits, history and counts across the levels."""

    def __init__(
        self,
        prepared: Prepared,
        options: Options,
        accept: Callable[[Iterate], bool],
        start: Iterate | None = None,
    ) -> None:
        """``accept`` recomputes an iterate that looks optimal; ``start`` is in four limbs."""
        self.prepared = prepared
        self.options = options
        self.accept = accept
        self.start = start
        self.history: list[Iteration] = []
        self.counts: Counter[str] = Counter()
        self._wall = time.monotonic()
        self._cpu = time.process_time()

    def run(self) -> Outcome:
        """Climb until something is decided."""
        levels = self.options.levels
        at = self.start
        saved = checkpoint.read(self.options.checkpoint, self.prepared)
        if saved is not None:
            at, self.history = saved.iterate, list(saved.history)
            levels = tuple(limbs for limbs in levels if limbs >= saved.iterate.limbs) or levels[-1:]
        outcome = None
        for limbs in levels:
            program = self.prepared.program.at(limbs, self.options.device)
            at = initial(program) if at is None else at.at(limbs, self.options.device)
            outcome = self._level(program, at)
            if outcome.status not in (Status.stalled, Status.numerical):
                break
            at = outcome.iterate
        assert outcome is not None
        checkpoint.write(self.options.checkpoint, self.prepared, outcome.iterate, self.history)
        return outcome

    def _level(self, program: Program, at: Iterate) -> Outcome:
        """Iterate at one precision; ``stalled`` and ``numerical`` ask for the next."""
        lack = residuals(program, at)
        short = 0
        while True:
            decided = self._decided(program, at, lack)
            if decided is not None:
                return decided
            try:
                moved, steps = advance(program, at, lack, self.counts)
            except BreakdownError as error:
                return self._outcome(Status.numerical, str(error), at)
            after = residuals(program, moved)
            trouble = self._trouble(program.order, lack, after, steps)
            if trouble:
                return self._outcome(Status.numerical, trouble, at)
            self._record(lack, steps.primal, steps.dual, program.limbs)
            short = short + 1 if min(steps.primal, steps.dual) < _SHORT else 0
            at, lack = moved, after
            if short == _SHORT_RUN:
                return self._outcome(Status.stalled, f"{short} steps in a row below {_SHORT}", at)
            if len(self.history) % _CHECKPOINT_EVERY == 0:
                checkpoint.write(self.options.checkpoint, self.prepared, at, self.history)

    def _decided(self, program: Program, at: Iterate, lack: Residuals) -> Outcome | None:
        """The outcome, if the iterate or a limit decides it."""
        options = self.options
        gap = self._relative(lack, lack.gap)
        if gap <= options.gap and max(lack.primal_error, lack.dual_error) <= options.feasibility:
            if self.accept(at):
                return self._outcome(Status.optimal, f"relative gap {gap:.1e}", at)
            return self._outcome(
                Status.numerical, "the exact residuals exceed those of the iteration", at
            )
        found = ray(program, at, lack, options.feasibility)
        if found is not None:
            return self._outcome(found.status, found.detail, found.iterate)
        if options.cancel is not None and options.cancel():
            return self._outcome(Status.cancelled, f"after {len(self.history)} iterations", at)
        if len(self.history) >= options.max_iterations:
            return self._outcome(Status.limit, f"{options.max_iterations} iterations", at)
        if options.time_s is not None and time.monotonic() - self._wall > options.time_s:
            return self._outcome(Status.limit, f"{options.time_s} seconds", at)
        return None

    def _trouble(self, order: int, lack: Residuals, after: Residuals, steps: Steps) -> str:
        """What rounding did in an iteration; residuals shrink by ``1 - step`` without it.

        It does harm where a residual is not far below ``<Y, Z>``, the gap of a feasible
        point, or where the objectives differ by more than that.
        """
        left = after.mu * order
        if not left > 0.0:
            return "the complementarity is not positive"
        errors = {
            "primal": (lack.primal_error, after.primal_error, steps.primal),
            "dual": (lack.dual_error, after.dual_error, steps.dual),
        }
        rounded = {
            name: error
            for name, (before, error, step) in errors.items()
            if error > 2.0 * (1.0 - step) * before
        }
        target = self.options.gap
        allowed = _DISTURBED * max(self._relative(after, left), target)
        for name, error in rounded.items():
            if error > allowed:
                return f"the {name} residual {error:.1e} is due to rounding"
        apart = after.gap > 2.0 * left and self._relative(after, after.gap) > target
        if apart and len(rounded) == len(errors):
            return (
                f"rounding of the residuals changes the objectives by {after.gap / left:.1g} gaps"
            )
        return ""

    def _outcome(self, status: Status, detail: str, at: Iterate) -> Outcome:
        return Outcome(status, detail, at, tuple(self.history), self.counts)

    def _objectives(self, lack: Residuals) -> tuple[float, float]:
        primal, dual = (float(value.to_double()) for value in (lack.primal, lack.dual))
        return self.prepared.objective(primal), self.prepared.objective(dual)

    def _relative(self, lack: Residuals, difference: float) -> float:
        """A difference of objectives by the larger of 1 and their sizes."""
        return difference * self.prepared.unit / max(1.0, *map(abs, self._objectives(lack)))

    def _record(self, lack: Residuals, primal: float, dual: float, limbs: int) -> None:
        values = self._objectives(lack)
        iteration = Iteration(
            number=len(self.history) + 1,
            limbs=limbs,
            mu=lack.mu,
            gap=self._relative(lack, lack.gap),
            primal=values[0],
            dual=values[1],
            primal_error=lack.primal_error,
            dual_error=lack.dual_error,
            primal_step=primal,
            dual_step=dual,
            seconds=time.process_time() - self._cpu,
        )
        self.history.append(iteration)
        if self.options.on_iteration is not None:
            self.options.on_iteration(iteration)
