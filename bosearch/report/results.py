"""How good a list of trials is: the best so far, and the hypervolume of the front.

Objectives are compared as gains: the metric times ``Objective.sign``, so that
larger is better throughout this module.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from bosearch.strategies.thresholds import thresholds
from bosearch.study import Objective, Problem, Trial, TrialState

Array = NDArray[np.float64]


def completed(trials: Iterable[Trial]) -> list[Trial]:
    """Trials with a measurement."""
    return [trial for trial in trials if trial.state is TrialState.COMPLETED]


def feasible(problem: Problem, trial: Trial) -> bool:
    """Whether a completed trial satisfies every outcome constraint."""
    return problem.feasible({metric: m.value for metric, m in trial.values.items()})


def improvements(problem: Problem, trials: Iterable[Trial]) -> list[Trial]:
    """Feasible trials that were better than all before them, for one objective."""
    (objective,) = problem.objectives
    steps: list[Trial] = []
    for trial in completed(trials):
        if feasible(problem, trial) and (
            not steps or gain(objective, trial) > gain(objective, steps[-1])
        ):
            steps.append(trial)
    return steps


def gain(objective: Objective, trial: Trial) -> float:
    """The measured value, turned so that larger is better."""
    return objective.sign * trial[objective.metric]


def near_range(objective: Objective, values: Sequence[float]) -> tuple[float, float]:
    """The smallest and the largest value, far outliers on the worse side left out.

    Source: Tukey (1977), *Exploratory Data Analysis*: far out is what lies three
    interquartile ranges beyond the quartile.
    """
    turned = objective.sign * np.asarray(values, dtype=float)
    lower, upper = np.quantile(turned, [0.25, 0.75])
    near = turned[turned >= lower - 3 * (upper - lower)] if upper > lower else turned
    ends = sorted([objective.sign * near.min(), objective.sign * near.max()])
    return float(ends[0]), float(ends[1])


def gains(problem: Problem, trials: Sequence[Trial]) -> Array:
    """Return ``n x m`` gains."""
    rows = [[gain(objective, trial) for objective in problem.objectives] for trial in trials]
    return np.array(rows, dtype=float).reshape(len(trials), len(problem.objectives))


def reference_point(problem: Problem, trials: Iterable[Trial]) -> Array:
    """Return the ``m`` thresholds, stated or inferred, as gains; needs a completed trial."""
    limits = thresholds(problem, completed(trials))
    return np.array([o.sign * limits[o.metric].value for o in problem.objectives])


def hypervolume(Y: Array, reference: Array) -> float:
    """Volume that ``n x m`` gains dominate above ``reference``.

    Source: Zitzler's slicing over the last objective; for a front of ``n`` rows
    O(n log n) with two objectives and one more factor ``n`` for each further one.
    """
    Y = Y[(reference < Y).all(axis=1)] - reference
    if not len(Y):
        return 0.0
    if Y.shape[1] == 1:
        return float(Y.max())
    Y = Y[np.argsort(-Y[:, -1], kind="stable")]
    heights = Y[:, -1] - np.append(Y[1:, -1], 0.0)
    if Y.shape[1] == 2:
        return float(np.maximum.accumulate(Y[:, 0]) @ heights)
    origin = np.zeros(Y.shape[1] - 1)
    return float(
        sum(h * hypervolume(Y[: i + 1, :-1], origin) for i, h in enumerate(heights) if h > 0)
    )


def hypervolume_trace(problem: Problem, trials: Sequence[Trial]) -> list[float]:
    """Hypervolume after each completed trial, above the reference point of the whole study."""
    volumes: list[float] = []
    if not completed(trials):
        return volumes
    reference = reference_point(problem, trials)
    best = np.empty((0, len(problem.objectives)))
    for trial in completed(trials):
        new = gains(problem, [trial])
        if feasible(problem, trial) and not (best >= new).all(axis=1).any():
            best = np.vstack([best[~(best <= new).all(axis=1)], new])
            volumes.append(hypervolume(best, reference))
        else:
            volumes.append(volumes[-1] if volumes else 0.0)
    return volumes
