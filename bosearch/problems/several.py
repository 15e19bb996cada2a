"""Problems with several objectives, all to be minimized, and the hypervolumes of their fronts.

Points are ``... x d`` in the unit cube, values ``... x m``.

Sources: Deb, Thiele, Laumanns and Zitzler (2005), "Scalable test problems for evolutionary
multiobjective optimization" (DTLZ1, DTLZ5); Belakaria, Deshwal and Doppa (2019), "Max-value
entropy search for multi-objective Bayesian optimization" (Branin with Currin).
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from bosearch.problems.functions import Array, branin


def branin_currin(x: ArrayLike) -> Array:
    """Branin's function and Currin's exponential one, two coordinates each."""
    x = np.asarray(x, dtype=np.float64)
    return np.stack([branin(x * 15.0 - np.array([5.0, 0.0])), currin(x)], axis=-1)


def currin(x: ArrayLike) -> Array:
    """A smooth function of the unit square.

    Source: Currin, Mitchell, Morris and Ylvisaker (1988), "A Bayesian approach to the
    design and analysis of computer experiments".
    """
    x1, x2 = np.moveaxis(np.asarray(x, dtype=np.float64), -1, 0)
    with np.errstate(divide="ignore", over="ignore"):
        damping = -np.expm1(-1.0 / (2.0 * x2))  # 1 where x2 = 0
    top = 2300.0 * x1**3 + 1900.0 * x1**2 + 2092.0 * x1 + 60.0
    bottom = 100.0 * x1**3 + 500.0 * x1**2 + 4.0 * x1 + 20.0
    return np.asarray(damping * top / bottom)


def dtlz1(x: ArrayLike, m: int) -> Array:
    """A linear front, sum of the values 1/2, behind ``11^k - 1`` local ones; ``k = d - m + 1``."""
    x = np.asarray(x, dtype=np.float64)
    away = x[..., m - 1 :] - 0.5
    g = 100.0 * (away.shape[-1] + (away**2 - np.cos(20.0 * np.pi * away)).sum(-1))
    values = []
    for i in range(m):
        value = 0.5 * (1.0 + g) * x[..., : m - 1 - i].prod(-1)
        values.append(value * (1.0 - x[..., m - 1 - i]) if i else value)
    return np.stack(values, axis=-1)


def dtlz5(x: ArrayLike, m: int) -> Array:
    """A front that is a curve, whatever the number ``m >= 2`` of objectives."""
    x = np.asarray(x, dtype=np.float64)
    g = ((x[..., m - 1 :] - 0.5) ** 2).sum(-1)
    bent = (1.0 + 2.0 * g[..., None] * x[..., 1 : m - 1]) / (2.0 * (1.0 + g[..., None]))
    angles = np.pi / 2 * np.concatenate([x[..., :1], bent], axis=-1)  # ... x (m - 1)
    values = []
    for i in range(m):
        value = (1.0 + g) * np.cos(angles[..., : m - 1 - i]).prod(-1)
        values.append(value * np.sin(angles[..., m - 1 - i]) if i else value)
    return np.stack(values, axis=-1)


def dtlz1_hypervolume(m: int, threshold: float) -> float:
    """Between the front and equal thresholds above 1/2: all but a simplex of edge 1/2."""
    return float(threshold**m - 0.5**m / math.factorial(m))


def dtlz5_hypervolume(threshold: float) -> float:
    """Between the front and equal thresholds ``t >= 1``, for three objectives.

    At height ``z`` of the third value the others must exceed ``sqrt((1 - z^2) / 2)``; integrate
    the square that is left over ``z``.
    """
    return float(threshold**3 - threshold * np.sqrt(2.0) * np.pi / 4.0 + 1.0 / 3.0)
