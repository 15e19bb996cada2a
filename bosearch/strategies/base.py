"""The protocol that every strategy follows, pure with respect to storage."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from bosearch.study.problem import Problem
from bosearch.study.trial import Proposal, Trial, TrialState
from bosearch.study.view import StudyView


@dataclass(frozen=True)
class Support:
    """Whether a strategy can serve a problem, and why (or why not)."""

    ok: bool
    reasons: tuple[str, ...] = ()


class Strategy(Protocol):
    """Chooses the next points of a study.

    A strategy holds no state of its own that matters: what it proposes is a
    function of the view and of ``rng``, so that a resumed study asks the same
    questions as an uninterrupted one.
    """

    name: str

    def supports(self, problem: Problem) -> Support:
        """Say whether this strategy can serve ``problem``, with reasons for `bosearch check`."""
        ...

    def propose(self, view: StudyView, n: int, rng: np.random.Generator) -> list[Proposal]:
        """Propose ``n`` new points.

        Raises:
            SpaceExhaustedError: Fewer than one new point is left.
            InfeasibleSpaceError: No feasible point could be found.
        """
        ...


def with_pending(view: StudyView, proposals: Sequence[Proposal]) -> StudyView:
    """The view once ``proposals`` have been handed out."""
    first = view.next_number
    trials = [
        Trial(first + k, p.params, TrialState.RUNNING, provenance=p.provenance)
        for k, p in enumerate(proposals)
    ]
    return replace(view, trials=[*view.trials, *trials], next_number=first + len(trials))
