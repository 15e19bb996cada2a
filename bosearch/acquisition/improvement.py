r"""Logarithms of expected improvement and of feasibility, finite far into the tail.

Expected improvement itself is 0.0 in double precision wherever improvement is
unlikely, and so is its gradient; the logarithm still knows the way up.

Source: Ament, Daulton, Eriksson, Balandat and Bakshy (2023), "Unexpected
Improvements to Expected Improvement for Bayesian Optimization", eqs. 8 and 9.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfcx, log_ndtr

Array = NDArray[np.float64]

_LOG_ROOT_2PI = 0.5 * float(np.log(2.0 * np.pi))
_ROOT_HALF_PI = float(np.sqrt(0.5 * np.pi))
_FAR = -100.0  # below, three terms of the asymptotic series are exact to 1e-10
_NEAR = 25.0  # above, h(z) = z to the last digit


def log_h(z: Array) -> tuple[Array, Array]:
    r"""Return :math:`\log(\varphi(z) + z \Phi(z))` and its derivative, both finite.

    Expected improvement over ``best`` is :math:`\sigma h((\mu - best) / \sigma)`.
    """
    inner = np.clip(z, _FAR, _NEAR)
    mills = _ROOT_HALF_PI * erfcx(inner * -np.sqrt(0.5))  # Phi / phi
    ratio = 1.0 + inner * mills  # h / phi
    value: Array = np.log(ratio) - (0.5 * inner * inner + _LOG_ROOT_2PI)
    slope: Array = mills / ratio
    if (above := z > _NEAR).any():
        value[above], slope[above] = np.log(z[above]), 1.0 / z[above]
    if (below := z < _FAR).any():
        far = z[below]
        inverse = 1.0 / (far * far)
        series = inverse * (1.0 - 3.0 * inverse + 15.0 * inverse * inverse)
        value[below] = np.log(series) - (0.5 * far * far + _LOG_ROOT_2PI)
        slope[below] = -far - 2.0 / far + 6.0 * inverse / far
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
