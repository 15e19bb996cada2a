"""The models of strategy ``bayes`` where no surrogate is named: fast Gaussian processes."""

from collections.abc import Iterator
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
from bosearch.surrogates.gp import GaussianProcess
from bosearch.surrogates.warping import Warp


@final
@dataclass(eq=False)
class BuiltIn:
    """Gaussian processes in NumPy; one objective is modelled on a warped scale if ``warp``."""

    modelling: Modelling
    warp: bool = True

    slopes = True

    @cached_property
    def _several(self) -> bool:
        return len(self.modelling.problem.objectives) > 1

    def choice(self, rng: np.random.Generator) -> Choice:
        """Expected improvement, or gain in hypervolume, in logarithms."""
        modelling = self.modelling
        if self._several:
            several = import_module("bosearch.strategies.several")  # with torch: three seconds
            return Choice(*cast("Any", several.hypervolume_improvement(modelling, rng)))
        (objective,) = modelling.problem.objectives
        trained = modelling.of_objective(objective, warp=self.warp)
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
        noisy = "noisy " if outcomes.noisy else ""
        return Choice(acquisition, f"log {noisy}expected improvement", {})

    @cached_property
    def noisy(self) -> bool:
        """Whether the noise of an objective, told or inferred, matters."""
        return any(
            self.modelling.noisy(metric, model.noise_var, model.spread)
            for metric, _, model, _ in self._objectives()
        )

    def predictions(self, x: Array) -> dict[str, Prediction]:
        """What the models say of a measurement at ``x`` (``d`` coordinates), by metric."""
        models = [*self._constraints(), *self._objectives()]
        return {m: self._prediction(x, m, sign, model, warp) for m, sign, model, warp in models}

    def sides(self) -> Array | None:
        """Length scales of the factors, relative to their geometric mean; of one objective."""
        if self._several:
            return None
        ((_, _, model, _),) = self._objectives()
        embedding = model.recipe.embedding
        starts = [columns.start for columns in embedding.columns]
        logs = model.hyper.log_lengthscales[embedding.scales[starts]]
        sides: Array = np.exp(logs - logs.mean())
        return sides

    @property
    def report(self) -> dict[str, dict[str, Any]]:
        """What provenance says of the models, by name."""
        return self.modelling.report

    def _objectives(self) -> Iterator[tuple[str, float, GaussianProcess, Warp | None]]:
        for o in self.modelling.problem.objectives:
            trained = self.modelling.of_objective(o, warp=self.warp and not self._several)
            yield o.metric, o.sign, trained.model, trained.memory.warp

    def _constraints(self) -> Iterator[tuple[str, float, GaussianProcess, Warp | None]]:
        models = self.modelling.constraints()
        for c, at_least in zip(self.modelling.problem.constraints, models, strict=True):
            model = cast("GaussianProcess", at_least.model)
            yield c.metric, 1.0 if c.relation == ">=" else -1.0, model, None

    def _prediction(
        self, x: Array, metric: str, sign: float, model: GaussianProcess, warp: Warp | None
    ) -> Prediction:
        told = model.predict(x[None])
        mean, std = float(told.mean[0, 0]), float(np.sqrt(told.var[0]))
        noise_std = self.modelling.noise_std(metric, model.noise_var)
        if warp is None:
            return Prediction(sign * mean, std, noise_std)
        return Prediction(mean, std, noise_std, sign, warp)
