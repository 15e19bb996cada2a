"""The models of strategy ``bayes`` where no surrogate is named: fast Gaussian processes."""

import math
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Any, cast, final

import numpy as np

from bosearch.acquisition.single import Outcomes, improvement
from bosearch.acquisition.value import Array
from bosearch.strategies.modelling import Modelling
from bosearch.strategies.models import Choice
from bosearch.strategies.prediction import Prediction
from bosearch.strategies.turns import Turn
from bosearch.study.problem import Objective
from bosearch.surrogates.gp import GaussianProcess
from bosearch.surrogates.schedule import Trained
from bosearch.surrogates.warping import Warp

# Shares of the outcomes' spread. The least noise that a fit allows is 1e-4 of it, so that measuring
# the best point again always promises 0.4e-4. Where no more is to be gained, a gain by the
# margin is looked for.
_OF_A_REPEAT = 4e-5
_MARGIN = 1e-3


@final
@dataclass(eq=False)
class BuiltIn:
    """Gaussian processes in NumPy.

    Args:
        modelling: The record, and the models of this ask.
        warp: Whether one objective may be modelled on a warped scale.
        turn: Whose turn this trial is.
    """

    modelling: Modelling
    warp: bool
    turn: Turn

    slopes = True

    @cached_property
    def _several(self) -> bool:
        return len(self.modelling.problem.objectives) > 1

    def choice(self, rng: np.random.Generator) -> Choice:
        """Expected improvement, or gain in hypervolume, in logarithms."""
        modelling = self.modelling
        if self._several:
            several = import_module("bosearch.strategies.several")  # with torch: three seconds
            models = [trained.model for _, trained in self._objectives]
            return Choice(*cast("Any", several.hypervolume_improvement(modelling, models, rng)))
        ((_, trained),) = self._objectives
        outcomes = Outcomes(modelling.X, trained.y, modelling.feasible(), self.noisy)
        acquisition = improvement(
            trained.model,
            modelling.constraints(),
            modelling.success(),
            outcomes,
            modelling.pending,
            rng,
        )
        if acquisition.objective is None:
            return Choice(acquisition, "log probability of feasibility", {})
        if outcomes.noisy:
            return Choice(acquisition, "log noisy expected improvement", {})
        choice = Choice(acquisition, "log expected improvement", {})
        if not self.turn.bold:
            return choice
        spread = trained.model.spread
        enough, bolder = math.log(_OF_A_REPEAT * spread), acquisition.beyond(_MARGIN * spread)
        return choice._replace(enough=enough, bolder=bolder)

    @cached_property
    def noisy(self) -> bool:
        """Whether the noise of an objective, told or inferred, matters."""
        return any(
            self.modelling.noisy(o.metric, trained.model.noise_var, trained.model.spread)
            for o, trained in self._objectives
        )

    def predictions(self, x: Array) -> dict[str, Prediction]:
        """What the models say of a measurement at ``x`` (``d`` coordinates), by metric."""
        said = {}
        constraints = self.modelling.problem.constraints
        for c, bounded in zip(constraints, self.modelling.constraints(), strict=True):
            model = cast("GaussianProcess", bounded.model)
            said[c.metric] = self._prediction(
                x, c.metric, 1.0 if c.relation == ">=" else -1.0, model
            )
        for o, trained in self._objectives:
            said[o.metric] = self._prediction(
                x, o.metric, o.sign, trained.model, trained.memory.warp
            )
        return said

    def sides(self) -> Array | None:
        """Length scales of the factors, relative to their geometric mean; of one objective."""
        if self._several:
            return None
        ((_, trained),) = self._objectives
        embedding = trained.model.recipe.embedding
        starts = [columns.start for columns in embedding.columns]
        logs = trained.model.hyper.log_lengthscales[embedding.scales[starts]]
        sides: Array = np.exp(logs - logs.mean())
        return sides

    @property
    def report(self) -> dict[str, dict[str, Any]]:
        """What provenance says of the models, by name."""
        return self.modelling.report

    @cached_property
    def _objectives(self) -> list[tuple[Objective, Trained]]:
        warp = self.warp and not self._several
        return [
            (o, self.modelling.of_objective(o, warp=warp, kernel=self.turn.kernel))
            for o in self.modelling.problem.objectives
        ]

    def _prediction(
        self,
        x: Array,
        metric: str,
        sign: float,
        model: GaussianProcess,
        warp: Warp | None = None,
    ) -> Prediction:
        told = model.predict(x[None])
        mean, std = float(told.mean[0, 0]), float(np.sqrt(told.var[0]))
        noise_std = self.modelling.noise_std(metric, model.noise_var)
        if warp is None:
            return Prediction(sign * mean, std, noise_std)
        return Prediction(mean, std, noise_std, sign, warp)
