r"""The posterior density of a Gaussian process's hyperparameters, and its gradient.

Coordinates are scaled to the unit cube and outputs are standardised. With the
correlation :math:`k`, the length scales :math:`l`, the signal variance
:math:`\sigma_f^2`, the noise variance :math:`\sigma^2` and a constant mean,

    y ~ N(mean, sigma_f^2 k(Z, Z; l) + diag(known noise, or sigma^2)).

If the values are warped, it is ``psi(y; power)`` that is normal, and the density of ``y``
has the slopes of the transform as factors. Everything is a function of one vector ``theta`` =
(log length scales, log signal variance, log noise variance, mean, and the power if there is
one), with closed-form derivatives: one gradient costs one Cholesky factorisation and one inverse.

Sources: Rasmussen and Williams (2006), eqs. 5.8 and 5.9. Priors on length
scales: Hvarfner, Hellsten and Nardi (2024), "Vanilla Bayesian Optimization
Performs Great in High Dimensions". Warped outputs: Snelson, Rasmussen and Ghahramani (2004),
"Warped Gaussian Processes", eq. 6; their transform is another one, and has no prior.
"""

from dataclasses import dataclass, replace
from typing import Self, final

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotri, dpotrs

from bosearch.surrogates.embedding import Embedding
from bosearch.surrogates.kernel import Array, Kernel
from bosearch.surrogates.warping import transformed

_LOG_2PI = float(np.log(2.0 * np.pi))


@final
@dataclass(frozen=True)
class LogNormal:
    """A log-normal density of a positive number, by the mean and spread of its logarithm."""

    loc: float
    scale: float

    def log_density(self, log_x: Array) -> tuple[Array, Array]:
        """Log-density of ``x`` (not of ``log x``), and its derivative by ``log x``."""
        u = (log_x - self.loc) / self.scale
        value = -0.5 * u * u - log_x - np.log(self.scale) - 0.5 * _LOG_2PI
        return value, -u / self.scale - 1.0


@final
@dataclass(frozen=True)
class Normal:
    """A normal density."""

    loc: float
    scale: float

    def log_density(self, x: float) -> tuple[float, float]:
        """Log-density of ``x`` and its derivative."""
        u = (x - self.loc) / self.scale
        return -0.5 * u * u - float(np.log(self.scale)) - 0.5 * _LOG_2PI, -u / self.scale


@final
@dataclass(frozen=True)
class Priors:
    """What is believed about the hyperparameters before any observation."""

    lengthscale: LogNormal
    signal: LogNormal
    noise: LogNormal
    power: Normal

    @classmethod
    def for_network(cls, d: int) -> Self:
        """One length scale, near that at which a corner is as far away as the bias reaches.

        From the centre of the cube the corner is then seen at 45 degrees. The other densities
        are those of ``for_dimension``.
        """
        corner = LogNormal(np.log(0.5) + 0.5 * np.log(d), 1.4)
        return replace(cls.for_dimension(d), lengthscale=corner)

    @classmethod
    def for_dimension(cls, d: int) -> Self:
        """Length scales grow with the square root of the number of factors, ``d``.

        A density of ``x`` with ``LogNormal(loc, scale)`` is highest for ``log x = loc -
        scale^2``: here for a noise of 0.2 % of the outputs' spread, four powers of e
        wide, so that exact and noisy data both find their own. Without evidence the power of
        a warp is 1, which changes nothing.
        """
        return cls(
            lengthscale=LogNormal(np.sqrt(2.0) + 0.5 * np.log(d), np.sqrt(3.0)),
            signal=LogNormal(0.0, 1.0),
            noise=LogNormal(4.0, 4.0),
            power=Normal(1.0, 0.5),
        )


@final
@dataclass(frozen=True, eq=False)
class Hyperparameters:
    """What a fit finds, in standardised units; ``power`` is ``None`` if values are not warped."""

    log_lengthscales: Array
    log_signal: float
    log_noise: float
    mean: float
    power: float | None = None

    @classmethod
    def from_vector(cls, theta: Array, scales: int) -> Self:
        """Read (``scales`` log length scales, log signal, log noise, mean, perhaps the power)."""
        return cls(theta[:scales], *map(float, theta[scales:]))

    def vector(self) -> Array:
        """The same as one vector, as ``from_vector`` reads it."""
        rest = [self.log_signal, self.log_noise, self.mean]
        if self.power is not None:
            rest.append(self.power)
        return np.concatenate([self.log_lengthscales, rest])


