"""On which scale values are modelled: as measured, their logarithms, or their ranks.

Fitness spans decades, often with many values at zero; a process that must explain
such values as measured explains the best one and little else. Three increasing scales
are tried and the one is kept under which each value is best predicted from the others.
Densities cannot be compared between scales, least of all where values repeat; so what
is compared is the probability of the interval around each value, up to midway to the
next different ones, which every increasing scale leaves the same.

Source: leave-one-out predictions: Rasmussen and Williams (2006), eqs. 5.10 to 5.12;
ranks: Salinas, Shen and Perrone (2020), "A quantile-based approach for hyperparameter
transfer learning", section 4 (Gaussian copula).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, final

import numpy as np
from scipy.linalg import cho_solve
from scipy.stats import norm

from bosearch.combinatorial.payoff import Array

_LOW_QUANTILE = 0.1  # of the distances from the smallest value: the offset of logarithms
_LEAST_LOG = -30.0  # of the probability of one value: outliers shall not decide alone


@final
@dataclass(frozen=True, eq=False)
class Scaled:
    """``n`` values on a scale, and the interval that each stands for.

    Args:
        z: The values.
        low: Lower ends of the intervals, minus infinity below the smallest value.
        high: Upper ends, infinity above the largest.
    """

    z: Array
    low: Array
    high: Array


def as_measured(y: Array) -> Scaled:
    """The values themselves."""
    return Scaled(y, *_intervals(y))


def logarithm(y: Array) -> Scaled:
    """``log(y - min(y) + c)``, with ``c`` the lower decile of what is above the minimum."""
    above = y - y.min()
    positive = above[above > 0]
    offset = float(np.quantile(positive, _LOW_QUANTILE)) if len(positive) else 1.0
    low, high = (np.log(np.maximum(ends, 0.0) + offset) for ends in _intervals(above))
    return Scaled(np.log(above + offset), np.where(above > 0, low, -np.inf), high)


def normal_scores(y: Array) -> Scaled:
    """Normal quantiles of the ranks; equal values share the middle of their ranks."""
    _, group, counts = np.unique(y, return_inverse=True, return_counts=True)
    ends = np.concatenate([[0.0], np.cumsum(counts)]) / len(y)
    middle = 0.5 * (ends[1:] + ends[:-1])
    quantiles = norm.ppf(ends)  # -inf and inf at the ends
    return Scaled(norm.ppf(middle)[group], quantiles[:-1][group], quantiles[1:][group])


SCALES: dict[str, Callable[[Array], Scaled]] = {
    "normal scores": normal_scores,
    "logarithm": logarithm,
    "as measured": as_measured,
}


class Conditioned(Protocol):
    """A process of one column, as it is after conditioning; see ``surrogates.gp``."""

    @property
    def location(self) -> float:
        """What standardising subtracts from an observation."""
        ...

    @property
    def spread(self) -> float:
        """What it divides by."""
        ...

    @property
    def factor(self) -> Array:
        """``n x n`` lower Cholesky factor of the noisy covariance, standardised."""
        ...

    @property
    def weights(self) -> Array:
        """``n x 1`` weights of the kernel columns in the mean."""
        ...


def predictive_score(model: Conditioned, scaled: Scaled) -> float:
    """Mean log-probability of each value's interval, predicted from the other values.

    Args:
        model: A process of one column, conditioned on ``scaled.z``.
        scaled: What it was conditioned on.
    """
    z, low, high = (
        (part - model.location) / model.spread for part in (scaled.z, scaled.low, scaled.high)
    )
    inverse = cho_solve((model.factor, True), np.eye(len(z)))
    var = 1.0 / np.diagonal(inverse)
    mean = z - model.weights[:, 0] * var
    a, b = (low - mean) / np.sqrt(var), (high - mean) / np.sqrt(var)
    flip = a > 0  # differences of upper tails lose digits
    a, b = np.where(flip, -b, a), np.where(flip, -a, b)
    with np.errstate(divide="ignore"):
        log_b, log_a = norm.logcdf(b), norm.logcdf(a)
        log_p = log_b + np.log(-np.expm1(np.minimum(log_a - log_b, 0.0)))
    return float(np.maximum(log_p, _LEAST_LOG).mean())


def _intervals(y: Array) -> tuple[Array, Array]:
    """Where midway to the next smaller and to the next larger different value is."""
    values, group = np.unique(y, return_inverse=True)
    between = 0.5 * (values[1:] + values[:-1])
    ends = np.concatenate([[-np.inf], between, [np.inf]])
    return ends[:-1][group], ends[1:][group]
