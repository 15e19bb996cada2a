"""The models of strategy ``bayes`` where a surrogate is named in the study definition.

Objectives and constrained metrics have the same recipe, each with a seed of its own. One
objective is modelled on a warped scale, as by the built-in models, unless the study says not to.
Whether a point can be measured at all stays with the built-in Gaussian process: successes
and failures are a class, not a metric.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np
import torch

from bosearch.acquisition.by_capability import Bounded, Record, choose, has_slopes
from bosearch.acquisition.torch_acquisition import numerics
from bosearch.acquisition.value import Array
from bosearch.acquisition.wanted import Wanted
from bosearch.strategies.fits import Fit, Fits
from bosearch.strategies.modelling import Modelling, signed
from bosearch.strategies.models import Choice
from bosearch.strategies.prediction import Prediction
from bosearch.strategies.thresholds import thresholds
from bosearch.study.problem import Objective
from bosearch.surrogates.interface import Surrogate
from bosearch.surrogates.portfolio import Chosen, Portfolio
from bosearch.surrogates.schedule import Data
from bosearch.surrogates.warping import Warp, standardisation


@final
@dataclass(frozen=True)
class _Output:
    """What one surrogate models: ``sign`` times a metric, on its own scale or a warped one."""

    metric: str
    sign: float
    warp: Warp | None = None

    @property
    def name(self) -> str:
        plain = signed(self.metric, self.sign)
        return plain if self.warp is None else f"warped {plain}"


@final
@dataclass(eq=False)
class SurrogateModels:
    """Surrogates fitted to what is on record.

    Args:
        modelling: The record, and the model of failures.
        recipe: Of every metric's surrogate; a portfolio takes turns.
        fits: What this process has fitted before.
        wanted: The acquisition to use instead of what suits.
        warp: Whether one objective may be modelled on a warped scale.
    """

    modelling: Modelling
    recipe: Surrogate
    fits: Fits
    wanted: Wanted = "auto"
    warp: bool = True

    def choice(self, rng: np.random.Generator) -> Choice:
        """The acquisition that suits the surrogates, or the one that was wanted."""
        modelling, problem = self.modelling, self.modelling.problem
        facts: dict[str, Any] = {}
        reference = None
        if len(self._objectives) > 1:
            limits = thresholds(problem, modelling.completed)
            reference = np.array([o.sign * limits[o.metric].value for o in problem.objectives])
            shown = {m: {"value": t.value, "inferred": t.inferred} for m, t in limits.items()}
            facts["thresholds"] = shown
        Y = np.stack([self._data(output).y for output in self._objectives], axis=1)
        record = Record(modelling.X, Y, modelling.feasible(), self.noisy, modelling.pending)
        acquisition, name = choose(
            [self._fits[output].fitted for output in self._objectives],
            [
                Bounded(
                    self._fits[output].fitted,
                    output.sign * constraint.bound,
                    standardisation(self._data(output).y)[1],
                )
                for constraint, output in zip(problem.constraints, self._bounded, strict=True)
            ],
            modelling.success(),
            record,
            wanted=self.wanted,
            reference=reference,
            seed=int(rng.integers(2**31)),
        )
        return Choice(acquisition, name, facts)

    @cached_property
    def noisy(self) -> bool:
        """Whether the noise of an objective, told or inferred, matters."""
        found = False
        for output in self._objectives:
            spread = standardisation(self._data(output).y)[1]
            noise_var = self._fits[output].fitted.noise_var
            found |= self.modelling.noisy(output.metric, noise_var, spread)
        return found

    @property
    def slopes(self) -> bool:
        """Whether the acquisition has a gradient to climb by."""
        return has_slopes([fit.fitted for fit in self._fits.values()])

    def predictions(self, x: Array) -> dict[str, Prediction]:
        """What the surrogates say of a measurement at ``x`` (``d`` coordinates), by metric."""
        point = torch.tensor(x[None], dtype=torch.float64)
        said = {}
        for output in (*self._bounded, *self._objectives):
            fitted = self._fits[output].fitted
            with torch.no_grad(), numerics():
                posterior: Any = fitted.model.posterior(point)
                mean, var = float(posterior.mean.squeeze()), float(posterior.variance.squeeze())
            std = max(var, 0.0) ** 0.5
            noise_std = self.modelling.noise_std(output.metric, fitted.noise_var)
            said[output.metric] = (
                Prediction(output.sign * mean, std, noise_std)
                if output.warp is None
                else Prediction(mean, std, noise_std, output.sign, output.warp)
            )
        return said

    def sides(self) -> Array | None:
        """A cube: length scales are not common to all surrogates."""
        return None

    @property
    def report(self) -> dict[str, dict[str, Any]]:
        """What provenance says of the surrogates, by name."""
        said = {output.name: _said(fit) for output, fit in self._fits.items()}
        if isinstance(self.recipe, Portfolio) and self._turn is not self.recipe:
            turn = self.recipe.alternate
            said = {name: {"turn": turn, **facts} for name, facts in said.items()}
        return said | self.modelling.report

    @cached_property
    def _objectives(self) -> list[_Output]:
        objectives = self.modelling.problem.objectives
        warps = [self._warp(o) if len(objectives) == 1 else None for o in objectives]
        return [_Output(o.metric, o.sign, w) for o, w in zip(objectives, warps, strict=True)]

    @cached_property
    def _bounded(self) -> list[_Output]:
        constraints = self.modelling.problem.constraints
        return [_Output(c.metric, 1.0 if c.relation == ">=" else -1.0) for c in constraints]

    @cached_property
    def _turn(self) -> Surrogate:
        """The recipe of this trial."""
        if isinstance(self.recipe, Portfolio):
            return self.recipe.turn(self.modelling.view.next_number)
        return self.recipe

    @cached_property
    def _fits(self) -> dict[_Output, Fit]:
        modelling = self.modelling
        found = {}
        for i, output in enumerate(dict.fromkeys([*self._objectives, *self._bounded])):
            seed = int(np.random.SeedSequence([modelling.view.seed, i]).generate_state(1)[0])
            found[output] = self.fits.fit(
                f"{output.name} by {self._turn.name}",
                self._turn,
                self._data(output),
                modelling.recipe.embedding,
                seed=seed >> 1,  # libraries want 31 bits
            )
        return found

    def _warp(self, objective: Objective) -> Warp | None:
        modelling = self.modelling
        if not self.warp or not modelling.exact(objective.metric):
            return None
        return self.fits.warp(modelling.data(objective.metric, objective.sign), modelling.recipe)

    def _data(self, output: _Output) -> Data:
        data = self.modelling.data(output.metric, output.sign)
        return data if output.warp is None else data.warped(output.warp)


def _said(fit: Fit) -> dict[str, Any]:
    """What provenance says of one surrogate."""
    said = {**fit.fitted.report.to_json(), "fitted_at": fit.fitted_at}
    if isinstance(fit.fitted, Chosen):
        scores = {n: float(f"{v:.4g}") for n, v in fit.fitted.scores.items() if np.isfinite(v)}
        said |= {"chosen": fit.fitted.name, "scores": scores}
    return said
