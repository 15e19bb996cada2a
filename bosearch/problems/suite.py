"""The benchmark problems by name."""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from bosearch.errors import ConfigError
from bosearch.problems import functions
from bosearch.problems.benchmark import BenchmarkProblem
from bosearch.problems.ehrlich import ehrlich
from bosearch.problems.network_study import (
    branin_currin,
    dtlz1,
    dtlz5,
    interior_nn_draw,
    interior_polynomial,
    nn_draw,
    oil_sorbent,
    polynomial,
)
from bosearch.problems.nk import nk
from bosearch.problems.pest_control import pest_control, shuffled_pest_control
from bosearch.problems.reals import box, smooth, vector
from bosearch.problems.rough_fuji import rough_fuji
from bosearch.space import Choice, Integer, Real, Space
from bosearch.study.problem import OutcomeConstraint, Problem, minimize, suggest

_GOLDEN = (math.sqrt(5) - 1) / 2
_ACKLEY_HALF_WIDTH = 32.768
_RASTRIGIN_HALF_WIDTH = 5.12
_ZDT1_WORST = 11.0  # threshold of both objectives: no point of the cube is worse


def branin() -> BenchmarkProblem:
    """Branin's function; the minimum is 5 / (4 pi), here at (pi, 2.275)."""
    bounds = [(-5.0, 10.0), (0.0, 15.0)]
    x2 = 5.1 / 4 - 5 + 6  # the valley's floor at x1 = pi, where the cosine is -1
    return smooth("branin", functions.branin, bounds, 5 / (4 * math.pi), [math.pi, x2])


def hartmann6() -> BenchmarkProblem:
    """Hartmann's function of six variables; the minimum is -3.32237."""
    optimiser = [
        0.2016895139943,
        0.1500106915231,
        0.4768739745464,
        0.2753324304929,
        0.3116516166191,
        0.6573005341035,
    ]
    return smooth("hartmann6", functions.hartmann6, [(0.0, 1.0)] * 6, -3.32236801141551, optimiser)


def ackley(d: int) -> BenchmarkProblem:
    """Ackley's function, its usual domain of width 65.536 shifted off the minimum.

    On [-32.768, 32.768]^d the minimum lies at the centre, where some methods
    start. Here it lies in the middle half of every coordinate, at the centre of none,
    and not on the diagonal.
    """
    bounds = _shifted(_ACKLEY_HALF_WIDTH, d)
    return smooth(f"ackley{d}", functions.ackley, bounds, 0.0, [0.0] * d)


def _shifted(half_width: float, d: int) -> list[tuple[float, float]]:
    """[-h, h]^d with coordinate i moved by h / 2 (2 frac(i g) - 1), g the golden ratio 0.618..."""
    shifts = [half_width / 2 * (2 * (i * _GOLDEN % 1) - 1) for i in range(1, d + 1)]
    return [(shift - half_width, shift + half_width) for shift in shifts]


def levy(d: int) -> BenchmarkProblem:
    """Levy's function; the minimum is 0."""
    return smooth(f"levy{d}", functions.levy, [(-10.0, 10.0)] * d, 0.0, [1.0] * d)


def rosenbrock(d: int) -> BenchmarkProblem:
    """Rosenbrock's function on [-5, 10]^d; the minimum is 0.

    Raises:
        ConfigError: It needs two dimensions.
    """
    if d < 2:
        raise ConfigError(
            f"Rosenbrock's function needs at least 2 dimensions, got {d}", hint="'rosenbrock2'"
        )
    return smooth(f"rosenbrock{d}", functions.rosenbrock, [(-5.0, 10.0)] * d, 0.0, [1.0] * d)


def rastrigin(d: int) -> BenchmarkProblem:
    """Rastrigin's function, its usual domain shifted off the minimum as Ackley's is."""
    bounds = _shifted(_RASTRIGIN_HALF_WIDTH, d)
    return smooth(f"rastrigin{d}", functions.rastrigin, bounds, 0.0, [0.0] * d)


def styblinski_tang(d: int) -> BenchmarkProblem:
    """Styblinski and Tang's function; the lowest of its minima is the least real critical point."""
    lowest = float(np.roots([4.0, 0.0, -32.0, 5.0]).real.min())  # of one quartic
    optimum = float(functions.styblinski_tang([lowest] * d))
    bounds = [(-5.0, 5.0)] * d
    name = f"styblinski_tang{d}"
    return smooth(name, functions.styblinski_tang, bounds, optimum, [lowest] * d)


