"""Staying on a point: how long, and that the record alone decides."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from bosearch.space import Real, Space
from bosearch.strategies.prediction import Prediction
from bosearch.strategies.switching import measurements
from bosearch.study import Problem, minimize
from tests.strategies.loop import Loop, Values

LOSS = Problem(Space(x=Real(0, 1)), (minimize("loss"),))
OPTIONS = {"effort": "fast", "initial": 5, "switching": 1.5}


@pytest.mark.parametrize("surrogate", [None, "gp"])
def test_a_noisy_study_looks_again_and_an_exact_one_does_not(surrogate: str | None) -> None:
    options = OPTIONS if surrogate is None else {**OPTIONS, "surrogate": surrogate}
    noisy, exact = Loop(LOSS, options), Loop(LOSS, options)
    noisy.run(16, noise(1.0))
    exact.run(12, noise(0.0))
    assert len(np.unique(noisy.X[5:])) < 8
    assert len(np.unique(exact.X)) == len(exact.X)
    again = next(t for t in noisy.trials if "reason" in t.provenance)
    assert again.provenance["reason"].startswith("look 2 of ")
    first = noisy.trials[again.provenance["switching"]["first"]]
    assert again.params == first.params


def noise(std: float) -> Any:
    rng = np.random.default_rng(0)

    def evaluate(params: Mapping[str, Any]) -> Values:
        return {"loss": float((params["x"] - 0.4) ** 2 + std * rng.normal())}

    return evaluate


def test_uncertainty_at_the_point_falls_by_less_than_the_factor() -> None:
    # One more exact posterior update: 1 / var' = 1 / var + B / noise_var.
    for std, noise_std in ((1.0, 1.0), (0.5, 2.0), (0.3, 5.0)):
        b = measurements([Prediction(0.0, std, noise_std)], 1.5, most=10_000)
        fallen = [std * math.sqrt(1 / std**2 + k / noise_std**2) for k in (b, b + 1)]
        assert fallen[0] <= 1.5 < fallen[1]


def test_several_objectives_take_the_shortest_stay_and_none_outlasts_the_record() -> None:
    sure, unsure = Prediction(0.0, 0.1, 1.0), Prediction(0.0, 1.0, 2.0)
    assert measurements([sure, unsure], 1.5, most=100) == 5
    assert measurements([sure], 1.5, most=20) == 20
    assert measurements([Prediction(0.0, 1.0, 0.0)], 1.5, most=20) == 1
    assert measurements([Prediction(0.0, 0.0, 1.0)], 1.5, most=20) == 20


def test_a_resumed_study_stays_as_long() -> None:
    whole, cut = Loop(LOSS, OPTIONS), Loop(LOSS, OPTIONS)
    evaluations = noise(1.0), noise(1.0)
    whole.run(15, evaluations[0])
    for _ in range(5):
        cut.restart()
        cut.run(3, evaluations[1])
    np.testing.assert_allclose(cut.X, whole.X, rtol=0, atol=1e-6)


def test_two_pairs_are_one_ask_of_four() -> None:
    whole, pairs = Loop(LOSS, OPTIONS), Loop(LOSS, OPTIONS)
    for loop, sizes in ((whole, (4,)), (pairs, (2, 2))):
        loop.run(8, noise(1.0))
        for n in sizes:
            loop.ask(n)
    assert (pairs.X == whole.X).all()


def test_a_failure_ends_the_stay() -> None:
    loop = Loop(LOSS, OPTIONS)
    evaluate = noise(1.0)
    loop.run(5, evaluate)
    loop.ask()
    while loop.trials[-1].provenance["switching"]["measurements"] == 1:
        loop.tell(evaluate(loop.trials[-1].params))
        loop.ask()
    loop.tell(None)
    loop.ask()
    assert loop.trials[-1].params != loop.trials[-2].params
