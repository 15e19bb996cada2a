"""Stationary kernels as functions of a squared scaled distance, with their derivatives.

Both are written in ``s = sum_k (z_k - z'_k)^2 / l_k^2``, in which they are
smooth down to ``s = 0``: no square root to guard when two points coincide.

Source: Rasmussen and Williams (2006), eqs. 4.9 and 4.17.
"""

from collections.abc import Callable

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


PROFILES: dict[str, Profile] = {"rbf": squared_exponential, "matern52": matern52}


def squared_distances(A: Array, B: Array) -> Array:
    """Squared Euclidean distances between the rows of ``n x p`` and ``m x p``; ``n x m``."""
    s: Array = (A * A).sum(1)[:, None] + (B * B).sum(1)[None, :] - 2.0 * (A @ B.T)
    np.maximum(s, 0.0, out=s)  # cancellation leaves -1e-16
    return s
