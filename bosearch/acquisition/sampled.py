"""Expected improvement by joint draws of the functions, for models of any kind.

Draws of an ensemble are its members, each once: the surface that is climbed is then the
exact expectation under the ensemble. Values are standardised by what was observed, since
BoTorch smooths the improvement on an absolute scale.

Source: Ament et al. (2023), sections 4.2 and 4.3; Balandat et al. (2020) for draws held
fixed. The implementation is BoTorch's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import torch
from torch import Tensor

from bosearch.acquisition.torch_acquisition import TorchAcquisition, numerics
from bosearch.acquisition.value import Array

# isort: split
from botorch.acquisition.logei import qLogExpectedImprovement, qLogNoisyExpectedImprovement
from botorch.acquisition.multi_objective.logei import qLogNoisyExpectedHypervolumeImprovement
from botorch.acquisition.multi_objective.objective import GenericMCMultiOutputObjective
from botorch.acquisition.objective import GenericMCObjective
from botorch.sampling.get_sampler import get_sampler

DRAWS = 64
_CONTENDERS = 24  # noisy points that may be the best, at most


@final
@dataclass(frozen=True, eq=False)
class Draws:
    """A model of all outputs, and how its draws are read.

    Args:
        model: BoTorch model: the objectives, larger is better, then the constrained metrics.
        location: ``m`` numbers subtracted from the objectives.
        spread: ``m`` numbers that they are then divided by.
        bounds: What the constrained metrics must reach.
        scales: Typical sizes of the constrained metrics' variation.
        seed: Of the draws.
    """

    model: Any
    location: Array
    spread: Array
    bounds: Sequence[float]
    scales: Sequence[float]
    seed: int

    @property
    def constraints(self) -> list[Callable[[Tensor], Tensor]] | None:
        """By how much draws miss each bound, standardised; at most 0 where it holds."""
        m = len(self.location)

        def excess(index: int, bound: float, scale: float) -> Callable[[Tensor], Tensor]:
            def of(samples: Tensor) -> Tensor:
                return (bound - samples[..., index]) / scale

            return of

        rules = [
            excess(m + i, bound, scale)
            for i, (bound, scale) in enumerate(zip(self.bounds, self.scales, strict=True))
        ]
        return rules or None

    def sampler(self, X: Array) -> Any:
        """The sampler that suits the model's posteriors."""
        with torch.no_grad(), numerics():
            return get_sampler(
                self.model.posterior(_tensor(X[:1])), torch.Size([DRAWS]), seed=self.seed
            )

    def one(self, samples: Tensor, X: Tensor | None = None) -> Tensor:
        """The only objective, standardised."""
        return (samples[..., 0] - float(self.location[0])) / float(self.spread[0])

    def several(self, samples: Tensor, X: Tensor | None = None) -> Tensor:
        """All objectives, standardised."""
        location, spread = _tensor(self.location), _tensor(self.spread)
        return (samples[..., : len(location)] - location) / spread


def log_improvement(draws: Draws, best: float, observed: Array) -> TorchAcquisition:
    """Log expected feasible improvement on ``best``, in the objective's units.

    Args:
        draws: The models.
        best: The best feasible value, known without noise.
        observed: ``n x d`` encoded points with results.
    """
    level = (best - float(draws.location[0])) / float(draws.spread[0])
    acquisition = qLogExpectedImprovement(
        draws.model,
        level,
        sampler=draws.sampler(observed),
        objective=GenericMCObjective(draws.one),
        constraints=draws.constraints,
    )
    return TorchAcquisition(acquisition)


def log_noisy_improvement(draws: Draws, observed: Array, pending: Array) -> TorchAcquisition:
    """Log expected feasible improvement on whatever is the best of the observed points.

    Args:
        draws: The models.
        observed: ``n x d`` encoded points with results, noisy or not.
        pending: ``k x d`` points whose results are still to come: as good as observed.
    """
    with torch.no_grad(), numerics():
        acquisition = qLogNoisyExpectedImprovement(
            draws.model,
            _tensor(_contenders(draws, observed)),
            sampler=draws.sampler(observed),
            objective=GenericMCObjective(draws.one),
            constraints=draws.constraints,
            X_pending=_tensor(pending) if len(pending) else None,
            prune_baseline=False,
            cache_root=False,
        )
    return TorchAcquisition(acquisition)


def log_hypervolume_improvement(
    draws: Draws, reference: Array, observed: Array, pending: Array
) -> TorchAcquisition:
    """Log expected feasible gain in hypervolume over the front of the observed points.

    Args:
        draws: The models.
        reference: ``m`` values below which nothing counts, in the objectives' units.
        observed: ``n x d`` encoded points with results, noisy or not.
        pending: ``k x d`` points whose results are still to come.
    """
    # BoTorch prunes by draws of the global generator.
    with torch.no_grad(), torch.random.fork_rng(devices=[]), numerics():
        torch.manual_seed(draws.seed)
        acquisition = qLogNoisyExpectedHypervolumeImprovement(
            draws.model,
            ref_point=_tensor((reference - draws.location) / draws.spread),
            X_baseline=_tensor(np.unique(observed, axis=0)),
            sampler=draws.sampler(observed),
            objective=GenericMCMultiOutputObjective(draws.several),
            constraints=draws.constraints,
            X_pending=_tensor(pending) if len(pending) else None,
            prune_baseline=True,
            cache_root=False,
        )
    return TorchAcquisition(acquisition)


def _contenders(draws: Draws, X: Array) -> Array:
    """Different observed points that may be the best, by an upper confidence bound."""
    X = np.unique(X, axis=0)
    if len(X) <= _CONTENDERS:
        return X
    posterior = draws.model.posterior(_tensor(X).unsqueeze(1))
    mean, std = (t[:, 0].numpy() for t in (posterior.mean, posterior.variance.sqrt()))
    optimistic = mean + 2.0 * std  # n x outputs
    may_hold = (optimistic[:, 1:] >= np.asarray(draws.bounds)).all(1)
    upper = np.where(may_hold, optimistic[:, 0], -np.inf)
    chosen: Array = X[np.sort(np.argsort(-upper, kind="stable")[:_CONTENDERS])]
    return chosen


def _tensor(values: Array) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)
