"""A problem with a known answer, to measure strategies against."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, final

from bosearch.space import Space
from bosearch.study.problem import Objective, OutcomeConstraint, Problem


@final
@dataclass(frozen=True, kw_only=True)
class BenchmarkProblem:
    """A problem, the function that measures it, and its optimum.

    Args:
        name: As ``get`` knows it.
        problem: What a study of it asks.
        evaluate: From parameters to the values of all metrics; deterministic, without noise.
        optimum: The best feasible value of the objective; with two objectives the
            hypervolume of the front above their thresholds.
        optimiser: One point that reaches it, or one point of the front.
        proven: Whether no value is better than ``optimum``; otherwise it is the best value
            known, and a better one has a negative regret.
    """

    name: str
    problem: Problem
    evaluate: Callable[[Mapping[str, Any]], dict[str, float]]
    optimum: float
    optimiser: Mapping[str, Any]
    proven: bool = True

    @property
    def space(self) -> Space:
        """What may vary."""
        return self.problem.space

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """What to improve."""
        return self.problem.objectives

    @property
    def constraints(self) -> tuple[OutcomeConstraint, ...]:
        """What measured metrics must satisfy."""
        return self.problem.constraints

    def simple_regret(self, measured: Iterable[Mapping[str, float]]) -> float:
        """How far the best feasible value measured is from the optimum, at least 0 if proven.

        Infinite before the first feasible value.

        Raises:
            ValueError: The problem has several objectives.
        """
        if len(self.objectives) != 1:
            raise ValueError(f"{self.name!r} has {len(self.objectives)} objectives, expected one")
        (objective,) = self.objectives
        gaps = (
            objective.sign * (self.optimum - values[objective.metric])
            for values in measured
            if self.problem.feasible(values)
        )
        gap = min(gaps, default=math.inf)
        return max(0.0, gap) if self.proven else gap  # an optimum is known to some 12 digits
