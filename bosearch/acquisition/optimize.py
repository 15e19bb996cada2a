"""Find the best candidate: scatter, climb, exchange.

Small finite spaces are scored whole. Elsewhere quasi-random points and points
near the best ones known are scored, the most promising are climbed in the
continuous coordinates (all starts in one batch), and discrete coordinates are
exchanged one at a time, in turn with further climbs, until neither helps. Where
slopes are not to be had, a swarm seeks a consensus instead of the climbs.
"""

from dataclasses import dataclass
from typing import Literal, final

import numpy as np
from numpy.typing import NDArray

from bosearch.acquisition.ascent import ascend
from bosearch.acquisition.consensus import Swarm, seek_consensus
from bosearch.acquisition.domain import Domain, no_candidate
from bosearch.acquisition.linear import climb_in_polytope
from bosearch.acquisition.value import Acquisition
from bosearch.errors import SpaceExhaustedError

Array = NDArray[np.float64]

EffortName = Literal["fast", "standard", "thorough"]


@final
@dataclass(frozen=True)
class Effort:
    """How hard to search.

    Args:
        scatter: Quasi-random points scored.
        around: Points near the best known ones scored.
        starts: Points climbed.
        rounds: Batched evaluations of a climb, at most.
        wholesale: Finite spaces up to this many points are scored whole.
        particles: Of a swarm, where there are no slopes to climb by.
    """

    scatter: int
    around: int
    starts: int
    rounds: int
    wholesale: int
    particles: int


EFFORTS: dict[EffortName, Effort] = {
    "fast": Effort(256, 128, 4, 40, 50_000, 64),
    "standard": Effort(512, 256, 10, 80, 200_000, 128),
    "thorough": Effort(4096, 1024, 32, 200, 200_000, 256),
}

_EXCHANGES = 30  # one-coordinate exchanges of one start, at most
_ALTERNATIONS = 3  # climbs after exchanges
_SCORED_AT_ONCE = 2048
_WHOLESALE_WORK = 50_000_000  # points times observations: about two seconds


@final
@dataclass(frozen=True, eq=False)
class Candidate:
    """A point worth measuring: ``d`` encoded coordinates and its score."""

    x: Array
    value: float


