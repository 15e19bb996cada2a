"""The acquisition chosen for fitted surrogates equals what its name says it is."""

from functools import cache
from typing import Any, get_args

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.stats import norm, t

from bosearch.acquisition.by_capability import Bounded, Record, choose, has_slopes
from bosearch.acquisition.value import Acquisition, AtLeast
from bosearch.acquisition.wanted import WANTED, Wanted
from bosearch.surrogates.fit import Recipe
from bosearch.surrogates.interface import Fitted
from bosearch.surrogates.registry import load
from bosearch.surrogates.schedule import Data, train
from tests.acquisition.stubs import Stub, quadratic

# isort: split
from botorch.acquisition.analytic import LogExpectedImprovement, UpperConfidenceBound

Array = NDArray[np.float64]
D = 2
RNG = np.random.default_rng(0)
X = RNG.uniform(0.0, 0.6, size=(12, D))
Y = np.stack([np.sin(4 * X[:, 0]) + X[:, 1], X[:, 0] - X[:, 1] ** 2], axis=1)
NEW = RNG.uniform(0.3, 0.9, size=(6, D))
NOBODY = np.empty((0, D))
KINDS = ("gp", "stub")


@cache
def example(kind: str, output: int = 0) -> Fitted:
    recipe: Any = Stub() if kind == "stub" else load(kind)
    return recipe.fit(Data(X, Y[:, output], np.full(len(X), np.nan)), quadratic(D), seed=output)  # type: ignore[no-any-return]


def record(
    *, noisy: bool = False, pending: Array = NOBODY, feasible: bool = True, outputs: int = 1
) -> Record:
    flags = np.full(len(X), feasible)
    return Record(X, Y[:, :outputs], flags, noisy, pending)


def moments(kind: str, output: int = 0) -> tuple[Array, Array]:
    model: Any = example(kind, output).model
    with torch.no_grad():
        posterior = model.posterior(torch.tensor(NEW).unsqueeze(1))
        return posterior.mean[:, 0, 0].numpy(), posterior.variance[:, 0, 0].sqrt().numpy()


def test_one_exact_gaussian_objective_has_the_closed_form_of_botorch() -> None:
    acquisition, name = choose([example("gp")], [], None, record())
    assert name == "log expected improvement"
    theirs = LogExpectedImprovement(example("gp").model, best_f=float(Y[:, 0].max()))
    with torch.no_grad():
        expected = theirs(torch.tensor(NEW).unsqueeze(1)).numpy()
    assert acquisition.value(NEW) == pytest.approx(expected, rel=1e-6)


def test_a_student_t_objective_has_its_own_closed_form() -> None:
    fitted: Any = example("student-t")
    acquisition, name = choose([fitted], [], None, record())
    assert name == "log expected improvement"
    dof = fitted.model.dof
    mean, std = moments("student-t")
    scale = std * np.sqrt((dof - 2.0) / dof)
    grid = np.linspace(0.0, 200.0, 200_001)[1:] * scale.max()  # tails fall as dof + 1 = 15
    for i in range(len(NEW)):
        gains = grid * t.pdf((Y[:, 0].max() + grid - mean[i]) / scale[i], dof) / scale[i]
        expected = np.log(gains.sum() * (grid[1] - grid[0]))
        assert acquisition.value(NEW)[i] == pytest.approx(expected, abs=1e-4)
    h = 1e-6
    _, slope = acquisition.value_and_gradient(NEW)
    for k in range(D):
        step = h * np.eye(D)[k]
        secant = (acquisition.value(NEW + step) - acquisition.value(NEW - step)) / (2 * h)
        assert slope[:, k] == pytest.approx(secant, rel=1e-3, abs=1e-3)


def test_an_ensemble_is_averaged_over_its_members() -> None:
    acquisition, name = choose([example("stub")], [], None, record())
    assert name == "log expected improvement, by draws"
    with torch.no_grad():
        members = example("stub").model.members(torch.tensor(NEW)).numpy()
    gain = np.maximum(members - Y[:, 0].max(), 0.0).mean(0) / Y[:, 0].std(ddof=1)
    likely = gain > 0.02
    assert likely.any()
    # 64 or more draws with equal shares per member: a few parts in ten.
    assert np.exp(acquisition.value(NEW))[likely] == pytest.approx(gain[likely], rel=0.5)


def test_constraints_multiply_the_closed_form_by_their_probability() -> None:
    bounded = Bounded(example("gp", 1), 0.1, 1.0)
    alone, _ = choose([example("gp")], [], None, record())
    both, name = choose([example("gp")], [bounded], None, record())
    assert name == "log expected improvement"
    mean, std = moments("gp", 1)
    assert both.value(NEW) == pytest.approx(alone.value(NEW) + norm.logsf(0.1, mean, std))


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_feasible_result_feasibility_alone_counts(kind: str) -> None:
    bounded = Bounded(example(kind, 1), 0.1, 1.0)
    acquisition, name = choose([example(kind)], [bounded], None, record(feasible=False))
    assert name == "log probability of feasibility"
    mean, std = moments(kind, 1)
    assert acquisition.value(NEW) == pytest.approx(norm.logsf(0.1, mean, std))


def test_doubt_that_a_point_can_be_measured_is_a_factor() -> None:
    recipe = Recipe.of(quadratic(D), "matern52")
    labels = Data(X, (X[:, 0] < 0.5).astype(float), np.full(len(X), np.nan))
    success = AtLeast(train(labels, recipe, None).model, 0.75)
    sure, _ = choose([example("gp")], [], None, record())
    doubtful, _ = choose([example("gp")], [], success, record())
    told = success.model.predict(NEW)
    chance = norm.logsf(0.75, told.mean[:, 0], np.sqrt(told.var))
    assert doubtful.value(NEW) == pytest.approx(sure.value(NEW) + chance)


