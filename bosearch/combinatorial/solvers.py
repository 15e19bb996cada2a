"""Equilibria of a game with one shared payoff, many games at once.

Best response lets the players of all games answer in turn; the payoff never falls
and the games end in pure Nash equilibria. Whatever a solver returns carries its
certificate: the largest gain that any player could still make alone. Only where
that gain is nothing is a point an equilibrium.

Source: Monderer and Shapley (1996), "Potential games" (finite improvement); Bal et
al. (2024), arXiv 2409.18582, algorithm 2, where all players answer but one moves.
"""

from dataclasses import dataclass
from typing import final

import numpy as np

from bosearch.combinatorial.payoff import Array, Payoff
from bosearch.combinatorial.space import Codes, Sites, replaced
from bosearch.errors import InfeasibleSpaceError

TOLERANCE = 1e-9  # gains up to this, in units of the payoff, are rounding
MAX_SWEEPS = 100


@final
@dataclass(frozen=True, eq=False)
class Equilibria:
    """Where games ended: ``E`` different points, highest payoff first.

    Args:
        X: ``E x L`` joint actions, all feasible.
        values: ``E`` payoffs.
        max_gain: ``E`` largest unilateral gains, at least 0: the certificate.
        sweeps: Sweeps over all players until the last game rested.
    """

    X: Codes
    values: Array
    max_gain: Array
    sweeps: int

    @property
    def certified(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Which points are pure Nash equilibria, up to rounding."""
        return np.asarray(self.max_gain <= TOLERANCE)


def best_response(
    payoff: Payoff,
    sites: Sites,
    starts: Codes,
    rng: np.random.Generator,
    *,
    max_sweeps: int = MAX_SWEEPS,
) -> Equilibria:
    """Let players answer in random order, in all games at once, until none gains.

    Games that meet go on as one. A start that is not feasible moves to its best
    feasible deviation first; where it has none, the game is given up.

    Args:
        payoff: What joint actions are worth.
        sites: Which of them are feasible.
        starts: ``S x L`` joint actions.
        rng: Orders the players.
        max_sweeps: Sweeps over all players at most; what has not come to rest by then
            says so in its certificate.

    Raises:
        InfeasibleSpaceError: No start is feasible, and none has a feasible deviation.
    """
    X = starts.copy()
    value = np.where(sites.feasible(X), payoff.values(X), -np.inf)
    gain = np.full(len(X), np.inf)
    active = np.ones(len(X), dtype=bool)
    sweeps = 0
    while active.any() and sweeps < max_sweeps:
        sweeps += 1
        rows = np.flatnonzero(active)
        gain[rows], moved = 0.0, np.zeros(len(X), dtype=bool)
        for i in rng.permutation(sites.length):
            action, best = _answers(payoff, sites, X[rows], int(i), value[rows])
            rise = _rise(best, value[rows])
            gain[rows] = np.maximum(gain[rows], rise)
            up = rise > TOLERANCE
            X[rows[up], i], value[rows[up]] = action[up], best[up]
            moved[rows[up]] = True
        active = moved
        keep = _first_of_each(sites, X)
        X, value, gain, active = X[keep], value[keep], gain[keep], active[keep]
    if active.any():  # the last sweep moved them: their gains are stale
        gain[active] = max_gains(payoff, sites, X[active], value[active])
    return ranked(X, value, gain, sweeps)


def steepest_ascent(
    payoff: Payoff, sites: Sites, starts: Codes, *, max_rounds: int = 10 * MAX_SWEEPS
) -> Equilibria:
    """Move, in each game and round, the one player who gains most.

    The solver of the paper's authors; each round costs as much as a sweep.
    ``sweeps`` of the result counts rounds. Errors as of ``best_response``.
    """
    X = starts.copy()
    value = np.where(sites.feasible(X), payoff.values(X), -np.inf)
    gain = np.full(len(X), np.inf)
    rounds = 0
    while (rows := np.flatnonzero(gain > TOLERANCE)).size and rounds < max_rounds:
        rounds += 1
        all_answers = [
            _best_feasible(sites, X[rows], i, U, value[rows])
            for i, U in enumerate(payoff.players(X[rows]))
        ]
        best = np.stack([answer[1] for answer in all_answers])  # L x rows
        who = best.argmax(axis=0)
        rise = _rise(best[who, np.arange(len(rows))], value[rows])
        gain[rows] = rise
        up = np.flatnonzero(rise > TOLERANCE)
        for k in up:
            X[rows[k], who[k]] = all_answers[who[k]][0][k]
        value[rows[up]] = best[who[up], up]
        keep = _first_of_each(sites, X)
        X, value, gain = X[keep], value[keep], gain[keep]
    return ranked(X, value, max_gains(payoff, sites, X, value) if rows.size else gain, rounds)


def max_gains(payoff: Payoff, sites: Sites, X: Codes, values: Array) -> Array:
    """The largest gain that any player can make alone at each of ``S x L`` points; ``S``."""
    gain = np.zeros(len(X))
    for i in range(sites.length):
        _, best = _answers(payoff, sites, X, i, values)
        gain = np.maximum(gain, _rise(best, values))
    return gain


def ranked(X: Codes, values: Array, max_gain: Array, sweeps: int) -> Equilibria:
    """Different feasible points with their certificates, highest payoff first.

    Raises:
        InfeasibleSpaceError: There is none: all ``values`` are minus infinity.
    """
    order = np.argsort(-values, kind="stable")
    order = order[np.isfinite(values[order])]
    if not len(order):
        raise InfeasibleSpaceError(
            "no game reached a feasible point",
            hint="give feasible starts, or check masks, allow lists and pool",
        )
    return Equilibria(X[order], values[order], max_gain[order], sweeps)


def _answers(payoff: Payoff, sites: Sites, X: Codes, i: int, values: Array) -> tuple[Codes, Array]:
    """Player ``i``'s best feasible action in each game, and its payoff, where that is a gain."""
    return _best_feasible(sites, X, i, payoff.player(X, i, above=values), values)


def _best_feasible(sites: Sites, X: Codes, i: int, U: Array, values: Array) -> tuple[Codes, Array]:
    """The best action among feasible gains; the present one, as it is, where there is none.

    Masks may be slow: each game asks about its best action, and about the next one, two,
    four only as long as none is feasible.
    """
    gains = np.where(sites.allowed[i] & (values[:, None] < U), U, -np.inf)
    best, top = X[:, i].copy(), values.copy()
    order = np.argsort(-gains, axis=1, kind="stable")
    asking, start, step = np.arange(len(X)), 0, 1
    while start < order.shape[1] and len(asking):
        actions = order[asking, start : start + step]
        wanted = gains[asking[:, None], actions] > -np.inf
        game, column = np.nonzero(wanted)
        ok = np.zeros(wanted.shape, dtype=bool)
        ok[game, column] = sites.feasible(replaced(X[asking[game]], i, actions[game, column]))
        found, first = ok.any(axis=1), ok.argmax(axis=1)
        best[asking[found]] = actions[found, first[found]]
        top[asking[found]] = gains[asking[found], best[asking[found]]]
        asking = asking[~found & wanted.all(axis=1)]
        start, step = start + step, 2 * step
    return best, top


def _rise(best: Array, values: Array) -> Array:
    """Gains, infinite where a game becomes feasible and 0 where it does not."""
    return np.subtract(best, values, out=np.zeros(len(values)), where=best > values)


def _first_of_each(sites: Sites, X: Codes) -> Codes:
    _, first = np.unique(sites.keys(X), return_index=True)
    return np.sort(first)