def mixed() -> BenchmarkProblem:
    """An invented chemical process: see ``functions.process_loss``."""
    space = Space(
        temperature=Real(20, 120),
        loading=Real(1e-4, 1, log=True),
        steps=Integer(1, 8),
        solvent=Choice(functions.SOLVENTS),
        catalyst=Choice(functions.CATALYSTS),
    )
    best = min(
        functions.minima_of_process_loss().values(), key=lambda p: functions.process_loss(**p)
    )
    return BenchmarkProblem(
        name="mixed",
        problem=Problem(space, (minimize("loss"),)),
        evaluate=lambda params: {"loss": functions.process_loss(**params)},
        optimum=functions.process_loss(**best),
        optimiser=best,
    )


def zdt1() -> BenchmarkProblem:
    """ZDT1 in six dimensions: two objectives with a known convex front.

    With thresholds of 11 the front ``f2 = 1 - sqrt(f1)`` dominates all of the
    square [0, 11]^2 but the area under it, the integral of 1 - sqrt(f1) over
    [0, 1]: 121 - 1 / 3.
    """
    space = box([(0.0, 1.0)] * 6)
    objectives = tuple(minimize(m, threshold=_ZDT1_WORST) for m in ("f1", "f2"))

    def evaluate(params: Mapping[str, Any]) -> dict[str, float]:
        f1, f2 = functions.zdt1(vector(params, space))
        return {"f1": float(f1), "f2": float(f2)}

    return BenchmarkProblem(
        name="zdt1",
        problem=Problem(space, objectives),
        evaluate=evaluate,
        optimum=_ZDT1_WORST**2 - 1 / 3,
        optimiser={n: 0.25 if n == "x1" else 0.0 for n in space.parameters},
    )


def gramacy() -> BenchmarkProblem:
    """A linear objective with two outcome constraints; the minimum is 0.59979."""
    space = box([(0.0, 1.0)] * 2)

    def evaluate(params: Mapping[str, Any]) -> dict[str, float]:
        value, wavy, disc = functions.gramacy(vector(params, space))
        return {"value": float(value), "wavy": float(wavy), "disc": float(disc)}

    return BenchmarkProblem(
        name="gramacy",
        problem=Problem(
            space,
            (minimize("value"),),
            (OutcomeConstraint("wavy", "<=", 0.0), OutcomeConstraint("disc", "<=", 0.0)),
        ),
        evaluate=evaluate,
        optimum=0.59978805201007,
        optimiser={"x1": 0.1951226834721, "x2": 0.4046653685381},
    )


_FIXED: dict[str, Callable[[], BenchmarkProblem]] = {
    "branin": branin,
    "hartmann6": hartmann6,
    "mixed": mixed,
    "zdt1": zdt1,
    "gramacy": gramacy,
    "ehrlich32": lambda: ehrlich(32),
    "ehrlich64": lambda: ehrlich(64, motifs=2),
    "ehrlich128": lambda: ehrlich(128),
    "pest_control": pest_control,
    "pest_control_shuffled": shuffled_pest_control,
    "branin_currin": branin_currin,
    "oil_sorbent": oil_sorbent,
}
_FAMILIES: dict[str, Callable[[int], BenchmarkProblem]] = {
    "ackley": ackley,
    "levy": levy,
    "rosenbrock": rosenbrock,
    "rastrigin": rastrigin,
    "styblinski_tang": styblinski_tang,
    "nk": nk,
    "rough_fuji": rough_fuji,
    "dtlz1_": dtlz1,
    "dtlz5_": dtlz5,
    "polynomial": polynomial,
    "interior_polynomial": interior_polynomial,
    "nn_draw": nn_draw,
    "interior_nn_draw": interior_nn_draw,
}

NAMES: tuple[str, ...] = (*_FIXED, *(f"{family}<d>" for family in _FAMILIES))
"""What ``get`` accepts, ``<d>`` standing for a number of dimensions."""


def get(name: str) -> BenchmarkProblem:
    """Return the benchmark problem called ``name``, such as ``"hartmann6"`` or ``"levy8"``.

    Raises:
        ConfigError: No problem has that name.
    """
    if name in _FIXED:
        return _FIXED[name]()
    match = re.fullmatch(r"([a-z_]+|dtlz[15]_)([1-9]\d*)", name)
    if match is None or match[1] not in _FAMILIES:
        raise ConfigError(f"no benchmark problem is called {name!r}", hint=suggest(name, NAMES))
    return _FAMILIES[match[1]](int(match[2]))
