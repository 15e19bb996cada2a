"""A finite number of functions as a BoTorch ``Model``: every member is used, none drawn by chance.

BoTorch draws members of an ensemble with replacement, anew for every entry of a batch of
points. Here the members are counted out, in the same order for all points: once each if as
many draws as members are asked for, otherwise in proportion to their weights up to rounding
(systematic resampling: Kitagawa 1996, "Monte Carlo filter and smoother for non-Gaussian
nonlinear state space models", appendix). An acquisition value has then no error of Monte Carlo
beyond the ensemble's own, and is a smooth function of the points.
"""

import math
from dataclasses import dataclass
from typing import Any, Protocol, cast, final

import torch
from torch import Generator, Tensor

from bosearch.surrogates.coordinates import Coordinates
from bosearch.surrogates.networks.mlp import BatchedMLP
from bosearch.surrogates.single_output import SingleOutput  # before BoTorch: it warns

# isort: split
from botorch.posteriors.ensemble import EnsemblePosterior
from botorch.sampling.base import MCSampler
from botorch.sampling.get_sampler import GetSampler

LEAST_VAR = 1e-10  # of a standardised prediction: members that agree have no spread


class Members(Protocol):
    """``S`` functions of coordinates, standardised, float64."""

    @property
    def count(self) -> int:
        """Number of functions, ``S``."""
        ...

    def __call__(self, Z: Tensor) -> Tensor:
        """``S x b`` values at ``b x p`` coordinates."""
        ...

    def pick(self, index: Tensor) -> "Members":
        """The functions of these numbers, which may repeat."""
        ...


@final
@dataclass(frozen=True, eq=False)
class Networks:
    """Networks of one shape as members; ``z`` holds their ``S x P`` whitened weights, float64."""

    net: BatchedMLP
    z: Tensor

    @property
    def count(self) -> int:
        """Number of networks, ``S``."""
        return len(self.z)

    def __call__(self, Z: Tensor) -> Tensor:
        """``S x b`` values at ``b x p`` coordinates."""
        return self.net.forward(self.z, Z)

    def pick(self, index: Tensor) -> "Networks":
        """The networks of these numbers."""
        return Networks(self.net, self.z[index])


def counted_out(weights: Tensor, count: int, generator: Generator) -> Tensor:
    """``count`` numbers of members, in random order, as often as their weights say.

    A member of weight ``w`` appears ``count * w`` times, rounded up or down; of members with
    equal weights, none twice before all have appeared once.

    Args:
        weights: ``S`` of them, with sum 1.
        count: How many numbers to return.
        generator: Of the order, and of who is rounded up.
    """
    order = torch.randperm(len(weights), generator=generator)
    start = torch.rand((), generator=generator, dtype=torch.float64)
    places = (torch.arange(count, dtype=torch.float64) + start) / count
    found = torch.searchsorted(weights[order].double().cumsum(0), places)
    found = order[found.clamp(max=len(weights) - 1)]
    return found[torch.randperm(count, generator=generator)]


