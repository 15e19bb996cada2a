"""The posterior over the weights of a network, the noise and the scale of its prior.

A state of ``P + 2`` coordinates, all standard normal under the prior, holds the network's
``P`` whitened weights, then one coordinate each of the noise and of the scale:

- variance of the noise of an observation ``floor + median * exp(spread * coordinate)``;
- weights, not biases, are those of the state times ``exp(scale_spread * coordinate)``.

Everything is in standardised units. A spread of 0 fixes what it belongs to.

Source: Neal (1996), *Bayesian Learning for Neural Networks*, section 3.2 for noise and scale
sampled along with the weights; the coordinates are ours, so that no variable's prior
depends on another's value. The floor is what keeps noiseless data from making the
posterior so thin that no chain can move along it.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import final

import torch
from torch import Generator, Tensor

from bosearch.surrogates.sampling.density import normal_like

Network = Callable[[Tensor, Tensor], Tensor]
"""Maps ``chains x P`` weights and ``n x p`` coordinates to ``chains x n`` values."""


@final
@dataclass(frozen=True, kw_only=True)
class NoisePrior:
    """Log-normal variance of the noise of standardised observations, above a floor."""

    median: float  # of the variance above the floor
    spread: float  # of its logarithm; 0 fixes it
    floor: float  # least variance, of known noise too

    def variance(self, coordinate: Tensor) -> Tensor:
        """The variance of a standard normal ``coordinate``."""
        return self.floor + self.median * (self.spread * coordinate).exp()


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Target:
    """A log density of ``chains x (P + 2)`` states; dtype that of ``Z`` and ``y``.

    Args:
        network: Its values.
        scaled: ``P`` numbers, 1 for weights that the scale multiplies and 0 for biases.
        unit: ``P`` numbers: the network's whitened weights are those of the state times these.
        Z: ``n x p`` coordinates.
        y: ``n`` standardised values, or ``chains x n``.
        known_var: ``n`` variances of their noise; NaN where it is to be inferred.
        noise: Prior of what is to be inferred.
        scale_spread: Standard deviation of the logarithm of the scale; 0 fixes it at 1.
    """

    network: Network
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

    def weights(self, state: Tensor) -> Tensor:
        """``chains x P`` weights as the network takes them."""
        if self.scale_spread == 0.0:
            return state[:, :-2] * self.unit
        growth = (self.scale_spread * state[:, -1:]).expm1()  # chains x 1
        return state[:, :-2] * (self.unit + growth * (self.scaled * self.unit))

    def noise_var(self, state: Tensor) -> Tensor:
        """``chains`` variances of the noise that is to be inferred."""
        return self.noise.variance(state[:, -2])

    def log_likelihoods(self, state: Tensor) -> Tensor:
        """``chains x n`` log densities of the observations."""
        found = self.network(self.weights(state), self.Z)
        known = self.known_var.clamp(min=self.noise.floor)
        var = torch.where(known.isnan(), self.noise_var(state)[:, None], known)
        return -0.5 * ((self.y - found).square() / var + var.log() + math.log(2.0 * math.pi))

    def __call__(self, state: Tensor) -> tuple[Tensor, Tensor]:
        """``chains`` log densities, up to the prior's constant, and their slopes."""
        with torch.enable_grad():
            leaf = state.detach().requires_grad_()
            fit = self.log_likelihoods(leaf).sum(-1)
            (slope,) = torch.autograd.grad(fit.sum(), leaf)
        prior = -0.5 * state.double().square().sum(-1)
        return fit.detach().double() + prior, slope - state

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


def anchored_start(
    target: Target, chains: int, *, steps: int, rate: float, generator: Generator
) -> Tensor:
    """Where ``chains`` start: spread as the prior is, and close to the observations.

    Each chain climbs its own posterior, whose prior is centred at a draw from the prior, by
    Adam with a rate that falls to 0. A mode has none of the posterior's spread, and chains
    that all start there agree before they have mixed.

    Source: Pearce, Leibfried and Brintrup (2020), "Uncertainty in neural networks:
    approximately Bayesian ensembling", eq. 9, here without noise added to observations;
    Kingma and Ba (2015) for Adam.

    Returns:
        ``chains x (P + 2)`` states.

    Raises:
        ArithmeticError: A chain left the numbers that can be computed.
    """
    empty = target.Z.new_zeros(chains, target.size)
    anchors = normal_like(empty, generator)
    anchors[:, -2:] = 0.0
    state, mean, square = anchors, torch.zeros_like(anchors), torch.zeros_like(anchors)
    for i in range(1, steps + 1):
        slope = target.slope(state) + anchors  # the prior's is -(state - anchors)
        mean = 0.9 * mean + 0.1 * slope
        square = 0.98 * square + 0.02 * slope.square()  # the first slopes are by far the largest
        unbiased = mean / (1.0 - 0.9**i)
        size = (square / (1.0 - 0.98**i)).sqrt() + 1e-8
        decayed = rate * 0.5 * (1.0 + math.cos(math.pi * i / steps))
        state = state + decayed * unbiased / size
    if not torch.isfinite(state).all():
        raise ArithmeticError("the fit that starts the chains did not stay finite")
    return state
