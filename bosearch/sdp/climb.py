"""One program on the precision ladder: what its figures decide, and its history."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import final

from bosearch.sdp.infeasible import ray
from bosearch.sdp.iterate import Facts, Iterate
from bosearch.sdp.options import Options
from bosearch.sdp.outcome import Outcome
from bosearch.sdp.prepared import Units
from bosearch.sdp.result import Iteration, Status

_DISTURBED = 1e-3  # residual by gap, both relative, beyond which rounding does harm
_SHORT = 1e-3  # a step length
_SHORT_RUN = 3  # short steps in a row that end a level
_PATIENCE = 30  # iterations that must halve something
_TO_NEXT_LEVEL = (Status.stalled, Status.numerical)


@final
class Climb:
    """It remembers limits, history and counts across the levels.

    Attributes:
        history: All iterations.
        counts: Factorizations.
        at: Where the next level begins; None for its own start.
        claim: An iterate that looks optimal and waits for ``judge``, or None.
        outcome: How the present level ended; None before it has.
    """

    def __init__(self, units: Units, order: int, options: Options) -> None:
        """``order`` is that of all blocks together."""
        self.history: list[Iteration] = []
        self.counts: Counter[str] = Counter()
        self.at: Iterate | None = None
        self.claim: Iterate | None = None
        self.outcome: Outcome | None = None
        self._units = units
        self._order = order
        self._options = options
        self._gap = float("inf")
        self._short = 0
        self._entered = 0  # length of the history when the level began
        self._trouble = ""
        self._wall = time.monotonic()
        self._cpu = time.process_time()

    @property
    def unfinished(self) -> bool:
        """Whether it has to go to the next level."""
        return self.outcome is None or self.outcome.status in _TO_NEXT_LEVEL

    @property
    def moving(self) -> bool:
        """Whether it goes on at the present level."""
        return self.outcome is None and self.claim is None

    def begin(self) -> None:
        """Enter a level."""
        self.claim, self.outcome, self._short = None, None, 0
        self._entered = len(self.history)

    def judge(self, confirmed: bool) -> None:
        """End the level with the claim, which the exact data confirm or do not."""
        assert self.claim is not None
        if confirmed:
            self._end(Status.optimal, f"relative gap {self._gap:.1e}", self.claim)
        else:
            detail = "the exact residuals exceed those of the iteration"
            self._end(Status.numerical, detail, self.claim)

    def decide(self, lack: Facts, iterate: Callable[[], Iterate], *, cancelled: bool) -> None:
        """Set the claim or the outcome, if the iterate or a limit decides it.

        Args:
            lack: What the iterate lacks.
            iterate: Fetches it.
            cancelled: Whether the caller wants to end.
        """
        options = self._options
        self._gap = self._relative(lack, lack.gap)
        worst = max(lack.primal_error, lack.dual_error)
        if self._gap <= options.gap and worst <= options.feasibility:
            self.claim = iterate()
            return
        found = ray(lack, options.feasibility)
        if found is not None:
            self._end(found.status, found.detail, found.of(iterate()))
        elif cancelled:
            self._end(Status.cancelled, f"after {len(self.history)} iterations", iterate())
        elif len(self.history) >= options.max_iterations:
            self._end(Status.limit, f"{options.max_iterations} iterations", iterate())
        elif options.time_s is not None and time.monotonic() - self._wall > options.time_s:
            self._end(Status.limit, f"{options.time_s} seconds", iterate())

    def step(
        self, limbs: int, lack: Facts, after: Facts, steps: Sequence[float], broken: str
    ) -> bool:
        """Judge an iteration, and record it; say whether it counts.

        Args:
            limbs: Precision.
            lack: What the iterate lacked before it.
            after: What it lacks now.
            steps: Primal and dual step length, and the share of the residuals that the
                direction was to leave.
            broken: What broke down in it, or nothing.
        """
        self._trouble = broken or self._disturbed(lack, after, *steps)
        if self._trouble:
            return False
        primal, dual, _ = steps
        self._record(lack, (primal, dual), limbs)
        self._short = self._short + 1 if min(primal, dual) < _SHORT else 0
        return True

    def fail(self, iterate: Callable[[], Iterate]) -> None:
        """End the level where the last good iteration has led."""
        self._end(Status.numerical, self._trouble, iterate())

    def stall(self, iterate: Callable[[], Iterate]) -> None:
        """End the level after a run of short steps, or a long one that led nowhere."""
        if self._short == _SHORT_RUN:
            detail = f"{_SHORT_RUN} steps in a row below {_SHORT}"
            self._end(Status.stalled, detail, iterate())
        elif self._creeping():
            detail = f"{_PATIENCE} iterations halved neither complementarity nor residuals"
            self._end(Status.stalled, detail, iterate())

    def _creeping(self) -> bool:
        """Whether nothing was halved for long at this level."""
        here = self.history[self._entered :]
        if len(here) <= _PATIENCE:
            return False
        then, now = here[-_PATIENCE - 1], here[-1]
        pairs = (
            (then.mu, now.mu),
            (then.primal_error, now.primal_error),
            (then.dual_error, now.dual_error),
        )
        return all(after > 0.5 * before for before, after in pairs)

    def _disturbed(
        self, lack: Facts, after: Facts, primal_step: float, dual_step: float, kept: float
    ) -> str:
        """What rounding did in an iteration; else residuals shrink to ``1 - step (1 - kept)``.

        It does harm where a residual is not far below ``<Y, Z>``, the gap of a feasible
        point, or where the objectives differ by more than that.
        """
        left = after.mu * self._order
        if not left > 0.0:
            return "the complementarity is not positive"
        errors = {
            "primal": (lack.primal_error, after.primal_error, primal_step),
            "dual": (lack.dual_error, after.dual_error, dual_step),
        }
        rounded = {
            name: error
            for name, (before, error, step) in errors.items()
            if error > 2.0 * (1.0 - step * (1.0 - kept)) * before
        }
        target = self._options.gap
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

    def _end(self, status: Status, detail: str, at: Iterate) -> None:
        self.at, self.claim = at, None
        self.outcome = Outcome(status, detail, at, tuple(self.history), self.counts)

    def _objectives(self, lack: Facts) -> tuple[float, float]:
        return self._units.objective(lack.primal), self._units.objective(lack.dual)

    def _relative(self, lack: Facts, difference: float) -> float:
        """A difference of objectives by the larger of 1 and their sizes."""
        return difference * self._units.size / max(1.0, *map(abs, self._objectives(lack)))

    def _record(self, lack: Facts, steps: Sequence[float], limbs: int) -> None:
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
            primal_step=steps[0],
            dual_step=steps[1],
            seconds=time.process_time() - self._cpu,
        )
        self.history.append(iteration)
        if self._options.on_iteration is not None:
            self._options.on_iteration(iteration)
