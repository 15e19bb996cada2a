r"""A Gaussian process over bags of tokens: what a word may be worth, before it is measured.

A word counts as its bag: how often each token occurs in it, in any order. Numbers
that hold for the whole word (the context, such as the radii between which the
words are interpreted) enter by a second kernel,

.. math:: k\big((b, z), (b', z')\big) = \sigma_f^2\, T(b, b')\, M_{5/2}(z, z').

with :math:`T` of ``bags``. Source: Rasmussen and Williams (2006), algorithm 2.1 and
eq. 5.9. Observations are standardised; their mean is profiled out.
"""

import math
from dataclasses import dataclass
from typing import final

import numpy as np
from scipy.linalg import cho_solve, cholesky, solve_triangular
from scipy.optimize import minimize

from bosearch.errors import ShapeError
from bosearch.surrogates.kernel import matern52, squared_distances
from bosearch.treesearch.bags import Vocabulary, Words, tanimoto
from bosearch.treesearch.rules import Array

_JITTER = 1e-9  # added to the variance of the noise, in standardised units
_LENGTHSCALES = (math.log(0.05), math.log(20.0))
_SIGNAL = (math.log(0.1), math.log(30.0))
_NOISE = (math.log(1e-6), math.log(1.0))
_STARTS_NOISE = (math.log(1e-4), math.log(0.1))
_LOG_2PI = math.log(2.0 * math.pi)


@final
@dataclass(frozen=True, eq=False)
class Hyperparameters:
    """What a fit finds; variances are in standardised units.

    Args:
        log_lengthscales: ``c``, in the units of the context.
        log_signal: Log-variance of the function.
        log_noise: Log-variance of the noise.
    """

    log_lengthscales: Array
    log_signal: float
    log_noise: float


def covariance(
    bags: tuple[Array, Array], contexts: tuple[Array, Array], hyper: Hyperparameters
) -> Array:
    """The ``n x m`` covariance of the function between two lists of inputs."""
    inverse = np.exp(-hyper.log_lengthscales)
    near, _ = matern52(squared_distances(contexts[0] * inverse, contexts[1] * inverse))
    cov: Array = math.exp(hyper.log_signal) * tanimoto(*bags) * near
    return cov


def log_likelihood(
    theta: Array, similarity: Array, contexts: Array, y: Array
) -> tuple[float, Array]:
    """Log marginal likelihood with the best constant mean, and its gradient by ``theta``.

    Args:
        theta: ``c`` log length scales, log-variance of the signal, of the noise.
        similarity: ``n x n`` similarities of the bags.
        contexts: ``n x c``.
        y: ``n`` standardised observations.

    Returns:
        The value and its gradient; ``-inf`` and zeros if the covariance cannot be factored.
    """
    A = contexts * np.exp(-theta[:-2])  # n x c
    near, slope = matern52(squared_distances(A, A))
    scaled = math.exp(theta[-2]) * similarity
    K = scaled * near
    noise = math.exp(theta[-1])
    try:
        L = cholesky(K + (noise + _JITTER) * np.eye(len(y)), lower=True)
    except np.linalg.LinAlgError:
        return -math.inf, np.zeros_like(theta)
    residual = y - _best_mean(L, y)
    weights = cho_solve((L, True), residual)
    value = -0.5 * residual @ weights - np.log(np.diagonal(L)).sum() - 0.5 * len(y) * _LOG_2PI
    G = np.outer(weights, weights) - cho_solve((L, True), np.eye(len(y)))
    by_distance = G * scaled * slope  # n x n
    gradient = np.empty_like(theta)
    for k, column in enumerate(A.T):
        gradient[k] = -(by_distance * (column[:, None] - column[None, :]) ** 2).sum()
    gradient[-2] = 0.5 * np.vdot(G, K)
    gradient[-1] = 0.5 * noise * np.trace(G)
    return float(value), gradient


