"""Numbers between two bounds, on a linear or a logarithmic scale."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, final

import numpy as np

from bosearch.errors import ParameterError, SpaceError
from bosearch.space.factor import Array, Factor
from bosearch.space.parameter import Column, Parameter, Word

# Beyond these, neighbouring integers share a coordinate in double precision.
MAX_INTEGERS = 2**50
MAX_LOG_INTEGER = 2**40


@final
@dataclass(frozen=True)
class Real(Parameter):
    """A number in ``[low, high]``, uniform on its scale: ``log`` spreads it over the decades."""

    type: ClassVar[str] = "real"

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        low, high = (_bound("Real", key, getattr(self, key)) for key in ("low", "high"))
        object.__setattr__(self, "low", float(low) + 0.0)
        object.__setattr__(self, "high", float(high) + 0.0)
        _check_scale("Real", self.low, self.high, self.log)
        if not math.isfinite(self.high - self.low):
            raise SpaceError(
                f"Real: high - low overflows for low={self.low!r}, high={self.high!r}",
                hint="use a logarithmic scale, or other units",
            )

    @cached_property
    def factors(self) -> tuple[Factor, ...]:
        """One continuous coordinate."""
        return (Factor("continuous"),)

    @property
    def size(self) -> None:
        """Infinite."""

    @property
    def word(self) -> Word:
        """A number."""
        return "number"

    @property
    def line(self) -> tuple[float, float] | None:
        """Linear unless the scale is logarithmic."""
        return None if self.log else (self.low, self.high - self.low)

    def validate(self, value: Any, *, name: str) -> float:
        """Return a float within the bounds."""
        number = as_number(value)
        if number is None:
            raise ParameterError(f"parameter {name!r}: expected a number, got {value!r}")
        if not self.low <= number <= self.high:  # NaN fails both
            raise _outside(name, value, self.low, self.high)
        return float(number) + 0.0  # no negative zero

    def encode(self, values: Sequence[Any]) -> Array:
        """Place ``n`` values between the bounds, on the parameter's scale."""
        x = np.asarray(values, dtype=np.float64)
        if self.log:
            x = (np.log(x) - math.log(self.low)) / (math.log(self.high) - math.log(self.low))
        else:
            x = (x - self.low) / (self.high - self.low)
        return np.clip(x, 0.0, 1.0)[:, None]

    def decode(self, X: Array) -> list[float]:
        """Values at ``n x 1`` coordinates; the bounds are met exactly."""
        x = np.clip(X[:, 0], 0.0, 1.0)
        if self.log:
            low, high = math.log(self.low), math.log(self.high)
            values = np.exp(low + x * (high - low))
        else:
            values = self.low + x * (self.high - self.low)
        values = np.where(x == 0.0, self.low, np.where(x == 1.0, self.high, values))
        decoded: list[float] = np.clip(values, self.low, self.high).tolist()
        return decoded

    def column(self, values: Sequence[Any]) -> Column:
        """``n`` floats."""
        return np.asarray(values, dtype=np.float64)


@final
@dataclass(frozen=True)
class Integer(Parameter):
    """An integer in ``low .. high``, both included, on a linear or a logarithmic scale."""

    type: ClassVar[str] = "integer"

    low: int
    high: int
    log: bool = False

    def __post_init__(self) -> None:
        for key in ("low", "high"):
            bound = _bound("Integer", key, getattr(self, key))
            if bound != int(bound):
                raise SpaceError(f"Integer: {key} must be an integer, got {bound!r}")
            object.__setattr__(self, key, int(bound))
        _check_scale("Integer", self.low, self.high, self.log)
        most = MAX_LOG_INTEGER if self.log else MAX_INTEGERS
        if max(abs(self.low), abs(self.high)) > most:
            raise SpaceError(
                f"Integer: bounds of {'a log' if self.log else 'an'} integer must lie within"
                f" +-2**{most.bit_length() - 1}, got {self.low} .. {self.high}",
                hint="larger numbers cannot be told apart once encoded; use a Real",
            )

    @cached_property
    def factors(self) -> tuple[Factor, ...]:
        """One ordinal coordinate."""
        bounds = (self.low, self.high) if self.log else None
        return (Factor("ordinal", self.size, log_bounds=bounds),)

    @property
    def size(self) -> int:
        """Number of integers between the bounds, both included."""
        return self.high - self.low + 1

    @property
    def word(self) -> Word:
        """A number."""
        return "number"

    @property
    def line(self) -> tuple[float, float] | None:
        """Linear unless the scale is logarithmic."""
        return None if self.log else (float(self.low), float(self.high - self.low))

    def validate(self, value: Any, *, name: str) -> int:
        """Return an int within the bounds; ``2.0`` is 2."""
        number = as_number(value)
        if number is None:
            raise ParameterError(f"parameter {name!r}: expected an integer, got {value!r}")
        if not self.low <= number <= self.high:
            raise _outside(name, value, self.low, self.high)
        if number != int(number):
            raise ParameterError(
                f"parameter {name!r}: expected an integer, got {value!r}",
                hint=f"the nearest one is {round(number)}",
            )
        return int(number)

    def encode(self, values: Sequence[Any]) -> Array:
        """Place ``n`` integers on the grid of the factor."""
        codes = np.asarray(values, dtype=np.int64) - self.low
        return self.factors[0].coordinates(codes)[:, None]

    def decode(self, X: Array) -> list[int]:
        """The integers nearest to ``n x 1`` coordinates."""
        decoded: list[int] = (self.factors[0].codes(X[:, 0]) + self.low).tolist()
        return decoded

    def column(self, values: Sequence[Any]) -> Column:
        """``n`` floats, exact for these bounds."""
        return np.asarray(values, dtype=np.float64)


def as_number(value: Any) -> float | int | None:
    """Unbox a number, NumPy scalars included; ``None`` for anything else, booleans included."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, bool | np.bool_):
        return None
    if isinstance(value, np.floating | np.integer):
        return value.item() if value.dtype.itemsize <= 8 else float(value)
    return value if isinstance(value, float | int) else None


def _bound(kind: str, key: str, value: Any) -> float | int:
    number = as_number(value)
    if number is None or not abs(number) <= float(np.finfo(float).max):
        raise SpaceError(f"{kind}: {key} must be a finite number, got {value!r}")
    return number


def _check_scale(kind: str, low: float, high: float, log: object) -> None:
    if not isinstance(log, bool):
        raise SpaceError(f"{kind}: log must be True or False, got {log!r}")
    if not low < high:
        raise SpaceError(
            f"{kind}: low must be below high, got low={low!r}, high={high!r}",
            hint="leave out a parameter that does not vary" if low == high else "swap them?",
        )
    if log and low <= 0:
        raise SpaceError(
            f"{kind}: a logarithmic scale needs low > 0, got low={low!r}",
            hint="start at the smallest value that matters, or use log=False",
        )


def _outside(name: str, value: Any, low: float, high: float) -> ParameterError:
    number = as_number(value)
    if number is not None and number < low:
        return ParameterError(f"parameter {name!r}: {number!r} is below the lower bound {low!r}")
    if number is not None and number > high:
        return ParameterError(f"parameter {name!r}: {number!r} is above the upper bound {high!r}")
    return ParameterError(f"parameter {name!r}: expected a number in [{low}, {high}], got {value}")
