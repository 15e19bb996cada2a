"""The posterior over the weights of a network, the noise and the scale of its prior.

A state of ``P + 2`` coordinates, all standard normal under the prior, holds the network's
``P`` whitened weights, then one coordinate each of the noise and of the scale:

- variance of the noise of an observation ``floor + median * exp(spread * coordinate)``;
- weights, not biases, are those of the state times ``exp(scale_spread * coordinate)``.

Everything is in standardised units. A spread of 0 fixes what it belongs to.

Source: Neal (1996), *Bayesian Learning for Neural Networks*, for noise and scale
sampled along with the weights; the coordinates are ours, so that no variable's prior
depends on another's value. The floor is what keeps noiseless data from making the
posterior so thin that no chain can move along it.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol, final

import torch
from torch import Generator, Tensor

from bosearch.surrogates.networks.descent import descend
from bosearch.surrogates.networks.mlp import BatchedMLP, Tangent
from bosearch.surrogates.sampling.density import NoisySlope, normal_like

START_RATE = 0.05  # of the fit by which chains start


@final
@dataclass(frozen=True, kw_only=True)
class NoisePrior:
    """Log-normal variance of the noise of standardised observations, above a floor."""

    median: float  # of the variance above the floor
    spread: float  # of its logarithm; 0 fixes it
    floor: float  # least variance, of known noise too

    def variance(self, coordinate: Tensor) -> Tensor:
        """The variance of a standard normal ``coordinate``."""
        return self.floor + self.excess(coordinate)

    def excess(self, coordinate: Tensor) -> Tensor:
        """How far it is above the floor."""
        return self.median * (self.spread * coordinate).exp()


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Target:
    """A log density of ``chains x (P + 2)`` states; dtype that of ``Z`` and ``y``.

    Args:
        network: Whose weights are sampled.
        scaled: ``P`` numbers, 1 for weights that the scale multiplies and 0 for biases.
        unit: ``P`` numbers: the network's whitened weights are those of the state times these.
        Z: ``n x p`` coordinates.
        y: ``n`` standardised values, or ``chains x n``.
        known_var: ``n`` variances of their noise; NaN where it is to be inferred.
        noise: Prior of what is to be inferred.
        scale_spread: Standard deviation of the logarithm of the scale; 0 fixes it at 1.
    """

    network: BatchedMLP
    scaled: Tensor
    unit: Tensor
    Z: Tensor
    y: Tensor
    known_var: Tensor
    noise: NoisePrior
    scale_spread: float

    @property
    def size(self) -> int:
        """Coordinates of a state."""
        return len(self.scaled) + 2

    @property
    def dtype(self) -> torch.dtype:
        """Of states."""
        return self.Z.dtype

    def weights(self, state: Tensor) -> Tensor:
        """``chains x P`` weights as the network takes them."""
        growth = (self.scale_spread * state[:, -1:]).expm1()  # chains x 1
        return state[:, :-2] * (self.unit + growth * (self.scaled * self.unit))

    def noise_var(self, state: Tensor) -> Tensor:
        """``chains`` variances of the noise that is to be inferred."""
        return self.noise.variance(state[:, -2])

    def values(self, state: Tensor, Z: Tensor) -> Tensor:
        """``chains x b`` values at ``b x p`` coordinates."""
        return self.network.forward(self.weights(state), Z)

    def __call__(self, state: Tensor) -> tuple[Tensor, Tensor]:
        """``chains`` log densities, up to the prior's constant, and their slopes.

        Written out rather than left to automatic differentiation, which takes longer.
        """
        z, scaled = state[:, :-2], self.scaled * self.unit
        growth = (self.scale_spread * state[:, -1:]).expm1()  # chains x 1
        stretch = self.unit + growth * scaled  # chains x P
        weights = z * stretch
        tangents = self.network.tangents(weights, self.Z)
        away = self.y - self._values(weights, tangents)  # chains x n
        excess = self.noise.excess(state[:, -2:-1])  # chains x 1
        var = self.var(excess)
        squares = away.square() / var
        fit = -0.5 * (squares + var.log()).sum(-1, dtype=torch.float64)
        slopes = self._slopes(tangents, away / var)  # chains x P
        by_var = 0.5 * self.inferred * (squares - 1.0) / var
        by_noise = by_var.sum(-1, keepdim=True) * excess * self.noise.spread
        by_scale = (slopes * z * scaled).sum(-1, keepdim=True) * (growth + 1.0) * self.scale_spread
        prior = -0.5 * state.square().sum(-1, dtype=torch.float64)
        slope = torch.cat([slopes * stretch, by_noise, by_scale], dim=-1) - state
        return fit + prior, slope

    def _values(self, weights: Tensor, tangents: list[Tangent]) -> Tensor:
        """``chains x n``, from the features that ``tangents`` hold."""
        factor, features, _ = tangents[-1]
        matrix, bias = weights[:, -1 - features.shape[-1] : -1], weights[:, -1:]
        mixed = torch.bmm(features, matrix.unsqueeze(-1)).squeeze(-1)
        return factor * mixed + self.network.bias_std * bias

    def _slopes(self, tangents: list[Tangent], by_value: Tensor) -> Tensor:
        """``chains x P`` slopes by the network's weights, of what has ``by_value`` by values."""
        parts = []
        for factor, inputs, by_output in tangents:
            back = by_output * by_value.unsqueeze(-1)  # chains x n x outputs
            parts.append(factor * torch.bmm(inputs.mT, back).flatten(1))
            parts.append(self.network.bias_std * back.sum(-2))
        return torch.cat(parts, dim=-1)

    @cached_property
    def inferred(self) -> Tensor:
        """``n`` numbers: 1 where the noise is to be inferred, 0 where it is known."""
        return self.known_var.isnan().to(self.known_var.dtype)

    @cached_property
    def _known(self) -> Tensor:
        """``n`` variances where they are known, the floor elsewhere."""
        return self.known_var.nan_to_num(nan=0.0).clamp(min=self.noise.floor)

    def var(self, excess: Tensor) -> Tensor:
        """``chains x n`` variances of the noise of the observations."""
        return self._known + self.inferred * excess

    def slope(self, state: Tensor) -> Tensor:
        """Slopes alone."""
        return self(state)[1]

    def double(self) -> "Target":
        """The same in float64."""
        names = ("scaled", "unit", "Z", "y", "known_var")
        return replace(self, **{name: getattr(self, name).double() for name in names})

    def rows(self, index: Tensor) -> "Target":
        """The posterior given some of the observations."""
        return replace(self, Z=self.Z[index], y=self.y[..., index], known_var=self.known_var[index])

    def minibatch_slope(self, state: Tensor, batch: int, generator: Generator) -> Tensor:
        """Estimated slopes from ``batch`` observations drawn without replacement.

        Without bias: the likelihood's share is multiplied up, the prior's is exact.
        """
        n = len(self.Z)
        if batch >= n:
            return self.slope(state)
        part = self.rows(torch.randperm(n, generator=generator)[:batch])
        return (part.slope(state) + state) * (n / batch) - state


