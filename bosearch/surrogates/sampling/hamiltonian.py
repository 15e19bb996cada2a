"""Hamiltonian Monte Carlo of many chains in step, with one adapted step size.

The mass is the identity: states are meant to be whitened, so that their prior is
standard normal.

Source: Neal (2011), "MCMC using Hamiltonian dynamics", with steps jittered
as there; Hoffman and Gelman (2014), "The No-U-Turn Sampler", section 3.2.1 for dual
averaging. What differs: the step is adapted to the mean acceptance of all chains, so that
one number serves a batched tensor.
"""

import math
from dataclasses import dataclass
from typing import final

import torch
from torch import Generator, Tensor

from bosearch.surrogates.sampling.density import Draws, LogDensity, normal_like

ACCEPTANCE = 0.8  # aimed at
_JITTER = 0.2  # of a step, up and down


@final
@dataclass(frozen=True, kw_only=True)
class Point:
    """Where chains are.

    Args:
        state: ``chains x P``.
        value: ``chains`` log densities.
        slope: ``chains x P``.
    """

    state: Tensor
    value: Tensor
    slope: Tensor

    @classmethod
    def at(cls, density: LogDensity, state: Tensor) -> "Point":
        """Evaluate the density."""
        value, slope = density(state)
        return cls(state=state, value=value, slope=slope)


def leapfrog(
    density: LogDensity, start: Point, velocity: Tensor, *, step: float, leaps: int
) -> tuple[Point, Tensor]:
    """Follow Hamilton's equations for ``leaps`` steps, one slope each.

    Returns:
        Where the chains arrive, and their ``chains x P`` velocities. Starting from there
        with opposite velocities leads back.
    """
    point = start
    velocity = velocity + 0.5 * step * point.slope
    for i in range(leaps):
        point = Point.at(density, point.state + step * velocity)
        velocity = velocity + (step if i < leaps - 1 else 0.5 * step) * point.slope
    return point, velocity


def transition(
    density: LogDensity, start: Point, *, step: float, leaps: int, generator: Generator
) -> tuple[Point, Tensor]:
    """One trajectory of each chain from fresh velocities, accepted or refused.

    Returns:
        Where the chains are now, and their ``chains`` probabilities of acceptance; 0 where
        a trajectory left the numbers that can be computed.
    """
    velocity = normal_like(start.state, generator)
    end, arrived = leapfrog(density, start, velocity, step=step, leaps=leaps)
    gain = end.value - start.value + _kinetic(velocity) - _kinetic(arrived)
    chance = gain.clamp(max=0.0).exp().nan_to_num(nan=0.0)
    chance = torch.where(torch.isfinite(end.slope).all(-1), chance, 0.0)
    drawn = torch.rand(chance.shape, generator=generator, dtype=chance.dtype, device=chance.device)
    accepted = drawn < chance
    rows = accepted[:, None]
    moved = Point(
        state=torch.where(rows, end.state, start.state),
        value=torch.where(accepted, end.value, start.value),
        slope=torch.where(rows, end.slope, start.slope),
    )
    return moved, chance


def _kinetic(velocity: Tensor) -> Tensor:
    return 0.5 * velocity.double().square().sum(-1)


@final
class StepSize:
    """A step size that learns from acceptance: Nesterov's dual averaging of its logarithm.

    Source: Hoffman and Gelman (2014), eqs. 5 and 6, with their gamma, t0 and kappa.
    """

    def __init__(self, step: float, *, acceptance: float = ACCEPTANCE) -> None:
        self._centre = math.log(10.0 * step)
        self._aim = acceptance
        self._count = 0
        self._error = 0.0
        self._mean_log = 0.0
        self.step = step

    def learn(self, acceptance: float) -> None:
        """Move on after a transition with this mean probability of acceptance."""
        self._count += 1
        share = 1.0 / (self._count + 10.0)
        self._error += share * (self._aim - acceptance - self._error)
        log_step = self._centre - math.sqrt(self._count) / 0.05 * self._error
        weight = self._count**-0.75
        self._mean_log += weight * (log_step - self._mean_log)
        self.step = math.exp(log_step)

    @property
    def settled(self) -> float:
        """The averaged step size, for the draws to keep."""
        return math.exp(self._mean_log) if self._count else self.step


def first_step(density: LogDensity, start: Point, *, guess: float, generator: Generator) -> float:
    """A step size whose single leap is accepted about half the time.

    Source: Hoffman and Gelman (2014), algorithm 4, with the mean acceptance of all chains.
    """

    def acceptance(step: float) -> float:
        chances = transition(density, start, step=step, leaps=1, generator=generator)[1]
        return float(chances.mean())

    step = guess
    grow = acceptance(step) > 0.5
    for _ in range(50):
        following = 2.0 * step if grow else 0.5 * step
        if (acceptance(following) > 0.5) != grow:
            return step if grow else following
        step = following
    return step


def sample(
    density: LogDensity,
    start: Tensor,
    *,
    burn_in: int,
    draws: int,
    leaps: int,
    generator: Generator,
    every: int = 1,
    guess: float = 0.1,
    step: float | None = None,
    length: float = math.inf,
) -> Draws:
    """Run all chains: ``burn_in`` transitions that adapt the step, then ``draws`` kept ones.

    Args:
        density: Of ``chains x P`` states.
        start: ``chains x P`` finite states.
        burn_in: Transitions that adapt the step and are forgotten.
        draws: States kept of each chain.
        leaps: Steps of a trajectory, at most.
        generator: Of velocities, jitter and acceptance.
        every: Transitions from one kept state to the next.
        guess: Where the search for a step size begins.
        step: Its size where it is known, as of draws that these go on from; not adapted.
        length: Of a trajectory, in units of the state; fewer steps than ``leaps`` may cover it.

    Raises:
        ArithmeticError: The density is not finite at ``start``.
    """
    point = Point.at(density, start)
    if not (torch.isfinite(point.value).all() and torch.isfinite(point.slope).all()):
        raise ArithmeticError("the log density is not finite where the chains start")
    gradients = 1
    if step is None:
        size = StepSize(first_step(density, point, guess=guess, generator=generator))
        for _ in range(burn_in):
            jittered, count = size.step * _jitter(generator), _leaps(size.step, leaps, length)
            point, chance = transition(
                density, point, step=jittered, leaps=count, generator=generator
            )
            size.learn(float(chance.mean()))
            gradients += count
        step = size.settled
    kept, accepted = [], 0.0
    count = _leaps(step, leaps, length)
    for i in range(draws * every):
        jittered = step * _jitter(generator)
        point, chance = transition(density, point, step=jittered, leaps=count, generator=generator)
        accepted += float(chance.mean())
        if (i + 1) % every == 0:
            kept.append(point.state)
    return Draws(
        states=torch.stack(kept),
        gradients=gradients + draws * every * count,
        step=step,
        acceptance=accepted / (draws * every),
    )


def _leaps(step: float, most: int, length: float) -> int:
    """Steps that cover ``length``, at least one and at most ``most``."""
    return max(1, math.ceil(min(float(most), length / step)))


def _jitter(generator: Generator) -> float:
    return 1.0 + _JITTER * (2.0 * float(torch.rand((), generator=generator)) - 1.0)
