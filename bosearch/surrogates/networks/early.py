"""Adam on a few tensors, ended where held-out scores end to improve."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

Loss = Callable[[Sequence[Tensor]], Tensor]
"""Maps parameters to a number."""

EVERY = 10  # steps between two looks at the score


@final
@dataclass(frozen=True, eq=False)
class Descended:
    """Where a descent ended.

    Args:
        parameters: Detached copies.
        gradients: Evaluations of the loss with its gradient.
        steps: How many of them led to the parameters.
    """

    parameters: tuple[Tensor, ...]
    gradients: int
    steps: int


def descend_early(
    loss: Loss,
    start: Sequence[Tensor],
    *,
    steps: int,
    rate: float,
    score: Callable[[Sequence[Tensor]], float] | None = None,
    patience: int = 10,
    stop: int | None = None,
) -> Descended:
    """Lower ``loss``, by at most ``steps`` steps.

    With a ``score``, the parameters of the best look at it are returned, and the descent
    ends after ``patience`` looks without a better one. With ``stop``, it ends after so many
    steps of the same path.

    Source: Kingma and Ba (2015), "Adam: a method for stochastic optimization", algorithm 1;
    Loshchilov and Hutter (2017), "SGDR", eq. 5, for the falling rate, without restarts.

    Raises:
        ArithmeticError: The parameters left the numbers that can be computed.
    """
    now = [tensor.detach().clone() for tensor in start]
    mean = [torch.zeros_like(tensor) for tensor in now]
    square = [torch.zeros_like(tensor) for tensor in now]
    best, best_score, best_step, waited, taken = now, -math.inf, 0, 0, 0
    for i in range(steps if stop is None else min(stop, steps)):
        if score is not None and i % EVERY == 0:
            value = score(now)
            if value > best_score:
                best, best_score = [tensor.clone() for tensor in now], value
                best_step, waited = i, 0
            else:
                waited += 1
                if waited >= patience:
                    break
        leaves = [tensor.requires_grad_() for tensor in now]
        slopes = torch.autograd.grad(loss(leaves), leaves)
        taken += 1
        size = rate * 0.5 * (1.0 + math.cos(math.pi * i / steps))
        now = []
        for k, (leaf, slope) in enumerate(zip(leaves, slopes, strict=True)):
            mean[k] = 0.9 * mean[k] + 0.1 * slope
            square[k] = 0.999 * square[k] + 0.001 * slope.square()
            first = mean[k] / (1.0 - 0.9**taken)
            second = (square[k] / (1.0 - 0.999**taken)).sqrt() + 1e-8
            now.append(leaf.detach() - size * first / second)
    reached = taken
    if score is not None and not score(now) > best_score:
        now, reached = best, best_step
    if not all(bool(torch.isfinite(tensor).all()) for tensor in now):
        raise ArithmeticError("training a network did not stay finite")
    return Descended(tuple(tensor.detach() for tensor in now), taken, reached)
