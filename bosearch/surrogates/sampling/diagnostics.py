"""Whether Markov chains have mixed, and how many independent draws theirs are worth.

Arrays are ``chains x draws x quantities`` throughout; answers are one number per quantity.

Source: Vehtari, Gelman, Simpson, Carpenter and Bürkner (2021), "Rank-normalization,
folding, and localization: an improved R-hat", sections 3 and 4; Geyer (1992), "Practical
Markov chain Monte Carlo", section 3.3 for the initial monotone sequence. What differs: a
quantity that never changes has R-hat 1 and as many effective draws as draws, where the
paper leaves both undefined.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import rankdata

Array = NDArray[np.float64]

FEWEST = 4  # draws of a chain, so that each half has a variance


def split_r_hat(draws: Array) -> Array:
    """Rank-normalised split R-hat: 1 for chains that agree, in level and in spread.

    Args:
        draws: ``chains x draws x quantities``, at least ``FEWEST`` draws.

    Returns:
        ``quantities`` numbers, the larger of bulk and folded R-hat.

    Raises:
        ValueError: There are fewer draws.
    """
    halves = _halves(draws)
    folded = np.abs(halves - np.median(halves, axis=(0, 1)))
    return np.maximum(_r_hat(_normal_scores(halves)), _r_hat(_normal_scores(folded)))


def effective_draws(draws: Array) -> Array:
    """Number of independent draws with the same error of a mean, after rank normalisation.

    Args:
        draws: ``chains x draws x quantities``, at least ``FEWEST`` draws.

    Returns:
        ``quantities`` numbers (bulk ESS), at most ``N log10 N`` of ``N`` draws.

    Raises:
        ValueError: There are fewer draws.
    """
    scores = _normal_scores(_halves(draws))
    chains, n, _ = scores.shape
    covariance = _autocovariances(scores)  # chains x draws x quantities
    within = covariance[:, 0].mean(0) * n / (n - 1.0)
    plus = covariance[:, 0].mean(0) + scores.mean(1).var(0, ddof=1)
    constant = plus <= 0.0
    plus = np.where(constant, 1.0, plus)
    correlation = 1.0 - (within - covariance.mean(0) * n / (n - 1.0)) / plus
    correlation[0] = 1.0
    pairs = correlation[: n - n % 2].reshape(n // 2, 2, -1).sum(1)  # pairs x quantities
    positive = np.logical_and.accumulate(pairs > 0.0, axis=0)
    monotone = np.minimum.accumulate(np.where(positive, pairs, 0.0), axis=0)
    total = chains * n
    time = np.maximum(2.0 * monotone.sum(0) - 1.0, 1.0 / np.log10(total))
    return np.where(constant, float(total), total / time)


def _halves(draws: Array) -> Array:
    """Each chain as two of half the length, without a middle draw."""
    n = draws.shape[1]
    if n < FEWEST:
        raise ValueError(f"diagnostics need at least {FEWEST} draws of each chain, got {n}")
    half = n // 2
    return np.concatenate([draws[:, :half], draws[:, n - half :]]).astype(float)


def _normal_scores(draws: Array) -> Array:
    """Normal quantiles of the ranks among all draws of a quantity."""
    flat = draws.reshape(-1, draws.shape[-1])
    ranks = rankdata(flat, axis=0)  # ties share their mean rank
    return np.asarray(ndtri((ranks - 0.375) / (len(flat) + 0.25))).reshape(draws.shape)


def _r_hat(draws: Array) -> Array:
    n = draws.shape[1]
    within = draws.var(1, ddof=1).mean(0)
    between = draws.mean(1).var(0, ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        r_hat = np.sqrt((n - 1.0) / n + between / within)
    return np.where(between + within > 0.0, r_hat, 1.0)


def _autocovariances(draws: Array) -> Array:
    """Of each chain at all lags, divided by the number of draws."""
    n = draws.shape[1]
    centred = draws - draws.mean(1, keepdims=True)
    spectrum = np.fft.rfft(centred, 2 * n, axis=1)
    return np.asarray(np.fft.irfft(np.abs(spectrum) ** 2, 2 * n, axis=1)[:, :n] / n)
