r"""Logarithms of expected improvement and of feasibility, finite far into the tail.

Expected improvement itself is 0.0 in double precision wherever improvement is
unlikely, and so is its gradient; the logarithm still knows the way up.

Source: Ament, Daulton, Eriksson, Balandat and Bakshy (2023), "Unexpected
Improvements to Expected Improvement for Bayesian Optimization", eqs. 8 and 9.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfcx, log_ndtr, ndtr

Array = NDArray[np.float64]

_LOG_ROOT_2PI = 0.5 * float(np.log(2.0 * np.pi))
_ROOT_HALF_PI = float(np.sqrt(0.5 * np.pi))
_FAR = -100.0  # below, three terms of the asymptotic series are exact to 1e-10


def log_h(z: Array) -> tuple[Array, Array]:
    r"""Return :math:`\log(\varphi(z) + z \Phi(z))` and its derivative, both finite.

    Expected improvement over ``best`` is :math:`\sigma h((\mu - best) / \sigma)`.
    """
    near = np.maximum(z, -1.0)
    h_near = np.exp(-0.5 * near * near - _LOG_ROOT_2PI) + near * ndtr(near)
    middle = np.clip(z, _FAR, -1.0)
    mills = _ROOT_HALF_PI * erfcx(-middle / np.sqrt(2.0))  # Phi / phi
    tail = 1.0 + middle * mills  # h / phi
    far = np.minimum(z, _FAR)
    inverse = far**-2
    series = 1.0 - 3.0 * inverse + 15.0 * inverse**2  # h z^2 / phi
    log_phi = -0.5 * z * z - _LOG_ROOT_2PI
    value = np.where(
        z > -1.0,
        np.log(h_near),
        log_phi + np.where(z > _FAR, np.log(tail), np.log(inverse * series)),
    )
    slope = np.where(
        z > -1.0,
        ndtr(near) / h_near,
        np.where(z > _FAR, mills / tail, -far - 2.0 / far + 6.0 / far**3),
    )
    return value, slope


def log_improvement(mean: Array, std: Array, best: Array | float) -> tuple[Array, Array, Array]:
    """Log expected improvement over ``best``, with derivatives by ``mean`` and ``std``.

    Args:
        mean: Posterior means, larger is better.
        std: Standard deviations, same units, strictly positive; broadcasts.
        best: The level to improve on, same units; broadcasts.
    """
    z = (mean - best) / std
    value, slope = log_h(z)
    return value + np.log(std), slope / std, (1.0 - slope * z) / std


def log_feasibility(mean: Array, std: Array, bound: Array | float) -> tuple[Array, Array, Array]:
    """Log-probability of reaching ``bound``, with derivatives by ``mean`` and ``std``."""
    z = (mean - bound) / std
    value = log_ndtr(z)
    ratio = np.exp(-0.5 * z * z - _LOG_ROOT_2PI - value)  # phi / Phi
    return value, ratio / std, -ratio * z / std
