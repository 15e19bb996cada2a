"""Several fitted outputs as one BoTorch ``Model``."""

from collections.abc import Sequence
from typing import Any, final

import torch
from torch import Tensor

from bosearch.errors import SurrogateError
from bosearch.surrogates.gaussian.model import NormalPosterior
from bosearch.surrogates.interface import Fitted
from bosearch.surrogates.single_output import SingleOutput  # before BoTorch: it warns

# isort: split
from botorch.models.model import Model, ModelList
from botorch.posteriors.posterior_list import PosteriorList
from botorch.sampling.get_sampler import GetSampler, get_sampler
from botorch.sampling.list_sampler import ListSampler
from botorch.sampling.normal import IIDNormalSampler, SobolQMCNormalSampler
from gpytorch.distributions import MultitaskMultivariateNormal

_BETWEEN_SEEDS = 7919


def joint_model(fitted: Sequence[Fitted]) -> Model:
    """One output's own model; of several, independent, one model of all.

    Raises:
        SurrogateError: There is no output.
    """
    if not fitted:
        raise SurrogateError("a model needs at least one output, got none")
    models: list[Any] = [found.model for found in fitted]
    assert all(isinstance(model, SingleOutput) for model in models)
    return models[0] if len(models) == 1 else IndependentOutputs(*models)


@final
class IndependentOutputs(ModelList):  # type: ignore[misc]  # BoTorch is untyped here
    """Models of one output each, joint over ``q`` points."""

    def posterior(
        self,
        X: Tensor,
        output_indices: list[int] | None = None,
        observation_noise: bool | Tensor = False,
        posterior_transform: Any = None,
    ) -> Any:
        """One normal of all outputs if each is normal, else a list of posteriors.

        Args:
            X: ``batch x q x d`` encoded points.
            output_indices: Outputs wanted; all by default.
            observation_noise: Adds the inferred noise; ``batch x q x m`` adds these variances.
            posterior_transform: Applied to the posterior, if given.
        """
        indices = range(self.num_outputs) if output_indices is None else output_indices
        listed = []
        for i in indices:
            noise = observation_noise
            if isinstance(noise, Tensor):  # BoTorch asks each model for an output of its number
                noise = noise[..., i : i + 1]
            listed.append(self.models[i].posterior(X, observation_noise=noise))
        joint: Any = IndependentPosteriors(*listed)
        if len(listed) == 1:
            joint = listed[0]
        elif all(isinstance(posterior, NormalPosterior) for posterior in listed):
            normals = [posterior.distribution for posterior in listed]
            joint = NormalPosterior(
                MultitaskMultivariateNormal.from_independent_mvns(normals), joint.variance
            )
        return joint if posterior_transform is None else posterior_transform(joint)


@final
class IndependentPosteriors(PosteriorList):  # type: ignore[misc]  # BoTorch is untyped here
    """BoTorch's, whose sampler would draw all outputs from the same normal numbers."""


@GetSampler.register(IndependentPosteriors)  # type: ignore[untyped-decorator]
def _sampler(
    posterior: IndependentPosteriors, sample_shape: torch.Size, *, seed: int | None = None
) -> ListSampler:
    """Samplers with seeds of their own.

    Normal numbers are pseudo-random: Sobol points of two seeds are not independent.
    """
    samplers = []
    for i, one in enumerate(posterior.posteriors):
        own = None if seed is None else seed + _BETWEEN_SEEDS * i
        sampler = get_sampler(one, sample_shape, seed=own)
        if isinstance(sampler, SobolQMCNormalSampler):
            sampler = IIDNormalSampler(sample_shape, seed=own)
        samplers.append(sampler)
    return ListSampler(*samplers)