@final
@dataclass(frozen=True, eq=False)
class WordModel:
    """The process given its observations; predictions are in their units.

    Args:
        vocabulary: Of the words that were measured.
        bags: ``n x (V + 1)``.
        contexts: ``n x c``.
        hyper: Hyperparameters.
        location: Mean of the function.
        spread: What standardising divides by.
        factor: ``n x n`` lower Cholesky factor of the noisy covariance.
        weights: ``n`` weights of the covariance's columns in the mean.
    """

    vocabulary: Vocabulary
    bags: Array
    contexts: Array
    hyper: Hyperparameters
    location: float
    spread: float
    factor: Array
    weights: Array

    def predict(self, words: Words, contexts: Array | None = None) -> tuple[Array, Array]:
        """Means and standard deviations of the noise-free function at ``m`` words.

        Args:
            words: The words.
            contexts: ``m x c``, or ``c`` numbers for all words alike.
        """
        Z = _contexts(contexts, len(words), self.contexts.shape[1])
        B = self.vocabulary.bags(words)
        cross = covariance((B, self.bags), (Z, self.contexts), self.hyper)  # m x n
        half = solve_triangular(self.factor, cross.T, lower=True)  # n x m
        signal = math.exp(self.hyper.log_signal)
        var = np.maximum(signal - (half * half).sum(0), _JITTER * signal)
        mean: Array = self.location + self.spread * (cross @ self.weights)
        std: Array = self.spread * np.sqrt(var)
        return mean, std


def condition(words: Words, y: Array, contexts: Array | None, hyper: Hyperparameters) -> WordModel:
    """The exact posterior for given hyperparameters; O(n^3)."""
    vocabulary = Vocabulary.of(words)
    bags = vocabulary.bags(words)
    Z = _contexts(contexts, len(words), len(hyper.log_lengthscales))
    location, spread = _scale(y)
    standard = (y - location) / spread
    K = covariance((bags, bags), (Z, Z), hyper)
    L = cholesky(K + (math.exp(hyper.log_noise) + _JITTER) * np.eye(len(y)), lower=True)
    mean = _best_mean(L, standard)
    weights = cho_solve((L, True), standard - mean)
    return WordModel(vocabulary, bags, Z, hyper, location + spread * mean, spread, L, weights)


def fit(words: Words, y: Array, contexts: Array | None = None) -> WordModel:
    """The posterior with the hyperparameters of the largest marginal likelihood.

    Args:
        words: ``n`` words that were measured, at least one.
        y: ``n`` rewards.
        contexts: ``n x c`` numbers, each of a range of about 1; ``None`` if there are none.

    Raises:
        ShapeError: The arguments are not of one length, or there is nothing to learn from.
    """
    y = np.asarray(y, dtype=np.float64)
    if not len(words) or y.shape != (len(words),):
        raise ShapeError(f"expected as many rewards as words, {len(words)}, got shape {y.shape}")
    c = 0 if contexts is None else np.asarray(contexts).shape[-1]
    Z = _contexts(contexts, len(words), c)
    bags = Vocabulary.of(words).bags(words)
    similarity = tanimoto(bags, bags)
    location, spread = _scale(y)
    standard = (y - location) / spread

    def objective(theta: Array) -> tuple[float, Array]:
        value, gradient = log_likelihood(theta, similarity, Z, standard)
        return (-value, -gradient) if math.isfinite(value) else (1e10, gradient)

    bounds = [*[_LENGTHSCALES] * c, _SIGNAL, _NOISE]
    ends = [
        minimize(objective, [0.0] * (c + 1) + [noise], jac=True, method="L-BFGS-B", bounds=bounds)
        for noise in _STARTS_NOISE
    ]
    theta = min(ends, key=lambda end: float(end.fun)).x
    return condition(words, y, Z, Hyperparameters(theta[:-2], float(theta[-2]), float(theta[-1])))


def _best_mean(L: Array, y: Array) -> float:
    """Generalised least squares: the constant that makes the observations likeliest."""
    ones = cho_solve((L, True), np.ones(len(y)))
    return float(ones @ y / ones.sum())


def _scale(y: Array) -> tuple[float, float]:
    return float(y.mean()), float(y.std()) or 1.0


def _contexts(contexts: Array | None, n: int, c: int) -> Array:
    Z = np.empty((n, 0)) if contexts is None else np.asarray(contexts, dtype=np.float64)
    if Z.shape not in ((n, c), (c,)):
        raise ShapeError(f"expected contexts of shape ({n}, {c}) or ({c},), got {Z.shape}")
    spread: Array = np.broadcast_to(Z, (n, c))
    return spread
