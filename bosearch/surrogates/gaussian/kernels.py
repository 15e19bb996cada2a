"""Kernels on coordinates, as functions of a vector of log hyperparameters.

Points are ``... x n x p`` and ``... x m x p``; covariances ``... x n x m``, in standardised
units. Every kernel can also draw functions from its prior that are consistent with
themselves, for Thompson sampling.
"""

import math
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, cast, final

import torch
from torch import Generator, Tensor

from bosearch.surrogates.gaussian.priors import LogDensity

Functions = Callable[[Tensor], Tensor]
"""Maps ``b x p`` coordinates to ``S x b`` values."""

Profile = Literal["matern52", "rbf"]

FEATURES = 1024  # random cosines that a stationary prior is made of


@final
@dataclass(frozen=True)
class Hyper:
    """One log hyperparameter: where a fit starts, its bounds, its prior."""

    start: float
    low: float
    high: float
    prior: LogDensity | None = None


class Kernel(Protocol):
    """A covariance function with its hyperparameters' priors."""

    @property
    def hypers(self) -> Sequence[Hyper]:
        """The log hyperparameters, in the order of ``theta``."""
        ...

    @abstractmethod
    def __call__(self, theta: Tensor, A: Tensor, B: Tensor) -> Tensor:
        """Covariances of ``... x n x p`` with ``... x m x p`` coordinates."""
        ...

    def draw(self, theta: Tensor, p: int, count: int, generator: Generator) -> Functions:
        """``count`` functions of ``p`` coordinates from the prior."""
        ...


@final
@dataclass(frozen=True, eq=False)
class Stationary:
    """Matern-5/2 or squared exponential, a length scale per factor, and a signal variance.

    ``theta`` holds the log length scales, then, if ``signal`` is given, the log variance.

    Source: Rasmussen and Williams (2006), eqs. 4.9 and 4.17.
    """

    profile: Profile
    scales: Tensor  # ``p`` indices of length scales
    lengthscale: Hyper
    signal: Hyper | None

    @property
    def hypers(self) -> Sequence[Hyper]:
        """Length scales, then the signal variance."""
        several = [self.lengthscale] * (int(self.scales.max()) + 1)
        return several if self.signal is None else [*several, self.signal]

    def __call__(self, theta: Tensor, A: Tensor, B: Tensor) -> Tensor:
        """Covariances."""
        inverse, variance = self._split(theta)
        s = squared_distances(A * inverse, B * inverse)
        if self.profile == "rbf":
            return variance * (-0.5 * s).exp()
        return variance * matern52(s)

    def draw(self, theta: Tensor, p: int, count: int, generator: Generator) -> Functions:
        """Sums of random cosines, whose covariance is the kernel on average.

        Source: Rahimi and Recht (2007), "Random features for large-scale kernel machines",
        algorithm 1; Matern frequencies follow a t distribution with 5 degrees of freedom.
        """
        inverse, variance = self._split(theta)
        shape = (count, FEATURES, p)
        W = normal(shape, theta, generator)
        if self.profile == "matern52":
            chi2 = normal((count, FEATURES, 5), theta, generator).square().sum(-1, keepdim=True)
            W = W * (5.0 / chi2).sqrt()
        W = W * inverse
        phase = (
            2.0 * math.pi * torch.rand((count, FEATURES), generator=generator, dtype=theta.dtype)
        )
        weights = normal((count, FEATURES), theta, generator) * (2.0 * variance / FEATURES).sqrt()

        def values(Z: Tensor) -> Tensor:
            waves = (Z @ W.mT + phase[:, None]).cos()  # S x b x F
            return torch.einsum("sbf,sf->sb", waves, weights)

        return values

    def _split(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """Inverse length scale of each coordinate, and the signal variance."""
        if self.signal is None:
            return (-theta)[self.scales].exp(), torch.ones((), dtype=theta.dtype)
        return (-theta[:-1])[self.scales].exp(), theta[-1].exp()


@final
@dataclass(frozen=True, eq=False)
class LinearKernel:
    """A linear function of features: ``intercept + slope u(z) . u(z')``.

    ``theta`` holds the log variances of intercept and slope, and, if the features lie on a
    sphere, the log of its radius in units of the cube's.

    Source: Rasmussen and Williams (2006), section 2.1; Doumont, Fan, Maus, Gardner, Moss and
    Pleiss (2025), "We Still Don't Understand High-Dimensional Bayesian Optimization", arXiv
    2512.00170, for the sphere: an inverse stereographic projection of the centred cube.
    """

    intercept: Hyper
    slope: Hyper
    radius: Hyper | None = None

    @property
    def hypers(self) -> Sequence[Hyper]:
        """Variance of the intercept, of the slopes, radius."""
        both = [self.intercept, self.slope]
        return both if self.radius is None else [*both, self.radius]

    def features(self, theta: Tensor, Z: Tensor) -> Tensor:
        """``... x p`` features, or ``... x (p + 1)`` on the unit sphere."""
        u = (2.0 * Z - 1.0) / math.sqrt(Z.shape[-1] / 3.0)  # mean square norm 1 over the cube
        if self.radius is None:
            return u
        u = u * (-theta[2]).exp()
        square = u.square().sum(-1, keepdim=True)
        return torch.cat([2.0 * u, square - 1.0], dim=-1) / (square + 1.0)

    def __call__(self, theta: Tensor, A: Tensor, B: Tensor) -> Tensor:
        """Covariances."""
        U, V = self.features(theta, A), self.features(theta, B)
        return theta[0].exp() + theta[1].exp() * (U @ V.mT)

    def draw(self, theta: Tensor, p: int, count: int, generator: Generator) -> Functions:
        """Exact: an intercept and a vector of slopes each."""
        width = p if self.radius is None else p + 1
        intercepts = (0.5 * theta[0]).exp() * normal((count, 1), theta, generator)
        slopes = (0.5 * theta[1]).exp() * normal((count, width), theta, generator)

        def values(Z: Tensor) -> Tensor:
            return intercepts + slopes @ self.features(theta, Z).mT

        return values


class _Matern52(torch.autograd.Function):
    """The slope ``-(5/6) (1 + root) exp(-root)`` has no root to divide by where points coincide."""

    @staticmethod
    def forward(ctx: Any, s: Tensor) -> Tensor:
        root = (5.0 * s).sqrt()
        decay = (-root).exp()
        flat = (1.0 + root) * decay
        ctx.save_for_backward(flat)
        return flat + (5.0 / 3.0) * s * decay

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        (flat,) = ctx.saved_tensors
        return cast("Tensor", (-5.0 / 6.0) * flat * grads[0])


def matern52(s: Tensor) -> Tensor:
    """Matern-5/2 correlations at squared scaled distances; differentiable once, at 0 too."""
    return cast("Tensor", _Matern52.apply(s))  # type: ignore[no-untyped-call]


def squared_distances(A: Tensor, B: Tensor) -> Tensor:
    """Squared Euclidean distances of ``... x n x p`` from ``... x m x p``; at least 0."""
    squares = A.square().sum(-1).unsqueeze(-1) + B.square().sum(-1).unsqueeze(-2)
    return (squares - 2.0 * (A @ B.mT)).clamp_min(0.0)


def normal(shape: tuple[int, ...], like: Tensor, generator: Generator) -> Tensor:
    """Standard normal numbers of the dtype of ``like``."""
    return torch.randn(shape, generator=generator, dtype=like.dtype)
