"""What a candidate is worth, with its gradient, in closed form.

Pending results, noisy incumbents and outcome constraints enter through
*fantasies*: a model with ``S`` columns stands for ``S`` joint draws of what is
not known yet. Given one draw, the expectation over the candidate's own result
is in closed form; the draws are averaged.

Sources: Snoek, Larochelle and Adams (2012), section 3.3 (pending points);
Letham, Karrer, Ottoni and Bakshy (2019), eqs. 6 and 8 (noise, constraints);
Gardner et al. (2014), eq. 5 (feasibility).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, Self, final

import numpy as np
from numpy.typing import NDArray

from bosearch.acquisition.improvement import log_feasibility, log_improvement
from bosearch.surrogates.gp import Prediction

Array = NDArray[np.float64]


class Acquisition(Protocol):
    """A differentiable score of single candidates; larger is better."""

    def value(self, X: Array) -> Array:
        """Score ``b x d`` encoded candidates; ``b`` values."""
        ...

    def value_and_gradient(self, X: Array) -> tuple[Array, Array]:
        """Scores and their derivatives, ``b`` and ``b x d`` (0 for categories)."""
        ...


class Process(Protocol):
    """Functions that are jointly Gaussian, in the units of the observations."""

    def predict(self, X: Array) -> Prediction:
        """Marginal predictions at ``b x d`` encoded points, in ``S`` columns."""
        ...

    def sample(self, X: Array, normals: Array) -> Array:
        """Joint draws at ``m x d`` points from ``m x S`` normals; ``m x S``."""
        ...

    def extended(self, X: Array, values: Array) -> Self:
        """The process that has also seen ``m x S`` exact ``values`` at ``m x d`` points."""
        ...


@final
@dataclass(frozen=True, eq=False)
class AtLeast:
    """An outcome constraint: the modelled function must reach ``bound``."""

    model: Process
    bound: float


@final
@dataclass(frozen=True, eq=False)
class FeasibleImprovement:
    """Log of the expected improvement, where the constraints hold, averaged over fantasies.

    Args:
        objective: Model of the objective, larger is better; ``None`` leaves the
            probability of feasibility alone, for want of a feasible point.
        best: ``S`` values to improve on; ``-inf`` in draws without a feasible point,
            where feasibility alone counts.
        constraints: What else must hold. Models have 1 or ``S`` columns.
    """

    objective: Process | None
    best: Array
    constraints: Sequence[AtLeast] = ()

    def beyond(self, margin: float) -> Self:
        """The same of an improvement by more than ``margin``."""
        return replace(self, best=self.best + margin)

    def value(self, X: Array) -> Array:
        """Score ``b x d`` encoded candidates; ``b`` values."""
        return self._score(X, gradient=False)[0]

    def value_and_gradient(self, X: Array) -> tuple[Array, Array]:
        """Scores and their derivatives, ``b`` and ``b x d`` (0 for categories)."""
        return self._score(X, gradient=True)

    def _score(self, X: Array, *, gradient: bool) -> tuple[Array, Array]:
        total: Array = np.zeros((len(X), 1))  # b x S
        parts = []
        if self.objective is not None:
            prediction = self.objective.predict(X)
            std = np.sqrt(prediction.var)[:, None]
            hopeful = np.isfinite(self.best)
            level = np.where(hopeful, self.best, 0.0)
            value, by_mean, by_std = log_improvement(prediction.mean, std, level)
            total = total + np.where(hopeful, value, 0.0)
            parts.append((prediction, std, by_mean * hopeful, by_std * hopeful))
        for constraint in self.constraints:
            prediction = constraint.model.predict(X)
            std = np.sqrt(prediction.var)[:, None]
            value, by_mean, by_std = log_feasibility(prediction.mean, std, constraint.bound)
            total = total + value
            parts.append((prediction, std, by_mean, by_std))
        peak = total.max(1, keepdims=True)
        shares = np.exp(total - peak)
        mass = shares.sum(1, keepdims=True)
        values = (peak + np.log(mass / total.shape[1]))[:, 0]
        slopes = np.zeros_like(X)
        if gradient:
            shares /= mass  # b x S, of each draw in the average
            for prediction, std, by_mean, by_std in parts:
                u = shares * by_mean
                if prediction.mean.shape[1] == 1:
                    u = u.sum(1, keepdims=True)
                by_var = (shares * by_std).sum(1) / (2.0 * std[:, 0])
                slopes += prediction.pull_back(u, by_var)
        return values, slopes
