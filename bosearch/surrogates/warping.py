"""A power transform that makes skewed outputs look more Gaussian.

Objectives are often bounded on the good side and wild on the bad one; a model
that must explain the wild values resolves the good ones badly. The transform acts
on standardised values, so that a change of unit or of origin changes nothing. Its power is a
hyperparameter of the Gaussian process (``likelihood``). The values alone would not do: a search
gathers them around the optimum, and what makes *them* look normal makes the process fit worse.

Source: Yeo and Johnson (2000), "A new family of power transformations to
improve normality or symmetry", eq. 2.1.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self, final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

POWERS = (0.0, 2.0)  # from the logarithm of large values to that of small ones; 1: as they are


@final
@dataclass(frozen=True)
class Warp:
    """``y -> psi((y - location) / spread; power)``, increasing."""

    location: float = 0.0
    spread: float = 1.0
    power: float = 1.0

    @classmethod
    def from_json(cls, spec: Mapping[str, Any]) -> Self:
        """Read ``to_json``."""
        return cls(**spec)

    def to_json(self) -> dict[str, float]:
        """A JSON object; numbers keep all their digits."""
        return {"location": self.location, "spread": self.spread, "power": self.power}

    def __call__(self, y: Array) -> Array:
        """Transform values."""
        return _yeo_johnson((y - self.location) / self.spread, self.power)

    def slope(self, y: Array) -> Array:
        """Derivative of the transform; it turns small standard errors."""
        z = (y - self.location) / self.spread
        exponent = np.where(z >= 0.0, self.power - 1.0, 1.0 - self.power)
        return np.asarray((1.0 + np.abs(z)) ** exponent / self.spread)


@final
@dataclass(frozen=True, eq=False)
class Transformed:
    """Transformed values, the log slopes of the transform, summed, and derivatives by the power."""

    values: Array
    by_power: Array
    log_slope: float
    log_slope_by_power: float


def transformed(z: Array, power: float | None) -> Transformed:
    """``psi(z; power)`` of ``n`` standardised values; themselves without a power."""
    if power is None:
        return Transformed(z, np.zeros_like(z), 0.0, 0.0)
    log_bases = np.log1p(np.abs(z))
    up, down = z >= 0.0, z < 0.0
    by_power = np.empty_like(z)
    by_power[up] = _power_by_power(log_bases[up], power)
    by_power[down] = _power_by_power(log_bases[down], 2.0 - power)
    signed = float(np.sign(z) @ log_bases)
    return Transformed(_yeo_johnson(z, power), by_power, (power - 1.0) * signed, signed)


def standardisation(y: Array) -> tuple[float, float]:
    """Mean and spread of the values; a spread of 1 if they do not vary."""
    location = float(y.mean())
    spread = float(y.std(ddof=1)) if len(y) > 1 else 0.0
    largest = float(np.abs(y).max(initial=0.0))
    return location, spread if spread > 1e-12 * largest else 1.0


def _yeo_johnson(z: Array, power: float) -> Array:
    up, down = np.log1p(np.maximum(z, 0.0)), np.log1p(np.maximum(-z, 0.0))
    return np.where(z >= 0.0, _power(up, power), -_power(down, 2.0 - power))


def _power(log_base: Array, power: float) -> Array:
    """``(base^power - 1) / power``, continued to ``power = 0``."""
    return log_base if abs(power) < 1e-9 else np.expm1(power * log_base) / power


def _power_by_power(log_base: Array, power: float) -> Array:
    """Derivative of ``_power`` by ``power``, continued to ``power = 0``."""
    if abs(power) < 1e-4:  # the difference of large terms below: a series instead
        return log_base**2 * (0.5 + power * log_base / 3.0)
    grown = np.exp(power * log_base)
    return np.asarray((log_base * grown - np.expm1(power * log_base) / power) / power)
