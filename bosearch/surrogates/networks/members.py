"""A finite number of functions as a BoTorch model: all of them are known.

BoTorch draws members at random, with replacement, anew for each batch entry. Here each
member is used once, the same for all points: no Monte Carlo error, and a surface that
can be climbed. What a fit teaches beyond the model is in ``fitted``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self, final

import torch
from torch import Generator, Tensor

from bosearch.surrogates.coordinates import Coordinates
from bosearch.surrogates.networks.mlp import BatchedMLP
from bosearch.surrogates.single_output import SingleOutput  # before BoTorch: it warns

# isort: split
from botorch.posteriors.ensemble import EnsemblePosterior
from botorch.sampling.base import MCSampler
from botorch.sampling.get_sampler import GetSampler

LEAST_VAR = 1e-30  # of members that agree: its root and its slope stay finite


class Members(Protocol):
    """``S`` functions of coordinates."""

    def __len__(self) -> int:
        """Their number."""
        ...

    def __call__(self, Z: Tensor) -> Tensor:
        """``S x b`` standardised values at ``b x p`` coordinates; differentiable."""
        ...

    def select(self, index: Tensor) -> Self:
        """Some of them."""
        ...


@final
@dataclass(frozen=True, eq=False)
class NetworkMembers:
    """Networks of one architecture.

    Args:
        mlp: The architecture.
        z: ``S x P`` whitened weights, float64.
    """

    mlp: BatchedMLP
    z: Tensor

    def __len__(self) -> int:
        """Their number."""
        return len(self.z)

    def __call__(self, Z: Tensor) -> Tensor:
        """Values."""
        return self.mlp.forward(self.z, Z)

    def select(self, index: Tensor) -> Self:
        """Some of them."""
        return type(self)(self.mlp, self.z[index])


def systematic(weights: Tensor, count: int, offset: float = 0.5) -> Tensor:
    """``count`` indices of members, each as often as its weight says, rounded up or down.

    Equal weights and as many draws as members give each of them once, in order.

    Source: Carpenter, Clifford and Fearnhead (1999), "Improved particle filter for nonlinear
    problems", section 3.2.

    Args:
        weights: ``S``, at least 0.
        count: Number of draws.
        offset: In [0, 1): of the comb of draws, in units of its spacing.
    """
    heights = weights.double().cumsum(0)
    comb = (torch.arange(count, dtype=torch.float64) + offset) * (heights[-1] / count)
    return torch.searchsorted(heights, comb, right=True).clamp_max(len(weights) - 1)


class MembersPosterior(EnsemblePosterior):  # type: ignore[misc]  # BoTorch is untyped here
    """BoTorch's, with noise, and with a variance also where one member has all the weight."""

    def __init__(self, values: Tensor, weights: Tensor, noise: Tensor | None, salt: int) -> None:
        """Hold the values of all members.

        Args:
            values: ``batch x S x q x 1``, in the units of the observations.
            weights: ``S``, summing to 1.
            noise: ``batch x q`` variances to add.
            salt: Tells outputs apart, so that their members are paired at random.
        """
        super().__init__(values, weights)
        self.noise, self.salt = noise, salt

    @property
    def variance(self) -> Tensor:
        """``batch x q x 1``, unbiased for equal weights; noise included."""
        w = self.weights[:, None, None]
        squares = (w * (self.values - self.mean.unsqueeze(-3)).square()).sum(-3)
        found: Tensor = squares / (1.0 - w.square().sum()).clamp_min(1e-12)
        found = found.clamp_min(LEAST_VAR)
        return found if self.noise is None else found + self.noise.unsqueeze(-1)

    def rsample(self, sample_shape: torch.Size | None = None) -> Tensor:
        """Draw members at random, and noise: from the global state, as BoTorch does."""
        samples: Tensor = super().rsample(sample_shape)
        return self.noisy(samples, torch.randn_like(samples))

    def noisy(self, samples: Tensor, standard: Tensor) -> Tensor:
        """Add noise, ``standard`` times its root, if there is any."""
        if self.noise is None:
            return samples
        return samples + self.noise.sqrt().unsqueeze(-1) * standard


@final
class EnumeratingSampler(MCSampler):  # type: ignore[misc]  # BoTorch is untyped here
    """Each member once, if as many are wanted as there are; else ``systematic`` ones.

    In an order that depends on the seed and the output.
    The same members for all batch entries, and at every call.
    """

    def forward(self, posterior: MembersPosterior) -> Tensor:
        """``sample_shape x batch x q x 1`` samples."""
        values = posterior.values.movedim(-3, 0)  # S x batch x q x 1
        count = self.sample_shape.numel()
        index = systematic(posterior.weights, count)
        generator = Generator().manual_seed((self.seed * 1_000_003 + posterior.salt) % 2**63)
        order = torch.randperm(count, generator=generator)  # outputs pair members at random
        values = values.index_select(0, index[order])
        if posterior.noise is not None:
            shape = (count, *[1] * len(posterior.batch_shape), *values.shape[-2:])
            standard = torch.randn(shape, generator=generator, dtype=values.dtype)
            values = posterior.noisy(values, standard)
        found: Tensor = values.reshape(self.sample_shape + values.shape[1:])
        return found

    def _update_base_samples(self, posterior: Any, base_sampler: MCSampler) -> None:
        """Nothing: the same members serve all points."""


@GetSampler.register(MembersPosterior)  # type: ignore[untyped-decorator]
def _enumerate(
    posterior: MembersPosterior, sample_shape: torch.Size, seed: int | None = None
) -> MCSampler:
    return EnumeratingSampler(sample_shape, seed=0 if seed is None else seed)


@final
class MembersModel(SingleOutput):
    """Members with weights, in the units of the observations."""

    def __init__(
        self,
        coordinates: Coordinates,
        members: Members,
        weights: Tensor | Sequence[float] | None = None,
        *,
        location: float,
        spread: float,
        noise_var: float,
        salt: int = 0,
    ) -> None:
        """``noise_var`` is in squared units of the observations, ``members`` standardised.

        ``weights`` of the members sum to 1; ``None`` for equal ones.
        """
        super().__init__(noise_var)
        self.coordinates, self.members = coordinates, members
        self.location, self.spread, self.salt = location, spread, salt
        equal = torch.full((len(members),), 1.0 / len(members), dtype=torch.float64)
        self.weights = equal if weights is None else torch.as_tensor(weights, dtype=torch.float64)

    def predict(self, X: Tensor, noise: Tensor | None) -> MembersPosterior:
        """Values of all members at ``batch x q x d`` points."""
        Z = self.coordinates(X)
        values = self.location + self.spread * self.members(Z.reshape(-1, Z.shape[-1]))
        by_point = values.reshape(len(values), *X.shape[:-1]).movedim(0, -2)  # batch x S x q
        return MembersPosterior(by_point.unsqueeze(-1), self.weights, noise, self.salt)
