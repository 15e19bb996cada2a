"""Bayesian optimization of whole studies: what it finds, and what it never does."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from bosearch.errors import SpaceExhaustedError, StrategyError
from bosearch.space import Choice, Integer, Real, Space
from bosearch.strategies import load, modelling
from bosearch.study import (
    Measurement,
    OutcomeConstraint,
    Problem,
    Trial,
    TrialState,
    maximize,
    minimize,
)
from tests.strategies.loop import Loop, Values

BOX = Space(x=Real(0, 1), y=Real(0, 1))
LOSS = Problem(BOX, (minimize("loss"),))


def bowl(params: Mapping[str, Any]) -> Values:
    return {"loss": (params["x"] - 0.3) ** 2 + 2 * (params["y"] - 0.8) ** 2}


def branin(params: Mapping[str, Any]) -> Values:
    x, y = 15 * params["x"] - 5, 15 * params["y"]
    return {
        "loss": (y - 5.1 / (4 * np.pi**2) * x * x + 5 / np.pi * x - 6) ** 2
        + 10 * (1 - 1 / (8 * np.pi)) * np.cos(x)
        + 10
    }


def test_branin_is_solved_in_forty_evaluations() -> None:
    loop = Loop(LOSS, {})
    loop.run(40, branin)
    assert min(loop.told("loss")) < 0.397887 + 1e-3
    assert not any(t.provenance.get("fallback") for t in loop.trials)


def test_five_sessions_ask_what_one_session_asks() -> None:
    whole, cut = Loop(LOSS), Loop(LOSS)
    whole.run(20, branin)
    for _ in range(5):
        cut.restart()
        cut.run(4, branin)
    np.testing.assert_allclose(cut.X, whole.X, rtol=0, atol=1e-6)


def test_lost_cache_costs_a_fit_and_no_more() -> None:
    loop = Loop(LOSS)
    loop.run(12, bowl)
    loop.cache = {}
    (proposal,) = loop.ask()
    (report,) = proposal.provenance["model"].values()
    assert report["refit"]
    assert proposal.provenance["strategy"] == "bayes"


def test_asking_for_two_points_twice_is_asking_for_four() -> None:
    whole, pairs = Loop(LOSS), Loop(LOSS)
    for loop, sizes in ((whole, (4,)), (pairs, (2, 2))):
        loop.run(8, bowl)
        for n in sizes:
            loop.ask(n)
    np.testing.assert_allclose(pairs.X, whole.X, rtol=0, atol=1e-9)


def test_batch_points_and_pending_points_keep_apart() -> None:
    loop = Loop(LOSS)
    loop.run(10, branin)
    loop.ask(3)
    loop.ask(3)
    pending = loop.X[10:]
    gaps = np.linalg.norm(pending[:, None] - pending[None], axis=2) + 9 * np.eye(6)
    assert gaps.min() > 0.02


def test_results_out_of_order_change_nothing() -> None:
    in_order, shuffled = Loop(LOSS), Loop(LOSS)
    for loop, order in ((in_order, range(4)), (shuffled, (2, 0, 3, 1))):
        loop.ask(4)
        for number in order:
            loop.tell(bowl(loop.trials[number].params), number)
        loop.ask()
    assert (in_order.X == shuffled.X).all()


def test_units_of_the_metric_do_not_matter() -> None:
    plain, scaled = Loop(LOSS), Loop(LOSS)
    for loop, factor, shift in ((plain, 1.0, 0.0), (scaled, 1e6, -3e6)):
        loop.ask(8)
        for number in range(8):
            value = float(branin(loop.trials[number].params)["loss"])  # type: ignore[arg-type]
            loop.tell({"loss": factor * value + shift}, number)
        loop.ask()
    np.testing.assert_allclose(scaled.X, plain.X, rtol=0, atol=1e-3)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_observations_are_enough_to_ask(n: int) -> None:
    loop = Loop(LOSS, {"initial": 1})
    loop.run(n, bowl)
    (proposal,) = loop.ask()
    assert proposal.provenance["strategy"] == ("bayes" if n else "sobol")
    assert "fallback" not in proposal.provenance


@pytest.mark.parametrize("value", [0.0, 3.5, 1e12])
def test_constant_observations_still_explore(value: float) -> None:
    loop = Loop(LOSS)
    loop.run(8, lambda params: {"loss": value})
    assert all("fallback" not in t.provenance for t in loop.trials)
    assert np.ptp(loop.X[4:], axis=0).min() > 0.1


def test_start_of_failures_goes_on_with_sobol() -> None:
    loop = Loop(LOSS)
    loop.run(8, lambda params: None)
    assert {t.provenance["strategy"] for t in loop.trials} == {"sobol"}


def test_region_of_failures_is_avoided() -> None:
    def holed(params: Mapping[str, Any]) -> Values | None:
        inside = (params["x"] - 0.8) ** 2 + (params["y"] - 0.3) ** 2 < 0.1
        return None if inside else bowl(params)

    loop = Loop(LOSS, {"initial": 8})
    loop.run(25, holed)
    assert any(t.state is TrialState.FAILED for t in loop.trials)
    assert all(t.state is TrialState.COMPLETED for t in loop.trials[15:])
    assert min(loop.told("loss")) < 1e-3


def test_optimum_behind_a_wall_of_failures_is_approached() -> None:
    def walled(params: Mapping[str, Any]) -> Values | None:
        return None if params["x"] < 0.5 else bowl(params)

    loop = Loop(LOSS, {"initial": 8})
    loop.run(30, walled)
    assert min(loop.told("loss")) < 0.2**2 + 0.01  # the bowl on the wall


def test_infeasible_start_looks_for_feasibility_first() -> None:
    problem = Problem(BOX, (minimize("loss"),), (OutcomeConstraint.parse("depth >= 1.8"),))

    def evaluate(params: Mapping[str, Any]) -> Values:
        return {**bowl(params), "depth": params["x"] + params["y"]}

    loop = Loop(problem)
    loop.run(4, lambda params: {**bowl(params), "depth": min(params["x"] + params["y"], 1.7)})
    loop.run(16, evaluate)
    assert loop.trials[4].provenance["acquisition"] == "log probability of feasibility"
    depth = np.array(loop.told("depth"))
    assert (depth[5:] >= 1.8).any()
    best = min(t["loss"] for t in loop.trials if t["depth"] >= 1.8)
    # On x + y = 1.8 the bowl is lowest at x = 2.6 / 3, y = 2.8 / 3 (Lagrange).
    optimum = (2.6 / 3 - 0.3) ** 2 + 2 * (2.8 / 3 - 0.8) ** 2
    assert best < optimum + 0.02


def test_finite_space_is_never_repeated_and_then_exhausted() -> None:
    space = Space(k=Integer(0, 4), c=Choice(["a", "b", "c"]), forbidden=[{"k": 2, "c": "a"}])
    loop = Loop(Problem(space, (maximize("gain"),)))
    loop.run(14, lambda params: {"gain": params["k"] * (1 + "abc".index(params["c"]) % 2)})
    assert len({space.key(t.params) for t in loop.trials}) == 14
    with pytest.raises(SpaceExhaustedError):
        loop.ask()


def test_mixed_space_is_never_repeated() -> None:
    space = Space(k=Integer(0, 9), m=Integer(0, 9), c=Choice(["a", "b"]))
    loop = Loop(Problem(space, (minimize("loss"),)))
    loop.run(25, lambda p: {"loss": abs(p["k"] - 3) + abs(p["m"] - 7) + (p["c"] == "a")})
    assert len({space.key(t.params) for t in loop.trials}) == 25
    assert min(loop.told("loss")) == 0.0


def test_told_noise_allows_a_repeat() -> None:
    space = Space(k=Integer(0, 3))
    rng = np.random.default_rng(0)

    def noisy(params: Mapping[str, Any]) -> Values:
        return {"loss": Measurement(params["k"] + rng.normal(), sem=1.0)}

    loop = Loop(Problem(space, (minimize("loss"),)))
    loop.run(10, noisy)
    assert loop.trials[-1].provenance["acquisition"] == "log noisy expected improvement"
    late = [t.params["k"] for t in loop.trials[4:]]
    assert late.count(0) + late.count(1) > len(late) / 2


def test_input_constraints_hold_for_every_proposal() -> None:
    space = Space(
        x=Real(0, 1), y=Real(0, 1), constraints=["x + y <= 0.9", "(x - 0.3)**2 + y**2 >= 0.01"]
    )
    loop = Loop(Problem(space, (minimize("loss"),)))
    loop.run(20, bowl)  # Loop.ask validates
    # On x + y = 0.9 the bowl is lowest at y = 0.8 - 0.2 / 3 (Lagrange).
    assert min(loop.told("loss")) < (2 * 0.2 / 3 - 0.2) ** 2 + 2 * (0.2 / 3) ** 2 + 0.15


def test_breakdown_falls_back_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        raise ArithmeticError("a covariance is not positive definite")

    loop = Loop(LOSS)
    loop.run(5, bowl)
    monkeypatch.setattr(modelling, "train", broken)
    (proposal,) = loop.ask()
    assert proposal.provenance["fallback"] is True
    assert "not positive definite" in proposal.provenance["reason"]


def test_points_observed_elsewhere_replace_the_initial_design() -> None:
    loop = Loop(LOSS, {"initial": 4})
    for i, params in enumerate(BOX.sample(4, np.random.default_rng(0))):
        loop.trials.append(Trial(i, params, TrialState.RUNNING))
        loop.tell(bowl(params))
    assert loop.ask()[0].provenance["strategy"] == "bayes"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"inital": 5}, "did you mean 'initial'"),
        ({"initial": 0}, "whole number from 1"),
        ({"effort": "standart"}, "did you mean 'standard'"),
    ],
)
def test_wrong_options_are_refused(options: Mapping[str, Any], message: str) -> None:
    with pytest.raises(StrategyError, match=message):
        load("bayes", LOSS, options)


def hypervolume(points: Sequence[tuple[float, float]]) -> float:
    """Area below a front of two objectives to maximize, above the origin."""
    area, height = 0.0, 0.0
    for x, y in sorted(points, reverse=True):
        if x > 0 and y > height:
            area += x * (y - height)
            height = y
    return area


def test_two_objectives_fill_the_front() -> None:
    space = Space(x=Real(0, 1), y=Real(0, 1))
    problem = Problem(space, (maximize("f", threshold=0.0), minimize("g")))

    def evaluate(params: Mapping[str, Any]) -> Values:
        x, y = params["x"], params["y"]
        return {"f": np.cos(1.5 * x) - y**2, "g": y**2 - np.sin(1.5 * x)}

    loop = Loop(problem, {"effort": "fast", "initial": 5})
    loop.run(18, evaluate)
    shown = loop.trials[-1].provenance["thresholds"]
    assert shown["f"] == {"value": 0.0, "inferred": False}
    assert shown["g"]["inferred"]

    found = hypervolume([(f, -g) for f, g in zip(loop.told("f"), loop.told("g"), strict=True)])
    # The front is a quarter of the unit circle, as far as x <= 1 reaches.
    angles = np.linspace(0, 1.5, 20_001)
    whole = hypervolume(list(zip(np.cos(angles), np.sin(angles), strict=True)))
    assert found > 0.9 * whole


def test_one_objective_needs_no_torch() -> None:
    code = (
        "import sys, numpy as np\n"
        "from bosearch.space import Real, Space\n"
        "from bosearch.study import *\n"
        "from bosearch.strategies import load\n"
        "problem = Problem(Space(x=Real(0, 1)), (minimize('loss'),))\n"
        "trials = [Trial(i, {'x': i / 7}, TrialState.COMPLETED,"
        " values={'loss': Measurement(i % 3)}) for i in range(7)]\n"
        "view = StudyView(problem, trials, 7, 0)\n"
        "(p,) = load('bayes', problem, {}).propose(view, 1, np.random.default_rng(0))\n"
        "assert p.provenance['strategy'] == 'bayes'\n"
        "print('torch' in sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "False"
