"""What a study has found: its best trial, or its Pareto front."""

from collections.abc import Iterable

import numpy as np

from bosearch.errors import ConfigError
from bosearch.study.problem import Problem
from bosearch.study.trial import Trial, TrialState


def best_trial(problem: Problem, trials: Iterable[Trial]) -> Trial | None:
    """The completed trial with the best objective among the feasible ones, the first if tied.

    Raises:
        ConfigError: The problem has several objectives.
    """
    if len(problem.objectives) > 1:
        raise ConfigError(
            f"a study of {len(problem.objectives)} objectives has no single best trial",
            hint="study.front() gives the trials that no other one beats",
        )
    (objective,) = problem.objectives
    return max(
        _feasible(problem, trials),
        key=lambda trial: objective.sign * trial[objective.metric],
        default=None,
    )


def pareto_front(problem: Problem, trials: Iterable[Trial]) -> list[Trial]:
    """Feasible completed trials that no other one dominates, in the order of their numbers.

    A trial dominates another if it is nowhere worse and somewhere better.
    """
    found = _feasible(problem, trials)
    if not found:
        return []
    gains = np.array([[o.sign * trial[o.metric] for o in problem.objectives] for trial in found])
    kept: list[int] = []
    # In this order a point can only be dominated by one before it (Kung et al., 1975).
    for i in np.lexsort(-gains.T[::-1]):
        front = gains[kept]  # k x m
        dominated = (front >= gains[i]).all(axis=1) & (front > gains[i]).any(axis=1)
        if not dominated.any():
            kept.append(int(i))
    return [found[i] for i in sorted(kept)]


def _feasible(problem: Problem, trials: Iterable[Trial]) -> list[Trial]:
    return [
        trial
        for trial in trials
        if trial.state is TrialState.COMPLETED
        and problem.feasible({c.metric: trial[c.metric] for c in problem.constraints})
    ]