@final
@dataclass(frozen=True, eq=False)
class Observations:
    """Standardised observations of one output.

    Args:
        Z: ``n x p`` coordinates.
        y: ``n`` values, not warped yet.
        known_var: ``n`` variances of the noise of ``y``, NaN where it is to be inferred.
    """

    Z: Array
    y: Array
    known_var: Array

    def noise(self, log_noise: float) -> Array:
        """``n`` noise variances, given the inferred one."""
        return np.where(np.isnan(self.known_var), np.exp(log_noise), self.known_var)

    def subset(self, rows: np.ndarray[tuple[int], np.dtype[np.intp]]) -> Self:
        """The observations in these rows."""
        return type(self)(self.Z[rows], self.y[rows], self.known_var[rows])


def log_posterior(
    theta: Array,
    observations: Observations,
    *,
    embedding: Embedding,
    kernel: Kernel,
    priors: Priors,
    jitter: float,
) -> tuple[float, Array]:
    """Log marginal likelihood plus log priors, and the gradient by ``theta``.

    Args:
        theta: As in the module's docstring.
        observations: ``n`` standardised observations.
        embedding: Says which coordinate uses which length scale.
        kernel: With unit signal.
        priors: Densities of length scales, signal and noise.
        jitter: Added to every noise variance, for the factorisation's sake.

    Returns:
        The value and its gradient; ``-inf`` and zeros if the covariance cannot be factored.
    """
    count = embedding.count
    hyper = Hyperparameters.from_vector(theta, count)
    A = (observations.Z - kernel.centre) * np.exp(-hyper.log_lengthscales)[embedding.scales]
    k, pull_back = kernel(A, A)
    signal = np.exp(hyper.log_signal)
    K = signal * k
    noise = observations.noise(hyper.log_noise)
    K[np.diag_indices_from(K)] += noise + jitter
    factor, failed = dpotrf(K, lower=1, overwrite_a=1)
    if failed:
        return -np.inf, np.zeros_like(theta)
    seen = transformed(observations.y, hyper.power)
    residual = seen.values - hyper.mean
    weights, _ = dpotrs(factor, residual, lower=1)
    value = (
        -0.5 * residual @ weights
        - np.log(np.diagonal(factor)).sum()
        - 0.5 * len(residual) * _LOG_2PI
        + seen.log_slope
    )
    if not np.isfinite(value):
        return -np.inf, np.zeros_like(theta)
    inverse, _ = dpotri(factor, lower=1)
    inverse = np.tril(inverse) + np.tril(inverse, -1).T
    G = np.outer(weights, weights) - inverse  # n x n; half of it is d value / d K
    gradient = np.empty_like(theta)
    inferred = np.isnan(observations.known_var)
    gradient[count + 1] = 0.5 * np.exp(hyper.log_noise) * np.diagonal(G)[inferred].sum()
    G *= signal
    by_coordinate = -(A * pull_back(G)).sum(0)  # a point moves on both sides of the kernel
    gradient[:count] = np.bincount(embedding.scales, by_coordinate, minlength=count)
    gradient[count] = 0.5 * np.vdot(G, k)
    gradient[count + 2] = weights.sum()
    if hyper.power is not None:
        gradient[count + 3] = seen.log_slope_by_power - weights @ seen.by_power
    return _with_priors(float(value), gradient, hyper, priors)


def _with_priors(
    value: float, gradient: Array, hyper: Hyperparameters, priors: Priors
) -> tuple[float, Array]:
    lengthscale, by_lengthscale = priors.lengthscale.log_density(hyper.log_lengthscales)
    signal, by_signal = priors.signal.log_density(np.array(hyper.log_signal))
    noise, by_noise = priors.noise.log_density(np.array(hyper.log_noise))
    count = len(by_lengthscale)
    gradient[:count] += by_lengthscale
    gradient[count] += by_signal
    gradient[count + 1] += by_noise
    value += float(lengthscale.sum() + signal + noise)
    if hyper.power is not None:
        power, by_power = priors.power.log_density(hyper.power)
        value += power
        gradient[count + 3] += by_power
    return value, gradient
