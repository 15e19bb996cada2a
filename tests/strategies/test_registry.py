"""Strategies by name, and what ``auto`` stands for."""

import pytest

from bosearch.errors import StrategyError
from bosearch.space import Choice, Real, Space
from bosearch.strategies import NAMES, load, resolve
from bosearch.study import OutcomeConstraint, Problem, maximize, minimize

PROBLEM = Problem(
    Space(x=Real(0, 1), y=Real(0, 1), c=Choice(["a", "b"])),
    (minimize("loss"), maximize("speed")),
    (OutcomeConstraint.parse("heat <= 3"),),
)


def test_auto_says_why() -> None:
    name, reasons = resolve("auto", PROBLEM)
    assert name == "bayes"
    text = " ".join(reasons)
    for fact in ("2 continuous, 1 categorical factors", "2 objectives", "1 outcome constraint"):
        assert fact in text


def test_named_strategy_needs_no_reason() -> None:
    assert resolve("sobol", PROBLEM) == ("sobol", ())


def test_misspelt_strategy_gets_a_suggestion() -> None:
    with pytest.raises(StrategyError, match="did you mean 'sobol'"):
        load("sobel", PROBLEM, {})


GENERAL = ("auto", "sobol", "bayes")


@pytest.mark.parametrize("name", GENERAL)
def test_general_strategies_support_an_ordinary_problem(name: str) -> None:
    strategy = load(name, PROBLEM, {})
    assert strategy.name == resolve(name, PROBLEM)[0]
    assert strategy.supports(PROBLEM).ok


@pytest.mark.parametrize("name", sorted({*NAMES} - {*GENERAL}))
def test_strategies_for_a_kind_of_space_refuse_another_kind(name: str) -> None:
    with pytest.raises(StrategyError, match=name):
        load(name, PROBLEM, {"dim": 4} if name == "sdp-game" else {})