class MembersPosterior(EnsemblePosterior):  # type: ignore[misc]  # BoTorch is untyped here
    """Values of all members at some points, as of BoTorch, with noise apart from them."""

    def __init__(
        self, values: Tensor, weights: Tensor, noise: Tensor | None, least_var: float, key: int
    ) -> None:
        """Values and what weighs and blurs them.

        Args:
            values: ``batch x S x q x 1``, in the units of the observations.
            weights: ``S``, with sum 1.
            noise: ``batch x q`` variances of noise, squared units, or none.
            least_var: Added to no value, but the least that ``variance`` says.
            key: Of the order in which members are counted out: outputs that are independent
                must not pair the same members.
        """
        super().__init__(values=values, weights=weights)
        self.noise = None if noise is None else noise.unsqueeze(-1)  # batch x q x 1
        self.least_var, self.key = least_var, key

    @property
    def variance(self) -> Tensor:
        """``batch x q x 1``: weighted sample variance of members, and noise."""
        spread = 1.0 - float(self.weights.square().sum())
        centred = self.values - self.mean.unsqueeze(-3)
        var: Tensor = (self.weights[:, None, None] * centred.square()).sum(-3)
        if spread > 1e-9:  # else one member has all the weight
            var = var / spread
        var = var.clamp(min=self.least_var)
        return var if self.noise is None else var + self.noise

    def counted(self, sample_shape: torch.Size, index: Tensor, normal: Tensor | None) -> Tensor:
        """``sample_shape x batch x q x 1``: members by number, with noise of ``count x q x 1``."""
        found: Tensor = self.values[..., index, :, :].movedim(-3, 0)  # count x batch x q x 1
        if self.noise is not None and normal is not None:
            batch = [1] * (found.ndim - 3)
            found = found + self.noise.sqrt() * normal.reshape(len(index), *batch, -1, 1)
        return found.reshape(sample_shape + found.shape[1:])

    def rsample(self, sample_shape: torch.Size | None = None) -> Tensor:
        """Members counted out in an order of torch's global state, with noise if there is any."""
        shape = sample_shape if sample_shape else torch.Size([1])
        seed = int(torch.randint(2**31, ()))
        return cast("Tensor", EnumeratingSampler(shape, seed=seed)(self))


@final
class EnumeratingSampler(MCSampler):  # type: ignore[misc]  # BoTorch is untyped here
    """Counts members out, in an order that depends on its seed and not on the points."""

    def forward(self, posterior: MembersPosterior) -> Tensor:
        """``sample_shape x batch x q x 1`` values."""
        count, q = math.prod(self.sample_shape), posterior.values.shape[-2]
        generator = Generator().manual_seed((self.seed + 0x9E3779B1 * posterior.key) % 2**63)
        index = counted_out(posterior.weights.detach(), count, generator)
        normal = None
        if posterior.noise is not None:
            normal = torch.randn(count, q, 1, generator=generator, dtype=posterior.dtype)
        return posterior.counted(self.sample_shape, index, normal)

    def _update_base_samples(self, posterior: Any, base_sampler: Any) -> None:
        """Nothing is kept that could differ."""


@GetSampler.register(MembersPosterior)  # type: ignore[untyped-decorator]  # untyped in BoTorch
def _enumerating(
    posterior: MembersPosterior, sample_shape: torch.Size, *, seed: int | None = None
) -> EnumeratingSampler:
    return EnumeratingSampler(sample_shape, seed=seed)


@final
class MembersModel(SingleOutput):
    """Members with weights, in the units of the observations."""

    def __init__(
        self,
        coordinates: Coordinates,
        members: Members,
        *,
        location: float,
        spread: float,
        noise_var: float,
        weights: Tensor | None = None,
        key: int = 0,
    ) -> None:
        """``noise_var`` is in squared units of the observations, ``members`` standardised.

        ``weights`` are ``S`` with sum 1, or equal; ``key`` is of ``MembersPosterior``.
        """
        super().__init__(noise_var)
        self.coordinates, self.members = coordinates, members
        self.location, self.spread, self.key = location, spread, key
        S = members.count
        self.weights = (
            torch.full((S,), 1.0 / S, dtype=torch.float64) if weights is None else weights
        )

    @property
    def count(self) -> int:
        """Number of members: a sampler of this many draws uses each once, if weights are equal."""
        return self.members.count

    def predict(self, X: Tensor, noise: Tensor | None) -> MembersPosterior:
        """Values of all members at ``batch x q x d`` points."""
        Z = self.coordinates(X)
        values = self.members(Z.reshape(-1, Z.shape[-1]))  # S x b
        values = values.reshape(-1, *Z.shape[:-1]).movedim(0, -2).unsqueeze(-1)
        least_var = LEAST_VAR * self.spread**2
        return MembersPosterior(
            self.location + self.spread * values, self.weights, noise, least_var, self.key
        )
