"""Hedge: players that learn from the payoffs of all their actions.

Every player holds weights over its actions, and multiplies them by the exponential of
what each action would have earned against what the others played. On average over rounds no
player regrets much: a coarse correlated equilibrium, which a single joint action drawn on
the way need not be. Weights are kept as logarithms: raw ones overflow.

Source: Freund and Schapire (1997), "A decision-theoretic generalization of on-line
learning", section 2; Bal et al. (2024), arXiv 2409.18582, algorithm 3.
"""

from dataclasses import dataclass
from typing import final

import numpy as np

from bosearch.combinatorial.payoff import Array, Payoff
from bosearch.combinatorial.solvers import Equilibria, max_gains, ranked
from bosearch.combinatorial.space import Codes, Sites
from bosearch.errors import ConfigError

_LAST = 10  # rounds whose joint actions are kept


@final
@dataclass(frozen=True, eq=False)
class HedgeRun:
    """Where ``S`` games ended, and what their players regret.

    Args:
        ends: The feasible joint actions of the last rounds, with their certificates.
        regret: ``S x L``: what the best constant action would have earned more per round, in
            units of the range of payoffs seen.
        log_weights: Per player ``S x counts[i]``, the largest 0.
    """

    ends: Equilibria
    regret: Array
    log_weights: list[Array]


def hedge(
    payoff: Payoff, sites: Sites, games: int, rng: np.random.Generator, *, rounds: int
) -> HedgeRun:
    """Play ``games`` at once for a known number of rounds, from uniform weights.

    The rate of player ``i`` is ``sqrt(8 ln(counts[i]) / rounds)`` in units of the range of
    payoffs, the one of the regret bound ``sqrt(ln(counts[i]) / (2 rounds))``. Infeasible
    actions earn the least payoff seen.

    Raises:
        ConfigError: There is no round or no game.
        InfeasibleSpaceError: No joint action of the last rounds was feasible.
    """
    if rounds < 1 or games < 1:
        raise ConfigError(f"hedge needs rounds and games, got {rounds} and {games}")
    log_weights = [np.where(levels, 0.0, -np.inf) for levels in sites.allowed]
    log_weights = [np.tile(row, (games, 1)) for row in log_weights]
    earned = [np.zeros((games, count)) for count in sites.counts]
    got = np.zeros((games, sites.length))
    low, high = np.inf, -np.inf
    last: list[Codes] = []
    for number in range(rounds):
        X = np.stack([_drawn(w, rng) for w in log_weights], axis=1)
        U = payoff.players(X)
        low = min(low, min(float(u.min()) for u in U))
        high = max(high, max(float(u.max()) for u in U))
        for i, u in enumerate(U):
            share = (u - low) / max(high - low, 1e-300)  # games x counts[i], in [0, 1]
            if not sites.unrestricted:
                share = np.where(sites.alternatives(X, i), share, 0.0)
            earned[i] += share
            got[:, i] += share[np.arange(games), X[:, i]]
            rate = np.sqrt(8.0 * np.log(max(sites.counts[i], 2)) / rounds)
            log_weights[i] = log_weights[i] + rate * share
            log_weights[i] -= log_weights[i].max(axis=1, keepdims=True)
        if number >= rounds - _LAST:
            last.append(X)
    regret = np.stack([e.max(axis=1) for e in earned], axis=1) - got
    return HedgeRun(_ends(payoff, sites, np.concatenate(last)), regret / rounds, log_weights)


def _drawn(log_weights: Array, rng: np.random.Generator) -> Codes:
    noisy = log_weights + rng.gumbel(size=log_weights.shape)
    return np.asarray(noisy.argmax(axis=1))


def _ends(payoff: Payoff, sites: Sites, X: Codes) -> Equilibria:
    _, first = np.unique(sites.keys(X), return_index=True)
    X = X[first]
    values = np.where(sites.feasible(X), payoff.values(X), -np.inf)
    return ranked(X, values, max_gains(payoff, sites, X, values), _LAST)
