"""The models of strategy ``bayes`` where a surrogate is named in the study definition.

Objectives and constrained metrics have the same recipe, each with a seed of its own.
Whether a point can be measured at all stays with the built-in Gaussian process: successes
and failures are a class, not a metric.
"""

from collections.abc import Iterator
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
from bosearch.surrogates.interface import Surrogate
from bosearch.surrogates.portfolio import Chosen
from bosearch.surrogates.warping import standardisation


@final
@dataclass(eq=False)
class SurrogateModels:
    """Surrogates fitted to what is on record.

    Args:
        modelling: The record, and the model of failures.
        recipe: Of every metric's surrogate.
        fits: What this process has fitted before.
        wanted: The acquisition to use instead of what suits.
    """

    modelling: Modelling
    recipe: Surrogate
    fits: Fits
    wanted: Wanted = "auto"

    def choice(self, rng: np.random.Generator) -> Choice:
        """The acquisition that suits the surrogates, or the one that was wanted."""
        modelling, problem = self.modelling, self.modelling.problem
        objectives = problem.objectives
        Y = np.stack([modelling.values(o.metric, o.sign) for o in objectives], axis=1)
        facts: dict[str, Any] = {}
        reference = None
        if len(objectives) > 1:
            limits = thresholds(problem, modelling.completed)
            reference = np.array([o.sign * limits[o.metric].value for o in objectives])
            shown = {m: {"value": t.value, "inferred": t.inferred} for m, t in limits.items()}
            facts["thresholds"] = shown
        record = Record(modelling.X, Y, modelling.feasible(), self.noisy, modelling.pending)
        acquisition, name = choose(
            [self._fits[signed(o.metric, o.sign)].fitted for o in objectives],
            [
                Bounded(
                    self._fits[signed(c.metric, sign)].fitted,
                    sign * c.bound,
                    standardisation(modelling.values(c.metric, sign))[1],
                )
                for c in problem.constraints
                for sign in [1.0 if c.relation == ">=" else -1.0]
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
        for o in self.modelling.problem.objectives:
            spread = standardisation(self.modelling.values(o.metric, o.sign))[1]
            noise_var = self._fits[signed(o.metric, o.sign)].fitted.noise_var
            found |= self.modelling.noisy(o.metric, noise_var, spread)
        return found

    @property
    def slopes(self) -> bool:
        """Whether the acquisition has a gradient to climb by."""
        return has_slopes([fit.fitted for fit in self._fits.values()])

    def predictions(self, x: Array) -> dict[str, Prediction]:
        """What the surrogates say of a measurement at ``x`` (``d`` coordinates), by metric."""
        point = torch.tensor(x[None], dtype=torch.float64)
        said = {}
        for metric, sign in self._modelled():
            fitted = self._fits[signed(metric, sign)].fitted
            with torch.no_grad(), numerics():
                posterior: Any = fitted.model.posterior(point)
                mean, var = float(posterior.mean.squeeze()), float(posterior.variance.squeeze())
            noise_std = self.modelling.noise_std(metric, fitted.noise_var)
            said[metric] = Prediction(sign * mean, max(var, 0.0) ** 0.5, noise_std)
        return said

    def sides(self) -> Array | None:
        """A cube: length scales are not common to all surrogates."""
        return None

    @property
    def report(self) -> dict[str, dict[str, Any]]:
        """What provenance says of the surrogates, by name."""
        return {name: _said(fit) for name, fit in self._fits.items()} | self.modelling.report

    @cached_property
    def _fits(self) -> dict[str, Fit]:
        modelling = self.modelling
        found = {}
        for i, (metric, sign) in enumerate(self._modelled()):
            name = signed(metric, sign)
            seed = int(np.random.SeedSequence([modelling.view.seed, i]).generate_state(1)[0])
            found[name] = self.fits.fit(
                name,
                self.recipe,
                modelling.data(metric, sign),
                modelling.recipe.embedding,
                seed=seed >> 1,  # libraries want 31 bits
            )
        return found

    def _modelled(self) -> Iterator[tuple[str, float]]:
        """Metrics and signs: objectives, then what is constrained, each once."""
        problem = self.modelling.problem
        wanted = [(o.metric, o.sign) for o in problem.objectives]
        wanted += [(c.metric, 1.0 if c.relation == ">=" else -1.0) for c in problem.constraints]
        return iter(dict.fromkeys(wanted))


def _said(fit: Fit) -> dict[str, Any]:
    """What provenance says of one surrogate."""
    said = {**fit.fitted.report.to_json(), "fitted_at": fit.fitted_at}
    if isinstance(fit.fitted, Chosen):
        scores = {n: float(f"{v:.4g}") for n, v in fit.fitted.scores.items() if np.isfinite(v)}
        said |= {"chosen": fit.fitted.name, "scores": scores}
    return said
