"""Between the points of a space, the rows that a model sees, and codes on sites.

A row has one entry per factor of the space: the code of a discrete factor, the
coordinate in [0, 1] of a continuous one.
"""

from functools import cached_property
from typing import final

import numpy as np

from bosearch.combinatorial import features
from bosearch.combinatorial.payoff import Array
from bosearch.combinatorial.space import Bools, Codes, Sites
from bosearch.space import Sequence, Space


@final
class Encoding:
    """The discrete factors of a space as sites, with features of their levels.

    Args:
        space: A space of at least one factor.
    """

    def __init__(self, space: Space) -> None:
        self.space = space
        kinds = [factor.size is not None for factor in space.factors]
        self.discrete = np.flatnonzero(kinds)
        self.continuous = np.flatnonzero(~np.array(kinds))

    @cached_property
    def features(self) -> list[Array | None]:
        """Per factor ``size x p``, ``None`` if continuous; letters of amino acids are described."""
        tables: list[Array | None] = []
        for parameter in self.space.parameters.values():
            if isinstance(parameter, Sequence):
                tables += [features.of_letters(parameter.alphabet)] * parameter.length
            else:
                tables += [
                    None if factor.size is None else features.of_factor(factor)
                    for factor in parameter.factors
                ]
        return tables

    @cached_property
    def tables(self) -> list[Array]:
        """The features of the discrete factors."""
        return [table for table in self.features if table is not None]

    @cached_property
    def sites(self) -> Sites:
        """The discrete factors; if there are no others, input constraints are their mask."""
        constrained = self.constrained and not len(self.continuous)
        mask = (lambda X: self.feasible(X.astype(float))) if constrained else None
        return Sites([len(table) for table in self.tables], mask=mask)

    @property
    def constrained(self) -> bool:
        """Whether the space has input constraints."""
        return bool(self.space.constraints or self.space.forbidden)

    def rows(self, X: Array) -> Array:
        """``n x d`` rows of encoded points."""
        rows = X.copy()
        for i in self.discrete:
            rows[:, i] = self.space.factors[i].codes(X[:, i])
        return rows

    def encoded(self, rows: Array) -> Array:
        """Encoded points of ``n x d`` rows; the inverse of ``rows``."""
        X = rows.copy()
        for i in self.discrete:
            X[:, i] = self.space.factors[i].coordinates(rows[:, i].astype(np.int64))
        return X

    def codes(self, rows: Array) -> Codes:
        """The ``n x L`` codes in rows."""
        return rows[:, self.discrete].astype(np.intp)

    def feasible(self, rows: Array) -> Bools:
        """Which of ``n x d`` rows satisfy the input constraints."""
        return np.asarray(self.space.feasible_encoded(self.encoded(rows)), dtype=bool)
