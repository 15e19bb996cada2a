r"""Expected improvement under a Student-t prediction, with slopes, in logarithms.

With location :math:`\mu`, scale :math:`s`, :math:`\nu > 1` degrees of freedom, and
:math:`z = (\mu - t) / s`,

    E[max(f - t, 0)] = s h(z),   h(z) = z T(z) + (\nu + z^2) / (\nu - 1) p(z),

where p and T are the density and the distribution function of the standard t.

Source: Tracey and Wolpert (2018), "Upgrading from Gaussian processes to Student's-T
processes", eq. 13. Far below the level, h is the density times a difference that a
hypergeometric series gives without cancellation.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, hyp2f1, stdtr

Array = NDArray[np.float64]

_FAR = -8.0  # below it the series takes over


def log_improvement(
    mean: Array, scale: Array, level: Array | float, dof: float
) -> tuple[Array, Array, Array]:
    """Log of the expected improvement on ``level``, and its slopes in ``mean`` and ``scale``.

    Args:
        mean: Locations, in the units of the objective.
        scale: Scales, same units, above 0; not standard deviations.
        level: What to improve on.
        dof: Degrees of freedom, above 1.
    """
    z = (mean - level) / scale
    near = np.maximum(z, _FAR)
    weight = (dof + z**2) / (dof - 1.0)
    density = np.exp(log_density(near, dof))
    below = stdtr(dof, near)
    h = near * below + (dof + near**2) / (dof - 1.0) * density
    value, by_mean, by_scale = np.log(h), below / h, weight * density / h
    if (z < _FAR).any():
        x = -np.minimum(z, _FAR)
        series = hyp2f1(0.5 * (dof + 1.0), 1.0, 0.5 * dof + 1.0, dof / (dof + x**2))
        mills = x * series / dof  # T(-x) / p(x)
        left = weight - x * mills
        far = z < _FAR
        value = np.where(far, log_density(x, dof) + np.log(np.where(far, left, 1.0)), value)
        by_mean = np.where(far, mills / left, by_mean)
        by_scale = np.where(far, weight / left, by_scale)
    return value + np.log(scale), by_mean / scale, by_scale / scale


def log_density(z: Array, dof: float) -> Array:
    """Log density of the standard t."""
    constant = gammaln(0.5 * (dof + 1.0)) - gammaln(0.5 * dof) - 0.5 * np.log(dof * np.pi)
    return np.asarray(constant - 0.5 * (dof + 1.0) * np.log1p(z**2 / dof))
