"""Players that hold several sites: a way out where no single site gains, but two together do.

A group's actions are the joint levels of its sites, numbered with the last site fastest.
Under a site-product kernel a group's table is the Kronecker product of its sites'
tables, so that grouped games are played by the same engine.
"""

from collections.abc import Sequence
from functools import cached_property, reduce
from math import prod
from typing import final

import numpy as np

from bosearch.combinatorial.payoff import Array
from bosearch.combinatorial.solvers import Equilibria, best_response, ranked
from bosearch.combinatorial.space import Codes, Sites
from bosearch.combinatorial.table_payoff import TablePayoff
from bosearch.errors import SpaceError

MOST_ACTIONS = 2_000  # of one group: tables are square


@final
class Grouping:
    """A partition of sites into groups.

    Args:
        sites: The sites.
        groups: Every site in exactly one group.

    Raises:
        SpaceError: The groups are no partition, or one has more than ``MOST_ACTIONS`` actions.
    """

    def __init__(self, sites: Sites, groups: Sequence[Sequence[int]]) -> None:
        if sorted(i for group in groups for i in group) != list(range(sites.length)):
            raise SpaceError(
                f"expected every one of {sites.length} sites in exactly one group, got {groups}"
            )
        self.ungrouped = sites
        self.groups = tuple(tuple(group) for group in groups)
        self._shapes = [tuple(sites.counts[i] for i in group) for group in self.groups]
        largest = max(prod(shape) for shape in self._shapes)
        if largest > MOST_ACTIONS:
            raise SpaceError(
                f"a group may have {MOST_ACTIONS} actions, got {largest}",
                hint="use smaller groups: two sites of twenty levels make 400 actions",
            )

    @cached_property
    def sites(self) -> Sites:
        """One site per group."""
        allowed = [
            reduce(np.logical_and.outer, [self.ungrouped.allowed[i] for i in group]).ravel()
            for group in self.groups
        ]
        restricted = not self.ungrouped.unrestricted
        mask = (lambda G: self.ungrouped.feasible(self.split(G))) if restricted else None
        return Sites([prod(shape) for shape in self._shapes], allowed=allowed, mask=mask)

    def join(self, X: Codes) -> Codes:
        """Joint actions of the groups, ``S x groups``, from ``S x L`` codes."""
        columns = [
            np.ravel_multi_index(tuple(X[:, i] for i in group), shape)
            for group, shape in zip(self.groups, self._shapes, strict=True)
        ]
        return np.stack(columns, axis=1).astype(np.intp)

    def split(self, G: Codes) -> Codes:
        """The inverse of ``join``."""
        X = np.empty((len(G), self.ungrouped.length), dtype=np.intp)
        for g, (group, shape) in enumerate(zip(self.groups, self._shapes, strict=True)):
            X[:, list(group)] = np.stack(np.unravel_index(G[:, g], shape), axis=1)
        return X

    def payoff(self, payoff: TablePayoff) -> TablePayoff:
        """The same payoff for the groups as players; its counters start at zero."""
        return payoff.on(
            [_kronecker([payoff.tables[i] for i in group]) for group in self.groups],
            self.join(payoff.X),
        )


def _kronecker(tables: Sequence[Array]) -> Array:
    product = tables[0]
    for table in tables[1:]:
        product = np.asarray(np.kron(product, table), dtype=np.float64)
    return product


def pairs(sites: Sites, rng: np.random.Generator) -> list[list[int]]:
    """A random matching of the sites whose joint actions are few enough; the rest alone."""
    order = rng.permutation(sites.length).tolist()
    groups: list[list[int]] = []
    while order:
        i = order.pop()
        mates = [j for j in order if sites.counts[i] * sites.counts[j] <= MOST_ACTIONS]
        if mates:
            order.remove(mates[0])
        groups.append([i, *mates[:1]])
    return groups


def escape(
    payoff: TablePayoff,
    sites: Sites,
    equilibria: Equilibria,
    rng: np.random.Generator,
    *,
    best: int,
) -> Equilibria:
    """Let random pairs of sites answer as one from the ``best`` equilibria, then single sites.

    Returns all equilibria, the given ones and those reached, each with its certificate for
    single sites.
    """
    grouping = Grouping(sites, pairs(sites, rng))
    joint = best_response(
        grouping.payoff(payoff),
        grouping.sites,
        grouping.join(equilibria.X[:best]),
        rng,
        max_sweeps=1,
    )
    there = best_response(payoff, sites, grouping.split(joint.X), rng)
    X = np.concatenate([equilibria.X, there.X])
    _, first = np.unique(sites.keys(X), return_index=True)
    values = np.concatenate([equilibria.values, there.values])[first]
    gains = np.concatenate([equilibria.max_gain, there.max_gain])[first]
    return ranked(X[first], values, gains, equilibria.sweeps + there.sweeps + 1)
