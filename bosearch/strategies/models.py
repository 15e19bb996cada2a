"""What strategy ``bayes`` needs of the models of one ask, whatever they are made of."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np

from bosearch.acquisition.value import Acquisition, Array
from bosearch.strategies.modelling import Modelling
from bosearch.strategies.prediction import Prediction


class Choice(NamedTuple):
    """What a candidate is worth.

    Args:
        acquisition: A score.
        name: Of the acquisition.
        facts: For the provenance.
        enough: A best score below this means that there is nothing left to gain here.
        bolder: What to look for then, anywhere; nothing else if ``None``.
    """

    acquisition: Acquisition
    name: str
    facts: Mapping[str, Any]
    enough: float = -math.inf
    bolder: Acquisition | None = None


class Models(Protocol):
    """Models of the metrics of a study, trained on all results."""

    modelling: Modelling

    def choice(self, rng: np.random.Generator) -> Choice:
        """The acquisition of this ask; what is random in it draws from ``rng``."""
        ...

    @property
    def noisy(self) -> bool:
        """Whether the noise of an objective, told or inferred, matters."""
        ...

    @property
    def slopes(self) -> bool:
        """Whether the acquisition has a gradient to climb by."""
        ...

    def predictions(self, x: Array) -> dict[str, Prediction]:
        """What the models say of a measurement at ``x`` (``d`` coordinates), by metric."""
        ...

    def sides(self) -> Array | None:
        """``d`` relative sides of a trust region, if the models know better than a cube."""
        ...

    @property
    def report(self) -> dict[str, dict[str, Any]]:
        """What provenance says of the models, by name."""
        ...
