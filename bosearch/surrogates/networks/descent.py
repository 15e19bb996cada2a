"""Adam for many networks at once: each coordinate has its own step, no network sees another."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

_MEAN, _SQUARE = 0.9, 0.98  # decay per step; the first slopes are by far the largest


def descend(slope: Callable[[Tensor], Tensor], start: Tensor, *, steps: int, rate: float) -> Tensor:
    """Follow ``slope`` downhill, with a rate that falls to 0 as a cosine.

    Source: Kingma and Ba (2015), "Adam: a method for stochastic optimization", algorithm 1;
    the decay of squares is ours. Scaling the loss changes nothing.

    Args:
        slope: Of the loss, in the shape of ``start``.
        start: Where to begin; it is not changed.
        steps: Number of slopes.
        rate: Largest step of a coordinate, at the start.

    Raises:
        ArithmeticError: A coordinate left the numbers that can be computed.
    """
    state, mean, square = start.clone(), torch.zeros_like(start), torch.zeros_like(start)
    for i in range(1, steps + 1):
        found = slope(state)
        mean.lerp_(found, 1.0 - _MEAN)
        square.mul_(_SQUARE).addcmul_(found, found, value=1.0 - _SQUARE)
        unbiased = math.sqrt(1.0 - _SQUARE**i)  # applied to the rate: one pass less
        size = square.sqrt().add_(1e-12 * unbiased)
        decayed = rate * 0.5 * (1.0 + math.cos(math.pi * (i - 1) / steps))
        state.addcdiv_(mean, size, value=-decayed * unbiased / (1.0 - _MEAN**i))
    if not bool(torch.isfinite(state).all()):
        raise ArithmeticError("the training of networks did not stay finite")
    return state
