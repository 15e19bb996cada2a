"""Batches from a list: pools of candidates, up to a million, looked at one by one but lazily.

A point measured as predicted leaves all means and raises no variance, so that a payoff
once computed stays an upper bound for all later choices. Each choice computes anew only
the candidates at the head of the list, and is the same as if it had computed all.

Source: Minoux (1978), "Accelerated greedy algorithms for maximizing submodular set functions".
"""

import numpy as np

from bosearch.combinatorial.batch import Known, Pick
from bosearch.combinatorial.payoff import Payoff
from bosearch.combinatorial.space import Codes
from bosearch.errors import SpaceExhaustedError

_BLOCK = 256  # candidates computed anew at once


def screened(payoff: Payoff, candidates: Codes, q: int, known: Known) -> list[Pick]:
    """Choose ``q`` of ``N x L`` candidates, each as if those before were measured as predicted.

    Every pick is the best of all unknown candidates, which is its certificate: no player
    has a better one. The chosen points are added to ``known``.

    Raises:
        SpaceExhaustedError: All candidates are known.
    """
    X = candidates[known.new(candidates)]
    if not len(X):
        raise SpaceExhaustedError(
            f"all {len(candidates)} candidates are known", hint="add candidates to the pool"
        )
    upper = payoff.bounds(X)
    picks: list[Pick] = []
    while len(picks) < q and np.isfinite(upper).any():
        exact = np.zeros(len(X), dtype=bool)
        while not exact[best := int(upper.argmax())]:
            stale = np.where(exact, -np.inf, upper)
            block = np.argpartition(-stale, min(_BLOCK, len(X) - 1))[:_BLOCK]
            block = block[np.isfinite(stale[block])]
            upper[block], exact[block] = payoff.values(X[block]), True
        picks.append(Pick(X[best], float(upper[best]), 0.0, 0))
        known.add(X[best : best + 1])
        payoff = payoff.conditioned(X[best])
        upper[best] = -np.inf
    return picks
