"""Kernels on scaled coordinates, with unit signal variance, and the way back to the points.

Stationary ones are written in ``s = sum_k (z_k - z'_k)^2 / l_k^2``, in which they are
smooth down to ``s = 0``: no square root to guard when two points coincide. The one of a
network depends on angles between points seen from below the middle of the cube.

Sources: Rasmussen and Williams (2006), eqs. 4.9 and 4.17; Cho and Saul (2009), "Kernel
methods for deep learning", eqs. 6 and 9.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol, final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Profile = Callable[[Array], tuple[Array, Array]]
"""Maps squared distances to correlations and their derivatives, same shape."""

_ROOT5 = np.sqrt(5.0)


def squared_exponential(s: Array) -> tuple[Array, Array]:
    r"""Return :math:`k = e^{-s/2}` and :math:`dk/ds`."""
    k = np.exp(-0.5 * s)
    return k, -0.5 * k


def matern52(s: Array) -> tuple[Array, Array]:
    r"""Return :math:`k = (1 + \sqrt{5s} + 5s/3)\, e^{-\sqrt{5s}}` and :math:`dk/ds`."""
    root = _ROOT5 * np.sqrt(s)
    decay = np.exp(-root)
    slope = -(5.0 / 6.0) * (1.0 + root) * decay
    return (1.0 + root + (5.0 / 3.0) * s) * decay, slope


def squared_distances(A: Array, B: Array) -> Array:
    """Squared Euclidean distances between the rows of ``n x p`` and ``m x p``; ``n x m``."""
    s: Array = (A * A).sum(1)[:, None] + (B * B).sum(1)[None, :] - 2.0 * (A @ B.T)
    np.maximum(s, 0.0, out=s)  # cancellation leaves -1e-16
    return s


class Covariances(NamedTuple):
    """Covariances of the rows of ``A`` with those of ``B``.

    Args:
        values: ``n x m``.
        pull_back: Turns derivatives of a number by ``values`` into derivatives by ``A``
            (``n x p``), with ``B`` held fixed.
    """

    values: Array
    pull_back: Callable[[Array], Array]


class Kernel(Protocol):
    """A covariance function of ``p`` scaled coordinates."""

    @property
    def centre(self) -> float:
        """What is subtracted from coordinates before they are divided by length scales."""
        ...

    def __call__(self, A: Array, B: Array) -> Covariances:
        """Covariances of ``n x p`` with ``m x p`` points."""
        ...

    def variances(self, A: Array) -> tuple[Array, Array]:
        """``n`` variances at ``n x p`` points, and their derivatives by the squared norms."""
        ...


@final
@dataclass(frozen=True)
class Stationary:
    """A function of the distance alone; its variance is 1 everywhere."""

    profile: Profile

    centre = 0.0

    def __call__(self, A: Array, B: Array) -> Covariances:
        """Correlations."""
        k, slope = self.profile(squared_distances(A, B))

        def pull_back(by_values: Array) -> Array:
            Q = by_values * slope
            pulled: Array = 2.0 * (Q.sum(1)[:, None] * A - Q @ B)
            return pulled

        return Covariances(k, pull_back)

    def variances(self, A: Array) -> tuple[Array, Array]:
        """Ones, which do not depend on the points."""
        return np.ones(len(A)), np.zeros(len(A))


@final
@dataclass(frozen=True)
class ArcCosine:
    """An infinitely wide ReLU network whose only biases are in its first layer.

    With ``a~ = (1, a)`` and the angle between two of them, ``k = |a~| |b~| f(... f(cos))``,
    once for each layer, where ``f(cos t) = (sin t + (pi - t) cos t) / pi``: weights have the
    variance that keeps the norms.

    Args:
        depth: Hidden layers.
    """

    depth: int

    centre = 0.5

    def __call__(self, A: Array, B: Array) -> Covariances:
        """Covariances, which grow with the distances from the centre."""
        left, right = _lifted(A), _lifted(B)
        cosine = np.minimum((1.0 + A @ B.T) / (left[:, None] * right), 1.0)
        f, slope = cosine, np.ones_like(cosine)
        for _ in range(self.depth):
            rest = np.pi - np.arccos(f)
            slope *= rest / np.pi
            f = np.minimum((np.sqrt((1.0 - f) * (1.0 + f)) + rest * f) / np.pi, 1.0)

        def pull_back(by_values: Array) -> Array:
            along = (by_values * (f - cosine * slope)) @ right / left
            pulled: Array = (by_values * slope) @ B + along[:, None] * A
            return pulled

        return Covariances(left[:, None] * right * f, pull_back)

    def variances(self, A: Array) -> tuple[Array, Array]:
        """``1 + |a|^2``."""
        return 1.0 + (A * A).sum(1), np.ones(len(A))


def _lifted(A: Array) -> Array:
    """``n`` norms of the rows with a 1 before them."""
    norms: Array = np.sqrt(1.0 + (A * A).sum(1))
    return norms


KERNELS: dict[str, Kernel] = {
    "rbf": Stationary(squared_exponential),
    "matern52": Stationary(matern52),
    "arc-cosine": ArcCosine(3),
}
