"""The acquisition that suits the fitted surrogates and what is on record.

Closed forms are used where they are exact: for Gaussian predictions, given draws of what
noise and pending points leave open, and for Student-t ones where nothing is open. Otherwise
joint draws are averaged; those of an ensemble are its members. All scores are logarithms or
standardised, and larger is better.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bosearch.acquisition import improvement, sampled, single, student_t
from bosearch.acquisition.processes import process_of
from bosearch.acquisition.torch_acquisition import (
    MarginalScore,
    Rule,
    Sum,
    TorchAcquisition,
)
from bosearch.acquisition.value import Acquisition, Array, AtLeast, FeasibleImprovement
from bosearch.acquisition.wanted import Wanted
from bosearch.surrogates.gaussian.t_model import StudentTModel
from bosearch.surrogates.interface import Capability, Fitted
from bosearch.surrogates.joint import joint_model
from bosearch.surrogates.warping import standardisation

_OPTIMISM = 2.0  # standard deviations above the mean
_LEAST_STD = 1e-9  # of a prediction, as a share of the spread of the observations
_PENALTY = 100.0  # per standardised violation of a bound, in a draw


@final
@dataclass(frozen=True, eq=False)
class Bounded:
    """A surrogate of a constrained metric, which must reach ``bound``.

    Args:
        fitted: What data taught.
        bound: In the metric's units.
        scale: Typical size of the metric's variation, same units.
    """

    fitted: Fitted
    bound: float
    scale: float


@final
@dataclass(frozen=True, eq=False)
class Record:
    """What was observed, and what is under way; larger is better.

    Args:
        X: ``n x d`` encoded points.
        Y: ``n x m`` values of the objectives.
        feasible: ``n`` flags: the measured constraints hold.
        noisy: Whether the values carry noise that matters.
        pending: ``k x d`` points whose results are still to come.
    """

    X: Array
    Y: Array
    feasible: NDArray[np.bool_]
    noisy: bool
    pending: Array


def choose(
    objectives: Sequence[Fitted],
    constraints: Sequence[Bounded],
    success: AtLeast | None,
    record: Record,
    *,
    wanted: Wanted = "auto",
    reference: Array | None = None,
    seed: int = 0,
) -> tuple[Acquisition, str]:
    """The acquisition and its name.

    Without a feasible result the probability of feasibility comes first.

    Args:
        objectives: Surrogates of the ``m`` objectives, larger is better.
        constraints: Surrogates of the constrained metrics.
        success: Model of whether a point can be measured at all, if that is in doubt.
        record: The observations that the surrogates were given.
        wanted: What to use instead of what suits; with several objectives only ``auto``.
        reference: ``m`` values below which nothing counts; needed for several objectives.
        seed: Of the joint draws.

    Raises:
        ArithmeticError: The numerics break down.
    """
    held = [_feasibility(c) for c in constraints]
    always = [] if success is None else [_success(success)]
    if constraints and not record.feasible.any():
        return _sum([*held, *always]), "log probability of feasibility"
    if len(objectives) > 1:
        assert reference is not None
        draws = _draws(objectives, constraints, record, seed)
        gain = sampled.log_hypervolume_improvement(draws, reference, record.X, record.pending)
        return _sum([gain, *always]), "log expected hypervolume improvement"
    (objective,) = objectives
    if wanted == "thompson":
        draw = _thompson(objective, constraints, record, seed)
        return _sum([draw, *always]), "draw of the function"
    if wanted == "ucb":
        bound = _scored(objective, _upper_bound(record.Y[:, 0]), record.Y[:, 0])
        return _sum([bound, *held, *always]), "upper confidence bound"
    gaussian = _gaussian(objective, constraints, success, record, wanted, seed)
    if gaussian is not None:
        return gaussian
    best = float(record.Y[record.feasible, 0].max())
    certain = not record.noisy and not len(record.pending)
    if wanted == "logei" or (wanted == "auto" and certain):
        closed = _closed_form(objective, best, record.Y[:, 0])
        if closed is not None and (not constraints or wanted == "logei"):
            return _sum([closed, *held, *always]), "log expected improvement"
        draws = _draws(objectives, constraints, record, seed)
        gain = sampled.log_improvement(draws, best, record.X)
        return _sum([gain, *always]), "log expected improvement, by draws"
    draws = _draws(objectives, constraints, record, seed)
    gain = sampled.log_noisy_improvement(draws, record.X, record.pending)
    return _sum([gain, *always]), "log noisy expected improvement, by draws"


def has_slopes(surrogates: Sequence[Fitted]) -> bool:
    """Whether acquisitions of these surrogates can be climbed."""
    return all(Capability.GRADIENT in fitted.capabilities for fitted in surrogates)


def _gaussian(
    objective: Fitted,
    constraints: Sequence[Bounded],
    success: AtLeast | None,
    record: Record,
    wanted: Wanted,
    seed: int,
) -> tuple[Acquisition, str] | None:
    """Expected improvement in closed form given draws of what is open; ``None`` elsewhere.

    ``logei`` closes the eyes to noise and pending points, ``logei-noisy`` sees noise anywhere.
    """
    process = process_of(objective)
    bounded = [(process_of(c.fitted), c.bound) for c in constraints]
    limits = [AtLeast(model, bound) for model, bound in bounded if model is not None]
    if process is None or len(limits) < len(constraints):
        return None
    noisy = wanted == "logei-noisy" or (wanted == "auto" and record.noisy)
    acquisition = single.improvement(
        process,
        limits,
        success,
        single.Outcomes(record.X, record.Y[:, 0], record.feasible, noisy),
        record.pending[:0] if wanted == "logei" else record.pending,
        np.random.default_rng(seed),
    )
    return acquisition, f"log {'noisy ' if noisy else ''}expected improvement"


def _closed_form(objective: Fitted, best: float, y: Array) -> Acquisition | None:
    """Log expected improvement of a Student-t prediction; ``None`` elsewhere."""
    if Capability.STUDENT_T not in objective.capabilities:
        return None
    dof = cast("StudentTModel", objective.model).dof
    ratio = (1.0 - 2.0 / dof) ** 0.5  # of the scale to the standard deviation

    def rule(mean: Array, std: Array) -> tuple[Array, Array, Array]:
        value, by_mean, by_scale = student_t.log_improvement(mean, ratio * std, best, dof)
        return value, by_mean, ratio * by_scale

    return _scored(objective, rule, y)


def _feasibility(constraint: Bounded) -> MarginalScore:
    """Log-probability of reaching the bound; of a Gaussian with the same two moments."""

    def rule(mean: Array, std: Array) -> tuple[Array, Array, Array]:
        return improvement.log_feasibility(mean, std, constraint.bound)

    return MarginalScore(constraint.fitted.model, rule, _LEAST_STD * constraint.scale)


def _success(success: AtLeast) -> Acquisition:
    return FeasibleImprovement(None, np.array([-np.inf]), [success])


def _upper_bound(y: Array) -> Rule:
    location, spread = standardisation(y)

    def rule(mean: Array, std: Array) -> tuple[Array, Array, Array]:
        value = (mean + _OPTIMISM * std - location) / spread
        return value, np.full_like(mean, 1.0 / spread), np.full_like(std, _OPTIMISM / spread)

    return rule


def _thompson(
    objective: Fitted, constraints: Sequence[Bounded], record: Record, seed: int
) -> TorchAcquisition:
    """One draw of the function, with an exact penalty where a draw of a metric misses its bound."""
    location, spread = standardisation(record.Y[:, 0])
    draw = objective.functions(1, seed)
    limits: list[tuple[Callable[[Tensor], Tensor], Bounded]] = [
        (c.fitted.functions(1, seed + 1 + i), c) for i, c in enumerate(constraints)
    ]

    def score(X: Tensor) -> Tensor:
        points = X[:, 0]
        total: Tensor = (draw(points)[0] - location) / spread
        for limit, c in limits:
            total = total - _PENALTY * torch.relu((c.bound - limit(points)[0]) / c.scale)
        return total

    return TorchAcquisition(score)


def _scored(objective: Fitted, rule: Rule, y: Array) -> MarginalScore:
    return MarginalScore(objective.model, rule, _LEAST_STD * standardisation(y)[1])


def _draws(
    objectives: Sequence[Fitted], constraints: Sequence[Bounded], record: Record, seed: int
) -> sampled.Draws:
    location, spread = np.transpose([standardisation(y) for y in record.Y.T])
    return sampled.Draws(
        joint_model([*objectives, *(c.fitted for c in constraints)]),
        location,
        spread,
        [c.bound for c in constraints],
        [c.scale for c in constraints],
        seed,
    )


def _sum(parts: Sequence[Acquisition]) -> Acquisition:
    return parts[0] if len(parts) == 1 else Sum(parts)
