"""Batches: the best points not known yet, among equilibria and their deviations.

Once an equilibrium is known, its best unknown neighbour often beats every other
equilibrium; so what is compared is each equilibrium with all its single deviations.
Known points, observed, pending or failed, are never chosen again.

Source: top-B of Bal et al. (2024), arXiv 2409.18582; hallucinated observations of
Desautels, Krause and Burdick (2014), algorithm 1 (GP-BUCB).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from bosearch.combinatorial.payoff import Array, Payoff
from bosearch.combinatorial.sampled_payoff import SampledPayoff
from bosearch.combinatorial.solvers import Equilibria, max_gains
from bosearch.combinatorial.space import Bools, Codes, Keys, Sites, contains, replaced
from bosearch.combinatorial.table_payoff import TablePayoff
from bosearch.errors import SpaceExhaustedError

MAX_LISTED = 1_000_000  # points of a space that are listed when games find nothing new
_DRAWS = 4096  # random points looked at before that

Play = Callable[[Payoff, np.random.Generator], Equilibria]
"""Plays games from starts of its own choice."""


@final
class Known:
    """Points that must not be chosen again.

    Args:
        sites: Where they live.
        keys: Their keys, in any order.
    """

    def __init__(self, sites: Sites, keys: Keys | None = None) -> None:
        none = sites.keys(np.empty((0, sites.length), dtype=np.intp))
        self.sites = sites
        self.keys = none if keys is None else np.unique(keys)

    def add(self, X: Codes) -> None:
        """Remember ``m x L`` points."""
        self.keys = np.union1d(self.keys, self.sites.keys(X))

    def new(self, X: Codes) -> Bools:
        """Which of ``S x L`` points are not known."""
        return ~contains(self.keys, self.sites.keys(X))


@final
@dataclass(frozen=True, eq=False)
class Pick:
    """A point to measure, and how it was found.

    Args:
        x: ``L`` codes.
        value: Its payoff when it was chosen.
        max_gain: The largest gain that a player could make there alone; 0 where the point
            is an equilibrium itself.
        equilibria: Certified equilibria that the games found; 0 if the point is none of
            their deviations.
    """

    x: Codes
    value: float
    max_gain: float
    equilibria: int


def hallucinated(
    payoff: Payoff,
    sites: Sites,
    known: Known,
    play: Play,
    rngs: Sequence[np.random.Generator],
) -> list[Pick]:
    """Choose points one after the other, each as if those before were measured as predicted.

    Args:
        payoff: What points are worth, pending ones hallucinated already.
        sites: Which points are feasible.
        known: Points not to be chosen; the chosen ones are added.
        play: Plays the games of one point.
        rngs: One generator per point wanted. Fewer points are returned where no more are left.

    Raises:
        SpaceExhaustedError: All feasible points are known.
    """
    picks: list[Pick] = []
    for rng in rngs:
        equilibria = play(payoff, rng)
        try:
            (pick,) = best_new(payoff, sites, equilibria, known, 1, rng)
        except SpaceExhaustedError:
            if not picks:
                raise
            break
        picks.append(pick)
        known.add(pick.x[None])
        payoff = payoff.conditioned(pick.x)
    return picks


def top(
    payoff: Payoff,
    sites: Sites,
    known: Known,
    play: Play,
    rngs: Sequence[np.random.Generator],
) -> list[Pick]:
    """The points of highest payoff among equilibria and their deviations, as many as ``rngs``.

    Nothing keeps them apart but that they differ: the paper's rule, less its repeats. Where
    there are too few of them, ``hallucinated`` chooses the rest. Arguments as there.

    Raises:
        SpaceExhaustedError: All feasible points are known.
    """
    picks = best_new(payoff, sites, play(payoff, rngs[0]), known, len(rngs), rngs[0])
    known.add(np.array([pick.x for pick in picks]))
    for pick in picks if len(picks) < len(rngs) else ():
        payoff = payoff.conditioned(pick.x)
    try:
        return picks + hallucinated(payoff, sites, known, play, rngs[len(picks) :])
    except SpaceExhaustedError:
        return picks


def thompson(
    payoff: TablePayoff,
    sites: Sites,
    known: Known,
    play: Play,
    rngs: Sequence[np.random.Generator],
) -> list[Pick]:
    """Choose each point by games on a posterior draw of its own. Arguments as of ``hallucinated``.

    ``value`` of a pick is that of its draw.

    Raises:
        SpaceExhaustedError: All feasible points are known.
    """
    picks: list[Pick] = []
    for rng in rngs:
        drawn = SampledPayoff(payoff, rng)
        try:
            picks += best_new(drawn, sites, play(drawn, rng), known, 1, rng)
        except SpaceExhaustedError:
            if not picks:
                raise
            break
        known.add(picks[-1].x[None])
    return picks


def best_new(
    payoff: Payoff,
    sites: Sites,
    equilibria: Equilibria,
    known: Known,
    q: int,
    rng: np.random.Generator,
) -> list[Pick]:
    """The best ``q`` unknown points among equilibria and their single deviations, at least one.

    Where all of these are known, the best unknown one of some random points is taken, and
    in small spaces of all.

    Raises:
        SpaceExhaustedError: All feasible points are known.
    """
    X, values = _deviations(payoff, sites, equilibria.X, known, q)
    count = int(equilibria.certified.sum())
    if not len(X):
        X, values, count = *_anything(payoff, sites, known, rng), 0
    gains = max_gains(payoff, sites, X, values)
    return [
        Pick(x, float(u), max(float(g), 0.0), count)
        for x, u, g in zip(X, values, gains, strict=True)
    ]


def _deviations(
    payoff: Payoff, sites: Sites, points: Codes, known: Known, q: int
) -> tuple[Codes, Array]:
    """The best ``q`` unknown feasible points that differ in at most one site from some point."""
    best_X, best_U = np.empty((0, sites.length), dtype=np.intp), np.empty(0)
    for i in range(sites.length):
        threshold = best_U[q - 1] if len(best_U) == q else -np.inf
        U = payoff.player(points, i, above=np.full(len(points), threshold))
        game, action = np.nonzero(sites.allowed[i] & (threshold < U))
        X, U = replaced(points[game], i, action), U[game, action]
        _, first = np.unique(sites.keys(X), return_index=True)
        first = first[known.new(X[first])]
        X, U = _first_feasible(sites, X[first], U[first], q)
        X, U = np.concatenate([best_X, X]), np.concatenate([best_U, U])
        _, first = np.unique(sites.keys(X), return_index=True)
        order = first[np.argsort(-U[first], kind="stable")][:q]
        best_X, best_U = X[order], U[order]
    return best_X, best_U


def _first_feasible(sites: Sites, X: Codes, values: Array, q: int) -> tuple[Codes, Array]:
    """The best ``q`` feasible points; masks may be slow, and are asked about the best first."""
    order = np.argsort(-values, kind="stable")
    step = len(order) if sites.unrestricted else 2 * q
    found: list[Codes] = [order[:0]]
    for start in range(0, len(order), max(step, 1)):
        part = order[start : start + step]
        found.append(part[sites.feasible(X[part])])
        if sum(map(len, found)) >= q:
            break
    best = np.concatenate(found)[:q]
    return X[best], values[best]


def _anything(
    payoff: Payoff, sites: Sites, known: Known, rng: np.random.Generator
) -> tuple[Codes, Array]:
    """The best of some unknown feasible points; ``1 x L`` and its payoff."""
    X = sites.random(_DRAWS, rng)
    X = X[known.new(X)]
    if not len(X) and sites.size <= MAX_LISTED:
        X = sites.all()
        X = X[known.new(X)]
    if not len(X):
        raise SpaceExhaustedError(
            f"all feasible points are among the {len(known.keys)} known ones",
            hint="widen the space, or stop here: the best point is the best there is",
        )
    U = payoff.values(X)
    best = [int(U.argmax())]
    return X[best], U[best]
