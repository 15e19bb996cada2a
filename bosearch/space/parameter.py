"""The one abstract class behind every kind of parameter.

A parameter knows its values: it validates, samples, and serialises them. Kinds
with a fixed number of coordinates also describe them as *factors* and encode
values to numbers. A kind without such an encoding (a construction built move
by move) has no factors, and strategies that need coordinates refuse it by name.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Factor:
    """One coordinate of an encoded point.

    Args:
        kind: ``continuous`` and ``ordinal`` coordinates lie in [0, 1] (ordinal ones
            on ``size`` equally spaced values, 0 and 1 included); a ``categorical``
            coordinate is a code 0 .. size - 1 without order.
        size: Number of values; ``None`` if continuous.
        features: For a categorical factor with descriptors, one tuple of numbers per
            code, all of one length, each column scaled to [0, 1]; else ``None``.
    """

    kind: Literal["continuous", "ordinal", "categorical"]
    size: int | None = None
    features: tuple[tuple[float, ...], ...] | None = None


class Parameter(ABC):
    """What may vary in one named place of a space. Immutable and hashable."""

    @property
    @abstractmethod
    def factors(self) -> tuple[Factor, ...]:
        """The coordinates of an encoded value; empty if there is no such encoding."""

    @property
    @abstractmethod
    def size(self) -> int | None:
        """Number of different values; ``None`` if infinite or unknown."""

    @abstractmethod
    def validate(self, value: Any, *, name: str) -> Any:
        """Return ``value`` in its canonical JSON form (``1`` -> ``1.0``, NumPy scalars unboxed).

        Raises:
            ParameterError: The value is outside the parameter; the message has
                ``name``, the value and the bound that it breaks.
        """

    @abstractmethod
    def sample(self, rng: np.random.Generator) -> Any:
        """Draw one value uniformly (on the parameter's own scale)."""

    @abstractmethod
    def encode(self, value: Any) -> Array:
        """Map a validated value to ``len(factors)`` coordinates."""

    @abstractmethod
    def decode(self, x: Array) -> Any:
        """Map ``len(factors)`` coordinates to the nearest value; inverse of ``encode``."""

    @abstractmethod
    def from_unit(self, u: Array) -> Any:
        """Map ``len(factors)`` numbers in [0, 1) to a value; uniform goes to uniform."""

    @abstractmethod
    def to_spec(self) -> dict[str, Any]:
        """The parameter as a JSON object with its ``type``, as in a study file."""

    @classmethod
    @abstractmethod
    def from_spec(cls, spec: Mapping[str, Any], *, name: str) -> "Parameter":
        """Rebuild a parameter from the table of a study file (without ``type``).

        Raises:
            SpaceError: A key is unknown or missing, or a value is wrong.
        """
