"""A power transform that makes skewed outputs look more Gaussian.

Objectives are often bounded on the good side and wild on the bad one; a model
that must explain the wild values resolves the good ones badly. The power is
chosen by maximum likelihood, on standardised values, so that a change of unit
or of origin changes nothing.

Source: Yeo and Johnson (2000), "A new family of power transformations to
improve normality or symmetry", eqs. 2.1 and 3.1.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self, final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

Array = NDArray[np.float64]

_POWERS = (0.0, 3.0)  # searched; 1 is the identity
_FEWEST = 5  # values below which there is no shape to see


@final
@dataclass(frozen=True)
class Warp:
    """``y -> psi((y - location) / spread; power)``, increasing."""

    location: float = 0.0
    spread: float = 1.0
    power: float = 1.0

    @classmethod
    def fitted(cls, y: Array) -> Self:
        """The transform that makes ``n`` values most Gaussian; affine for few or equal ones."""
        location, spread = standardisation(y)
        if len(y) < _FEWEST:
            return cls(location, spread)
        z = (y - location) / spread
        log_slope = np.sign(z) @ np.log1p(np.abs(z))

        def cost(power: float) -> float:
            spread_after = max(float(np.var(_yeo_johnson(z, power))), 1e-300)
            return 0.5 * len(z) * float(np.log(spread_after)) - (power - 1.0) * float(log_slope)

        found = minimize_scalar(cost, bounds=_POWERS, method="bounded", options={"xatol": 1e-4})
        return cls(location, spread, float(found.x))

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
