"""Two models choose in turn: which one, where it looks, and when there are no turns."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bosearch.errors import StrategyError
from bosearch.space import Choice, Integer, Real, Space
from bosearch.strategies import load
from bosearch.strategies.trust_region import FIRST
from bosearch.study import Measurement, OutcomeConstraint, Problem, minimize
from tests.strategies.loop import Loop, Values

LOSS = Problem(Space(x=Real(0, 1), y=Real(0, 1)), (minimize("loss"),))
FAST = {"effort": "fast", "initial": 4}


def bowl(params: Mapping[str, Any]) -> Values:
    return {"loss": (params["x"] - 0.3) ** 2 + 2 * (params["y"] - 0.8) ** 2}


def models(loop: Loop) -> list[list[str]]:
    """Names of the models behind each trial that a model chose."""
    return [list(said) for said in loop.said("model") if said]


def test_two_trials_of_three_are_chosen_near_the_best_and_the_third_by_a_network() -> None:
    loop = Loop(LOSS, FAST)
    loop.run(12, bowl)
    # Trials 4 to 11; number 5 is the first that is left by 2 when divided by 3.
    near, network = ["warped -loss"], ["arc-cosine warped -loss"]
    assert models(loop) == [near, network, near, near, network, near, near, network]
    assert not any(loop.said("fallback"))
    assert loop.said("kernel")[4:7] == ["matern52", "arc-cosine", "matern52"]
    sides = [said and said["length"] for said in loop.said("region")[4:]]
    assert sides[1::3] == [None] * 3
    assert sides[0] == FIRST


def test_a_batch_takes_turns_as_single_asks_do() -> None:
    loop = Loop(LOSS, FAST)
    loop.run(4, bowl)
    loop.ask(3)
    assert models(loop) == [["warped -loss"], ["arc-cosine warped -loss"], ["warped -loss"]]


def test_where_nothing_is_left_to_gain_a_clear_gain_is_looked_for_elsewhere() -> None:
    # Two valleys on a plain; the search starts in the shallow one, and soon knows its bottom.
    def valleys(p: Mapping[str, Any]) -> Values:
        shallow = np.exp(-((p["x"] - 0.2) ** 2 + (p["y"] - 0.2) ** 2) / 0.02)
        deep = 2 * np.exp(-((p["x"] - 0.85) ** 2 + (p["y"] - 0.75) ** 2) / 0.02)
        return {"loss": float(-shallow - deep)}

    loop = Loop(LOSS, {"initial": 1})
    loop.ask()
    loop.trials[0] = replace(loop.trials[0], params={"x": 0.25, "y": 0.2})
    loop.tell(valleys(loop.trials[0].params))
    loop.run(44, valleys)
    assert min(loop.told("loss")) < -1.99
    by_margin = [str(said).endswith("by a margin") for said in loop.said("acquisition")]
    assert any(by_margin)
    near = [said for said, bold in zip(loop.said("region"), by_margin, strict=True) if bold]
    assert not any(near)


@pytest.mark.parametrize("options", [{"turns": False}, {"region": "turbo"}, {"surrogate": "gp"}])
def test_without_turns_one_model_chooses(options: Mapping[str, Any]) -> None:
    loop = Loop(LOSS, {**FAST, **options})
    loop.run(8, bowl)
    assert models(loop) == [["warped -loss"]] * 4
    assert ("region" in options) == any(loop.said("region"))


def test_a_network_serves_choices_grids_constraints_failures_and_told_noise() -> None:
    space = Space(x=Real(0, 1), k=Integer(0, 6), c=Choice(["a", "b", "c"]))
    problem = Problem(space, (minimize("loss"),), (OutcomeConstraint.parse("depth >= 0.2"),))
    rng = np.random.default_rng(0)

    def measured(p: Mapping[str, Any]) -> Values | None:
        if p["c"] == "c" and p["x"] > 0.7:
            return None
        loss = abs(p["x"] - 0.4) + abs(p["k"] - 3) + "abc".index(p["c"])
        return {"loss": Measurement(loss + 0.05 * rng.normal(), sem=0.05), "depth": p["x"]}

    loop = Loop(problem, {**FAST, "initial": 10})
    loop.run(24, measured)
    assert not any(loop.said("fallback"))
    assert any("arc-cosine -loss" in said for said in models(loop))
    best = min((t for t in loop.trials if "loss" in t.values), key=lambda t: t["loss"])
    assert (best.params["k"], best.params["c"]) == (3, "a")


def test_several_objectives_take_turns_without_a_region() -> None:
    problem = Problem(LOSS.space, (minimize("loss"), minimize("cost")))
    loop = Loop(problem, FAST)
    loop.run(8, lambda p: {**bowl(p), "cost": p["x"] + p["y"]})
    plain, network = ["-loss", "-cost"], ["arc-cosine -loss", "arc-cosine -cost"]
    assert models(loop) == [plain, network, plain, plain]
    assert not any(loop.said("region"))
    assert not any(loop.said("fallback"))


def test_a_network_goes_on_with_a_trend_where_a_stationary_process_looks_around() -> None:
    # A funnel in ten factors, off the centre: the first model guided choices must go down it.
    reals: Any = {f"x{i}": Real(0, 1) for i in range(10)}
    space = Space(**reals)
    problem = Problem(space, (minimize("loss"),))
    lowest = np.linspace(0.3, 0.6, 10)

    def funnel(p: Mapping[str, Any]) -> Values:
        x = np.array([p[f"x{i}"] for i in range(10)])
        return {"loss": float(np.sqrt(((x - lowest) ** 2).sum()))}

    found = {}
    for turns in (True, False):
        loop = Loop(problem, {"turns": turns, "initial": 20})
        loop.run(40, funnel)
        found[turns] = min(loop.told("loss"))
    assert found[True] < 0.5 * found[False]


def test_turns_are_a_flag() -> None:
    with pytest.raises(StrategyError, match="turns must be true or false, got 1"):
        load("bayes", LOSS, {"turns": 1})
