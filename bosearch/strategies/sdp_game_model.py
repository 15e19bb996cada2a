r"""What a study of the SDP game believes about bounds: a Gaussian process over degrees.

A bound at half degree :math:`d` is the bound at the lowest degree plus one increment
per degree, each a function of the real parameters, so that

.. math::
    k = \sigma_0^2 M_0(x, x') + \sigma_1^2 \min(l, l')\, M_1(x, x') + \tau^2\, l\, l'
        + \sigma_a^2 D(b, b'),

with levels :math:`l = d - d_{\min}`, Matérn-5/2 kernels :math:`M`, and a trend in the
level. Cheap degrees thus say where the basin is, and how much they say about an expensive
one is learned: the optimum moves with the degree. Source: Kennedy and O'Hagan (2000),
"Predicting the output from a complex computer code when fast approximations are
available", with their scale factor 1.

The last term is what an assembly differs by from the complete one :math:`c`. With the
Tanimoto kernel :math:`T` of bags of pieces it is

.. math:: D(b, b') = T(b, b') - T(b, c) - T(b', c) + 1,

the covariance of :math:`h(b) - h(c)`: nothing for the complete assembly itself. A priori each
piece that is left out loses something, since more pieces cannot make a bound worse.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, cholesky, solve_triangular
from scipy.optimize import minimize

from bosearch.surrogates.kernel import matern52, squared_distances
from bosearch.treesearch.bags import tanimoto

Array = NDArray[np.float64]

_MOST_FITTED = 150
_LEAST_SPREAD = 1e-4  # of targets, which are decades
_JITTER = 1e-8  # of the variance, in standardised units
_TREND_VAR = 1.0  # of the change per level, in standardised units
_MEAN_VAR = 4.0
_LOSS, _LOSS_STD = 0.2, 0.2  # by each piece that is left out, in standardised units
# Normal priors of the logarithms, in standardised units: mean and standard deviation.
_LENGTHSCALE_STD = 0.8
_SIGNAL = (math.log(1.0), 1.0)
_INCREMENT = (math.log(0.3), 1.0)
_ASSEMBLY = (math.log(0.03), 1.0)
_NOISE = (math.log(0.02), 1.0)
_BOX = (-7.0, 3.0)


@final
@dataclass(frozen=True, eq=False)
class Inputs:
    """``n`` solves, made or possible.

    Args:
        x: ``n x p`` parameters in the unit cube.
        level: ``n`` degrees above the lowest.
        bags: ``n x V`` counts of pieces; one with squares of lower degree counts in part.
    """

    x: Array
    level: Array
    bags: Array

    def __len__(self) -> int:
        return len(self.level)

    def joined(self, other: "Inputs") -> "Inputs":
        """These and then those of ``other``."""
        return Inputs(
            np.concatenate([self.x, other.x]),
            np.concatenate([self.level, other.level]),
            np.concatenate([self.bags, other.bags]),
        )


@final
@dataclass(frozen=True, eq=False)
class Kernel:
    """The covariance for given hyperparameters.

    Args:
        theta: Logarithms: ``p`` length scales at the lowest degree, ``p`` of the
            increments, standard deviations of the signal, of an increment, of the
            assemblies and of the noise.
        complete: ``V`` counts of the complete assembly.
    """

    theta: Array
    complete: Array

    def __call__(self, A: Inputs, B: Inputs) -> Array:
        """The ``n x m`` covariance of the noise-free function."""
        linear = _TREND_VAR * np.outer(A.level, B.level)
        linear += _LOSS_STD**2 * np.outer(self.missing(A), self.missing(B))
        low, step, assembly = self.terms(A, B)
        return _MEAN_VAR + linear + low + step + assembly

    def terms(self, A: Inputs, B: Inputs) -> tuple[Array, Array, Array]:
        """Its three terms that have hyperparameters."""
        p = A.x.shape[1]
        signal, increment, assembly = np.exp(2.0 * self.theta[2 * p : 2 * p + 3])
        inverse = np.exp(-self.theta)
        low, _ = matern52(squared_distances(A.x * inverse[:p], B.x * inverse[:p]))
        scales = inverse[p : 2 * p]
        step, _ = matern52(squared_distances(A.x * scales, B.x * scales))
        common = np.minimum(A.level[:, None], B.level[None, :])
        apart: Array = assembly * self.difference(A.bags, B.bags)
        return signal * low, increment * common * step, apart

    def along(self, A: Inputs, B: Inputs) -> Array:
        """The ``n`` covariances of solves with others at the same ``x``, one by one."""
        p = A.x.shape[1]
        signal, increment, assembly = np.exp(2.0 * self.theta[2 * p : 2 * p + 3])
        c = self.complete[None]
        apart = _one_by_one(A.bags, B.bags) - tanimoto(A.bags, c)[:, 0] - tanimoto(B.bags, c)[:, 0]
        linear = _TREND_VAR * A.level * B.level + _LOSS_STD**2 * self.missing(A) * self.missing(B)
        cov: Array = _MEAN_VAR + linear + signal + assembly * (apart + 1.0)
        cov += increment * np.minimum(A.level, B.level)
        return cov

    def difference(self, A: Array, B: Array) -> Array:
        """``D`` of the module's docstring."""
        c = self.complete[None]
        D: Array = tanimoto(A, B) - tanimoto(A, c) - tanimoto(c, B) + 1.0
        return D

    def missing(self, A: Inputs) -> Array:
        """How many pieces of the complete assembly are left out."""
        left_out: Array = np.maximum(self.complete - A.bags, 0.0).sum(1)
        return left_out

    def prior_mean(self, A: Inputs) -> Array:
        """What is lost before anything is known, in standardised units."""
        return _LOSS * self.missing(A)

    @property
    def noise_var(self) -> float:
        """Variance of what the model does not explain."""
        return math.exp(2.0 * self.theta[-1]) + _JITTER


