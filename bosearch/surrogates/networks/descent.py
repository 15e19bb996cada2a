"""Adam: each coordinate has its own step, so that networks in one tensor do not see each other.

Source: Kingma and Ba (2015), "Adam: a method for stochastic optimization", algorithm 1;
Loshchilov and Hutter (2017), "SGDR", eq. 5, for the rate that falls to 0 as a cosine, without
restarts. Scaling the loss changes nothing.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

Loss = Callable[[Sequence[Tensor]], Tensor]
"""Maps parameters to a number."""

EVERY = 10  # steps between two looks at the score
_MEAN = 0.9  # what a step keeps of the mean slope
_LEAST = 1e-12  # slope that counts


@final
class Adam:
    """Parameters on their way down, and what is remembered of their slopes."""

    def __init__(self, start: Sequence[Tensor], *, steps: int, rate: float, memory: float) -> None:
        """From ``start``, which is not changed.

        Args:
            start: Parameters.
            steps: After which the rate is 0.
            rate: Largest step of a coordinate, at the start.
            memory: What a step keeps of the mean squared slope.
        """
        self.now = _copies(start)
        self.taken = 0
        self._means = [torch.zeros_like(tensor) for tensor in self.now]
        self._squares = [torch.zeros_like(tensor) for tensor in self.now]
        self._steps, self._rate, self._memory = steps, rate, memory

    def step(self, slopes: Sequence[Tensor]) -> None:
        """Move ``now``, in place, against slopes of its shapes."""
        rate = self._rate * 0.5 * (1.0 + math.cos(math.pi * self.taken / self._steps))
        self.taken += 1
        unbiased = math.sqrt(1.0 - self._memory**self.taken)  # applied to the rate: one pass less
        move = -rate * unbiased / (1.0 - _MEAN**self.taken)
        for state, mean, square, slope in zip(
            self.now, self._means, self._squares, slopes, strict=True
        ):
            mean.lerp_(slope, 1.0 - _MEAN)
            square.mul_(self._memory).addcmul_(slope, slope, value=1.0 - self._memory)
            state.addcdiv_(mean, square.sqrt().add_(_LEAST * unbiased), value=move)


def descend(slope: Callable[[Tensor], Tensor], start: Tensor, *, steps: int, rate: float) -> Tensor:
    """Follow ``slope`` downhill to the end.

    Squares are soon forgotten: the first slopes are by far the largest.

    Args:
        slope: Of the loss, in the shape of ``start``.
        start: Where to begin; it is not changed.
        steps: Number of slopes.
        rate: Largest step of a coordinate, at the start.

    Raises:
        ArithmeticError: A coordinate left the numbers that can be computed.
    """
    adam = Adam([start], steps=steps, rate=rate, memory=0.98)
    for _ in range(steps):
        adam.step([slope(adam.now[0])])
    return _finite(adam.now)[0]


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

    Raises:
        ArithmeticError: The parameters left the numbers that can be computed.
    """
    adam = Adam(start, steps=steps, rate=rate, memory=0.999)
    best, best_score, best_step, waited = _copies(start), -math.inf, 0, 0
    for i in range(steps if stop is None else min(stop, steps)):
        if score is not None and i % EVERY == 0:
            value = score(adam.now)
            if value > best_score:
                best, best_score = _copies(adam.now), value
                best_step, waited = i, 0
            else:
                waited += 1
                if waited >= patience:
                    break
        leaves = [tensor.detach().requires_grad_() for tensor in adam.now]
        adam.step(torch.autograd.grad(loss(leaves), leaves))
    end, reached = adam.now, adam.taken
    if score is not None and not score(end) > best_score:
        end, reached = best, best_step
    return Descended(_finite(end), adam.taken, reached)


def _copies(tensors: Sequence[Tensor]) -> list[Tensor]:
    return [tensor.detach().clone() for tensor in tensors]


def _finite(tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:
    if not all(bool(torch.isfinite(tensor).all()) for tensor in tensors):
        raise ArithmeticError("the training of a network did not stay finite")
    return tuple(tensors)
