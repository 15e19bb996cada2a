"""Functions of real coordinates as benchmark problems."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from bosearch.problems.benchmark import BenchmarkProblem
from bosearch.problems.functions import Array
from bosearch.space import Real, Space
from bosearch.study.problem import Direction, Objective, Problem


def box(bounds: Sequence[tuple[float, float]]) -> Space:
    """Reals called x1, x2, ..."""
    reals: dict[str, Any] = {f"x{i + 1}": Real(*ends) for i, ends in enumerate(bounds)}
    return Space(**reals)


def vector(params: Mapping[str, Any], space: Space) -> Array:
    """The parameters as an array, in the order of the space."""
    return np.array([params[name] for name in space.parameters], dtype=np.float64)


def smooth(
    name: str,
    function: Callable[[Array], Array],
    bounds: list[tuple[float, float]],
    optimum: float,
    optimiser: Sequence[float],
    *,
    direction: Direction = "minimize",
    proven: bool = True,
) -> BenchmarkProblem:
    """A function of reals alone, measured as ``value``."""
    space = box(bounds)
    return BenchmarkProblem(
        name=name,
        problem=Problem(space, (Objective("value", direction),)),
        evaluate=lambda params: {"value": float(function(vector(params, space)))},
        optimum=optimum,
        optimiser=dict(zip(space.parameters, map(float, optimiser), strict=True)),
        proven=proven,
    )
