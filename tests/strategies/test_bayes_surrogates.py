"""Strategy ``bayes`` with surrogates by name: whole studies, small ones."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch

from bosearch.errors import BosearchError
from bosearch.space import Choice, Integer, Real, Space
from bosearch.strategies import load
from bosearch.strategies.fits import last_due
from bosearch.study import Measurement, OutcomeConstraint, Problem, maximize, minimize
from bosearch.surrogates import registry
from bosearch.surrogates.embedding import Embedding
from bosearch.surrogates.fit import Recipe
from bosearch.surrogates.schedule import Data, is_due, train
from tests.strategies.loop import Loop, Values

BOX = Space(x=Real(0, 1), y=Real(0, 1))
LOSS = Problem(BOX, (minimize("loss"),))
GP = {"effort": "fast", "initial": 5, "surrogate": "gp"}
STUB = {**GP, "surrogate": "stub", "warp": False}  # its quadratics fit a bowl as it is
KINDS = {"gp": GP, "stub": STUB}


@pytest.fixture(autouse=True)
def stub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry._HOME, "stub", "tests.acquisition.stubs:Stub")


def bowl(params: Mapping[str, Any]) -> Values:
    return {"loss": (params["x"] - 0.3) ** 2 + 2 * (params["y"] - 0.8) ** 2}


@pytest.mark.parametrize("kind", KINDS)
def test_a_bowl_is_solved(kind: str) -> None:
    loop = Loop(LOSS, KINDS[kind])
    loop.run(15, bowl)
    assert min(loop.told("loss")) < 2e-3
    assert not any(loop.said("fallback"))
    said = loop.trials[-1].provenance
    assert said["surrogate"] == {"name": kind}
    model = said["model"]["warped -loss" if kind == "gp" else "-loss"]
    assert model["fitted_at"] == 14
    assert "expected improvement" in said["acquisition"]


@pytest.mark.parametrize("kind", KINDS)
def test_five_sessions_ask_what_one_session_asks(kind: str) -> None:
    whole, cut = Loop(LOSS, KINDS[kind]), Loop(LOSS, KINDS[kind])
    whole.run(12, bowl)
    for _ in range(3):
        cut.restart()
        cut.run(4, bowl)
    assert (cut.X == whole.X).all()


@pytest.mark.parametrize("kind", KINDS)
def test_asking_for_two_points_twice_is_asking_for_four(kind: str) -> None:
    whole, pairs = Loop(LOSS, KINDS[kind]), Loop(LOSS, KINDS[kind])
    for loop, sizes in ((whole, (4,)), (pairs, (2, 2))):
        loop.run(7, bowl)
        for n in sizes:
            loop.ask(n)
    assert (pairs.X == whole.X).all()
    assert len(np.unique(whole.X, axis=0)) == len(whole.X)


def test_fronts_do_not_depend_on_the_global_generator() -> None:
    problem = Problem(BOX, (minimize("f"), minimize("g")))
    options = {"effort": "fast", "initial": 6}
    found = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        loop = Loop(problem, options)
        loop.run(8, lambda p: {"f": p["x"] + p["y"] ** 2, "g": (p["x"] - 1) ** 2 + p["y"]})
        found.append(loop.X)
    assert (found[0] == found[1]).all()


def test_a_fit_serves_until_the_next_one_is_due_whatever_came_before() -> None:
    class Last:
        count = 30

    dues = [last_due(n) for n in range(1, 60)]
    assert dues[:30] == list(range(1, 31))
    assert (np.diff(dues) >= 0).all()
    for n in range(31, 60):  # the built-in schedule asks for a fit at the same numbers
        Last.count = last_due(n - 1)
        data: Any = type("Data", (), {"y": np.zeros(n), "checksum": lambda self: 0})()
        last: Any = Last()
        assert is_due(data, last) == (last_due(n) == n)


def test_between_fits_observations_are_absorbed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bosearch.strategies.fits.EACH_UNTIL", 5)
    monkeypatch.setattr("bosearch.strategies.fits.GROWTH", 1.5)
    whole, cut = Loop(LOSS, GP), Loop(LOSS, GP)
    whole.run(11, bowl)
    cut.run(9, bowl)
    cut.restart()
    cut.run(2, bowl)
    fitted_at = [said["warped -loss"]["fitted_at"] for said in whole.said("model") if said]
    assert fitted_at == [5, 5, 5, 8, 8, 8]
    assert (cut.X == whole.X).all()


@pytest.mark.parametrize("acquisition", ["logei", "logei-noisy", "ucb", "thompson"])
@pytest.mark.parametrize("kind", KINDS)
def test_an_acquisition_can_be_named(kind: str, acquisition: str) -> None:
    loop = Loop(LOSS, {**KINDS[kind], "acquisition": acquisition})
    loop.run(8, bowl)
    loop.ask(2)
    assert not any(loop.said("fallback"))
    words = {
        "logei": "log expected",
        "logei-noisy": "log noisy",
        "ucb": "upper",
        "thompson": "draw",
    }
    assert loop.trials[-1].provenance["acquisition"].startswith(words[acquisition])


@pytest.mark.parametrize("kind", KINDS)
def test_several_objectives_choices_and_constraints(kind: str) -> None:
    space = Space(x=Real(0, 1), k=Integer(0, 3), c=Choice(["a", "b", "c"]))
    problem = Problem(space, (minimize("f"), maximize("g")), (OutcomeConstraint.parse("h <= 1.2"),))

    def evaluate(p: Mapping[str, Any]) -> Values:
        return {
            "f": p["x"] ** 2 + 0.3 * p["k"] + 0.1 * (p["c"] == "c"),
            "g": p["x"] + 0.2 * p["k"],
            "h": p["x"] + 0.2 * p["k"],
        }

    loop = Loop(problem, KINDS[kind])
    loop.run(8, evaluate)
    loop.ask(2)
    assert not any(loop.said("fallback"))
    said = loop.trials[-1].provenance
    assert said["acquisition"] == "log expected hypervolume improvement"
    assert set(said["model"]) == {"-f", "g", "-h"}
    assert set(said["predicted"]) == {"f", "g", "h"}
    assert said["thresholds"]["f"]["inferred"]


@pytest.mark.parametrize("kind", KINDS)
def test_failures_are_learnt_from_and_avoided(kind: str) -> None:
    loop = Loop(LOSS, {**KINDS[kind], "initial": 8})
    loop.run(16, lambda p: None if p["x"] > 0.6 else bowl(p))
    assert not any(loop.said("fallback"))
    assert "success of the evaluation" in loop.trials[-1].provenance["model"]
    assert all(t.values for t in loop.trials[-5:])


@pytest.mark.parametrize("kind", KINDS)
def test_an_infeasible_start_looks_for_feasibility_first(kind: str) -> None:
    problem = Problem(BOX, (minimize("loss"),), (OutcomeConstraint.parse("depth >= 1.7"),))
    loop = Loop(problem, KINDS[kind])
    loop.run(5, lambda p: {**bowl(p), "depth": min(p["x"] + p["y"], 1.6)})
    loop.run(6, lambda p: {**bowl(p), "depth": p["x"] + p["y"]})
    assert loop.trials[5].provenance["acquisition"] == "log probability of feasibility"
    assert max(loop.told("depth")) >= 1.7


def noisily(params: Mapping[str, Any]) -> Values:
    return {"loss": Measurement(float(bowl(params)["loss"]), 0.01)}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "measure", "warped"),
    [(GP, bowl, True), ({**GP, "warp": False}, bowl, False), (GP, noisily, False)],
    ids=["exact", "switched off", "with told errors"],
)
def test_one_exact_objective_is_seen_through_a_power_transform(
    options: Mapping[str, Any], measure: Any, warped: bool
) -> None:
    loop = Loop(LOSS, options)
    loop.run(9, measure)
    last = loop.trials[-1].provenance
    assert set(last["model"]) == {"warped -loss" if warped else "-loss"}
    said = last["predicted"]["loss"]
    assert ("warp" in said) == warped
    if warped:  # the power that a Gaussian process finds in the trials before
        X, y = loop.X[:8], -np.array(loop.told("loss")[:8])
        embedding = Embedding.of(BOX.factors)
        recipe = Recipe.of(embedding, "matern52")
        data = Data(X, y, np.full(8, np.nan))
        warp = train(data, recipe, None, warp=True).memory.warp
        assert warp is not None
        assert said["warp"] == warp.to_json()


def test_the_built_in_model_can_leave_values_as_they_are() -> None:
    loop = Loop(LOSS, {"effort": "fast", "initial": 5, "warp": False})
    loop.run(7, bowl)
    assert set(loop.trials[-1].provenance["model"]) == {"-loss"}
    assert "warp" not in loop.trials[-1].provenance["predicted"]["loss"]


def test_told_noise_counts() -> None:
    rng = np.random.default_rng(0)
    loop = Loop(LOSS, GP)
    loop.run(8, lambda p: {"loss": Measurement(float(bowl(p)["loss"]) + rng.normal(), 1.0)})  # type: ignore[arg-type]
    said = loop.trials[-1].provenance
    assert said["acquisition"] == "log noisy expected improvement"
    assert said["predicted"]["loss"]["noise_std"] == pytest.approx(1.0)


def test_a_surrogate_without_slopes_is_searched_by_a_swarm() -> None:
    loop = Loop(LOSS, {**STUB, "surrogate": {"name": "stub", "slopes": False}})
    loop.run(15, bowl)
    assert not any(loop.said("fallback"))
    assert min(loop.told("loss")) < 2e-3


def test_a_breakdown_falls_back_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        raise ArithmeticError("no factor")

    loop = Loop(LOSS, STUB)
    loop.run(6, bowl)
    monkeypatch.setattr("tests.acquisition.stubs.Stub.fit", broken)
    loop.restart()
    (proposal,) = loop.ask()
    assert proposal.provenance["fallback"] is True
    assert proposal.provenance["reason"] == "ArithmeticError: no factor"


def test_a_portfolio_says_what_it_chose_and_why() -> None:
    pool = {"name": "auto", "pool": ["linear", "gp"]}
    loop = Loop(LOSS, {**GP, "surrogate": pool})
    loop.run(13, bowl)
    said = loop.trials[12].provenance
    assert said["surrogate"] == pool
    assert said["model"]["warped -loss"]["chosen"] == "gp"  # a bowl is no plane
    assert set(said["model"]["warped -loss"]["scores"]) == {"gp", "linear"}
    assert "turn" not in said["model"]["warped -loss"]


def test_a_portfolio_takes_turns_with_another_surrogate() -> None:
    loop = Loop(LOSS, {**GP, "surrogate": {"name": "auto", "pool": ["gp"], "alternate": "gp-rbf"}})
    loop.run(14, bowl)
    turns = [t.provenance["model"]["warped -loss"].get("turn") for t in loop.trials[10:]]
    assert turns == [None, "gp-rbf", None, "gp-rbf"]  # a preset of gp, by its own name
    assert "chosen" not in loop.trials[13].provenance["model"]["warped -loss"]
    alone = Loop(LOSS, {**GP, "surrogate": {"name": "auto", "pool": ["gp"], "alternate": ""}})
    alone.run(12, bowl)
    assert alone.trials[11].provenance["model"]["warped -loss"]["chosen"] == "gp"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"surrogate": "gpp"}, "did you mean 'gp'"),
        ({"surrogate": 3}, "surrogate must be a name, or a table"),
        ({"surrogate": {"name": "gp", "colour": "red"}}, "no option 'colour'"),
        ({"surrogate": {"chains": 4}}, "no surrogate is called None"),
        ({"surrogate": "gp", "acquisition": "logie"}, "did you mean 'logei'"),
        ({"acquisition": "ucb"}, "needs a surrogate"),
        ({"warp": "yes"}, "warp must be true or false, got 'yes'"),
        ({"switching": 1.0}, "number above 1"),
        ({"switching": True}, "number above 1"),
        ({"region": "turbe"}, "did you mean 'turbo'"),
        ({"surrogate": {"name": "auto", "pool": "gp"}}, "list of names"),
    ],
)
def test_wrong_options_are_refused(options: Mapping[str, Any], message: str) -> None:
    with pytest.raises(BosearchError, match=message):
        load("bayes", LOSS, options)


@pytest.mark.parametrize("options", [{"region": "turbo"}, {**GP, "acquisition": "ucb"}])
def test_what_serves_one_objective_refuses_two(options: Mapping[str, Any]) -> None:
    problem = Problem(BOX, (minimize("f"), minimize("g")))
    with pytest.raises(BosearchError, match="serves one objective only"):
        load("bayes", problem, options)


def test_check_shows_what_will_be_used() -> None:
    options = {"surrogate": {"name": "stub", "noise_std": 0.1}, "acquisition": "ucb"}
    said = load("bayes", LOSS, {**options, "switching": 1.5, "region": "turbo"}).supports(LOSS)
    assert said.reasons[0] == "2 factors: surrogate stub (noise_std = 0.1) after 5 Sobol points"
    assert "acquisition ucb" in said.reasons
    assert any("trust region" in reason for reason in said.reasons)
    assert any("factor of 1.5" in reason for reason in said.reasons)
