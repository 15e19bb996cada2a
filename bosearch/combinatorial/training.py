"""From observations to a fitted process, on the scale and with the kernel that predict best."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Literal, Self, final

import numpy as np

from bosearch.combinatorial.additive import AdditiveProcess, additive_tables, fit_additive
from bosearch.combinatorial.payoff import Array
from bosearch.combinatorial.scales import SCALES, predictive_score
from bosearch.surrogates.fit import Recipe
from bosearch.surrogates.gp import GaussianProcess
from bosearch.surrogates.schedule import Data, Memory, is_due, train
from bosearch.surrogates.warping import standardisation

KernelName = Literal["product", "additive"]


@final
@dataclass(frozen=True, eq=False)
class ScaledMemory:
    """The last fit, its scale and its kernel, as they are kept between asks.

    Args:
        scale: Name of the scale.
        fit: The fit; of an additive kernel with one length scale.
        pairs: The share of pairs in an additive kernel; ``None`` is a product.
    """

    scale: str
    fit: Memory
    pairs: float | None = None

    @property
    def kernel(self) -> KernelName:
        """Name of the kernel."""
        return "product" if self.pairs is None else "additive"

    def to_json(self) -> dict[str, Any]:
        """A JSON object; numbers keep all their digits."""
        return {"scale": self.scale, "fit": self.fit.to_json(), "pairs": self.pairs}

    @classmethod
    def from_json(cls, spec: Mapping[str, Any] | None, recipe: Recipe) -> Self | None:
        """Read ``to_json``; ``None`` if there is nothing to read, or it is of another model."""
        if spec is None or spec["scale"] not in SCALES:
            return None
        pairs = spec.get("pairs")
        fit = Memory.from_json(spec["fit"], recipe if pairs is None else _one_lengthscale(recipe))
        return None if fit is None else cls(spec["scale"], fit, pairs)


@final
@dataclass(frozen=True, eq=False)
class TrainedOnScale:
    """A model, and what this call found and spent.

    Args:
        model: The process given the values on their scale.
        y: ``n`` values on that scale.
        memory: To be passed to the next call.
        gradients: Evaluations of the posterior density; 0 if the last fit still serves.
    """

    model: GaussianProcess | AdditiveProcess
    y: Array
    memory: ScaledMemory
    gradients: int


def train_on_scale(
    data: Data,
    recipe: Recipe,
    memory: ScaledMemory | None,
    *,
    kernels: Sequence[KernelName] = ("product",),
) -> TrainedOnScale:
    """Condition a process on ``data``; where a fit is due, fit all that may be and keep the best.

    Values with told standard errors stay as measured: ranks and logarithms would make
    something else of their noise.

    Args:
        data: Observations at rows.
        recipe: The product kernel; the features in it serve the additive one as well.
        memory: The last fit, if there is one.
        kernels: What may be fitted; ``additive`` only where all factors are sites.

    Raises:
        ArithmeticError: A covariance cannot be factored.
    """
    if memory is not None and memory.kernel not in kernels:
        memory = None
    scales = ["as measured"] if (data.sem > 0.0).any() else list(SCALES)
    options = list(product(kernels, scales))
    if (
        memory is not None
        and memory.scale in scales
        and not is_due(_on(memory.scale, data), memory.fit)
    ):
        options = [(memory.kernel, memory.scale)]
    found: list[tuple[float, TrainedOnScale]] = []
    for kernel, scale in options:
        last = memory if memory is not None and memory.kernel == kernel else None
        trained = _TRAIN[kernel](_on(scale, data), recipe, scale, last)
        scaled = SCALES[scale](data.y)
        score = predictive_score(trained.model, scaled) if len(options) > 1 else 0.0
        found.append((score, trained))
    _, best = max(found, key=lambda entry: entry[0])
    return replace(best, gradients=sum(trained.gradients for _, trained in found))


def _product(data: Data, recipe: Recipe, scale: str, memory: ScaledMemory | None) -> TrainedOnScale:
    trained = train(data, recipe, None if memory is None else memory.fit)
    fit = trained.fit
    spent = 0 if fit is None else fit.gradients + fit.thrifty_gradients
    return TrainedOnScale(trained.model, trained.y, ScaledMemory(scale, trained.memory), spent)


def _additive(
    data: Data, recipe: Recipe, scale: str, memory: ScaledMemory | None
) -> TrainedOnScale:
    X = data.X.astype(np.intp)
    features = [table for table in recipe.embedding.tables if table is not None]
    known_var, spent = data.sem**2, 0
    if memory is None or memory.pairs is None or is_due(data, memory.fit):
        location, spread = standardisation(data.y)
        z = (data.y - location) / spread
        hyper, pairs, spent = fit_additive(X, z, known_var / spread**2, features)
        fit = Memory(len(data.y), data.checksum(), location, spread, hyper)
        memory = ScaledMemory(scale, fit, pairs)
    assert memory.pairs is not None
    hyper = memory.fit.hyper
    process = AdditiveProcess(
        hyper=hyper,
        pairs=memory.pairs,
        tables=additive_tables(features, math.exp(hyper.log_lengthscales[0])),
        X=X,
        z=data.y,
        known_var=known_var,
        location=memory.fit.location,
        spread=memory.fit.spread,
    )
    return TrainedOnScale(process, data.y, memory, spent)


_TRAIN = {"product": _product, "additive": _additive}


def _one_lengthscale(recipe: Recipe) -> Recipe:
    return replace(recipe, embedding=recipe.embedding.shared)


def _on(scale: str, data: Data) -> Data:
    return replace(data, y=SCALES[scale](data.y).z)