@final
@dataclass(frozen=True, eq=False)
class Posterior:
    """The process given its observations; ``y`` and predictions are in their units.

    Args:
        kernel: With the hyperparameters.
        inputs: ``n`` solves.
        location: Mean that was taken from ``y``.
        spread: What ``y`` was divided by.
        factor: ``n x n`` lower Cholesky factor of the noisy covariance.
        half: ``n`` whitened observations.
    """

    kernel: Kernel
    inputs: Inputs
    location: float
    spread: float
    factor: Array
    half: Array

    def whitened(self, at: Inputs) -> Array:
        """``n x m``: covariances with the observations, divided by their factor."""
        white: Array = solve_triangular(self.factor, self.kernel(self.inputs, at), lower=True)
        return white

    def mean(self, at: Inputs, white: Array) -> Array:
        """Means of the noise-free function, given ``whitened(at)``."""
        mean: Array = white.T @ self.half + self.kernel.prior_mean(at)
        return self.location + self.spread * mean

    def predict(self, at: Inputs) -> tuple[Array, Array]:
        """Means and standard deviations of the noise-free function."""
        white = self.whitened(at)
        var = self.kernel.along(at, at) - (white * white).sum(0)
        std: Array = self.spread * np.sqrt(np.maximum(var, _JITTER))
        return self.mean(at, white), std

    def believing(self, at: Inputs) -> "Posterior":
        """The process as if ``at`` had been measured with the means as results."""
        if not len(at):
            return self
        inputs = self.inputs.joined(at)
        known = self.factor @ self.half + self.kernel.prior_mean(self.inputs)
        y = self.location + self.spread * known
        believed = self.mean(at, self.whitened(at))
        scale = self.location, self.spread
        return condition(self.kernel, inputs, np.concatenate([y, believed]), scale)


def condition(
    kernel: Kernel, inputs: Inputs, y: Array, scale: tuple[float, float] | None = None
) -> Posterior:
    """The exact posterior for given hyperparameters; O(n^3)."""
    location, spread = scale or _scale(y)
    K = kernel(inputs, inputs) + kernel.noise_var * np.eye(len(y))
    L = cholesky(K, lower=True)
    residual = (y - location) / spread - kernel.prior_mean(inputs)
    half = solve_triangular(L, residual, lower=True)
    return Posterior(kernel, inputs, location, spread, L, half)


