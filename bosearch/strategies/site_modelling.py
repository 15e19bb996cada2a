"""From the trials of a study to a game on its sites: codes, model, payoff, what is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, final

import numpy as np

from bosearch.combinatorial.encoding import Encoding
from bosearch.combinatorial.model import recipe, tables, upper_bound
from bosearch.combinatorial.payoff import Array
from bosearch.combinatorial.space import Codes, Keys
from bosearch.combinatorial.table_payoff import TablePayoff
from bosearch.combinatorial.training import (
    KernelName,
    ScaledMemory,
    TrainedOnScale,
    train_on_scale,
)
from bosearch.strategies.registry import MOST_LEVELS
from bosearch.study.problem import Problem
from bosearch.study.trial import Trial
from bosearch.study.view import StudyView
from bosearch.surrogates.schedule import Data

MANY_SITES = 30  # sites from which on an additive kernel may predict better than a product


def unsupported(problem: Problem, *, numbers: bool = False) -> list[str]:
    """Why ``problem`` is no game on sites; empty if it is one.

    Args:
        problem: What the study asks.
        numbers: Whether there may be continuous factors beside the sites.
    """
    space = problem.space
    reasons = [f"a game needs sites, and {name} has none" for name in space.without_coordinates]
    sizes = [factor.size for factor in space.factors if factor.size is not None]
    if not numbers and len(sizes) < len(space.factors):
        reasons.append("every parameter must be discrete: gameopt and bayes take numbers as well")
    if space.factors and not sizes:
        reasons.append("every parameter is a number, and players need choices")
    if max(sizes, default=0) > MOST_LEVELS:
        reasons.append(f"a site has at most {MOST_LEVELS} levels")
    if len(problem.objectives) > 1:
        reasons.append("players share one payoff, from one objective")
    if problem.constraints:
        reasons.append("outcome constraints are not modelled")
    return reasons


@final
@dataclass(eq=False)
class SiteModelling:
    """The model of one ask, with the last fit as a warm start.

    Args:
        view: The study, of a problem that is not ``unsupported``.
        memories: Where the fit is kept (JSON), brought up to date here.
        kernel: ``auto``: from thirty sites on the kernel that predicts better.
    """

    view: StudyView
    memories: dict[str, Any]
    kernel: KernelName | Literal["auto"] = "product"

    @cached_property
    def encoding(self) -> Encoding:
        """The space as sites."""
        return Encoding(self.view.problem.space)

    @cached_property
    def observed(self) -> Array:
        """``n x d`` rows of the completed trials."""
        return self.rows(self.view.completed)

    @cached_property
    def X(self) -> Codes:  # noqa: N802  # a matrix, as everywhere
        """``n x L`` codes of the completed trials."""
        return self.encoding.codes(self.observed)

    @cached_property
    def pending(self) -> Codes:
        """``m x L`` codes of the pending trials."""
        return self.codes(self.view.pending)

    @cached_property
    def known_codes(self) -> Codes:
        """Codes of completed, pending and failed trials: not to be proposed again."""
        return np.concatenate([self.X, self.pending, self.codes(self.view.failed)])

    @cached_property
    def known(self) -> Keys:
        """Their keys, sorted."""
        return np.unique(self.encoding.sites.keys(self.known_codes))

    @cached_property
    def data(self) -> Data:
        """Completed trials as rows and values, turned so that larger is better."""
        (objective,) = self.view.problem.objectives
        completed = self.view.completed
        sems = [trial.values[objective.metric].sem for trial in completed]
        return Data(
            self.observed,
            objective.sign * np.array([trial[objective.metric] for trial in completed]),
            np.array([np.nan if sem is None else sem for sem in sems], dtype=float),
        )

    @property
    def kernels(self) -> tuple[KernelName, ...]:
        """The kernels that may be fitted."""
        if self.kernel != "auto":
            return (self.kernel,)
        encoding = self.encoding
        long = len(encoding.discrete) >= MANY_SITES and not len(encoding.continuous)
        return ("product", "additive") if long else ("product",)

    @cached_property
    def trained(self) -> TrainedOnScale:
        """The model of the objective, turned so that larger is better, on its scale."""
        kernel = recipe(self.encoding.features)
        memory = ScaledMemory.from_json(self.memories.get("fit"), kernel)
        trained = train_on_scale(self.data, kernel, memory, kernels=self.kernels)
        self.memories["fit"] = trained.memory.to_json()
        return trained

    def payoff(self, beta: float) -> TablePayoff:
        """``mean + beta * std`` as if pending points had been measured as predicted.

        In units of the model's standardised values; all factors are sites.
        """
        model = self.trained.model
        payoff = upper_bound(model, tables(model, self.encoding.features), self.X, beta=beta)
        for x in self.pending:
            payoff = payoff.conditioned(x)
        return payoff

    def rows(self, trials: Sequence[Trial]) -> Array:
        """``len(trials) x d`` rows, as the model sees points."""
        return self.encoding.rows(self.view.problem.space.encode([t.params for t in trials]))

    def codes(self, trials: Sequence[Trial]) -> Codes:
        """``len(trials) x L`` codes."""
        return self.encoding.codes(self.rows(trials))

    def points(self, rows: Array | Codes) -> list[dict[str, Any]]:
        """The parameters of ``n x d`` rows; codes are rows where all factors are sites."""
        return self.view.problem.space.decode(self.encoding.encoded(rows.astype(float)))

    @property
    def y(self) -> Array:
        """``n`` values of the completed trials on the model's scale, larger is better."""
        return self.trained.y

    @property
    def units(self) -> tuple[float, float]:
        """What a payoff of 0, and of 1 more, is on the model's scale."""
        return self.trained.model.location, self.trained.model.spread

    @property
    def report(self) -> dict[str, Any]:
        """What provenance says of the model."""
        return described(self.trained)


def described(trained: TrainedOnScale) -> dict[str, Any]:
    """What provenance says of a model."""
    hyper = trained.model.hyper
    return {
        "scale": trained.memory.scale,
        "kernel": trained.memory.kernel,
        "lengthscales": [float(f"{v:.4g}") for v in np.exp(hyper.log_lengthscales)],
        "noise_std": float(f"{np.sqrt(trained.model.noise_var):.4g}"),
        "fitted_at": trained.memory.fit.count,
        "gradients": trained.gradients,
    }
