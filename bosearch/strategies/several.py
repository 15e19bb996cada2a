"""What a candidate is worth when a study has several objectives."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bosearch.acquisition.hypervolume import log_hypervolume_improvement
from bosearch.acquisition.value import Acquisition, FeasibleImprovement
from bosearch.strategies.modelling import Modelling
from bosearch.strategies.thresholds import thresholds
from bosearch.surrogates.gp import GaussianProcess


def hypervolume_improvement(
    modelling: Modelling, objectives: Sequence[GaussianProcess], rng: np.random.Generator
) -> tuple[Acquisition, str, dict[str, Any]]:
    """The acquisition, its name, and the thresholds that it uses, for the provenance.

    Without a feasible result the probability of feasibility comes first.

    Args:
        modelling: The record, and the models of constraints.
        objectives: Models of the objectives, larger is better.
        rng: Source of the joint draws.
    """
    problem = modelling.problem
    success = modelling.success()
    constraints = [*modelling.constraints(), *([success] if success is not None else [])]
    if constraints and not modelling.feasible().any():
        return (
            FeasibleImprovement(None, np.array([-np.inf]), constraints),
            "log probability of feasibility",
            {},
        )
    limits = thresholds(problem, modelling.completed)
    acquisition = log_hypervolume_improvement(
        objectives,
        constraints,
        np.array([o.sign * limits[o.metric].value for o in problem.objectives]),
        observed=modelling.X,
        pending=modelling.pending,
        seed=int(rng.integers(2**31)),
    )
    shown = {
        metric: {"value": limit.value, "inferred": limit.inferred}
        for metric, limit in limits.items()
    }
    return acquisition, "log expected hypervolume improvement", {"thresholds": shown}
