"""The scale at which a two-point bound of limited degree is best.

The Gaussian of the basis has a fixed width, so the diameter ``r`` of the balls is a
parameter of the bound. Where ``f(0) = f^(0)``, that is where balls of diameter ``r``, one
per unit volume, would have the density of the bound itself, the bound is stationary in
``log r``: the natural scale. For degrees ``4k + 3`` it is the minimum. For degrees
``4k + 1`` with ``k > 0`` it is a maximum, with the value of degree ``4k - 1``; the two
nearest minima lie near ``1.5 / (degree + dim/2 + 1)`` to either side in ``log r``, and the
lower side is mostly a little better. Further out the bound oscillates and grows. From
degree 17 on, that formula has 97 percent or more of what the exact minimum gains (measured
in dimensions 2 to 24, degrees 5 to 57; where less was measured, in dimensions 1 and 2,
the gain itself is below 1e-10). In degree 1 the bound is
``(rho/8)^(dim/2) / Gamma(dim/2 + 1) * rho / (rho - dim)``, smallest at ``rho = dim + 2``.
None of this needs a proof, since a bound at any scale is rigorous.
"""

import math
from collections.abc import Callable

from scipy.optimize import minimize_scalar

from bosearch.errors import SdpError
from bosearch.packing.densities import ball_volume

# Of log r and a gap: the bound to about that gap, infinite where there is none.
Sound = Callable[[float, float], float]

_ROUNDS = 8
_COARSE, _FINE = 1e-4, 1e-7
_FORMULA_DEGREE = 17
_LARGE = 1e3  # a logarithm beyond all densities
_STEP = 0.1  # in log r, away from where there is no bound at all


def natural_scale(dim: int, degree: int, sound: Sound) -> float:
    """Return the ``log r`` at which ``f(0) = f^(0)``.

    The bound is stationary there, so that each round squares the error.

    Raises:
        SdpError: The degree is 1, where ``f(0) / f^(0) = rho / (rho - dim)`` exceeds one.
    """
    if degree == 1:
        raise SdpError("a bound of degree 1 has no natural scale", hint="take r='best'")
    log_r = first_guess(dim)
    for _ in range(_ROUNDS):
        density = sound(log_r, _COARSE)
        if math.isinf(density):
            log_r += _STEP
            continue
        last, log_r = log_r, log_diameter(dim, density)
        if abs(log_r - last) < 0.01 / (degree + dim):
            break
    return log_r


def best_scale(dim: int, degree: int, sound: Sound) -> float:
    """Return the ``log r`` of the minimum next to the natural scale, or at it."""
    if degree == 1:
        return math.log((dim + 2) / 2 / math.pi) / 2
    natural = natural_scale(dim, degree, sound)
    if degree % 4 == 3:
        return natural
    width = 1.0 / (degree + dim / 2 + 1)
    if degree >= _FORMULA_DEGREE:
        return natural - 1.5 * width
    found = minimize_scalar(
        lambda x: min(math.log(sound(natural - x * width, _FINE)), _LARGE),
        bounds=(0.8, 2.4),
        method="bounded",
        options={"xatol": 0.02},
    )
    return natural - float(found.x) * width


def first_guess(dim: int) -> float:
    """Return ``log r`` of the natural scale within three percent, fitted in dimensions 1 to 64."""
    return math.log(0.87 + 0.14 * dim - 0.0003 * dim**2) / 2


def log_diameter(dim: int, density: float) -> float:
    """Return ``log r`` of balls, one per unit volume, that would have this density."""
    return math.log(2.0) + (math.log(density) - math.log(ball_volume(dim))) / dim
