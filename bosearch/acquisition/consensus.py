"""Consensus-based optimization: a swarm that agrees on the best point, without gradients.

Particles drift towards their weighted mean, the *consensus*, and are shaken in proportion
to how far they are from it, coordinate by coordinate. Weights are a softmax of the values,
as sharp as leaves a given share of the particles with a say, so that the scale of the
values does not matter.

Source: Pinnau, Totzeck, Tse and Martin (2017), "A consensus-based model for global
optimization and its mean-field limit"; Carrillo, Jin, Li and Zhu (2021) for noise per
coordinate; Riedl, Klock, Geldhauser and Fornasier (2024), arXiv 2306.09778, for why it
follows the gradient that it never sees. Ours: particles are reflected at the bounds,
categories are adopted and mutated at the rates at which coordinates drift and diffuse, and
particles where the value is not finite have no say.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from bosearch.errors import ShapeError

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]


@final
@dataclass(frozen=True, kw_only=True)
class Swarm:
    """How the particles move.

    A distance is multiplied by ``1 + (noise xi) sqrt(dt) - drift dt`` per step, ``xi`` standard
    normal: distances vanish in the end, whatever the number of coordinates, as long as the
    logarithm falls on average, that is for ``noise sqrt(dt)`` below about 1.6. Noise of 3, where
    the mean square still grows, looks far around on the way.

    Args:
        steps: Moves, each with one batch of evaluations.
        dt: Length of a step.
        drift: Rate at which particles approach the consensus.
        noise: Standard deviation of their diffusion, per distance from the consensus.
        share: Effective number of particles that decide the consensus, as a share of all.
    """

    steps: int = 100
    dt: float = 0.1
    drift: float = 1.0
    noise: float = 3.0
    share: float = 0.1


DEFAULT = Swarm()


def seek_consensus(
    value: Callable[[Array], Array],
    starts: Array,
    *,
    rng: np.random.Generator,
    swarm: Swarm = DEFAULT,
    codes: NDArray[np.int64] | None = None,
    lower: Array | float = 0.0,
    upper: Array | float = 1.0,
) -> tuple[Array, Array]:
    """Move all particles towards the maximum of ``value``.

    Args:
        value: Maps ``N x d`` points to ``N`` values; ``-inf`` or NaN where a point is no good.
            It may round its points: particles keep their own places.
        starts: ``N x d`` particles, ``N >= 2``.
        rng: Source of the noise.
        swarm: How they move.
        codes: ``d`` numbers of categories, 0 for a coordinate that is a number.
        lower: Bound of each number.
        upper: Likewise.

    Returns:
        For each particle the best place it has seen, ``N x d``, and its value, ``N``.

    Raises:
        ShapeError: There are fewer than two particles.
    """
    if len(starts) < 2:
        raise ShapeError(f"a consensus needs at least 2 particles, got {len(starts)}")
    sizes = np.zeros(starts.shape[1], dtype=np.int64) if codes is None else codes
    numeric = sizes == 0
    low, high = (np.broadcast_to(b, starts.shape[1:])[numeric] for b in (lower, upper))
    X = starts.copy()
    values = _finite(value(X))
    best, best_values = X.copy(), values.copy()
    for _ in range(swarm.steps):
        weights = sharpened(values, swarm.share)
        moved = X.copy()
        moved[:, numeric] = _reflected(_moved(X[:, numeric], weights, swarm, rng), low, high)
        for i in np.flatnonzero(~numeric):
            moved[:, i] = _voted(X[:, i], weights, int(sizes[i]), swarm, rng)
        X = moved
        values = _finite(value(X))
        better = values > best_values
        best[better], best_values[better] = X[better], values[better]
    return best, best_values


def sharpened(values: Array, share: float) -> Array:
    """Softmax weights of ``N`` values, ``share * N`` of which are effective.

    The effective number, ``1 / sum w^2``, falls as the softmax gets sharper; where several
    best values are equal it cannot fall below their number. Values of ``-inf`` have no weight,
    unless all have it.

    Source: Kish (1965) for the number; Carrillo, Totzeck and Vaes (2023) for its use here.
    """
    usable = np.isfinite(values)
    if not usable.any():
        return np.full(len(values), 1.0 / len(values))
    wanted = max(share * len(values), 1.0)
    gaps = values[usable] - values[usable].max()
    extent = -float(gaps.min())
    low, high = 0.0, 1.0 / extent if extent > 0.0 else 0.0
    while 0.0 < high < 1e300 and _effective(gaps, high) > wanted:
        low, high = high, 4.0 * high
        if not (gaps * high > -700.0)[gaps < 0.0].any():  # only the best ones are left
            break
    for _ in range(40):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if _effective(gaps, middle) > wanted else (low, middle)
    weights = np.zeros(len(values))
    weights[usable] = np.exp(high * gaps)
    normalised: Array = weights / weights.sum()
    return normalised


def _effective(gaps: Array, sharpness: float) -> float:
    weights = np.exp(sharpness * gaps)
    return float(weights.sum() ** 2 / (weights @ weights))


def _moved(X: Array, weights: Array, swarm: Swarm, rng: np.random.Generator) -> Array:
    """One Euler-Maruyama step of ``dX = -drift (X - m) dt + noise (X - m) dW``."""
    away: Array = X - weights @ X
    shake = swarm.noise * np.sqrt(swarm.dt) * rng.normal(size=X.shape)
    moved: Array = X + away * (shake - swarm.drift * swarm.dt)
    return moved


def _reflected(X: Array, low: Array, high: Array) -> Array:
    """Fold back into the bounds what left them."""
    width = np.where(high > low, high - low, 1.0)
    phase = np.mod((X - low) / width, 2.0)
    folded: Array = np.where(high > low, low + width * (1.0 - np.abs(phase - 1.0)), low)
    return folded


def _voted(
    column: Array, weights: Array, size: int, swarm: Swarm, rng: np.random.Generator
) -> Array:
    """Adopt the category of a weighted particle, or now and then any, while votes differ."""
    n = len(column)
    shares = np.bincount(column.astype(np.int64), weights, minlength=size)
    discord = 1.0 - float(shares @ shares)
    adopts = rng.uniform(size=n) < swarm.drift * swarm.dt
    mutates = rng.uniform(size=n) < swarm.noise**2 * swarm.dt * discord
    adopted = np.where(adopts, column[rng.choice(n, size=n, p=weights)], column)
    return np.where(mutates, rng.integers(size, size=n).astype(float), adopted)


def _finite(values: Array) -> Array:
    result: Array = np.where(np.isnan(values), -np.inf, values)
    return result
