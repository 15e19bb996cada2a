"""Maximum a posteriori hyperparameters, by L-BFGS-B from several starts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self, final

import numpy as np
from scipy.optimize import minimize

from bosearch.surrogates.embedding import Embedding
from bosearch.surrogates.kernel import KERNELS, Array, Kernel, Stationary
from bosearch.surrogates.likelihood import Hyperparameters, Observations, Priors, log_posterior
from bosearch.surrogates.warping import POWERS

JITTER = 1e-9  # added to noise variances, relative to the spread of the outputs
THRIFTY_ABOVE = 300  # observations above which a random subset goes first

_BOUNDS_LENGTHSCALE = (np.log(0.01), np.log(1e3))
_BOUNDS_SIGNAL = (np.log(0.01), np.log(100.0))
_BOUNDS_NOISE = (np.log(1e-8), np.log(10.0))
_LOG_NOISE_START = -4.0
_BOUNDS_MEAN = (-10.0, 10.0)


@final
@dataclass(frozen=True, eq=False)
class Recipe:
    """What the hyperparameters mean: coordinates, kernel and priors."""

    embedding: Embedding
    kernel: Kernel
    priors: Priors

    @classmethod
    def of(cls, embedding: Embedding, kernel: str) -> Self:
        """One of ``KERNELS``, and priors that suit it.

        Stationary kernels have the length scales of the embedding, a network one for all:
        it is there for trends, which a few observations must settle.
        """
        d = embedding.count
        if isinstance(KERNELS[kernel], Stationary):
            return cls(embedding, KERNELS[kernel], Priors.for_dimension(d))
        return cls(embedding.shared, KERNELS[kernel], Priors.for_network(d))


@final
@dataclass(frozen=True, eq=False)
class Fit:
    """The best hyperparameters found, and what finding them cost.

    Args:
        hyper: The hyperparameters.
        value: Their log posterior density.
        gradients: Evaluations of the density on all observations.
        thrifty_gradients: Evaluations on a subset of them.
    """

    hyper: Hyperparameters
    value: float
    gradients: int
    thrifty_gradients: int = 0


def default_start(recipe: Recipe, *, warp: bool = False) -> Hyperparameters:
    """Length scales at a prior's centre that leaves neighbours visible, little noise, no bend."""
    priors = recipe.priors
    return Hyperparameters(
        np.full(recipe.embedding.count, priors.lengthscale.loc - 1.0),
        priors.signal.loc,
        _LOG_NOISE_START,
        0.0,
        recipe.priors.power.loc if warp else None,
    )


def random_start(
    recipe: Recipe, rng: np.random.Generator, *, warp: bool = False
) -> Hyperparameters:
    """A draw around the default start, as wide as where fits end up."""
    start = default_start(recipe, warp=warp)
    spread = rng.normal(scale=1.0, size=recipe.embedding.count)
    return replace(
        start,
        log_lengthscales=start.log_lengthscales - 0.5 + spread,
        log_noise=start.log_noise + float(rng.uniform(-4.0, 2.0)),
    )


def fit(
    observations: Observations,
    recipe: Recipe,
    starts: Iterable[Hyperparameters],
    *,
    max_gradients: int = 200,
) -> Fit:
    """Climb the log posterior density from each start; return the highest end.

    Values are warped if the starts have a power.

    With more than ``THRIFTY_ABOVE`` observations the climbs use that many of them,
    spread evenly over the record, and only the best one is finished on all.

    Raises:
        ArithmeticError: No start has a covariance that can be factored.
    """
    n = len(observations.y)
    if n <= THRIFTY_ABOVE:
        return _best([climb(observations, recipe, s, max_gradients) for s in starts])
    rows = np.unique(np.linspace(0, n - 1, THRIFTY_ABOVE).astype(np.intp))
    subset = observations.subset(rows)
    sketch = _best([climb(subset, recipe, s, max_gradients) for s in starts])
    end = climb(observations, recipe, sketch.hyper, max_gradients, tolerance=1e-5)
    return replace(end, thrifty_gradients=sketch.gradients)


def climb(
    observations: Observations,
    recipe: Recipe,
    start: Hyperparameters,
    max_gradients: int,
    *,
    tolerance: float = 1e-7,
) -> Fit:
    """Climb from one start until the density per observation rises by less than ``tolerance``.

    Raises:
        ArithmeticError: The covariance at the start cannot be factored.
    """
    n = len(observations.y)

    def objective(theta: Array) -> tuple[float, Array]:
        value, gradient = log_posterior(
            theta,
            observations,
            embedding=recipe.embedding,
            kernel=recipe.kernel,
            priors=recipe.priors,
            jitter=JITTER,
        )
        return (-value / n, -gradient / n) if np.isfinite(value) else (1e10, gradient)

    bounds = [
        *[_BOUNDS_LENGTHSCALE] * recipe.embedding.count,
        _BOUNDS_SIGNAL,
        _BOUNDS_NOISE,
        _BOUNDS_MEAN,
    ]
    if start.power is not None:
        bounds.append(POWERS)
    theta = np.clip(start.vector(), *np.transpose(bounds))
    if not np.isnan(observations.known_var).any():  # nothing to infer
        noise = recipe.embedding.count + 1
        bounds[noise] = (theta[noise], theta[noise])
    result = minimize(
        objective,
        theta,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxfun": max_gradients, "maxiter": max_gradients, "ftol": tolerance},
    )
    if result.fun >= 1e10:
        raise ArithmeticError("the covariance of the observations cannot be factored")
    hyper = Hyperparameters.from_vector(result.x, recipe.embedding.count)
    return Fit(hyper, -float(result.fun) * n, int(result.nfev))


def _best(climbs: Sequence[Fit]) -> Fit:
    """The highest end, with the cost of all."""
    best = max(climbs, key=lambda fit: fit.value)
    return replace(best, gradients=sum(fit.gradients for fit in climbs))
