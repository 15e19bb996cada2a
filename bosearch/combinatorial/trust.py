"""A Hamming ball around the best point, within which long sequences are searched.

A model of a few hundred observations knows nothing of most of a space of 20^50 points;
far from the data its upper confidence bound is flat and any point as good as another.
The radius follows from the record alone: it doubles after successes in a row, and
halves after failures in a row.

Source: Wan et al. (2021), "Think global and act local: Bayesian optimisation over
high-dimensional categorical and mixed search spaces", section 4 (Casmopolitan); the rule is that of
Eriksson et al. (2019), TuRBO, appendix. Where they restart, our ball grows back to its first
radius: what was learnt is kept.
"""

from dataclasses import dataclass
from typing import final

import numpy as np

from bosearch.combinatorial.payoff import Array
from bosearch.combinatorial.space import Bools, Codes, Sites

_SUCCESSES = 3  # in a row, after which the radius doubles


@final
@dataclass(frozen=True, eq=False)
class HammingRegion:
    """The points that differ from ``centre`` in at most ``radius`` sites.

    Args:
        centre: ``L`` codes.
        radius: At least 1.
    """

    centre: Codes
    radius: int

    def holds(self, X: Codes) -> Bools:
        """Which of ``S x L`` points lie in the region."""
        return np.asarray((self.centre != X).sum(axis=1) <= self.radius)

    def within(self, sites: Sites) -> Sites:
        """The sites, restricted to the region."""
        return sites.with_mask(self.holds)


LONG = 16  # sites from which on a space is searched within a region


def first_radius(length: int) -> int:
    """Half of the sites."""
    return max(1, length // 2)


def radius_after(y: Array, groups: Array, *, length: int) -> int:
    """The radius after a record of batches.

    Args:
        y: ``n`` values in the order of the record, larger is better.
        groups: ``n`` numbers of the batches they came in, not falling; negative
            before the first model.
        length: Number of sites.
    """
    radius, wins, losses = first_radius(length), 0, 0
    patience = max(4, length // 8)
    started = groups < 0
    best = y[started].max(initial=-np.inf)
    for batch in np.unique(groups[~started]):
        here = y[groups == batch].max()
        won = here > best
        best = max(best, here)
        wins, losses = (wins + 1, 0) if won else (0, losses + 1)
        if wins == _SUCCESSES:
            radius, wins = min(2 * radius, length), 0
        elif losses == patience:
            radius, losses = radius // 2, 0
        if radius < 2:
            radius = first_radius(length)
    return radius
