"""The acquisition of a study with one objective, built from models and data.

Without noise and without pending points, expected improvement over the best
feasible value is in closed form. Otherwise joint draws of the function at the
points whose true value is in doubt (noisy ones that may be the best, pending
ones) become fantasies.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import qmc

from bosearch.acquisition.value import AtLeast, FeasibleImprovement, Process

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]

DRAWS = 64
_BASELINE = 24  # noisy points that may be the best, at most


@final
@dataclass(frozen=True, eq=False)
class Outcomes:
    """What was observed, larger is better.

    Args:
        X: ``n x d`` encoded points.
        y: ``n`` values of the objective.
        feasible: ``n`` flags: the measured constraints hold.
        noisy: Whether the values carry noise that matters.
    """

    X: Array
    y: Array
    feasible: Bools
    noisy: bool


def improvement(
    objective: Process,
    constraints: Sequence[AtLeast],
    success: AtLeast | None,
    outcomes: Outcomes,
    pending: Array,
    rng: np.random.Generator,
) -> FeasibleImprovement:
    """Log expected feasible improvement, given everything on record.

    Args:
        objective: Model of the objective, larger is better.
        constraints: Models of the outcome constraints.
        success: Model of whether a point can be measured at all, if that is in doubt.
        outcomes: The observations that the models were given.
        pending: ``m x d`` points whose results are still to come.
        rng: Source of the joint draws.
    """
    always = [success] if success is not None else []
    known_best = np.max(outcomes.y[outcomes.feasible], initial=-np.inf)
    if not outcomes.noisy and not len(pending):
        best = np.array([known_best])
        model = objective if np.isfinite(known_best) else None
        return FeasibleImprovement(model, best, [*constraints, *always])
    doubtful = pending
    if outcomes.noisy:
        doubtful = np.concatenate([_contenders(objective, constraints, outcomes.X), pending])
    normals = standard_normals(len(doubtful), 1 + len(constraints), rng)
    drawn = objective.sample(doubtful, normals[0])  # m x S
    holds = np.ones(drawn.shape, dtype=bool)
    fantasies = []
    for constraint, z in zip(constraints, normals[1:], strict=True):
        values = constraint.model.sample(doubtful, z)
        holds &= values >= constraint.bound
        fantasies.append(AtLeast(constraint.model.extended(doubtful, values), constraint.bound))
    best = np.where(holds, drawn, -np.inf).max(0)
    if not outcomes.noisy:
        best = np.maximum(best, known_best)
    model = objective.extended(doubtful, drawn) if np.isfinite(best).any() else None
    return FeasibleImprovement(model, best, [*fantasies, *always])


def standard_normals(m: int, outputs: int, rng: np.random.Generator) -> Array:
    """Quasi-random standard normal numbers, ``outputs x m x DRAWS``."""
    engine = qmc.Sobol(m * outputs, scramble=True, seed=rng)
    uniform = np.clip(engine.random(DRAWS), 1e-12, 1.0 - 1e-12)
    return np.asarray(ndtri(uniform.T)).reshape(outputs, m, DRAWS)


def _contenders(objective: Process, constraints: Sequence[AtLeast], X: Array) -> Array:
    """Different observed points that may be the best, by an upper confidence bound."""
    X = np.unique(X, axis=0)
    prediction = objective.predict(X)
    upper = prediction.mean[:, 0] + 2.0 * np.sqrt(prediction.var)
    for constraint in constraints:
        bounded = constraint.model.predict(X)
        optimistic = bounded.mean[:, 0] + 2.0 * np.sqrt(bounded.var)
        upper = np.where(optimistic >= constraint.bound, upper, upper - np.ptp(upper) - 1.0)
    return X[np.sort(np.argsort(-upper, kind="stable")[:_BASELINE])]
