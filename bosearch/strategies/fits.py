"""When a surrogate is fitted again, as a function of the record alone.

A fit at each observation while there are few, then each time their number has grown by a
tenth: on the first so many observations, those after them absorbed by an update where the
surrogate can. What a process has fitted is kept, so that an ask costs a fit only when one
is due; a process that finds nothing kept fits the same observations and gets the same.
"""

import math
from dataclasses import dataclass, field
from typing import final

from bosearch.acquisition.torch_acquisition import numerics
from bosearch.errors import SurrogateError
from bosearch.surrogates.embedding import Embedding
from bosearch.surrogates.fit import Recipe
from bosearch.surrogates.interface import Capability, Fitted, Surrogate
from bosearch.surrogates.schedule import EACH_UNTIL, GROWTH, Data, train
from bosearch.surrogates.warping import Warp


@final
@dataclass(frozen=True)
class Fit:
    """A fitted surrogate, and the number of observations at its last fit."""

    fitted: Fitted
    fitted_at: int


@final
@dataclass(eq=False)
class Fits:
    """Fits of one process, by name of model."""

    _kept: dict[tuple[str, bool], tuple[tuple[int, int], Fitted]] = field(default_factory=dict)
    _absorb: dict[str, bool] = field(default_factory=dict)
    _scale: tuple[int, Warp | None] | None = None

    def fit(
        self, name: str, recipe: Surrogate, data: Data, embedding: Embedding, *, seed: int
    ) -> Fit:
        """What ``data`` teach.

        Args:
            name: Of the model; it always means one recipe.
            recipe: To be fitted.
            data: ``n`` observations, in the order of their trials.
            embedding: From encoded points to coordinates.
            seed: Of everything random.

        Raises:
            SurrogateError: The surrogate cannot learn from these observations.
            ArithmeticError: The numerics break down.
        """
        n = len(data.y)
        first = last_due(n)
        if first < n and self._absorb.get(name, True):
            fitted = self._once(name, recipe, data.first(first), embedding, seed)
            self._absorb[name] = Capability.UPDATE in fitted.capabilities
            if self._absorb[name]:
                try:
                    return Fit(self._updated(name, fitted, data, seed), first)
                except SurrogateError:  # not of this surrogate's kind: fit instead
                    self._absorb[name] = False
        return Fit(self._once(name, recipe, data, embedding, seed), n)

    def warp(self, data: Data, recipe: Recipe) -> Warp | None:
        """The scale on which a Gaussian process explains the observations of the last fit best.

        Raises:
            ArithmeticError: A covariance cannot be factored.
        """
        begin = data.first(last_due(len(data.y)))
        if self._scale is None or self._scale[0] != begin.checksum():
            self._scale = begin.checksum(), train(begin, recipe, None, warp=True).memory.warp
        return self._scale[1]

    def _once(
        self, name: str, recipe: Surrogate, data: Data, embedding: Embedding, seed: int
    ) -> Fitted:
        kept, fitted = self._kept.get((name, False), (None, None))
        key = (data.checksum(), seed)
        if fitted is None or kept != key:
            with numerics():
                fitted = recipe.fit(data, embedding, seed=seed)
            self._kept[name, False] = key, fitted
        return fitted

    def _updated(self, name: str, fitted: Fitted, data: Data, seed: int) -> Fitted:
        kept, updated = self._kept.get((name, True), (None, None))
        key = (data.checksum(), seed)
        if updated is None or kept != key:
            with numerics():
                updated = fitted.update(data)
            self._kept[name, True] = key, updated
        return updated


def last_due(n: int) -> int:
    """The number of observations at the last fit that ``n`` observations have made due."""
    due = min(n, EACH_UNTIL)
    while (following := math.ceil(GROWTH * due)) <= n and n > EACH_UNTIL:
        due = following
    return due
