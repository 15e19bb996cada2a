"""A trust region around the best point, as wide as its recent successes allow.

The side doubles after three successes in a row and halves after as many failures as there
are factors, at least four. Below a least side the search starts again elsewhere, with a
design of its own, and looks only at what it finds there. All of this is read off the
record: each trial's provenance says which start it belongs to.

Source: Eriksson, Pearce, Gardner, Turner and Poloczek (2019), "Scalable Global Optimization
via Local Bayesian Optimization" (TuRBO-1). Ours: improvement is measured against the spread
of the values, not against their size, so that their origin does not matter; candidates come
from the study's acquisition instead of Thompson draws on a grid.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

from bosearch.study.problem import Problem
from bosearch.study.trial import Trial, TrialState
from bosearch.study.view import StudyView

KEY = "region"  # of the provenance
FIRST, LEAST, MOST = 0.8, 0.5**7, 1.6  # sides, in units of the cube
_SUCCESSES = 3
_LEAST_FAILURES = 4
_MARGIN = 1e-3  # of the spread of the values, that an improvement must exceed


@final
@dataclass(frozen=True)
class Region:
    """Where the search stands.

    Args:
        start: From 0; how often the search has started again.
        length: Of a side.
        trials: Those of this start.
    """

    start: int
    length: float
    trials: tuple[Trial, ...]

    def local(self, view: StudyView) -> StudyView:
        """The study as the search sees it: this start, and whatever is under way."""
        if self.start == 0:
            return view
        own = {trial.number for trial in self.trials}
        return replace(view, trials=[t for t in view.trials if t.number in own or t.pending])

    def to_json(self) -> dict[str, Any]:
        """What the provenance of a trial says."""
        return {"start": self.start, "length": self.length}


def lasting(view: StudyView) -> Region:
    """A region that never starts elsewhere: below the least side it is as wide as at first."""
    return Region(0, _length(view.problem, view.trials, again=True), tuple(view.trials))


def standing(view: StudyView) -> Region:
    """Read off the record where the search stands."""
    starts = [_start(trial) for trial in view.trials]
    last = max(starts, default=0)
    trials = tuple(t for t, start in zip(view.trials, starts, strict=True) if start == last)
    length = _length(view.problem, trials)
    if length < LEAST:
        return Region(last + 1, FIRST, ())
    return Region(last, length, trials)


def _start(trial: Trial) -> int:
    return int(trial.provenance.get(KEY, {}).get("start", 0))


def _length(problem: Problem, trials: Sequence[Trial], *, again: bool = False) -> float:
    """The side after all that has been measured; widened ``again`` below the least, or not."""
    patience = max(_LEAST_FAILURES, len(problem.space.factors))
    length, successes, failures = FIRST, 0, 0
    for trial, success in _outcomes(problem, trials):
        if "length" not in trial.provenance.get(KEY, {}):
            continue  # of the design, or measured elsewhere
        successes, failures = (successes + 1, 0) if success else (0, failures + 1)
        if successes == _SUCCESSES:
            length, successes = min(2.0 * length, MOST), 0
        elif failures == patience:
            length, failures = 0.5 * length, 0
            if again and length < LEAST:
                length = FIRST
    return length


def _outcomes(problem: Problem, trials: Sequence[Trial]) -> Iterator[tuple[Trial, bool]]:
    """Finished trials in order, and whether each was better than all before it.

    Less violation of the constraints is better; where they hold, a better value.
    """
    (objective,) = problem.objectives
    count, mean, squares = 0, 0.0, 0.0  # of the gains so far, and of their deviations
    least, best = math.inf, -math.inf
    for trial in trials:
        if trial.state is TrialState.FAILED:
            yield trial, False
        if trial.state is not TrialState.COMPLETED:
            continue
        gain = objective.sign * trial[objective.metric]
        violation = sum(max(c.violation(trial[c.metric]), 0.0) for c in problem.constraints)
        margin = _MARGIN * math.sqrt(squares / count) if count else 0.0
        success = violation < least or (violation <= least and gain > best + margin)
        yield trial, success
        if violation < least:
            least, best = violation, gain
        elif violation == least:
            best = max(best, gain)
        count += 1  # Welford (1962)
        away = gain - mean
        mean += away / count
        squares += away * (gain - mean)
