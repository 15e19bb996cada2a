"""Which level may come next where points are built site by site, from the left.

Allow lists and pools are exact: every prefix that they admit has a feasible
completion. A mask judges whole points only, so that a prefix may turn out to be a
dead end.
"""

from functools import cached_property
from typing import final

import numpy as np
from numpy.typing import NDArray

from bosearch.combinatorial.space import Bools, Codes, Sites

_Numbers = NDArray[np.int64]


@final
class Prefixes:
    """The prefixes of the feasible points of some sites, but for their mask."""

    def __init__(self, sites: Sites) -> None:
        self.sites = sites
        self.width = max(sites.counts)  # levels of a row, unused ones never allowed

    @cached_property
    def lists(self) -> Bools:
        """``L x width`` allow lists."""
        table = np.zeros((self.sites.length, self.width), dtype=bool)
        for row, levels in zip(table, self.sites.allowed, strict=True):
            row[: len(levels)] = levels
        return table

    def allowed(self, X: Codes, i: int) -> Bools:
        """Which levels may stand at site ``i`` after the first ``i`` codes of ``X``; ``S x width``.

        Args:
            X: ``S x i`` codes or more, of which further ones do not matter.
            i: The site.
        """
        if self.sites.pool is None:
            return np.broadcast_to(self.lists[i], (len(X), self.width))
        number = np.zeros(len(X), dtype=np.int64)
        for j in range(i):
            number = np.searchsorted(self._children[j], number * self.width + X[:, j])
        edges = number[:, None] * self.width + np.arange(self.width)
        children = self._children[i]
        places = np.minimum(np.searchsorted(children, edges), len(children) - 1)
        return np.asarray(children[places] == edges)

    @cached_property
    def _children(self) -> list[_Numbers]:
        """For each site, sorted edges of the trie of the pool: parent times width plus level.

        The place of an edge is the number of the node that it leads to.
        """
        assert self.sites.pool is not None
        number = np.zeros(len(self.sites.pool), dtype=np.int64)
        edges = []
        for column in self.sites.pool.T:
            level, number = np.unique(number * self.width + column, return_inverse=True)
            edges.append(level)
        return edges
