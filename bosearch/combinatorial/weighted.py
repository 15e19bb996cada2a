"""Different points with their payoffs, to be drawn from without replacement.

Drawing ``k`` points one after the other, each with probability proportional to
``exp(payoff / tau)`` among those left, is the same as taking the ``k`` largest of
the payoffs over ``tau`` with independent Gumbel noise.

Source: Yellott (1977), "The relationship between Luce's choice axiom, Thurstone's
theory of comparative judgment, and the double exponential distribution".
"""

import math
from dataclasses import dataclass
from typing import Self, final

import numpy as np

from bosearch.combinatorial.payoff import Array, Payoff
from bosearch.combinatorial.space import Bools, Codes, Keys, Sites, contains, replaced

_MOST = 1 << 14  # points kept
_OPTIONS = 16  # deviations that a point may fall back on where better ones are taken


@final
@dataclass(frozen=True, eq=False)
class Weighted:
    """Different feasible points and their payoffs, sorted by key.

    Args:
        sites: Where the points live.
        X: ``N x L`` codes.
        values: ``N`` payoffs.
    """

    sites: Sites
    X: Codes
    values: Array

    @classmethod
    def of(cls, sites: Sites, X: Codes, values: Array) -> Self:
        """The different points among ``S x L`` codes, the best 16,384 if there are more."""
        _, first = np.unique(sites.keys(X), return_index=True)
        if len(first) > _MOST:
            best = np.argpartition(-values[first], _MOST)[:_MOST]
            first = first[np.sort(best)]
        return cls(sites, X[first], values[first])

    def joined(self, X: Codes, values: Array) -> Self:
        """These points and others."""
        return self.of(
            self.sites, np.concatenate([self.X, X]), np.concatenate([self.values, values])
        )

    def threshold(self, n: int) -> float:
        """The payoff of the ``n``-th best point; minus infinity if there are fewer."""
        if len(self.values) < n:
            return -np.inf
        return float(np.partition(self.values, -n)[-n])

    def without(self, keys: Keys) -> Self:
        """The points whose keys are not among the sorted ``keys``."""
        left = ~contains(keys, self.sites.keys(self.X))
        return type(self)(self.sites, self.X[left], self.values[left])

    def temperature(self, n: int) -> float:
        """The ``tau`` at which about ``n`` of the points matter: ``exp(entropy)`` is ``n``.

        With fewer points than ``2 n`` it is that at which half of them matter, and with
        equal payoffs 1.
        """
        gaps = self.values.max() - self.values
        wanted = math.log(max(min(n, len(gaps) / 2), 1.0))
        low, high = 1e-6, 1e6  # of the spread
        spread = float(gaps.std())
        if spread == 0.0:
            return 1.0
        for _ in range(60):
            tau = math.sqrt(low * high)
            weights = np.exp(-gaps / (tau * spread))
            p = weights / weights.sum()
            entropy = -float((p * np.log(np.maximum(p, 1e-300))).sum())
            low, high = (low, tau) if entropy > wanted else (tau, high)
        return math.sqrt(low * high) * spread

    def draw(self, n: int, rng: np.random.Generator, *, tau: float) -> Self:
        """``n`` points without replacement by ``exp(payoff / tau)``, all if there are fewer."""
        noisy = self.values / tau + rng.gumbel(size=len(self.X))
        chosen = np.argsort(-noisy, kind="stable")[:n]
        return type(self)(self.sites, self.X[chosen], self.values[chosen])

    def polished(self, payoff: Payoff, known: Keys) -> Self:
        """Move each point to its best new deviation of one site, if that is better.

        Points move in order of their payoffs, the highest first; no two end at one
        place, and none at a key among the sorted ``known``.
        """
        order = np.argsort(-self.values, kind="stable")
        X, values = self.X[order], self.values[order]
        gains = np.concatenate(
            [
                np.where(feasible_actions(self.sites, X, i, values[:, None] < U), U, -np.inf)
                for i, U in enumerate(payoff.players(X))
            ],
            axis=1,
        )
        options = np.argsort(-gains, axis=1, kind="stable")[:, :_OPTIONS]  # S x options
        site = np.repeat(np.arange(len(payoff.counts)), payoff.counts)[options]
        level = np.concatenate([np.arange(count) for count in payoff.counts])[options]
        places = np.repeat(X[:, None], options.shape[1], axis=1)  # S x options x L
        np.put_along_axis(places, site[..., None], level[..., None], axis=2)
        keys = self.sites.keys(places.reshape(-1, X.shape[1]))
        payoffs = np.take_along_axis(gains, options, axis=1)
        payoffs[contains(known, keys).reshape(options.shape)] = -np.inf
        own = self.sites.keys(X).tolist()
        taken = set(own)
        for s, row in enumerate(keys.reshape(options.shape).tolist()):
            free = [o for o, key in enumerate(row) if payoffs[s, o] > -np.inf and key not in taken]
            if free:
                taken.remove(own[s])
                taken.add(row[free[0]])
                X[s], values[s] = places[s, free[0]], payoffs[s, free[0]]
        return type(self)(self.sites, X, values)


def feasible_actions(sites: Sites, X: Codes, i: int, wanted: Bools) -> Bools:
    """Which of the ``wanted`` actions of player ``i`` are feasible in ``S`` games; ``S x A``.

    Masks may be slow, so that they are asked about wanted actions only.
    """
    ok = wanted & sites.allowed[i]
    if not sites.unrestricted:
        game, action = np.nonzero(ok)
        ok[game, action] = sites.feasible(replaced(X[game], i, action))
    return ok
