r"""Kinetic Langevin dynamics: schemes that never refuse a move.

.. math:: dx = v\,dt, \qquad dv = -\gamma v\,dt + \nabla\log p(x)\,dt + \sqrt{2\gamma}\,dW

leaves ``p(x)`` times a standard normal of ``v`` invariant. A scheme with step ``h`` samples
it with a bias that vanishes with ``h``, of second order for BAOAB and ALIGN and of third
order along each path for QUICSORT. What a path needs of its Brownian motion over a step is
a ``Noise``, so that schemes can be compared on one path.

Source: Leimkuhler and Matthews (2013), "Rational construction of stochastic numerical
methods for molecular sampling" (BAOAB); Foster, Lyons and Oberhauser (2021), "The shifted
ODE method for underdamped Langevin MCMC", and Scott, O'Kane, Jelinčič and Foster (2025),
"Underdamped Langevin MCMC with third order convergence" (QUICSORT), for ``u = 1``. ALIGN is
the integral of the dynamics with a gradient that is linear in time.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import torch
from torch import Generator, Tensor

from bosearch.surrogates.sampling.density import Draws, normal_like

Slope = Callable[[Tensor], Tensor]
"""Maps ``chains x P`` states to the slopes of their log density."""

_SMALL = 0.5  # below it, power series are more accurate than closed forms
_TERMS = range(16)
_CHECK_EVERY = 20  # steps from one look at ``bound`` to the next


@final
@dataclass(frozen=True)
class Noise:
    """Brownian motion over one step of size ``h``: independent ``chains x P`` tensors.

    Args:
        W: Increment, variance ``h``.
        H: Area between path and chord, divided by ``h``; variance ``h / 12``.
        K: First moment of that area about the middle, divided by ``h^2``; variance ``h / 720``.
    """

    W: Tensor
    H: Tensor
    K: Tensor

    @classmethod
    def drawn(cls, like: Tensor, h: float, generator: Generator, *, parts: int = 3) -> "Noise":
        """The first ``parts`` of W, H and K; the others, which a scheme does not use, are 0."""
        spreads = (math.sqrt(h), math.sqrt(h / 12.0), math.sqrt(h / 720.0))[:parts]
        drawn = [spread * normal_like(like, generator) for spread in spreads]
        return cls(*drawn, *[torch.zeros_like(like[:1, :1])] * (3 - parts))


@final
@dataclass(frozen=True)
class Moving:
    """State, velocity and slope of chains, ``chains x P`` each."""

    x: Tensor
    v: Tensor
    slope: Tensor


Scheme = Callable[[Slope, Moving, float, float, Noise], Moving]
"""One step from a state with a step size ``h``, a friction ``gamma`` and a ``Noise``."""


def decay(t: float) -> float:
    """``(1 - exp(-t)) / t``."""
    return -math.expm1(-t) / t if t > 0.0 else 1.0


def decay_2(t: float) -> float:
    """``(exp(-t) - 1 + t) / t^2``, 1/2 at 0."""
    if t < _SMALL:
        return sum((-t) ** k / math.factorial(k + 2) for k in _TERMS)
    return (math.expm1(-t) + t) / t**2


def decay_3(t: float) -> float:
    """``6 (exp(-t) (t + 2) + t - 2) / t^3``, 1 at 0."""
    if t < _SMALL:
        return 6.0 * sum((-t) ** k * (k + 1.0) / math.factorial(k + 3) for k in _TERMS)
    return 6.0 * (math.exp(-t) * (t + 2.0) + t - 2.0) / t**3


def baoab(slope: Slope, now: Moving, h: float, gamma: float, noise: Noise) -> Moving:
    """Half a kick, half a drift, friction and noise, half a drift, half a kick; one slope.

    Only ``noise.W`` is used, as a source of independent normal numbers.
    """
    v = now.v + 0.5 * h * now.slope
    x = now.x + 0.5 * h * v
    v = math.exp(-gamma * h) * v + math.sqrt(-math.expm1(-2.0 * gamma * h) / h) * noise.W
    x = x + 0.5 * h * v
    there = slope(x)
    return Moving(x, v + 0.5 * h * there, there)


def align(slope: Slope, now: Moving, h: float, gamma: float, noise: Noise) -> Moving:
    """Second order with one slope, that of the step before being used again."""
    t, rho = gamma * h, math.sqrt(2.0 * gamma)
    a, b, c = h * decay(t), h * decay_2(t), h * decay_3(t)
    x = now.x + a * now.v + b * h * now.slope + rho * (b * noise.W + c * noise.H)
    there = slope(x)
    kick = (a - b) * now.slope + b * there
    v = math.exp(-t) * now.v + kick + rho * (a / h * noise.W - gamma * c * noise.H)
    return Moving(x, v, there)


def quicsort(slope: Slope, now: Moving, h: float, gamma: float, noise: Noise) -> Moving:
    """Third order with two slopes, at the nodes of Gauss and Legendre."""
    rho = math.sqrt(2.0 * gamma)
    left, right = (3.0 - math.sqrt(3.0)) / 6.0, (3.0 + math.sqrt(3.0)) / 6.0

    def beta(s: float) -> float:
        return math.exp(-gamma * s * h)

    def a(s: float) -> float:
        return s * h * decay(gamma * s * h)

    def b(s: float) -> float:
        return s**2 * h * decay_2(gamma * s * h)

    R = rho * (noise.W - 12.0 * noise.K)
    w = now.v + rho * (noise.H + 6.0 * noise.K)
    first = h * slope(now.x + a(left) * w + b(left) * R)
    second = h * slope(now.x + a(right) * w + b(right) * R + a(1.0 / 3.0) * first)
    x = now.x + a(1.0) * w + b(1.0) * R + 0.5 * (a(right) * first + a(left) * second)
    v = beta(1.0) * w + 0.5 * (beta(right) * first + beta(left) * second) + a(1.0) / h * R
    return Moving(x, v - rho * (noise.H - 6.0 * noise.K), now.slope)


SCHEMES: dict[str, tuple[Scheme, int, int]] = {
    "baoab": (baoab, 1, 1),
    "align": (align, 1, 2),
    "quicsort": (quicsort, 2, 3),
}
"""Schemes by name, with the slopes that a step takes and the parts of a ``Noise``."""


def sample(
    slope: Slope,
    start: Tensor,
    *,
    scheme: str,
    step: float,
    burn_in: int,
    draws: int,
    generator: Generator,
    every: int = 1,
    friction: float = 1.0,
    bound: float = math.inf,
) -> Draws:
    """Run all chains for ``burn_in`` steps that are forgotten, then keep ``draws`` states.

    Args:
        slope: Of ``chains x P`` states.
        start: ``chains x P`` states.
        scheme: A key of ``SCHEMES``.
        step: ``h``.
        burn_in: Steps before the first that may be kept.
        draws: States kept of each chain.
        generator: Of velocities and noise.
        every: Steps from one kept state to the next.
        friction: ``gamma``.
        bound: Size of a coordinate beyond which the scheme must have lost its way: with no
            move refused, nothing else calls it back.

    Raises:
        ArithmeticError: A chain left the numbers that can be computed, or ``bound``.
    """
    advance, cost, parts = SCHEMES[scheme]
    moving = Moving(start, normal_like(start, generator), slope(start))
    kept = []
    for i in range(burn_in + draws * every):
        noise = Noise.drawn(start, step, generator, parts=parts)
        moving = advance(slope, moving, step, friction, noise)
        if i % _CHECK_EVERY == 0 and not float(moving.x.abs().max()) <= bound:
            raise ArithmeticError(f"the {scheme} scheme is not stable at steps of {step:.3g}")
        if i >= burn_in and (i - burn_in + 1) % every == 0:
            kept.append(moving.x)
    states = torch.stack(kept)
    if not torch.isfinite(states).all() or not float(states.abs().max()) <= bound:
        raise ArithmeticError(f"the {scheme} scheme is not stable at steps of {step:.3g}")
    return Draws(states, 1 + cost * (burn_in + draws * every), step)
