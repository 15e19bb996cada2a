"""Functions of hundreds of coordinates, to be maximized: polynomials and draws of networks.

Both come in two versions. In the literature's the best point is a corner of the cube, or
near one, which favours models that extrapolate linearly. In the *interior* version every
coordinate passes through a hump that is highest inside the cube.

Source: Li, Rudner and Wilson (2024), "A Study of Bayesian Neural Network Surrogates for
Bayesian Optimization", appendix on synthetic problems; shifts and humps are ours.
"""

from dataclasses import dataclass
from typing import Self, final

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize

from bosearch.errors import ConfigError
from bosearch.problems.functions import Array

GROUP = 4  # coordinates that a polynomial multiplies
_GOLDEN = (np.sqrt(5.0) - 1.0) / 2.0
_WIDTH = 256
_CLIMBS = 24


def fractions(d: int) -> Array:
    """``d`` numbers in [0, 1), far from each other and from any pattern."""
    return np.asarray(np.arange(1, d + 1) * _GOLDEN % 1.0)


def peaks(d: int) -> Array:
    """Where the humps of ``d`` coordinates are highest: in the middle half of the cube."""
    return 0.25 + 0.5 * fractions(d)


def humps(x: ArrayLike) -> tuple[Array, Array]:
    """``... x d`` coordinates as 1 at their peak, at least 0 elsewhere; and their slopes."""
    x = np.asarray(x, dtype=np.float64)
    centre = peaks(x.shape[-1])
    reach = np.maximum(centre, 1.0 - centre)
    return 1.0 - ((x - centre) / reach) ** 2, -2.0 * (x - centre) / reach**2


def polynomial(x: ArrayLike) -> Array:
    """Sum over groups of four coordinates of the products of ``x - shift``.

    Shifts lie between 0.1 and 0.4, so that all ones are best and no coordinate is idle.

    Raises:
        ConfigError: The number of coordinates is no multiple of four.
    """
    x = np.asarray(x, dtype=np.float64)
    return _products(x - polynomial_shifts(x.shape[-1]))


def polynomial_shifts(d: int) -> Array:
    """What ``polynomial`` subtracts."""
    return 0.1 + 0.3 * fractions(d)


def interior_polynomial(x: ArrayLike) -> Array:
    """Sum over groups of four coordinates of the products of their humps: ``d / 4`` at best."""
    return _products(humps(x)[0])


def _products(factors: Array) -> Array:
    d = factors.shape[-1]
    if d % GROUP:
        raise ConfigError(
            f"a polynomial needs a number of coordinates that is a multiple of {GROUP}, got {d}"
        )
    return np.asarray(factors.reshape(*factors.shape[:-1], -1, GROUP).prod(-1).sum(-1))


@final
@dataclass(frozen=True, eq=False)
class NetworkDraw:
    """A network with two hidden layers of 256 tanh units, standard normal weights, no biases.

    Args:
        first: ``d x 256`` weights.
        second: ``256 x 256`` weights.
        last: ``256`` weights.
        interior: Whether coordinates pass through humps first.
    """

    first: Array
    second: Array
    last: Array
    interior: bool = False

    @classmethod
    def of(cls, d: int, *, interior: bool = False, seed: int = 0) -> Self:
        """One draw, the same on every machine."""
        rng = np.random.Generator(np.random.PCG64([seed, d]))
        shapes = ((d, _WIDTH), (_WIDTH, _WIDTH), (_WIDTH,))
        first, second, last = (rng.standard_normal(shape) for shape in shapes)
        return cls(first, second, last, interior)

    def __call__(self, x: ArrayLike) -> Array:
        """Values of ``... x d`` points."""
        u = humps(x)[0] if self.interior else np.asarray(x, dtype=np.float64)
        return np.asarray(np.tanh(np.tanh(u @ self.first) @ self.second) @ self.last)

    def gradient(self, x: Array) -> tuple[float, Array]:
        """Value and gradient at one point of ``d`` coordinates."""
        u, slope = humps(x) if self.interior else (x, np.ones_like(x))
        a = np.tanh(u @ self.first)
        b = np.tanh(a @ self.second)
        back = (1.0 - a**2) * (self.second @ ((1.0 - b**2) * self.last))
        return float(b @ self.last), slope * (self.first @ back)

    def best_known(self) -> Array:
        """The highest end of two dozen climbs from fixed points; not proven best."""
        d = len(self.first)
        rng = np.random.Generator(np.random.PCG64(d))

        def downhill(x: Array) -> tuple[float, Array]:
            value, gradient = self.gradient(x)
            return -value, -gradient

        ends = [
            minimize(downhill, start, jac=True, method="L-BFGS-B", bounds=[(0.0, 1.0)] * d)
            for start in rng.uniform(size=(_CLIMBS, d))
        ]
        return np.asarray(min(ends, key=lambda end: float(end.fun)).x)
