"""Expected gain in hypervolume over the front, for several objectives.

Source: Daulton, Balandat and Bakshy (2021), "Parallel Bayesian Optimization of
Multiple Noisy Objectives with Expected Hypervolume Improvement"; Ament et al.
(2023) for the logarithm. The implementation is BoTorch's.
"""

from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
from torch import Tensor

from bosearch.acquisition.torch_acquisition import TorchAcquisition
from bosearch.acquisition.value import Array, AtLeast
from bosearch.surrogates.botorch_model import GaussianProcesses  # before BoTorch: it warns
from bosearch.surrogates.gp import GaussianProcess

# isort: split
from botorch.acquisition.multi_objective.logei import (
    qLogNoisyExpectedHypervolumeImprovement,
)
from botorch.acquisition.multi_objective.objective import IdentityMCMultiOutputObjective
from botorch.sampling.normal import SobolQMCNormalSampler

DRAWS = 64


def log_hypervolume_improvement(
    objectives: Sequence[GaussianProcess],
    constraints: Sequence[AtLeast],
    reference: Array,
    *,
    observed: Array,
    pending: Array,
    seed: int,
) -> TorchAcquisition:
    """Log expected hypervolume improvement of one more point.

    Args:
        objectives: Models of the ``m`` objectives, larger is better.
        constraints: What else must hold.
        reference: ``m`` values below which nothing counts.
        observed: ``n x d`` encoded points with results.
        pending: ``k x d`` points whose results are still to come.
        seed: Of the joint draws.
    """
    m = len(objectives)
    bounded = [cast("GaussianProcess", constraint.model) for constraint in constraints]
    model = GaussianProcesses([*objectives, *bounded])
    # BoTorch prunes by draws of the global generator.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        acquisition = qLogNoisyExpectedHypervolumeImprovement(
            model=model,
            ref_point=torch.tensor(reference, dtype=torch.float64),
            X_baseline=torch.tensor(observed, dtype=torch.float64),
            sampler=SobolQMCNormalSampler(torch.Size([DRAWS]), seed=seed),
            objective=IdentityMCMultiOutputObjective(
                outcomes=list(range(m)), num_outcomes=model.num_outputs
            ),
            constraints=[_excess(m + i, c.bound) for i, c in enumerate(constraints)] or None,
            X_pending=torch.tensor(pending, dtype=torch.float64) if len(pending) else None,
            prune_baseline=True,
            cache_root=False,
        )
    return TorchAcquisition(acquisition)


def _excess(index: int, bound: float) -> Callable[[Tensor], Tensor]:
    """By how much a sample misses the bound; at most 0 where it holds."""

    def excess(samples: Tensor, X: Any = None) -> Tensor:
        return bound - samples[..., index]

    return excess
