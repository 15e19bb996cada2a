"""The problems of the study of networks: values, optima, fronts."""

import itertools
import math

import numpy as np
import pytest
import torch

import bosearch.surrogates.single_output  # noqa: F401  # before BoTorch: it warns
from bosearch.errors import ConfigError
from bosearch.problems import get, many, several
from bosearch.problems.oil_sorbent import oil_sorbent

# isort: split
from botorch.test_functions.multi_objective import DTLZ1, DTLZ5, BraninCurrin
from botorch.utils.multi_objective.hypervolume import Hypervolume

POINTS = np.random.default_rng(0).random((200, 7))


@pytest.mark.parametrize("m", [2, 3, 4])
def test_dtlz_agree_with_those_of_botorch(m: int) -> None:
    X = torch.tensor(POINTS)
    assert several.dtlz1(POINTS, m) == pytest.approx(DTLZ1(7, m)(X).numpy(), rel=1e-12)
    assert several.dtlz5(POINTS, m) == pytest.approx(DTLZ5(7, m)(X).numpy(), rel=1e-12)


def test_branin_and_currin_agree_with_those_of_botorch() -> None:
    X = POINTS[:, :2]
    expected = BraninCurrin()(torch.tensor(X)).numpy()
    assert several.branin_currin(X) == pytest.approx(expected, abs=1e-12)


def test_currin_has_a_value_where_its_second_coordinate_is_0() -> None:
    assert several.currin([0.5, 0.0]) == pytest.approx(several.currin([0.5, 1e-9]), rel=1e-12)


def test_the_hypervolume_of_dtlz1_is_that_of_its_line() -> None:
    f1 = np.linspace(0.0, 0.5, 100_001)
    front = several.dtlz1(np.stack([2.0 * f1, np.full_like(f1, 0.5)], -1), 2)
    assert front.sum(-1) == pytest.approx(np.full(len(f1), 0.5), abs=1e-12)
    under = np.trapezoid(0.5 - f1, f1)
    assert several.dtlz1_hypervolume(2, 3.0) == pytest.approx(9.0 - under, abs=1e-9)


def test_the_hypervolume_of_dtlz5_is_that_of_a_dense_front() -> None:
    x = np.full((2_000, 4), 0.5)
    x[:, 0] = np.linspace(0.0, 1.0, len(x))
    front = several.dtlz5(x, 3)
    volume = Hypervolume(-torch.full((3,), 1.5)).compute(-torch.tensor(front[::20]))
    assert volume == pytest.approx(several.dtlz5_hypervolume(1.5), rel=0.02)
    assert volume < several.dtlz5_hypervolume(1.5)


@pytest.mark.parametrize("name", ["branin_currin", "dtlz1_5", "dtlz5_20", "oil_sorbent"])
def test_no_random_point_dominates_the_point_given_of_the_front(name: str) -> None:
    problem = get(name)
    space = problem.space
    assert space.validate(problem.optimiser) == dict(problem.optimiser)
    signs = np.array([objective.sign for objective in problem.objectives])
    best = signs * list(problem.evaluate(problem.optimiser).values())
    for params in space.sample(2_000, np.random.default_rng(0)):
        values = signs * list(problem.evaluate(params).values())
        assert not ((values >= best).all() and (values > best).any())


@pytest.mark.parametrize("name", ["branin_currin", "oil_sorbent"])
def test_random_points_reach_most_of_the_best_known_hypervolume(name: str) -> None:
    problem = get(name)
    signs = [objective.sign for objective in problem.objectives]
    limits = [o.sign * (o.threshold or math.nan) for o in problem.objectives]
    points = problem.space.sample(500, np.random.default_rng(0))
    values = np.array([list(problem.evaluate(params).values()) for params in points]) * signs
    volume = Hypervolume(torch.tensor(limits)).compute(torch.tensor(values))
    assert 0.6 * problem.optimum < volume < problem.optimum


def test_a_response_surface_by_hand() -> None:
    assert oil_sorbent(np.zeros(7)) == pytest.approx([-197.0928, -212.8531, 7.7696])
    first, second = np.eye(7)[0], np.eye(7)[1]
    both = oil_sorbent(first + second) - oil_sorbent(first) - oil_sorbent(second)
    assert both + oil_sorbent(np.zeros(7)) == pytest.approx([-11.0715, 42.8351, -1.2041])
    assert oil_sorbent(first)[0] == pytest.approx(-197.0928 - 78.3309 - 16.7536)


@pytest.mark.parametrize("name", ["polynomial8", "interior_polynomial8", "polynomial200"])
def test_no_other_point_reaches_the_maximum_of_a_polynomial(name: str) -> None:
    problem = get(name)
    best = np.array(list(problem.optimiser.values()))
    function = many.polynomial if name.startswith("poly") else many.interior_polynomial
    assert float(function(best)) == pytest.approx(problem.optimum)
    rng = np.random.default_rng(0)
    near = np.clip(best + rng.normal(scale=0.01, size=(500, len(best))), 0.0, 1.0)
    corners = rng.integers(2, size=(500, len(best))).astype(float)
    others = np.concatenate([near, corners])
    assert function(others[(others != best).any(-1)]).max() < problem.optimum


def test_the_corners_of_one_group_of_a_polynomial_are_all_worse_than_its_ones() -> None:
    corners = np.array(list(itertools.product([0.0, 1.0], repeat=4)))
    values = many.polynomial(corners)  # multilinear: the maximum is at a corner
    assert values.argmax() == len(corners) - 1


@pytest.mark.parametrize("interior", [False, True])
def test_the_gradient_of_a_draw_is_that_of_its_values(interior: bool) -> None:
    draw = many.NetworkDraw.of(9, interior=interior)
    x = np.random.default_rng(1).uniform(size=9)
    value, gradient = draw.gradient(x)
    assert value == pytest.approx(float(draw(x)))
    steps = 1e-5 * np.eye(9)
    assert gradient == pytest.approx((draw(x + steps) - draw(x - steps)) / 2e-5, abs=1e-4)


def test_the_best_known_point_of_a_draw_beats_random_ones_and_is_the_same_again() -> None:
    problem = get("nn_draw12")
    draw = many.NetworkDraw.of(12)
    assert draw(np.random.default_rng(2).uniform(size=(20_000, 12))).max() < problem.optimum
    assert get("nn_draw12").optimiser == problem.optimiser


def test_the_interior_draw_is_best_inside() -> None:
    best = np.array(list(get("interior_nn_draw20").optimiser.values()))
    assert ((best > 0.01) & (best < 0.99)).sum() >= 7


def test_a_polynomial_of_other_lengths_is_refused() -> None:
    with pytest.raises(ConfigError, match="a multiple of 4, got 10"):
        get("polynomial10")