class Climbed(Protocol):
    """A posterior whose states end with noise and scale."""

    @property
    def dtype(self) -> torch.dtype:
        """Of states."""
        ...

    @property
    def size(self) -> int:
        """Coordinates of a state."""
        ...

    def slope(self, state: Tensor) -> Tensor:
        """Slopes of the log densities of ``chains x size`` states."""
        ...


def anchored_start(
    target: Climbed,
    chains: int,
    *,
    steps: int,
    rate: float,
    generator: Generator,
    slope: NoisySlope | None = None,
) -> Tensor:
    """Where ``chains`` start: spread as the prior is, and close to the observations.

    Each chain climbs its own posterior, whose prior is centred at a draw from the prior, by
    Adam with a rate that falls to 0. A mode has none of the posterior's spread, and chains
    that all start there agree before they have mixed.

    ``slope`` estimates slopes where whole ones are dear.

    Source: Pearce, Leibfried and Brintrup (2020), "Uncertainty in neural networks:
    approximately Bayesian ensembling", here without noise added to observations.

    Returns:
        ``chains x (P + 2)`` states.

    Raises:
        ArithmeticError: A chain left the numbers that can be computed.
    """
    empty = torch.zeros(chains, target.size, dtype=target.dtype)
    anchors = normal_like(empty, generator)
    anchors[:, -2:] = 0.0

    def downhill(state: Tensor) -> Tensor:
        ascent = target.slope(state) if slope is None else slope(state, generator)
        return -(ascent + anchors)  # the prior's is anchors - state

    return descend(downhill, anchors, steps=steps, rate=rate)
