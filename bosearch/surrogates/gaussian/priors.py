"""Densities of positive hyperparameters, as functions of their logarithm.

All are densities of ``x``, not of ``log x``: the maximum a posteriori is the one that BoTorch
finds with the same priors.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self, final

import torch
from torch import Tensor

LogDensity = Callable[[Tensor], Tensor]
"""Maps logarithms of hyperparameters to log densities, same shape."""


@final
@dataclass(frozen=True)
class LogNormal:
    """By the mean and the spread of the logarithm."""

    loc: float
    scale: float

    @classmethod
    def of_lengthscales(cls, d: int) -> Self:
        """Length scales that grow with the square root of the number of factors.

        Source: Hvarfner, Hellsten and Nardi (2024), "Vanilla Bayesian Optimization Performs
        Great in High Dimensions".
        """
        return cls(math.sqrt(2.0) + 0.5 * math.log(d), math.sqrt(3.0))

    def __call__(self, log_x: Tensor) -> Tensor:
        """Log density."""
        u = (log_x - self.loc) / self.scale
        return -0.5 * u.square() - log_x - math.log(self.scale * math.sqrt(2.0 * math.pi))


@final
@dataclass(frozen=True)
class Gamma:
    """By shape and rate."""

    shape: float
    rate: float

    def __call__(self, log_x: Tensor) -> Tensor:
        """Log density."""
        constant = self.shape * math.log(self.rate) - math.lgamma(self.shape)
        return constant + (self.shape - 1.0) * log_x - self.rate * log_x.exp()


@final
@dataclass(frozen=True)
class HalfCauchyInverse:
    """Of a length scale whose inverse square is half-Cauchy: most are long, few are short.

    Source: Eriksson and Jankowiak (2021), "High-Dimensional Bayesian Optimization with Sparse
    Axis-Aligned Subspaces", eq. 4, written for the length scale.
    """

    width: float

    def __call__(self, log_x: Tensor) -> Tensor:
        """Log density of the length scale ``l``, from that of ``rho = l^-2``."""
        log_rho = -2.0 * log_x
        log_ratio = log_rho - math.log(self.width)
        density = math.log(2.0 / (math.pi * self.width)) - torch.nn.functional.softplus(
            2.0 * log_ratio
        )
        return density + math.log(2.0) - 3.0 * log_x  # d rho / d l = 2 l^-3