def best_candidate(
    acquisition: Acquisition,
    domain: Domain,
    anchors: Array,
    *,
    effort: Effort,
    rng: np.random.Generator,
    slopes: bool = True,
) -> Candidate:
    """The best new feasible point that the search finds.

    Args:
        acquisition: What a point is worth.
        domain: Where it may lie.
        anchors: ``k x d`` best points known, near which to look too.
        effort: How hard to search.
        rng: Source of the starting points.
        slopes: Whether the acquisition has a gradient to climb by.

    Raises:
        SpaceExhaustedError: A finite space has no new point left.
        InfeasibleSpaceError: No new feasible point was found.
    """
    size = domain.space.size
    if size is not None and size <= effort.wholesale and size * domain.known <= _WHOLESALE_WORK:
        return _best_of_all(acquisition, domain)
    scattered = domain.scatter(effort.scatter, rng)
    near = domain.around(anchors, effort.around, rng)
    if slopes:
        far_starts = _promising(scattered, acquisition, effort.starts - effort.starts // 2, rng)
        near_starts = _promising(near, acquisition, effort.starts // 2, rng)
        X = np.concatenate([far_starts, near_starts])
        X, values = _climb(X, acquisition, domain, effort)
        if not domain.continuous.all():
            X, values = _alternate(X, values, acquisition, domain, effort)
    else:
        X, values = _agree(scattered, near, acquisition, domain, effort, rng)
    usable = domain.feasible(X) & domain.new(X) & np.isfinite(values)
    if not usable.any():  # every climb ended on a known point
        X = np.concatenate([near, scattered])
        X = X[domain.new(X)]
        values = score(acquisition, X)
        usable = np.isfinite(values)
    if not usable.any():
        raise no_candidate(domain)
    best = int(np.argmax(np.where(usable, values, -np.inf)))
    return Candidate(X[best], float(values[best]))


def score(acquisition: Acquisition, X: Array) -> Array:
    """Values of many points, some thousand at a time to bound the memory."""
    parts = [
        acquisition.value(X[i : i + _SCORED_AT_ONCE]) for i in range(0, len(X), _SCORED_AT_ONCE)
    ]
    return np.concatenate([np.empty(0), *parts])


def _best_of_all(acquisition: Acquisition, domain: Domain) -> Candidate:
    best: Candidate | None = None
    for X in domain.chunks():
        values = score(acquisition, X)
        values = np.where(np.isnan(values), -np.inf, values)
        if len(values) and (best is None or values.max() > best.value):
            top = int(np.argmax(values))
            best = Candidate(X[top], float(values[top]))
    if best is None:
        raise SpaceExhaustedError(
            "all feasible points of the space have been asked",
            hint="widen the space, or stop here: the best trial is the best there is",
        )
    return best


def _promising(X: Array, acquisition: Acquisition, k: int, rng: np.random.Generator) -> Array:
    """The best of the points, and others drawn the more often the better they are.

    Source: the heuristic of BoTorch's ``initialize_q_batch``.
    """
    if len(X) <= k:
        return X
    values = score(acquisition, X)
    values = np.where(np.isfinite(values), values, -np.inf)
    top = np.argsort(-values)[: (k + 1) // 2]
    finite = values[np.isfinite(values)]
    if not len(finite):
        return X[:k]
    spread = float(finite.std()) or 1.0
    with np.errstate(invalid="ignore"):
        keys = 2.0 * (values - finite.max()) / spread + rng.gumbel(size=len(values))
    keys[top] = -np.inf
    drawn = np.argsort(-keys)[: k - len(top)]  # weighted sampling without replacement
    chosen: Array = X[np.concatenate([top, drawn])]
    return chosen


def _climb(
    X: Array, acquisition: Acquisition, domain: Domain, effort: Effort
) -> tuple[Array, Array]:
    if not domain.continuous.any():
        return X, score(acquisition, X)
    allowed = domain.feasible if domain.constrained else None
    X, values = ascend(
        acquisition.value_and_gradient,
        X,
        domain.continuous,
        rounds=effort.rounds,
        allowed=allowed,
        tolerance=1e-6,
        lower=domain.lower,
        upper=domain.upper,
    )
    if domain.constrained:
        return climb_in_polytope(X, values, acquisition, domain, rounds=effort.rounds)
    return X, values


def _agree(
    scattered: Array,
    near: Array,
    acquisition: Acquisition,
    domain: Domain,
    effort: Effort,
    rng: np.random.Generator,
) -> tuple[Array, Array]:
    """The best places that a swarm has seen, exchanges of discrete coordinates included."""
    near_starts = _promising(near, acquisition, effort.particles // 4, rng)
    starts = np.concatenate([near_starts, scattered])
    starts = np.resize(starts, (max(effort.particles, 2), domain.d))  # repeats few ones

    def worth(X: Array) -> Array:
        X = domain.snap(X)
        usable = domain.feasible(X) & domain.new(X)
        values = np.full(len(X), -np.inf)
        values[usable] = score(acquisition, X[usable])
        return values

    X, values = seek_consensus(
        worth,
        starts,
        rng=rng,
        swarm=Swarm(steps=effort.rounds),
        codes=domain.codes,
        lower=domain.lower,
        upper=domain.upper,
    )
    top = np.argsort(-values, kind="stable")[: effort.starts]
    X, values = domain.snap(X[top]), values[top]
    if not domain.continuous.all():
        for i in np.flatnonzero(np.isfinite(values)):
            X[i], values[i] = _exchange(X[i], values[i], acquisition, domain)
    return X, values


def _alternate(
    X: Array, values: Array, acquisition: Acquisition, domain: Domain, effort: Effort
) -> tuple[Array, Array]:
    """Exchange discrete coordinates and climb in turn, until no exchange helps."""
    X, values = X.copy(), values.copy()
    active = np.arange(len(X))
    for _ in range(_ALTERNATIONS):
        before = X[active].copy()
        for i in active:
            X[i], values[i] = _exchange(X[i], values[i], acquisition, domain)
        active = active[(X[active] != before).any(1)]
        if not len(active) or not domain.continuous.any():
            break
        X[active], values[active] = _climb(X[active], acquisition, domain, effort)
    return X, values


def _exchange(
    x: Array, value: float, acquisition: Acquisition, domain: Domain
) -> tuple[Array, float]:
    """Take the best one-coordinate exchange while it improves, preferring new points."""
    is_new = bool(domain.new(x[None])[0])
    for _ in range(_EXCHANGES):
        around = domain.neighbours(x)
        around = around[domain.new(around)]
        if not len(around):
            break
        values = score(acquisition, around)
        top = int(np.nanargmax(np.where(np.isnan(values), -np.inf, values)))
        if is_new and not values[top] > value + 1e-9:
            break
        x, value, is_new = around[top], float(values[top]), True
    return x, value
