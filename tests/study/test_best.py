"""Best trials and fronts against their definitions."""

import numpy as np
import pytest

from bosearch.errors import ConfigError
from bosearch.space import Real, Space
from bosearch.study import Measurement, Problem, Trial, TrialState, maximize, minimize
from bosearch.study.best import best_trial, pareto_front

TWO = Problem(Space(x=Real(0, 1)), (maximize("a"), minimize("b")))


def trials(values: list[tuple[float, float]]) -> list[Trial]:
    return [
        Trial(
            i, {"x": 0.5}, TrialState.COMPLETED, values={"a": Measurement(a), "b": Measurement(b)}
        )
        for i, (a, b) in enumerate(values)
    ]


@pytest.mark.parametrize("levels", [4, 1000])  # with many ties, and with few
def test_front_is_what_no_trial_dominates(levels: int) -> None:
    rng = np.random.default_rng(levels)
    points = rng.integers(0, levels, size=(200, 2)).astype(float)
    gains = points * [1, -1]
    expected = [
        i
        for i, mine in enumerate(gains)
        if not any((other >= mine).all() and (other > mine).any() for other in gains)
    ]
    front = pareto_front(TWO, trials([(a, b) for a, b in points]))
    assert [trial.number for trial in front] == expected


def test_study_of_two_objectives_has_no_best_trial() -> None:
    with pytest.raises(ConfigError, match="2 objectives has no single best"):
        best_trial(TWO, trials([(1.0, 1.0)]))


def test_first_of_equal_trials_is_the_best() -> None:
    one = Problem(Space(x=Real(0, 1)), (minimize("b"),))
    best = best_trial(one, trials([(0.0, 2.0), (1.0, 1.0), (2.0, 1.0)]))
    assert best is not None
    assert best.number == 1
    assert best_trial(one, []) is None
    assert pareto_front(TWO, []) == []
