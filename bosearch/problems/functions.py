"""Benchmark functions as mathematics: arrays of points in, arrays of values out.

Points are ``... x d`` in the units of the literature, values ``...``; all
functions are to be minimized. Suites that maximize flip the sign.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def branin(x: ArrayLike) -> Array:
    """Branin's function on [-5, 10] x [0, 15]; three global minima of 5 / (4 pi).

    Source: Dixon and Szegő (1978), "The global optimisation problem: an
    introduction".
    """
    x1, x2 = np.moveaxis(np.asarray(x, dtype=np.float64), -1, 0)
    valley = x2 - 5.1 / (4 * np.pi**2) * x1**2 + 5 / np.pi * x1 - 6
    return np.asarray(valley**2 + 10 * (1 - 1 / (8 * np.pi)) * np.cos(x1) + 10)


_WEIGHT = np.array([1.0, 1.2, 3.0, 3.2])
_SCALE = np.array(
    [
        [10.0, 3.0, 17.0, 3.5, 1.7, 8.0],
        [0.05, 10.0, 17.0, 0.1, 8.0, 14.0],
        [3.0, 3.5, 1.7, 10.0, 17.0, 8.0],
        [17.0, 8.0, 0.05, 10.0, 0.1, 14.0],
    ]
)
_CENTRE = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)


def hartmann6(x: ArrayLike) -> Array:
    """Four Gaussian wells on the unit cube of six dimensions; six local minima.

    Source: Dixon and Szegő (1978), with the coefficients of Picheny et al. (2013).
    """
    away = np.asarray(x, dtype=np.float64)[..., None, :] - _CENTRE  # ... x 4 x 6
    return np.asarray(-np.exp(-(_SCALE * away**2).sum(-1)) @ _WEIGHT)


def ackley(x: ArrayLike) -> Array:
    """Ackley's function: a funnel under ripples, with a kink at its minimum 0 at the origin.

    Source: Ackley (1987), "A connectionist machine for genetic hillclimbing";
    a = 20, b = 0.2, c = 2 pi.
    """
    x = np.asarray(x, dtype=np.float64)
    radius = np.sqrt((x**2).mean(-1))
    ripples = np.cos(2 * np.pi * x).mean(-1)
    return np.asarray(-20 * np.expm1(-0.2 * radius) - np.exp(ripples) + np.e)


def levy(x: ArrayLike) -> Array:
    """Levy's function on [-10, 10]^d, minimum 0 at (1, ..., 1).

    Source: Levy and Montalvo (1985), "The tunneling algorithm for the global
    minimization of functions"; Levy N. 13 generalised to d dimensions.
    """
    w = 1 + (np.asarray(x, dtype=np.float64) - 1) / 4
    first = np.sin(np.pi * w[..., 0]) ** 2
    inner = (w[..., :-1] - 1) ** 2 * (1 + 10 * np.sin(np.pi * w[..., :-1] + 1) ** 2)
    last = (w[..., -1] - 1) ** 2 * (1 + np.sin(2 * np.pi * w[..., -1]) ** 2)
    return np.asarray(first + inner.sum(-1) + last)


def rosenbrock(x: ArrayLike) -> Array:
    """Rosenbrock's banana in ``d >= 2`` dimensions, minimum 0 at (1, ..., 1).

    Source: Rosenbrock (1960), "An automatic method for finding the greatest or least
    value of a function", chained over neighbouring coordinates.
    """
    x = np.asarray(x, dtype=np.float64)
    here, following = x[..., :-1], x[..., 1:]
    return np.asarray((100 * (following - here**2) ** 2 + (1 - here) ** 2).sum(-1))


def rastrigin(x: ArrayLike) -> Array:
    """Rastrigin's function: a bowl under ripples of height 20, minimum 0 at the origin.

    Source: Rastrigin (1974), "Systems of extremal control", generalised to d dimensions
    by Mühlenbein, Schomisch and Born (1991).
    """
    x = np.asarray(x, dtype=np.float64)
    return np.asarray((x**2 + 10 * (1 - np.cos(2 * np.pi * x))).sum(-1))


def styblinski_tang(x: ArrayLike) -> Array:
    """A sum of quartics with two valleys each, on [-5, 5]^d: 2^d local minima.

    Source: Styblinski and Tang (1990), "Experiments in nonconvex optimization".
    """
    x = np.asarray(x, dtype=np.float64)
    return np.asarray(0.5 * (x**4 - 16 * x**2 + 5 * x).sum(-1))


def zdt1(x: ArrayLike) -> Array:
    """Two objectives on the unit cube: ``... x d`` points to ``... x 2`` values.

    The front is ``f2 = 1 - sqrt(f1)``, reached where all coordinates but the
    first are 0.

    Source: Zitzler, Deb and Thiele (2000), "Comparison of multiobjective
    evolutionary algorithms", test function 1.
    """
    x = np.asarray(x, dtype=np.float64)
    f1 = x[..., 0]
    g = 1 + 9 * x[..., 1:].mean(-1)
    return np.stack([f1, g * (1 - np.sqrt(f1 / g))], axis=-1)


def gramacy(x: ArrayLike) -> Array:
    """A linear objective with two constraints on the unit square: ``... x 3`` values.

    The columns are the objective and the slacks of the two constraints, which
    hold where they are at most 0. The first, wavy one is active at the minimum.

    Source: Gramacy et al. (2016), "Modeling an augmented Lagrangian for
    blackbox constrained optimization", section 1.
    """
    x1, x2 = np.moveaxis(np.asarray(x, dtype=np.float64), -1, 0)
    wavy = 1.5 - x1 - 2 * x2 - 0.5 * np.sin(2 * np.pi * (x1**2 - 2 * x2))
    disc = x1**2 + x2**2 - 1.5
    return np.stack([x1 + x2, wavy, disc], axis=-1)


SOLVENTS = ("water", "ethanol", "toluene", "acetone", "dmso")
CATALYSTS = ("none", "acid", "base")
_BEST_TEMPERATURE = np.array([72.0, 48.0, 95.0, 41.0, 83.0])  # by solvent
_BEST_STEPS = np.array([2, 5, 3, 6, 4])  # by solvent
_BEST_LOG_LOADING = np.array([-1.0, -2.2, -3.1])  # by catalyst
_FLOOR = np.array(  # solvent x catalyst; the two do not add up
    [
        [1.10, 0.60, 0.75],
        [0.90, 0.85, 0.10],
        [0.55, 1.20, 0.95],
        [1.00, 0.35, 0.80],
        [0.70, 0.65, 0.45],
    ]
)


def process_loss(
    temperature: float, loading: float, steps: int, solvent: str, catalyst: str
) -> float:
    """The loss of an invented chemical process, with two reals, an integer and two choices.

    Every term beside the floor of solvent and catalyst is at least 0, and all of
    them vanish together, for whatever solvent and catalyst: the temperature at
    the solvent's best, which rises by 2 degrees per step beyond the solvent's best number of steps,
    the loading at the catalyst's best. So the minimum is the smallest floor.

    Args:
        temperature: In degrees Celsius, 20 to 120.
        loading: Of the catalyst, as a mole fraction, 1e-4 to 1.
        steps: 1 to 8.
        solvent: One of ``SOLVENTS``.
        catalyst: One of ``CATALYSTS``.
    """
    s, c = SOLVENTS.index(solvent), CATALYSTS.index(catalyst)
    extra = steps - int(_BEST_STEPS[s])
    heat = (temperature - float(_BEST_TEMPERATURE[s]) - 2 * extra) / 25
    dose = np.log10(loading) - float(_BEST_LOG_LOADING[c])
    ripple = 0.1 * np.sin(2 * np.pi * heat) ** 2
    return float(_FLOOR[s, c] + 0.06 * extra**2 + heat**2 + ripple + 0.4 * dose**2)


def minima_of_process_loss() -> dict[tuple[str, str], dict[str, Any]]:
    """The minimiser of ``process_loss`` for each solvent and catalyst."""
    return {
        (solvent, catalyst): {
            "temperature": float(_BEST_TEMPERATURE[s]),
            "loading": float(10 ** _BEST_LOG_LOADING[c]),
            "steps": int(_BEST_STEPS[s]),
            "solvent": solvent,
            "catalyst": catalyst,
        }
        for s, solvent in enumerate(SOLVENTS)
        for c, catalyst in enumerate(CATALYSTS)
    }
