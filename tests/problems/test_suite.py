"""The benchmark problems: what they promise about their optimum."""

import math

import numpy as np
import pytest
from scipy.optimize import brentq, minimize_scalar

from bosearch.errors import ConfigError
from bosearch.problems import BenchmarkProblem, functions, get

SINGLE = (
    *("branin", "hartmann6", "ackley2", "ackley10", "levy3", "levy8", "mixed", "gramacy"),
    *("rosenbrock2", "rosenbrock6", "rastrigin5", "styblinski_tang3"),
)
SEQUENCES = (
    *("nk8", "nk55", "rough_fuji8", "ehrlich32", "ehrlich64", "ehrlich128"),
    *("pest_control", "pest_control_shuffled"),
)


@pytest.mark.parametrize("name", SINGLE + SEQUENCES)
def test_the_optimiser_is_feasible_and_reaches_the_optimum(name: str) -> None:
    problem = get(name)
    params = problem.space.validate(problem.optimiser)
    assert params == dict(problem.optimiser)
    values = problem.evaluate(params)
    assert problem.problem.feasible(values)
    assert values.keys() == set(problem.problem.metrics)
    assert values[problem.objectives[0].metric] == pytest.approx(problem.optimum, abs=1e-9)
    assert problem.simple_regret([values]) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("name", SINGLE)
def test_no_random_point_is_better_than_the_optimum(name: str) -> None:
    problem = get(name)
    rng = np.random.default_rng(0)
    anywhere = problem.space.sample(20_000, rng)
    near = problem.space.encode([problem.optimiser]) + rng.normal(
        scale=np.geomspace(1e-6, 0.3, 10_000)[:, None], size=(10_000, len(problem.space.factors))
    )
    points = anywhere + problem.space.decode(np.clip(near, 0, None))
    values = [problem.evaluate(params) for params in points]
    (objective,) = problem.objectives
    feasible = [v[objective.metric] for v in values if problem.problem.feasible(v)]
    assert min(feasible) >= problem.optimum - 1e-12
    assert problem.simple_regret(values) == pytest.approx(
        min(feasible) - problem.optimum, abs=1e-12
    )
    # Some points were within a millionth of the optimiser, so this is no empty claim.
    assert min(feasible) < problem.optimum + 1e-3


def test_rosenbrock_has_two_dimensions_at_least() -> None:
    with pytest.raises(ConfigError, match="needs at least 2 dimensions, got 1\n  hint: "):
        get("rosenbrock1")


@pytest.mark.parametrize("d", [1, 2, 10, 40])
@pytest.mark.parametrize("family", ["ackley", "rastrigin"])
def test_shifted_functions_have_their_minimum_off_the_centre_in_the_middle_half(
    family: str, d: int
) -> None:
    problem = get(f"{family}{d}")
    (place,) = problem.space.encode([problem.optimiser])
    assert np.all(np.abs(place - 0.5) <= 0.25)
    assert np.all(np.abs(place - 0.5) > 1e-3)
    assert len(set(place)) == d


def gramacy_minimum() -> tuple[float, float]:
    """The least x1 + x2 on the curve where the wavy constraint is active, and its x1.

    Along the first crossing x2(x1) from below; a scan finds the basin, Brent's
    method the bottom.
    """

    def first_crossing(x1: float) -> float:
        grid = np.linspace(0, 1, 401)
        slack = functions.gramacy(np.stack([np.full_like(grid, x1), grid], -1))[:, 1]
        inside = int(np.argmax(slack <= 0))
        if slack[inside] > 0:
            return np.inf
        return float(
            brentq(
                lambda x2: functions.gramacy([x1, x2])[1],
                grid[inside - 1],
                grid[inside],
                xtol=1e-15,
            )
        )

    scan = np.linspace(0.001, 0.999, 500)
    start = scan[np.argmin([x1 + first_crossing(x1) for x1 in scan])]
    result = minimize_scalar(
        lambda x1: x1 + first_crossing(x1),
        bounds=(start - 0.01, start + 0.01),
        method="bounded",
        options={"xatol": 1e-12},
    )
    return float(result.fun), float(result.x)


def test_the_optimum_of_gramacy_is_the_lowest_point_of_the_active_constraint() -> None:
    value, x1 = gramacy_minimum()
    problem = get("gramacy")
    assert problem.optimum == pytest.approx(value, abs=1e-11)
    assert problem.optimum == pytest.approx(0.5998, abs=5e-5)  # as published
    assert problem.optimiser["x1"] == pytest.approx(x1, abs=1e-5)  # flat: the root of the value's


def test_the_hypervolume_of_zdt1_is_that_of_a_dense_front() -> None:
    problem = get("zdt1")
    f1 = np.linspace(0, 1, 200_001)
    X = np.zeros((len(f1), 6))
    X[:, 0] = f1
    front = functions.zdt1(X)
    worst = [objective.threshold or math.nan for objective in problem.objectives]
    right = np.append(front[1:, 0], worst[0])  # each point rules up to the next
    strips = (right - front[:, 0]) * (worst[1] - front[:, 1])
    # From inside: each of 2e5 strips misses at most its share of a staircase of height 1.
    assert strips.sum() == pytest.approx(problem.optimum, abs=1e-5)
    assert strips.sum() <= problem.optimum


def test_no_random_point_dominates_the_front_of_zdt1() -> None:
    problem = get("zdt1")
    for params in problem.space.sample(2_000, np.random.default_rng(0)):
        values = problem.evaluate(params)
        assert values["f2"] >= 1 - math.sqrt(values["f1"]) - 1e-12
    on_front = problem.evaluate(problem.optimiser)
    assert on_front["f2"] == pytest.approx(1 - math.sqrt(on_front["f1"]), abs=1e-12)


def test_regret_of_a_constrained_problem_ignores_infeasible_values() -> None:
    problem = get("gramacy")
    origin = problem.evaluate({"x1": 0.0, "x2": 0.0})  # better than the optimum, and forbidden
    assert origin["value"] < problem.optimum
    assert problem.simple_regret([origin]) == math.inf
    corner = problem.evaluate({"x1": 0.8, "x2": 0.8})
    assert problem.simple_regret([origin, corner]) == pytest.approx(1.6 - problem.optimum)


def test_regret_of_several_objectives_is_refused() -> None:
    with pytest.raises(ValueError, match="'zdt1' has 2 objectives, expected one"):
        get("zdt1").simple_regret([])


def test_the_order_of_the_parameters_does_not_matter() -> None:
    problem: BenchmarkProblem = get("branin")
    assert problem.evaluate({"x2": 1.0, "x1": 2.0}) == problem.evaluate({"x1": 2.0, "x2": 1.0})


@pytest.mark.parametrize(
    "name", ["hartman6", "ackley", "levy0", "sphere3", "zdt12", "nk", "ehrlich31"]
)
def test_an_unknown_name_is_refused_with_a_hint(name: str) -> None:
    with pytest.raises(ConfigError, match=f"no benchmark problem is called '{name}'\n  hint: "):
        get(name)
