"""The problems on which networks were studied as surrogates, beside the classical ones.

Source: Li, Rudner and Wilson (2024), "A Study of Bayesian Neural Network Surrogates for
Bayesian Optimization", arXiv 2305.20028.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from bosearch.problems import many, several
from bosearch.problems import oil_sorbent as sorbent
from bosearch.problems.benchmark import BenchmarkProblem
from bosearch.problems.functions import Array
from bosearch.problems.reals import box, smooth, vector
from bosearch.space import Choice, Real, Space
from bosearch.study.problem import Problem, maximize, minimize

_DTLZ1_WORST, _DTLZ5_WORST = 400.0, 10.0  # thresholds, as is usual
_LARGEST_ANGLE = {  # of the oil sorbent
    **{"V1": 0.0, "V2": 0.7, "V3": 12.0, "V4": 0.18},
    **{"V5": 0.725899855336431, "V6": 28.0, "V7": 0.41},
}


def branin_currin() -> BenchmarkProblem:
    """Branin's and Currin's functions on the unit square; the hypervolume is the best known."""
    return _several(
        "branin_currin",
        2,
        several.branin_currin,
        {"f1": 18.0, "f2": 6.0},
        59.36011874867746,
        [0.0, 1.0],
        proven=False,
    )


def dtlz1(d: int) -> BenchmarkProblem:
    """DTLZ1 with two objectives."""
    return _several(
        f"dtlz1_{d}",
        d,
        lambda x: several.dtlz1(x, 2),
        {"f1": _DTLZ1_WORST, "f2": _DTLZ1_WORST},
        several.dtlz1_hypervolume(2, _DTLZ1_WORST),
        [0.5] * d,
    )


def dtlz5(d: int) -> BenchmarkProblem:
    """DTLZ5 with three objectives."""
    return _several(
        f"dtlz5_{d}",
        d,
        lambda x: several.dtlz5(x, 3),
        dict.fromkeys(("f1", "f2", "f3"), _DTLZ5_WORST),
        several.dtlz5_hypervolume(_DTLZ5_WORST),
        [0.5] * d,
    )


def oil_sorbent() -> BenchmarkProblem:
    """Three properties of an oil sorbent; the hypervolume is as published, approximate."""
    settings: dict[str, Any] = {
        f"V{i}": Choice(sorbent.SETTINGS[f"V{i}"], ordered=True)
        if f"V{i}" in sorbent.SETTINGS
        else Real(0.0, 1.0)
        for i in range(1, 8)
    }
    largest = np.array([max(sorbent.SETTINGS.get(name, (1.0,))) for name in settings])
    objectives = tuple(maximize(m, threshold=t) for m, t in sorbent.THRESHOLDS.items())

    def evaluate(params: Mapping[str, Any]) -> dict[str, float]:
        values = sorbent.oil_sorbent(np.array([params[name] for name in settings]) / largest)
        return dict(zip(sorbent.THRESHOLDS, values.tolist(), strict=True))

    return BenchmarkProblem(
        name="oil_sorbent",
        problem=Problem(Space(**settings), objectives),
        evaluate=evaluate,
        optimum=sorbent.KNOWN_HYPERVOLUME,
        optimiser=_LARGEST_ANGLE,
        proven=False,
    )


def polynomial(d: int) -> BenchmarkProblem:
    """A polynomial of degree four whose maximum is the corner of ones."""
    ones = np.ones(d)
    return smooth(
        f"polynomial{d}",
        many.polynomial,
        [(0.0, 1.0)] * d,
        float(many.polynomial(ones)),
        ones.tolist(),
        direction="maximize",
    )


def interior_polynomial(d: int) -> BenchmarkProblem:
    """The polynomial of humps, whose maximum is ``d / 4`` inside the cube."""
    return smooth(
        f"interior_polynomial{d}",
        many.interior_polynomial,
        [(0.0, 1.0)] * d,
        d / many.GROUP,
        many.peaks(d).tolist(),
        direction="maximize",
    )


def nn_draw(d: int) -> BenchmarkProblem:
    """A draw of a network, to be maximized; the best value is the best known."""
    return _draw(f"nn_draw{d}", many.NetworkDraw.of(d))


def interior_nn_draw(d: int) -> BenchmarkProblem:
    """A draw of a network of humps, so that about half the coordinates are best inside."""
    return _draw(f"interior_nn_draw{d}", many.NetworkDraw.of(d, interior=True))


def _draw(name: str, draw: many.NetworkDraw) -> BenchmarkProblem:
    best = draw.best_known()
    return smooth(
        name,
        draw,
        [(0.0, 1.0)] * len(best),
        float(draw(best)),
        best.tolist(),
        direction="maximize",
        proven=False,
    )


def _several(
    name: str,
    d: int,
    function: Callable[[Array], Array],
    thresholds: Mapping[str, float],
    hypervolume: float,
    on_front: list[float],
    *,
    proven: bool = True,
) -> BenchmarkProblem:
    """Several objectives of the unit cube, to be minimized."""
    space = box([(0.0, 1.0)] * d)
    objectives = tuple(minimize(m, threshold=t) for m, t in thresholds.items())

    def evaluate(params: Mapping[str, Any]) -> dict[str, float]:
        values = function(vector(params, space))
        return dict(zip(thresholds, values.tolist(), strict=True))

    return BenchmarkProblem(
        name=name,
        problem=Problem(space, objectives),
        evaluate=evaluate,
        optimum=hypervolume,
        optimiser=dict(zip(space.parameters, on_front, strict=True)),
        proven=proven,
    )
