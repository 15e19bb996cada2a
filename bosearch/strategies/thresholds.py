"""The thresholds of a study with several objectives, stated or inferred.

A threshold is the worst value that is still of interest: a coordinate of the
reference point of the hypervolume. What was not stated is inferred from the
front so far, and shown wherever a threshold is shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from bosearch.acquisition.front import inferred_reference
from bosearch.study.problem import Problem
from bosearch.study.trial import Trial


@final
@dataclass(frozen=True)
class Threshold:
    """The worst value of a metric that is still of interest, in the metric's units."""

    value: float
    inferred: bool


def thresholds(problem: Problem, completed: Sequence[Trial]) -> dict[str, Threshold]:
    """Thresholds by metric; inferred ones only once there is a result to infer from.

    The front is that of the feasible results, or of all if none is feasible.

    Args:
        problem: What the study asks.
        completed: Its trials with results.
    """
    result = {
        o.metric: Threshold(o.threshold, inferred=False)
        for o in problem.objectives
        if o.threshold is not None
    }
    if not completed:
        return result
    feasible = [t for t in completed if all(c.holds(t[c.metric]) for c in problem.constraints)]
    signs = np.array([o.sign for o in problem.objectives])
    Y = np.array([[t[o.metric] for o in problem.objectives] for t in feasible or completed])
    reference = signs * inferred_reference(signs * Y)
    for objective, value in zip(problem.objectives, reference, strict=True):
        result.setdefault(objective.metric, Threshold(float(value), inferred=True))
    return {o.metric: result[o.metric] for o in problem.objectives}
