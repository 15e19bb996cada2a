"""Stated and inferred thresholds."""

import pytest

from bosearch.space import Real, Space
from bosearch.strategies.thresholds import thresholds
from bosearch.study import (
    Measurement,
    OutcomeConstraint,
    Problem,
    Trial,
    TrialState,
    maximize,
    minimize,
)

PROBLEM = Problem(
    Space(x=Real(0, 1)),
    (maximize("f"), minimize("g", threshold=7.0)),
    (OutcomeConstraint.parse("h >= 0"),),
)


def trial(number: int, f: float, g: float, h: float) -> Trial:
    values = {"f": Measurement(f), "g": Measurement(g), "h": Measurement(h)}
    return Trial(number, {"x": 0.5}, TrialState.COMPLETED, values=values)


def test_inferred_threshold_lies_a_tenth_below_the_feasible_front() -> None:
    trials = [trial(0, 1, 1, 1), trial(1, 3, 2, 1), trial(2, 0, 5, 1), trial(3, 9, 0, -1)]
    found = thresholds(PROBLEM, trials)
    assert found["f"].inferred
    assert found["f"].value == pytest.approx(1 - 0.1 * (3 - 1))
    assert (found["g"].value, found["g"].inferred) == (7.0, False)


def test_nothing_is_inferred_from_nothing() -> None:
    assert set(thresholds(PROBLEM, [])) == {"g"}
