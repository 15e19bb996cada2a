"""An exact Gaussian process with fixed hyperparameters: predictions and their gradients.

Everything is in the units of the observations. ``weights`` may have ``S``
columns: then the process stands for ``S`` processes with one covariance and
different observations, as fantasies of pending results need them.

Source: Rasmussen and Williams (2006), algorithm 2.1.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self, final

import numpy as np
from scipy.linalg.lapack import dpotrf, dtrtrs

from bosearch.surrogates.fit import JITTER, Recipe
from bosearch.surrogates.kernel import Array
from bosearch.surrogates.likelihood import Hyperparameters, Observations


@final
@dataclass(frozen=True, eq=False)
class Prediction:
    """Marginal predictions at ``b`` points.

    Args:
        mean: ``b x S`` means of the noise-free function.
        var: ``b`` variances, strictly positive.
        pull_back: Turns derivatives of a value by ``mean`` (``b x S``) and ``var`` (``b``)
            into derivatives by the encoded points (``b x d``, 0 for categories).
    """

    mean: Array
    var: Array
    pull_back: Callable[[Array, Array], Array]


@final
@dataclass(frozen=True, eq=False)
class GaussianProcess:
    """A Gaussian process given its observations.

    Args:
        recipe: Coordinates, kernel, priors.
        hyper: Hyperparameters, in standardised units.
        location: What standardising subtracts from an observation.
        spread: What it divides by.
        A: ``n x p`` coordinates divided by length scales.
        factor: ``n x n`` lower Cholesky factor of the noisy covariance, column-major.
        white: ``n x S`` standardised residuals, solved by ``factor``.
    """

    recipe: Recipe
    hyper: Hyperparameters
    location: float
    spread: float
    A: Array
    factor: Array
    white: Array

    @classmethod
    def condition(
        cls,
        recipe: Recipe,
        hyper: Hyperparameters,
        observations: Observations,
        *,
        location: float,
        spread: float,
    ) -> Self:
        """Condition on standardised observations.

        Raises:
            ArithmeticError: The covariance cannot be factored.
        """
        inverse = np.exp(-hyper.log_lengthscales)[recipe.embedding.scales]
        A = (observations.Z - recipe.kernel.centre) * inverse
        K = np.exp(hyper.log_signal) * recipe.kernel(A, A).values
        noise = observations.noise(hyper.log_noise)
        factor = _cholesky(K, noise)
        white = _solve(factor, (observations.y - hyper.mean)[:, None])
        return cls(recipe, hyper, location, spread, A, factor, white)

    @property
    def signal(self) -> float:
        """Factor of the kernel: the prior variance, standardised, if that is stationary."""
        return float(np.exp(self.hyper.log_signal))

    @property
    def noise_var(self) -> float:
        """Inferred variance of the noise, in squared units of the observations."""
        return float(np.exp(self.hyper.log_noise)) * self.spread**2

    @cached_property
    def weights(self) -> Array:
        """``n x S`` weights of the kernel columns in the mean."""
        return _solve(self.factor, self.white, transposed=True)

    def predict(self, X: Array) -> Prediction:
        """Marginal predictions at ``b x d`` encoded points."""
        A = self._scaled(X)
        covariances = self.recipe.kernel(A, self.A)  # b x n
        k = self.signal * covariances.values
        half = _solve(self.factor, k.T)  # n x b
        mean = self.hyper.mean + k @ self.weights
        prior, prior_slope = self.recipe.kernel.variances(A)
        floor = JITTER * self.signal
        var = np.maximum(self.signal * prior - np.einsum("nb,nb->b", half, half), floor)

        def pull_back(by_mean: Array, by_var: Array) -> Array:
            clipped = var <= floor
            full = _solve(self.factor, half, transposed=True).T  # b x n
            by_var = self.spread**2 * np.where(clipped, 0.0, by_var)
            by_k = self.spread * by_mean @ self.weights.T - 2.0 * by_var[:, None] * full
            by_A = covariances.pull_back(self.signal * by_k)
            by_A += (2.0 * self.signal * by_var * prior_slope)[:, None] * A
            return self.recipe.embedding.pull_back(by_A * self.inverse_lengthscales)

        return Prediction(self.location + self.spread * mean, self.spread**2 * var, pull_back)

    def joint(self, X: Array) -> tuple[Array, Array]:
        """Means (``m x S``) and covariance (``m x m``) of the function at ``m x d`` points."""
        A = self._scaled(X)
        half = _solve(self.factor, self._covariance(A, self.A).T)  # n x m
        mean = self.hyper.mean + half.T @ self.white
        cov = self._covariance(A, A) - half.T @ half
        return self.location + self.spread * mean, self.spread**2 * cov

    def sample(self, X: Array, normals: Array) -> Array:
        """Joint draws of the function at ``m x d`` points from ``m x S`` normals; ``m x S``."""
        mean, cov = self.joint(X)
        root = _cholesky(cov / self.spread**2, np.zeros(len(X)))
        return mean + self.spread * (root @ normals)

    def extended(self, X: Array, values: Array) -> Self:
        """The process that has also seen ``m x S`` exact ``values`` at ``m x d`` points.

        Only ``m`` rows are appended to the Cholesky factor.
        """
        A = self._scaled(X)
        n, m = len(self.A), len(A)
        half = _solve(self.factor, self._covariance(A, self.A).T)  # n x m
        corner = _cholesky(self._covariance(A, A) - half.T @ half, np.zeros(m))
        factor = np.zeros((n + m, n + m), order="F")
        factor[:n, :n] = self.factor
        factor[n:, :n] = half.T
        factor[n:, n:] = corner
        residual = (values - self.location) / self.spread - self.hyper.mean
        new_white = _solve(corner, residual - half.T @ self.white)
        white = np.broadcast_to(self.white, (n, new_white.shape[1]))
        return replace(
            self, A=np.vstack([self.A, A]), factor=factor, white=np.vstack([white, new_white])
        )

    @cached_property
    def inverse_lengthscales(self) -> Array:
        """``p`` factors that scale coordinates."""
        inverse: Array = np.exp(-self.hyper.log_lengthscales)[self.recipe.embedding.scales]
        return inverse

    def _scaled(self, X: Array) -> Array:
        return (self.recipe.embedding(X) - self.recipe.kernel.centre) * self.inverse_lengthscales

    def _covariance(self, A: Array, B: Array) -> Array:
        return self.signal * self.recipe.kernel(A, B).values


def _cholesky(K: Array, noise: Array) -> Array:
    """Lower factor of ``K + diag(noise)``; more jitter, up to 1e-4, where it is needed."""
    scale = max(float(np.diagonal(K).max(initial=0.0)), 1e-12)
    for jitter in (JITTER, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4):
        noisy = K.copy(order="F")
        noisy[np.diag_indices_from(noisy)] += noise + jitter * (scale if jitter > JITTER else 1.0)
        factor: Array
        factor, failed = dpotrf(noisy, lower=1, overwrite_a=1)
        if not failed:
            return factor
    raise ArithmeticError("a covariance is not positive definite, even with jitter 1e-4")


def _solve(factor: Array, B: Array, *, transposed: bool = False) -> Array:
    """Solve ``L X = B``, or ``L' X = B``, for a lower factor ``L``."""
    solution: Array
    solution, failed = dtrtrs(factor, B, lower=1, trans=int(transposed))
    if failed:
        raise ArithmeticError("a Cholesky factor has a zero on its diagonal")
    return solution
