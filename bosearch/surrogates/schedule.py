"""When hyperparameters are fitted again, and from where.

Fitting dominates the cost of an ask, and a 51st observation hardly moves what
50 have settled. So: a fit at each observation while there are few, then each
time their number has grown by a tenth, starting from the last fit. Between
fits only the Cholesky factor is new. What a fit found is a JSON object, kept
by the caller; without it the next fit is a cold one.
"""

import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self, final

import numpy as np

from bosearch.surrogates.fit import Fit, Recipe, default_start, fit, random_start
from bosearch.surrogates.gp import GaussianProcess
from bosearch.surrogates.kernel import Array
from bosearch.surrogates.likelihood import Hyperparameters, Observations
from bosearch.surrogates.warping import Warp, standardisation

EACH_UNTIL = 30  # observations up to which every new one refits
GROWTH = 1.1  # from there on, the growth that refits
_SEVERAL_STARTS_UNTIL = 60  # observations up to which random starts are tried at each fit
_COLD_TOO_UNTIL = 200  # ... up to which the default start is tried beside the last fit


@final
@dataclass(frozen=True, eq=False)
class Data:
    """Observations of one output.

    Args:
        X: ``n x d`` encoded points.
        y: ``n`` values, in the units of the metric.
        sem: ``n`` standard errors, same units; NaN where unknown, 0 where exact.
    """

    X: Array
    y: Array
    sem: Array

    def warped(self, warp: Warp) -> Self:
        """The same observations on the scale of ``warp``."""
        return type(self)(self.X, warp(self.y), self.sem * warp.slope(self.y))

    def first(self, n: int) -> Self:
        """The first ``n`` of the observations."""
        return type(self)(self.X[:n], self.y[:n], self.sem[:n])

    def checksum(self) -> int:
        """A number that changes with the data."""
        return zlib.crc32(self.X.tobytes() + self.y.tobytes() + self.sem.tobytes())


@final
@dataclass(frozen=True, eq=False)
class Memory:
    """The last fit, as it is kept between asks."""

    count: int
    checksum: int
    location: float
    spread: float
    hyper: Hyperparameters

    @property
    def warp(self) -> Warp | None:
        """The scale of the model; ``None`` if it is the metric's own."""
        power = self.hyper.power
        return None if power is None else Warp(self.location, self.spread, power)

    def to_json(self) -> dict[str, Any]:
        """A JSON object; numbers keep all their digits."""
        return {
            "count": self.count,
            "checksum": self.checksum,
            "location": self.location,
            "spread": self.spread,
            "hyper": [float(v) for v in replace(self.hyper, power=None).vector()],
            "power": self.hyper.power,
        }

    @classmethod
    def from_json(cls, spec: Mapping[str, Any] | None, recipe: Recipe) -> Self | None:
        """Read ``to_json``; ``None`` if there is nothing to read, or it is of another model."""
        count = recipe.embedding.count
        if spec is None or len(spec["hyper"]) != count + 3:
            return None
        hyper = Hyperparameters.from_vector(np.array(spec["hyper"], dtype=float), count)
        hyper = replace(hyper, power=spec.get("power"))  # older caches have none
        return cls(spec["count"], spec["checksum"], spec["location"], spec["spread"], hyper)


@final
@dataclass(frozen=True, eq=False)
class Trained:
    """A model, what to remember of its fit, and what this call spent.

    Args:
        model: The Gaussian process given the data.
        y: ``n`` observed values in the model's units: warped, if warping was wanted.
        memory: To be passed to the next call.
        fit: The fit that this call made; ``None`` if the last one still serves.
    """

    model: GaussianProcess
    y: Array
    memory: Memory
    fit: Fit | None


def train(data: Data, recipe: Recipe, memory: Memory | None, *, warp: bool = False) -> Trained:
    """Condition a Gaussian process on ``data``, with a new fit if one is due.

    Args:
        data: The observations.
        recipe: What is fitted.
        memory: The last fit, if there is one.
        warp: Whether the model may see the values through a power transform.

    Raises:
        ArithmeticError: A covariance cannot be factored.
    """
    found = None
    if memory is None or (memory.warp is not None) != warp or is_due(data, memory):
        location, spread = standardisation(data.y)
        observations = standardised(data, recipe, location, spread)
        found = fit(observations, recipe, _starts(len(data.y), recipe, memory, warp=warp))
        memory = Memory(len(data.y), data.checksum(), location, spread, found.hyper)
    if memory.warp is None:
        seen, location, spread = data, memory.location, memory.spread
    else:
        seen, location, spread = data.warped(memory.warp), 0.0, 1.0
    observations = standardised(seen, recipe, location, spread)
    model = GaussianProcess.condition(
        recipe, memory.hyper, observations, location=location, spread=spread
    )
    return Trained(model, seen.y, memory, found)


def is_due(data: Data, memory: Memory) -> bool:
    """Whether the data have changed enough since the last fit."""
    n = len(data.y)
    if n == memory.count:
        return data.checksum() != memory.checksum
    return n < memory.count or n <= EACH_UNTIL or n >= math.ceil(GROWTH * memory.count)


def standardised(data: Data, recipe: Recipe, location: float, spread: float) -> Observations:
    """The data in the units of the fit."""
    return Observations(
        recipe.embedding(data.X), (data.y - location) / spread, (data.sem / spread) ** 2
    )


def _starts(n: int, recipe: Recipe, memory: Memory | None, *, warp: bool) -> list[Hyperparameters]:
    cold = default_start(recipe, warp=warp)
    starts = []
    if memory is not None:
        same = (memory.warp is not None) == warp
        starts.append(memory.hyper if same else replace(memory.hyper, power=cold.power))
    if memory is None or n <= _COLD_TOO_UNTIL:
        starts.append(cold)
    if n <= _SEVERAL_STARTS_UNTIL:
        starts.append(random_start(recipe, np.random.default_rng(n), warp=warp))
    return starts
