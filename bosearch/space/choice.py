"""One of a few named values, with or without an order."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, final

import numpy as np

from bosearch.errors import ParameterError, SpaceError
from bosearch.space.factor import Array, Factor
from bosearch.space.numeric import as_number
from bosearch.space.parameter import Column, Parameter, Word
from bosearch.space.suggestion import suggest

Value = str | int | float | bool


@final
@dataclass(frozen=True)
class Choice(Parameter):
    """One of ``values``: strings, numbers or booleans.

    Args:
        values: At least one, all different; ``1``, ``1.0`` and ``True`` count as the same.
        ordered: Whether their order carries meaning; neighbours are then near in the
            eyes of a model.
        descriptors: What is known about each value, as a vector of numbers: a mapping
            from value to vector, or vectors in the order of the values.
    """

    type: ClassVar[str] = "choice"

    values: tuple[Value, ...]
    ordered: bool = False
    descriptors: tuple[tuple[float, ...], ...] | None = None

    def __init__(
        self,
        values: Sequence[Value],
        ordered: bool = False,
        descriptors: Mapping[Any, Sequence[float]] | Sequence[Sequence[float]] | None = None,
    ) -> None:
        if isinstance(values, str | bytes) or not isinstance(values, Sequence | np.ndarray):
            raise SpaceError(
                f"Choice: values must be a list, got {values!r}", hint="Choice(['a', 'b'])"
            )
        if not isinstance(ordered, bool):
            raise SpaceError(f"Choice: ordered must be True or False, got {ordered!r}")
        canonical = tuple(_canonical(value) for value in values)
        if not canonical:
            raise SpaceError("Choice: expected at least one value, got none")
        for i, value in enumerate(canonical):
            if value in canonical[:i]:  # 1 == 1.0 == True
                first = canonical[canonical.index(value)]
                raise SpaceError(
                    f"Choice: {value!r} is given twice"
                    if repr(first) == repr(value)
                    else f"Choice: {first!r} and {value!r} cannot be told apart",
                    hint="write one of them as a string",
                )
        if ordered and descriptors is not None:
            raise SpaceError(
                "Choice: an ordered choice takes no descriptors", hint="leave one of the two out"
            )
        object.__setattr__(self, "values", canonical)
        object.__setattr__(self, "ordered", ordered)
        vectors = None if descriptors is None else _vectors(canonical, descriptors)
        object.__setattr__(self, "descriptors", vectors)

    @cached_property
    def factors(self) -> tuple[Factor, ...]:
        """One coordinate: ordinal if ordered, else a code."""
        if self.ordered:
            return (Factor("ordinal", self.size),)
        features = None
        if self.descriptors is not None:
            table = np.array(self.descriptors)
            spread = np.ptp(table, axis=0)
            table = (table - table.min(axis=0)) / np.where(spread > 0, spread, 1.0)
            features = tuple(map(tuple, table.tolist()))
        return (Factor("categorical", self.size, features),)

    @property
    def size(self) -> int:
        """Number of values."""
        return len(self.values)

    @cached_property
    def word(self) -> Word:
        """What all values are, ``other`` if they are of different kinds."""
        kinds = {_word(value) for value in self.values}
        return kinds.pop() if len(kinds) == 1 else "other"

    @cached_property
    def line(self) -> tuple[float, float] | None:
        """Linear if the values are ordered numbers at equal distances."""
        if not self.ordered or self.word != "number":
            return None
        values = np.array(self.values, dtype=np.float64)
        slope = float(values[-1] - values[0])
        even = values[0] + slope * np.arange(self.size) / max(self.size - 1, 1)
        return (float(values[0]), slope) if np.array_equal(even, values) else None

    @cached_property
    def _codes(self) -> dict[tuple[bool, Value], int]:
        return {(isinstance(value, bool), value): i for i, value in enumerate(self.values)}

    def validate(self, value: Any, *, name: str) -> Value:
        """Return the value as it was defined; ``1.0`` is 1, but ``True`` is not."""
        plain = value.item() if isinstance(value, np.generic) else value
        try:
            return self.values[self._codes[isinstance(plain, bool), plain]]
        except (KeyError, TypeError):  # TypeError: unhashable
            raise ParameterError(
                f"parameter {name!r}: {plain!r} is not one of its {self.size} values",
                hint=suggest(str(plain), map(str, self.values))
                if isinstance(plain, str)
                else f"values: {', '.join(map(repr, self.values[:20]))}",
            ) from None

    def encode(self, values: Sequence[Any]) -> Array:
        """The coordinates of ``n`` values."""
        codes = [self._codes[isinstance(value, bool), value] for value in values]
        return self.factors[0].coordinates(np.array(codes, dtype=np.int64))[:, None]

    def decode(self, X: Array) -> list[Value]:
        """The values nearest to ``n x 1`` coordinates."""
        return [self.values[code] for code in self.factors[0].codes(X[:, 0]).tolist()]

    def column(self, values: Sequence[Any]) -> Column:
        """An array of floats, strings or booleans, of objects if the values are mixed."""
        kind = {"number": np.float64, "text": np.str_, "truth": np.bool_, "other": object}
        return np.array(values, dtype=kind[self.word])


def _canonical(value: Any) -> Value:
    plain = value.item() if isinstance(value, np.generic) else value
    if not isinstance(plain, str | bool | int | float):
        raise SpaceError(
            f"Choice: expected a string, a number or a boolean, got {value!r}",
            hint="give richer objects a name here, and look them up where you measure",
        )
    if isinstance(plain, float) and not math.isfinite(plain):
        raise SpaceError(f"Choice: numbers must be finite, got {plain!r}")
    return plain


def _word(value: Value) -> Word:
    if isinstance(value, bool):
        return "truth"
    return "text" if isinstance(value, str) else "number"


def _vectors(
    values: tuple[Value, ...],
    descriptors: Mapping[Any, Sequence[float]] | Sequence[Sequence[float]],
) -> tuple[tuple[float, ...], ...]:
    if isinstance(descriptors, Mapping):
        for key in descriptors:
            if key not in values:
                raise SpaceError(
                    f"Choice: descriptors for {key!r}, which is not a value",
                    hint=suggest(str(key), map(str, values)),
                )
        missing = [value for value in values if value not in descriptors]
        if missing:
            raise SpaceError(f"Choice: {missing[0]!r} has no descriptor")
        descriptors = [descriptors[value] for value in values]
    if len(descriptors) != len(values):
        raise SpaceError(
            f"Choice: expected one descriptor per value, {len(values)}, got {len(descriptors)}"
        )
    table = []
    for value, vector in zip(values, descriptors, strict=True):
        listed = isinstance(vector, list | tuple | np.ndarray)
        numbers = [as_number(number) for number in vector] if listed else []
        if not numbers or any(number is None or not math.isfinite(number) for number in numbers):
            raise SpaceError(
                f"Choice: the descriptor of {value!r} must be a list of finite numbers,"
                f" got {vector!r}"
            )
        table.append(tuple(float(number) for number in numbers if number is not None))
        if len(table[-1]) != len(table[0]):
            raise SpaceError(
                f"Choice: descriptors must have one length, got {len(table[0])} for"
                f" {values[0]!r} and {len(table[-1])} for {value!r}"
            )
    return tuple(table)