def fit(inputs: Inputs, y: Array, complete: Array, scales: Sequence[float]) -> Posterior:
    """The posterior with the likeliest hyperparameters under weak priors.

    Of a long record, hyperparameters are learned from every second, third, ... solve.

    Args:
        inputs: ``n`` solves, at least one.
        y: ``n`` observations.
        complete: ``V`` counts of the complete assembly.
        scales: ``p`` length scales, the medians of their priors.
    """
    step = -(-len(y) // _MOST_FITTED)
    few = Inputs(inputs.x[::step], inputs.level[::step], inputs.bags[::step])
    return condition(_likeliest(few, y[::step], complete, scales), inputs, y)


def _likeliest(inputs: Inputs, y: Array, complete: Array, scales: Sequence[float]) -> Kernel:
    lengths = [(math.log(scale), _LENGTHSCALE_STD) for scale in scales]
    priors = np.array([*lengths, *lengths, _SIGNAL, _INCREMENT, _ASSEMBLY, _NOISE])
    location, spread = _scale(y)
    standard = (y - location) / spread

    def objective(theta: Array) -> tuple[float, Array]:
        kernel = Kernel(theta, complete)
        value, gradient = log_likelihood(kernel, inputs, standard)
        away = (theta - priors[:, 0]) / priors[:, 1]
        if not math.isfinite(value):
            return 1e10, np.zeros_like(theta)
        return 0.5 * float(away @ away) - value, away / priors[:, 1] - gradient

    end = minimize(
        objective,
        priors[:, 0],
        jac=True,
        method="L-BFGS-B",
        bounds=[_BOX] * len(priors),
        options={"maxiter": 100},
    )
    return Kernel(end.x, complete)


def log_likelihood(kernel: Kernel, inputs: Inputs, y: Array) -> tuple[float, Array]:
    """Log marginal likelihood of standardised ``y``, and its gradient by ``kernel.theta``.

    Source: Rasmussen and Williams (2006), eqs. 5.8 and 5.9.
    """
    theta, x = kernel.theta, inputs.x
    p = x.shape[1]
    terms = kernel.terms(inputs, inputs)
    noise = math.exp(2.0 * theta[-1])
    try:
        L = cholesky(kernel(inputs, inputs) + kernel.noise_var * np.eye(len(y)), lower=True)
    except np.linalg.LinAlgError:
        return -math.inf, np.zeros_like(theta)
    residual = y - kernel.prior_mean(inputs)
    weights = cho_solve((L, True), residual)
    value = (
        -0.5 * residual @ weights
        - np.log(np.diagonal(L)).sum()
        - 0.5 * len(y) * math.log(2 * math.pi)
    )
    G = np.outer(weights, weights) - cho_solve((L, True), np.eye(len(y)))
    gradient = np.empty_like(theta)
    common = np.minimum(inputs.level[:, None], inputs.level[None, :])
    factors = [np.exp(2 * theta[2 * p]), np.exp(2 * theta[2 * p + 1]) * common]
    for i, factor in enumerate(factors):
        inverse = np.exp(-theta[i * p : (i + 1) * p])
        _, slope = matern52(squared_distances(x * inverse, x * inverse))
        by_distance = G * factor * slope
        for k in range(p):
            apart = (x[:, None, k] - x[None, :, k]) * inverse[k]
            gradient[i * p + k] = -(by_distance * apart**2).sum()
    for i, term in enumerate(terms):
        gradient[2 * p + i] = np.vdot(G, term)
    gradient[-1] = noise * np.trace(G)
    return float(value), gradient


def _scale(y: Array) -> tuple[float, float]:
    """What standardises observations; those that differ by no more than rounding count alike."""
    return float(y.mean()), max(float(y.std()), _LEAST_SPREAD)


def _one_by_one(A: Array, B: Array) -> Array:
    """The ``n`` Tanimoto similarities of the rows of ``A`` with those of ``B``."""
    inner = (A * B).sum(1)
    similarity: Array = inner / ((A * A).sum(1) + (B * B).sum(1) - inner)
    return similarity
