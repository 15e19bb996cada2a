r"""A Gaussian process that is a sum over sites and pairs of sites, for long sequences.

Under a product over fifty sites two sequences that differ in thirty are strangers, and a
few hundred observations leave a product kernel with nothing to learn. Here

    k(x, x') = s ((1 - p) mean_i T_i[x_i, x'_i] + p mean_{i<j} T_i[x_i, x'_i] T_j[x_j, x'_j])

with one length scale for all tables. It, the three variances and the mean are fitted by
posterior density: the length scale on a grid, on which sums over sites are made once, the
rest by L-BFGS-B.

Source: Duvenaud, Nickisch and Rasmussen (2011), "Additive Gaussian Processes"; gradients:
Rasmussen and Williams (2006), eq. 5.9.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize

from bosearch.combinatorial.combination import Additive, symmetric
from bosearch.combinatorial.payoff import Array
from bosearch.combinatorial.space import Codes
from bosearch.surrogates.fit import JITTER, THRIFTY_ABOVE
from bosearch.surrogates.kernel import squared_distances, squared_exponential
from bosearch.surrogates.likelihood import Hyperparameters

LENGTHSCALES = (0.5, 1.0, 2.0)  # levels are one unit apart on average
_BOUNDS = ((-8.0, 6.0), (-8.0, 6.0), (math.log(1e-8), math.log(10.0)))
_START = (math.log(0.5), math.log(0.5), math.log(0.1))
_SPREAD = 2.0  # of the priors of the logarithms of variances, around the start
_MAX_GRADIENTS = 60


@final
@dataclass(frozen=True, eq=False)
class AdditiveProcess:
    """The process given its observations; attributes as of ``surrogates.gp.GaussianProcess``.

    Args:
        hyper: Hyperparameters with one length scale, in standardised units.
        pairs: The share of pairs of sites in the signal.
        tables: Correlations of the levels of each site.
        X: ``n x L`` observed codes.
        z: ``n`` observations.
        known_var: ``n`` variances of their noise, NaN where it is inferred.
        location: What standardising subtracts from an observation.
        spread: What it divides by.
    """

    hyper: Hyperparameters
    pairs: float
    tables: Sequence[Array]
    X: Codes
    z: Array
    known_var: Array
    location: float
    spread: float

    @property
    def signal(self) -> float:
        """Prior variance of the function, standardised."""
        return math.exp(self.hyper.log_signal)

    @property
    def noise_var(self) -> float:
        """Inferred variance of the noise, in squared units of the observations."""
        return math.exp(self.hyper.log_noise) * self.spread**2

    @property
    def combination(self) -> Additive:
        """How the tables make the kernel."""
        return Additive.of(len(self.tables), pairs=self.pairs)

    @cached_property
    def factor(self) -> Array:
        """``n x n`` lower Cholesky factor of the noisy covariance, standardised.

        Raises:
            ArithmeticError: The covariance cannot be factored.
        """
        sites, pairs = _parts(self.tables, self.X)
        K = self.signal * ((1.0 - self.pairs) * sites + self.pairs * pairs)
        K[np.diag_indices_from(K)] += JITTER + _noise(
            self.known_var / self.spread**2, self.hyper.log_noise
        )
        return _lower(K)

    @cached_property
    def weights(self) -> Array:
        """``n x 1`` weights of the kernel columns in the mean."""
        residual = (self.z - self.location) / self.spread - self.hyper.mean
        weights: Array = cho_solve((self.factor, True), residual)[:, None]
        return weights


def additive_tables(features: Sequence[Array], lengthscale: float) -> list[Array]:
    """``T_i`` of the levels of each site, ``counts[i] x counts[i]``."""
    scaled = [table / lengthscale for table in features]
    return [squared_exponential(squared_distances(A, A))[0] for A in scaled]


def fit_additive(
    X: Codes, z: Array, known_var: Array, features: Sequence[Array]
) -> tuple[Hyperparameters, float, int]:
    """Hyperparameters and share of pairs of the highest posterior density; evaluations of it.

    With more than ``THRIFTY_ABOVE`` observations that many of them are used, spread evenly
    over the record.

    Args:
        X: ``n x L`` codes.
        z: ``n`` standardised observations.
        known_var: ``n`` variances of their noise, NaN where it is to be inferred.
        features: Per site ``counts[i] x p``.

    Raises:
        ArithmeticError: A covariance cannot be factored.
    """
    rows = np.unique(np.linspace(0, len(z) - 1, min(len(z), THRIFTY_ABOVE)).astype(np.intp))
    X, z, known_var = X[rows], z[rows], known_var[rows]
    best, found, spent = math.inf, None, 0
    for lengthscale in LENGTHSCALES:
        parts = _parts(additive_tables(features, lengthscale), X)
        result = minimize(
            lambda theta, parts=parts: neg_log_density(theta, parts, z, known_var),
            np.array(_START),
            jac=True,
            method="L-BFGS-B",
            bounds=_BOUNDS,
            options={"maxfun": _MAX_GRADIENTS, "ftol": 1e-6},
        )
        spent += int(result.nfev)
        if result.fun < best:
            best, found = float(result.fun), (lengthscale, parts, result.x)
    if found is None:
        raise ArithmeticError("no additive kernel has a covariance that can be factored")
    lengthscale, parts, theta = found
    first, second, log_noise = (float(v) for v in theta)
    log_signal = float(np.logaddexp(first, second))
    _, _, mean = _solved(theta, parts, z, known_var)
    hyper = Hyperparameters(np.array([math.log(lengthscale)]), log_signal, log_noise, mean)
    return hyper, math.exp(second - log_signal), spent


def neg_log_density(
    theta: Array, parts: tuple[Array, Array], z: Array, known_var: Array
) -> tuple[float, Array]:
    """Minus the log posterior density, the mean at its best, and the gradient.

    Args:
        theta: Log variances of sites, of pairs, and of the noise.
        parts: ``n x n`` mean correlations over sites and over pairs.
        z: ``n`` standardised observations.
        known_var: ``n`` variances of their noise, NaN where it is inferred.
    """
    try:
        factor, weights, mean = _solved(theta, parts, z, known_var)
    except ArithmeticError:
        return 1e10, np.zeros(3)
    away = (theta - np.array(_START)) / _SPREAD
    value = 0.5 * (z - mean) @ weights + np.log(np.diagonal(factor)).sum() + 0.5 * away @ away
    G = cho_solve((factor, True), np.eye(len(z))) - np.outer(weights, weights)
    inferred = np.isnan(known_var)
    by_variance = [np.vdot(G, parts[0]), np.vdot(G, parts[1]), np.diagonal(G)[inferred].sum()]
    return float(value), 0.5 * np.exp(theta) * np.array(by_variance) + away / _SPREAD


def _solved(
    theta: Array, parts: tuple[Array, Array], z: Array, known_var: Array
) -> tuple[Array, Array, float]:
    """Cholesky factor, weights, and the mean of the highest density (a flat prior)."""
    K = np.exp(theta[0]) * parts[0] + np.exp(theta[1]) * parts[1]
    K[np.diag_indices_from(K)] += JITTER + _noise(known_var, theta[2])
    factor = _lower(K)
    solved = cho_solve((factor, True), np.column_stack([z, np.ones_like(z)]))
    mean = float(solved[:, 0].sum() / solved[:, 1].sum())
    return factor, solved[:, 0] - mean * solved[:, 1], mean


def _parts(tables: Sequence[Array], X: Codes) -> tuple[Array, Array]:
    """Mean correlations of ``n`` points over sites and over pairs of sites; ``n x n`` each."""
    factors = (table[np.ix_(X[:, i], X[:, i])] for i, table in enumerate(tables))
    e1, e2 = symmetric(factors, like=np.empty((len(X), len(X))))
    return e1 / len(tables), e2 / max(0.5 * len(tables) * (len(tables) - 1), 1.0)


def _noise(known_var: Array, log_noise: float) -> Array:
    return np.where(np.isnan(known_var), math.exp(log_noise), known_var)


def _lower(K: Array) -> Array:
    try:
        factor: Array = np.tril(cho_factor(K, lower=True)[0])
    except np.linalg.LinAlgError:
        raise ArithmeticError("a covariance is not positive definite") from None
    return factor