def test_the_upper_bound_is_two_standard_deviations_above_the_mean() -> None:
    acquisition, name = choose([example("gp")], [], None, record(), wanted="ucb")
    assert name == "upper confidence bound"
    theirs = UpperConfidenceBound(example("gp").model, beta=4.0)
    with torch.no_grad():
        raw = theirs(torch.tensor(NEW).unsqueeze(1)).numpy()
    expected = (raw - Y[:, 0].mean()) / Y[:, 0].std(ddof=1)
    assert acquisition.value(NEW) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_a_draw_is_one_function_for_each_seed(kind: str) -> None:
    first, again, other = (
        choose([example(kind)], [], None, record(), wanted="thompson", seed=s)[0] for s in (0, 0, 3)
    )
    assert (first.value(NEW) == again.value(NEW)).all()
    assert (first.value(NEW) != other.value(NEW)).any()
    drawn = example(kind).functions(1, 0)(torch.tensor(NEW))[0].detach().numpy()
    expected = (drawn - Y[:, 0].mean()) / Y[:, 0].std(ddof=1)
    assert first.value(NEW) == pytest.approx(expected)


@pytest.mark.parametrize("kind", KINDS)
def test_a_draw_shuns_points_where_a_draw_of_a_constraint_fails(kind: str) -> None:
    free, _ = choose([example(kind)], [], None, record(), wanted="thompson")
    never = Bounded(example(kind, 1), 5.0, 1.0)
    held, _ = choose([example(kind)], [never], None, record(), wanted="thompson")
    assert (held.value(NEW) < free.value(NEW) - 100.0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_pending_point_lowers_what_its_neighbourhood_is_worth(kind: str) -> None:
    best = NEW[[int(np.argmax(choose([example(kind)], [], None, record())[0].value(NEW)))]]
    alone, _ = choose([example(kind)], [], None, record(), wanted="logei-noisy")
    beside, name = choose([example(kind)], [], None, record(pending=best))
    by_draws = "log noisy expected improvement, by draws"
    assert name == ("log expected improvement" if kind == "gp" else by_draws)
    assert beside.value(best)[0] < alone.value(best)[0] - 0.5


def variants() -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    return {
        "closed": ({}, {}),
        "noisy": ({"noisy": True}, {}),
        "pending": ({"pending": NEW[:1]}, {}),
        **{w: ({}, {"wanted": w}) for w in WANTED},
        "several": ({"outputs": 2, "pending": NEW[:1]}, {"reference": np.array([-1.0, -2.0])}),
    }


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("constrained", [False, True])
@pytest.mark.parametrize("variant", variants())
def test_slopes_are_those_of_finite_differences(kind: str, constrained: bool, variant: str) -> None:
    known, options = variants()[variant]
    outputs = known.get("outputs", 1)
    objectives = [example(kind, i) for i in range(outputs)]
    constraints = [Bounded(example(kind, 1), -0.5, 1.0)] if constrained else []
    acquisition, _ = choose(objectives, constraints, None, record(**known), **options)
    points = NEW[3:]
    value, slope = acquisition.value_and_gradient(points)
    assert value == pytest.approx(acquisition.value(points))
    h = 1e-6
    for k in range(D):
        step = h * np.eye(D)[k]
        secant = (acquisition.value(points + step) - acquisition.value(points - step)) / (2 * h)
        assert slope[:, k] == pytest.approx(secant, rel=1e-3, abs=1e-3)


def scaled(kind: str, factor: float, shift: float) -> Acquisition:
    recipe: Any = Stub() if kind == "stub" else load(kind)
    y = factor * Y[:, 0] + shift
    fitted = recipe.fit(Data(X, y, np.full(len(X), np.nan)), quadratic(D), seed=0)
    flags = np.ones(len(X), dtype=bool)
    return choose([fitted], [], None, Record(X, y[:, None], flags, True, NOBODY))[0]


@pytest.mark.parametrize("kind", KINDS)
def test_the_units_of_the_objective_do_not_matter(kind: str) -> None:
    plain, tiny = scaled(kind, 1.0, 0.0).value(NEW), scaled(kind, 1e-6, 3.0).value(NEW)
    unit = np.log(1e-6) if kind == "gp" else 0.0  # the closed form is in units of the objective
    assert tiny == pytest.approx(plain + unit, abs=0.02)


@pytest.mark.parametrize("kind", KINDS)
def test_choosing_leaves_the_global_generators_alone(kind: str) -> None:
    before = torch.random.get_rng_state()
    objectives = [example(kind, 0), example(kind, 1)]
    reference = np.array([-1.0, -2.0])
    ours, again = (
        choose(objectives, [], None, record(outputs=2), reference=reference)[0] for _ in range(2)
    )
    assert (ours.value(NEW) == again.value(NEW)).all()
    assert torch.equal(before, torch.random.get_rng_state())


def test_capabilities_tell_whether_there_are_slopes() -> None:
    data = Data(X, Y[:, 0], np.full(len(X), np.nan))
    flat = Stub(slopes=False).fit(data, quadratic(D), seed=0)
    assert has_slopes([example("gp"), example("stub")])
    assert not has_slopes([example("gp"), flat])


def test_every_name_is_wanted() -> None:
    assert get_args(Wanted) == WANTED
