"""Log densities as samplers see them: all chains at once, with slopes.

A state is a ``chains x P`` tensor. Samplers are pure functions of a log density, a state
and a generator; dtype and device are those of the state.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import torch
from torch import Generator, Tensor

LogDensity = Callable[[Tensor], tuple[Tensor, Tensor]]
"""Maps ``chains x P`` states to ``chains`` log densities, float64, and ``chains x P`` slopes."""

NoisySlope = Callable[[Tensor, Generator], Tensor]
"""Estimates the slopes at ``chains x P`` states without bias, from a minibatch it draws."""


@final
@dataclass(frozen=True, eq=False)
class Draws:
    """What a sampler returns.

    Args:
        states: ``draws x chains x P``.
        gradients: Slopes taken of each chain.
        step: Size of the steps.
        acceptance: Mean probability of acceptance; 1 where nothing is refused.
    """

    states: Tensor
    gradients: int
    step: float
    acceptance: float = 1.0


def differentiated(log_density: Callable[[Tensor], Tensor]) -> LogDensity:
    """Add slopes, by automatic differentiation, to ``chains`` log densities."""

    def value_and_slope(state: Tensor) -> tuple[Tensor, Tensor]:
        with torch.enable_grad():
            leaf = state.detach().requires_grad_()
            value = log_density(leaf)
            (slope,) = torch.autograd.grad(value.sum(), leaf)
        return value.detach().double(), slope

    return value_and_slope


def normal_like(state: Tensor, generator: Generator) -> Tensor:
    """Standard normal numbers in the shape, dtype and place of ``state``."""
    return torch.randn(state.shape, generator=generator, dtype=state.dtype, device=state.device)
