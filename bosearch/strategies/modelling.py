"""From the trials of a study to trained models of its metrics.

Metrics are turned so that larger is better: a metric to minimize, or one
bounded from above, is modelled with its sign changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, final

import numpy as np

from bosearch.acquisition.front import nondominated
from bosearch.acquisition.value import Array, AtLeast
from bosearch.space import Space
from bosearch.study.problem import Objective, Problem
from bosearch.study.trial import Trial, TrialState
from bosearch.study.view import StudyView
from bosearch.surrogates.embedding import Embedding
from bosearch.surrogates.fit import Recipe
from bosearch.surrogates.gp import GaussianProcess
from bosearch.surrogates.schedule import Data, Memory, Trained, train

KERNEL = "matern52"  # of every model that says nothing else
SUCCESS = "success of the evaluation"  # name of the model of failures; no metric has blanks
_NOISE_THAT_MATTERS = 0.01  # inferred standard deviation, as a share of the outputs' spread

_ANCHORS = 5
_SUCCESS_LABEL = 0.75  # what the model of success must reach; failures are 0, results 1


@final
@dataclass(eq=False)
class Modelling:
    """Trains models for one ask, with the last fits as warm starts.

    Args:
        view: The study.
        memories: Fits by name of model (JSON), brought up to date here.
    """

    view: StudyView
    memories: dict[str, Any]
    _trained: dict[str, Trained] = field(default_factory=dict, repr=False)

    @property
    def problem(self) -> Problem:
        """What the study asks."""
        return self.view.problem

    @property
    def space(self) -> Space:
        """What may vary."""
        return self.view.problem.space

    @cached_property
    def recipe(self) -> Recipe:
        """Coordinates, kernel and priors for the space."""
        return self._recipe(KERNEL)

    @cached_property
    def completed(self) -> Sequence[Trial]:
        """Trials with a measurement."""
        return self.view.completed

    @cached_property
    def X(self) -> Array:  # noqa: N802  # a matrix, as everywhere
        """``n x d`` encoded points of the completed trials."""
        return self.encode(self.completed)

    @cached_property
    def pending(self) -> Array:
        """``m x d`` encoded points of the pending trials."""
        return self.encode(self.view.pending)

    @cached_property
    def known(self) -> Array:
        """Encoded points of all trials but abandoned ones: not to be proposed again."""
        failed = self.encode(self.view.failed)
        return np.concatenate([self.X, self.pending, failed])

    def encode(self, trials: Sequence[Trial]) -> Array:
        """``len(trials) x d`` encoded points."""
        if not trials:
            return np.empty((0, len(self.space.factors)))
        return np.asarray(self.space.encode([trial.params for trial in trials]), dtype=float)

    def values(self, metric: str, sign: float) -> Array:
        """Measured values of a metric, turned by ``sign``."""
        return sign * np.array([trial[metric] for trial in self.completed])

    def sems(self, metric: str) -> Array:
        """Told standard errors of a metric; NaN where unknown."""
        sems = [trial.values[metric].sem for trial in self.completed]
        return np.array([np.nan if sem is None else sem for sem in sems], dtype=float)

    def exact(self, metric: str) -> bool:
        """Whether no standard error of the metric was told but zeros."""
        return not (self.sems(metric) > 0.0).any()

    def feasible(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Which completed trials satisfy the outcome constraints."""
        constraints = self.problem.constraints
        return np.array(
            [all(c.holds(t[c.metric]) for c in constraints) for t in self.completed], dtype=bool
        )

    def data(self, metric: str, sign: float) -> Data:
        """Measured values of ``sign`` times a metric, and where they were measured."""
        return Data(self.X, self.values(metric, sign), self.sems(metric))

    def model(self, metric: str, sign: float) -> GaussianProcess:
        """A model of ``sign`` times the metric, in the metric's units."""
        return self._train(signed(metric, sign), self.data(metric, sign)).model

    def of_objective(self, objective: Objective, *, warp: bool, kernel: str = KERNEL) -> Trained:
        """A model of an objective, and its values, on the metric's own scale or a warped one.

        Values with told standard errors stay as they are: a warp would turn
        their mean into something else.

        Args:
            objective: Of the study.
            warp: Whether the scale may be the one that suits the values.
            kernel: Of the process.
        """
        data = self.data(objective.metric, objective.sign)
        warp = warp and self.exact(objective.metric)
        said = [kernel] * (kernel != KERNEL) + ["warped"] * warp
        name = " ".join([*said, signed(objective.metric, objective.sign)])
        return self._train(name, data, warp=warp, kernel=kernel)

    def constraints(self) -> list[AtLeast]:
        """Models of the outcome constraints, each with the bound that it must reach."""
        result = []
        for constraint in self.problem.constraints:
            sign = 1.0 if constraint.relation == ">=" else -1.0
            model = self.model(constraint.metric, sign)
            result.append(AtLeast(model, sign * constraint.bound))
        return result

    def success(self) -> AtLeast | None:
        """A model of whether a point can be measured; ``None`` while nothing has failed."""
        if not self.view.failed:
            return None
        finished = sorted([*self.completed, *self.view.failed], key=lambda trial: trial.number)
        y = np.array([float(t.state is TrialState.COMPLETED) for t in finished])
        data = Data(self.encode(finished), y, np.full(len(y), np.nan))
        return AtLeast(self._train(SUCCESS, data).model, _SUCCESS_LABEL)

    def noisy(self, metric: str, noise_var: float, spread: float) -> bool:
        """Whether the noise of a metric, told or inferred, matters for which value is best.

        Args:
            metric: Of the study.
            noise_var: What a model inferred.
            spread: Of the outputs, in the same units as the noise.
        """
        if not self.exact(metric):
            return True
        return (
            bool(np.isnan(self.sems(metric)).any())
            and noise_var > (_NOISE_THAT_MATTERS * spread) ** 2
        )

    def noise_std(self, metric: str, noise_var: float) -> float:
        """Standard deviation to expect of a measurement: as told, or else as inferred."""
        sems = self.sems(metric)
        if np.isnan(sems).any():
            return float(np.sqrt(noise_var))
        return float(np.sqrt(np.mean(sems**2)))

    def repeats(self, *, noisy: bool) -> Literal["never", "always", "when exhausted"]:
        """Whether a point may be measured again.

        Always where some standard error was told: then the noise is a fact. Where
        it was only inferred, not before a finite space is exhausted: what looks
        like noise may be ruggedness, and a repeat would teach nothing.

        Args:
            noisy: Whether noise of an objective, told or inferred, matters.
        """
        if not all(self.exact(metric) for metric in self.problem.modelled):
            return "always"
        return "when exhausted" if noisy else "never"

    def anchors(self) -> Array:
        """The points of the best completed trials: feasible ones, else the least violating."""
        if len(self._objectives) == 1:
            (objective,) = self._objectives
            merit = self.values(objective.metric, objective.sign)
        else:
            turned = [self.values(o.metric, o.sign) for o in self._objectives]
            merit = nondominated(np.stack(turned, axis=1)).astype(float)
        violation = np.zeros(len(merit))
        for c in self.problem.constraints:
            excess = np.array([max(c.violation(t[c.metric]), 0.0) for t in self.completed])
            violation += excess / (excess.max(initial=0.0) or 1.0)
        return self.X[np.lexsort((-merit, violation))[:_ANCHORS]]

    @property
    def _objectives(self) -> Sequence[Objective]:
        return self.problem.objectives

    def _recipe(self, kernel: str) -> Recipe:
        return Recipe.of(Embedding.of(self.space.factors), kernel)

    def _train(self, name: str, data: Data, *, warp: bool = False, kernel: str = KERNEL) -> Trained:
        if name not in self._trained:
            recipe = self._recipe(kernel)
            memory = Memory.from_json(self.memories.get(name), recipe)
            self._trained[name] = train(data, recipe, memory, warp=warp)
            self.memories[name] = self._trained[name].memory.to_json()
        return self._trained[name]

    @property
    def report(self) -> dict[str, dict[str, Any]]:
        """What provenance says of the models, by name."""
        return {name: _report(trained) for name, trained in self._trained.items()}


def signed(metric: str, sign: float) -> str:
    """The name of the model of ``sign`` times a metric."""
    return metric if sign > 0 else f"-{metric}"


def _report(trained: Trained) -> dict[str, Any]:
    """What provenance says of a model: where its fit stands, and what this ask spent on it."""
    hyper = trained.memory.hyper
    fit = trained.fit
    return {
        "lengthscales": [float(f"{v:.4g}") for v in np.exp(hyper.log_lengthscales)],
        "noise_std": float(f"{np.sqrt(trained.model.noise_var):.4g}"),
        "fitted_at": trained.memory.count,
        "refit": fit is not None,
        "gradients": fit.gradients if fit else 0,
        "thrifty_gradients": fit.thrifty_gradients if fit else 0,
    }
