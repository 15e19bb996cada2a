"""Stochastic-gradient Hamiltonian Monte Carlo, for slopes that minibatches estimate.

Source: Chen, Fox and Guestrin (2014), "Stochastic gradient Hamiltonian Monte Carlo";
Springenberg, Klein, Falkner and Hutter (2016), "Bayesian optimization with robust Bayesian
neural networks", for the scale of each coordinate. What differs:

- The variance of the estimated slopes is measured, by pairs of minibatches at one state,
  rather than equated with their second moment; what they add to the noise is taken off the
  noise that is injected, and coordinates too noisy for that move less.
- The injected noise is that of exact friction, ``m (2 - m)`` where theirs is ``2 m``.
- Scales are those of all chains together, measured first where the chains start, so that
  noise does not heat them before it is known. A coordinate's scale is at least
  that of its standard normal prior: slopes that vanish at a mode do not make steps explode.
"""

import torch
from torch import Generator, Tensor

from bosearch.surrogates.sampling.density import Draws, NoisySlope, normal_like

_PAIR_EVERY = 10  # steps of the burn-in from one pair of minibatches to the next
_FIRST_PAIRS = 10  # where the chains start
_LONGEST = 50  # pairs whose noise is averaged


class Scales:
    """What the burn-in learns of each of ``P`` coordinates."""

    def __init__(self, state: Tensor) -> None:
        """``state`` is ``chains x P``."""
        like = state[0]
        self.horizon = torch.ones_like(like)  # of the averages, in steps
        self.mean = torch.zeros_like(like)
        self.square = torch.ones_like(like)
        self.noise = torch.zeros_like(like)
        self._pairs = 0

    def learn(self, slope: Tensor) -> None:
        """Average ``chains x P`` slopes and their squares."""
        share = 1.0 / self.horizon
        shrink = (self.mean.square() / self.square.clamp(min=1e-30)).clamp(max=1.0)
        self.mean = self.mean + share * (slope.mean(0) - self.mean)
        self.square = self.square + share * (slope.square().mean(0) - self.square)
        self.horizon = 1.0 + self.horizon * (1.0 - shrink)

    def learn_noise(self, one: Tensor, other: Tensor) -> None:
        """Average the variance of estimates, by two of them at one state."""
        self._pairs += 1
        half_square = 0.5 * (one - other).square().mean(0)
        self.noise = self.noise + (half_square - self.noise) / min(self._pairs, _LONGEST)

    def inverse_mass(self, rate: float, friction: float) -> Tensor:
        """By the slopes' size, and such that their noise is at most half of what friction needs."""
        quiet = 0.5 * friction * (2.0 - friction) / (rate**2 * self.noise.clamp(min=1e-30))
        return torch.minimum(self.square.clamp(min=1.0).rsqrt(), quiet)


def sample(
    slope: NoisySlope,
    start: Tensor,
    *,
    rate: float,
    friction: float,
    burn_in: int,
    draws: int,
    generator: Generator,
    every: int = 1,
) -> Draws:
    """Run all chains: ``burn_in`` steps that learn the scales, then keep ``draws`` states.

    Args:
        slope: Of ``chains x P`` states whose prior is standard normal.
        start: ``chains x P`` states.
        rate: Size of a step, in units of the prior where data say nothing.
        friction: Share of the velocity lost in a step.
        burn_in: Steps that learn the scales and are forgotten.
        draws: States kept of each chain.
        generator: Of velocities, noise and minibatches.
        every: Steps from one kept state to the next.

    Raises:
        ArithmeticError: A chain left the numbers that can be computed.
    """
    state, scales, gradients = start, Scales(start), 0
    for _ in range(_FIRST_PAIRS):
        pair = slope(start, generator), slope(start, generator)
        scales.learn(0.5 * (pair[0] + pair[1]))
        scales.learn_noise(*pair)
        gradients += 2
    inverse_mass = scales.inverse_mass(rate, friction)
    motion = rate * inverse_mass.sqrt() * normal_like(start, generator)
    kept = []
    for i in range(burn_in + draws * every):
        estimate = slope(state, generator)
        gradients += 1
        if i < burn_in:
            scales.learn(estimate)
            if i % _PAIR_EVERY == 0:
                scales.learn_noise(estimate, slope(state, generator))
                gradients += 1
            inverse_mass = scales.inverse_mass(rate, friction)
        kick = rate**2 * inverse_mass
        variance = kick * friction * (2.0 - friction) - kick.square() * scales.noise
        noise = variance.clamp(min=0.0).sqrt() * normal_like(state, generator)
        motion = (1.0 - friction) * motion + kick * estimate + noise
        state = state + motion
        if i >= burn_in and (i - burn_in + 1) % every == 0:
            kept.append(state)
    states = torch.stack(kept)
    if not torch.isfinite(states).all():
        raise ArithmeticError(f"stochastic gradients are not stable at a rate of {rate:.3g}")
    return Draws(states, gradients, rate)
