"""From observations to a fitted process on the scale that predicts best."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self, final

from bosearch.combinatorial.payoff import Array
from bosearch.combinatorial.scales import SCALES, predictive_score
from bosearch.surrogates.fit import Recipe
from bosearch.surrogates.gp import GaussianProcess
from bosearch.surrogates.schedule import Data, Memory, Trained, is_due, train


@final
@dataclass(frozen=True, eq=False)
class ScaledMemory:
    """The last fit and its scale, as they are kept between asks."""

    scale: str
    fit: Memory

    def to_json(self) -> dict[str, Any]:
        """A JSON object; numbers keep all their digits."""
        return {"scale": self.scale, "fit": self.fit.to_json()}

    @classmethod
    def from_json(cls, spec: Mapping[str, Any] | None, recipe: Recipe) -> Self | None:
        """Read ``to_json``; ``None`` if there is nothing to read, or it is of another model."""
        if spec is None or spec["scale"] not in SCALES:
            return None
        fit = Memory.from_json(spec["fit"], recipe)
        return None if fit is None else cls(spec["scale"], fit)


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

    model: GaussianProcess
    y: Array
    memory: ScaledMemory
    gradients: int


def train_on_scale(data: Data, recipe: Recipe, memory: ScaledMemory | None) -> TrainedOnScale:
    """Condition a process on ``data``; where a fit is due, fit on every scale and keep the best.

    Values with told standard errors stay as measured: ranks and logarithms would make
    something else of their noise.

    Raises:
        ArithmeticError: A covariance cannot be factored.
    """
    if (data.sem > 0.0).any():
        names = ["as measured"]
    elif memory is not None and not is_due(_on(memory.scale, data), memory.fit):
        names = [memory.scale]
    else:
        names = list(SCALES)
    found: list[tuple[float, str, Trained]] = []
    for name in names:
        scaled = SCALES[name](data.y)
        last = None if memory is None else memory.fit
        trained = train(replace(data, y=scaled.z), recipe, last)
        score = predictive_score(trained.model, scaled) if len(names) > 1 else 0.0
        found.append((score, name, trained))
    _, name, best = max(found, key=lambda entry: entry[0])
    spent = sum(t.fit.gradients + t.fit.thrifty_gradients for _, _, t in found if t.fit is not None)
    return TrainedOnScale(best.model, best.y, ScaledMemory(name, best.memory), spent)


def _on(scale: str, data: Data) -> Data:
    return replace(data, y=SCALES[scale](data.y).z)
