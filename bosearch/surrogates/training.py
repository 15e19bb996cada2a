"""Observations as the torch surrogates see them: checked, embedded, standardised."""

from dataclasses import dataclass
from typing import Self, final

import numpy as np
import torch
from torch import Tensor

from bosearch.errors import SurrogateError
from bosearch.surrogates.coordinates import Coordinates
from bosearch.surrogates.embedding import Embedding
from bosearch.surrogates.schedule import Data
from bosearch.surrogates.warping import standardisation


@final
@dataclass(frozen=True, eq=False)
class TrainingSet:
    """Standardised observations of one output, float64.

    Args:
        coordinates: From encoded points to ``p`` coordinates.
        Z: ``n x p`` coordinates, in [0, 1] for numbers.
        y: ``n`` values, standardised.
        known_var: ``n`` variances of the noise, standardised; NaN where they must be inferred.
        location: What standardising subtracts.
        spread: What it divides by.
    """

    coordinates: Coordinates
    Z: Tensor
    y: Tensor
    known_var: Tensor
    location: float
    spread: float

    @classmethod
    def of(cls, data: Data, embedding: Embedding) -> Self:
        """Check, embed and standardise.

        Raises:
            SurrogateError: There are no observations, or some are not finite.
        """
        check(data)
        location, spread = standardisation(data.y)
        return cls.scaled(data, Coordinates(embedding), location, spread)

    @classmethod
    def scaled(cls, data: Data, coordinates: Coordinates, location: float, spread: float) -> Self:
        """Embed and standardise by known numbers."""
        y = torch.from_numpy((data.y - location) / spread)
        known_var = torch.from_numpy((data.sem / spread) ** 2)
        Z = coordinates(torch.tensor(data.X, dtype=torch.float64))
        return cls(coordinates, Z, y, known_var, location, spread)

    def extended(self, data: Data) -> Self:
        """All of ``data``, in the units of these observations, with which they begin.

        Raises:
            SurrogateError: They begin otherwise, or some are not finite.
        """
        check(data)
        longer = self.scaled(data, self.coordinates, self.location, self.spread)
        n = len(self.y)
        if len(longer.y) < n or not (
            torch.equal(longer.Z[:n], self.Z) and torch.equal(longer.y[:n], self.y)
        ):
            raise SurrogateError(
                f"an update needs the {n} observations that were fitted, then new ones;"
                f" got {len(longer.y)} that begin otherwise",
                hint="fit again",
            )
        return longer


def check(data: Data) -> None:
    """Refuse data that no model can learn from.

    Raises:
        SurrogateError: There are no observations, or some are not finite.
    """
    if not len(data.y):
        raise SurrogateError("a surrogate needs at least one observation, got none")
    for name, values in (("X", data.X), ("y", data.y)):
        bad = np.unique(np.argwhere(~np.isfinite(values))[:, 0])
        if len(bad):
            raise SurrogateError(
                f"observation {bad[0]} has a value of {name} that is not finite"
                f" ({len(bad)} of {len(data.y)} do)",
                hint="tell a failed evaluation as failed: it is learnt from otherwise",
            )
    if (data.sem < 0.0).any() or np.isinf(data.sem).any():
        raise SurrogateError("standard errors must be finite and at least 0, or NaN if unknown")
