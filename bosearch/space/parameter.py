"""The one abstract class behind every kind of parameter.

A parameter knows its values: it validates and serialises them. Kinds with a
fixed number of coordinates also describe them as *factors* and encode values to
numbers, many at a time. A kind without such an encoding (a construction built
move by move) has no factors, and strategies that need coordinates refuse it by
name.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, fields
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from bosearch.errors import SpaceError
from bosearch.space.factor import Array as Array
from bosearch.space.factor import Factor as Factor
from bosearch.space.suggestion import suggest

Column = NDArray[Any]  # n values of one parameter
Word = Literal["number", "text", "truth", "other"]


class Parameter(ABC):
    """What may vary in one named place of a space: a frozen, hashable dataclass.

    The fields that it is built from are the keys of its table in a study file.
    """

    type: ClassVar[str]  # as in a study file

    @property
    @abstractmethod
    def factors(self) -> tuple[Factor, ...]:
        """The coordinates of an encoded value; empty if there is no such encoding."""

    @property
    @abstractmethod
    def size(self) -> int | None:
        """Number of different values; ``None`` if infinite or unknown."""

    @property
    @abstractmethod
    def word(self) -> Word:
        """How text constraints may use a value."""

    @property
    def line(self) -> tuple[float, float] | None:
        """``(offset, slope)`` if values are ``offset + slope * coordinate``; else ``None``."""
        return None

    @property
    def callables(self) -> tuple[Callable[..., Any], ...]:
        """Python functions that the parameter needs and that its spec only names."""
        return ()

    def with_callables(self, functions: Mapping[str, Callable[..., Any]]) -> "Parameter":
        """The parameter with those of its functions that ``functions`` has by their names."""
        return self

    @abstractmethod
    def validate(self, value: Any, *, name: str) -> Any:
        """Return ``value`` in its canonical JSON form (``1`` -> ``1.0``, NumPy scalars unboxed).

        Raises:
            ParameterError: The value is outside the parameter; the message has
                ``name``, the value and the bound that it breaks.
        """

    @abstractmethod
    def encode(self, values: Sequence[Any]) -> Array:
        """Map ``n`` validated values to ``n x len(factors)`` coordinates."""

    @abstractmethod
    def decode(self, X: Array) -> list[Any]:
        """Map ``n x len(factors)`` coordinates to the nearest values; inverse of ``encode``."""

    @abstractmethod
    def column(self, values: Sequence[Any]) -> Column:
        """Validated values as an array, for text constraints."""

    def sample(self, n: int, rng: np.random.Generator) -> list[Any]:
        """Draw ``n`` values uniformly (on the parameter's own scale)."""
        return self.from_unit(rng.random((n, len(self.factors))))

    def from_unit(self, U: Array) -> list[Any]:
        """Map ``n x len(factors)`` numbers in [0, 1) to values; uniform goes to uniform."""
        columns = [factor.from_unit(U[:, i]) for i, factor in enumerate(self.factors)]
        return self.decode(np.stack(columns, axis=1))

    def to_spec(self) -> dict[str, Any]:
        """The parameter as a JSON object with its ``type``, as in a study file."""
        spec: dict[str, Any] = {"type": self.type}
        for key, field in self._keys().items():
            value = getattr(self, key)
            if value != field.default:
                spec[key] = _json(value)
        return spec

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any], *, name: str) -> Self:
        """Rebuild a parameter from the table of a study file (without ``type``).

        Raises:
            SpaceError: A key is unknown or missing, or a value is wrong.
        """
        known = cls._keys()
        for key in spec:
            if key not in known:
                raise SpaceError(
                    f"parameter {name!r}: unknown key {key!r} for type {cls.type!r}",
                    hint=suggest(key, known),
                )
        for key, field in known.items():
            if field.default is MISSING and key not in spec:
                raise SpaceError(
                    f"parameter {name!r}: type {cls.type!r} needs the key {key!r}",
                    hint=f"keys: {', '.join(known)}",
                )
        try:
            return cls(**spec)
        except SpaceError as error:
            raise SpaceError(f"parameter {name!r}: {error.message}", hint=error.hint) from None

    @classmethod
    def _keys(cls) -> dict[str, Field[Any]]:
        every = fields(cls)  # type: ignore[arg-type]  # every kind is a dataclass
        return {field.name: field for field in every if field.init}


def _json(value: Any) -> Any:
    return [_json(v) for v in value] if isinstance(value, tuple) else value
