"""What a list of trials amounts to, against enumeration and closed forms."""

import itertools

import numpy as np
import pytest

from bosearch.report import results
from bosearch.space import Real, Space
from bosearch.study import (
    Measurement,
    Objective,
    OutcomeConstraint,
    Problem,
    Trial,
    TrialState,
    maximize,
    minimize,
)


def measured(number: int, **values: float) -> Trial:
    told = {metric: Measurement(value) for metric, value in values.items()}
    return Trial(number, {"x": 0.5}, TrialState.COMPLETED, values=told)


def problem(*objectives: str, constraints: tuple[str, ...] = ()) -> Problem:
    return Problem(
        Space(x=Real(0, 1)),
        tuple(maximize(name[1:]) if name[0] == "+" else minimize(name[1:]) for name in objectives),
        tuple(OutcomeConstraint.parse(text) for text in constraints),
    )


@pytest.mark.parametrize(("asked", "expected"), [("-loss", [0, 2, 4]), ("+loss", [0, 1])])
def test_improvements_are_the_records_in_the_asked_direction(
    asked: str, expected: list[int]
) -> None:
    trials = [measured(i, loss=v) for i, v in enumerate([3.0, 4.0, 2.0, 2.0, 1.0, 1.5])]
    steps = results.improvements(problem(asked), trials)
    assert [trial.number for trial in steps] == expected


def test_an_infeasible_trial_is_no_improvement() -> None:
    trials = [measured(0, loss=3, cost=1), measured(1, loss=1, cost=9), measured(2, loss=2, cost=2)]
    steps = results.improvements(problem("-loss", constraints=("cost <= 5",)), trials)
    assert [trial.number for trial in steps] == [0, 2]


def test_trials_without_a_measurement_do_not_count() -> None:
    trials = [Trial(0, {"x": 0.1}, TrialState.FAILED), Trial(1, {"x": 0.2}, TrialState.RUNNING)]
    assert results.improvements(problem("-loss"), trials) == []
    assert results.hypervolume_trace(problem("-loss", "+gain"), trials) == []


@pytest.mark.parametrize("m", [1, 2, 3])
def test_hypervolume_equals_a_count_of_unit_cells(m: int) -> None:
    rng = np.random.default_rng(m)
    Y = rng.integers(0, 7, size=(12, m)).astype(float)
    cells = itertools.product(range(7), repeat=m)  # a cell is dominated if a row reaches its top
    dominated = sum(bool((np.array(cell) + 1 <= Y).all(axis=1).any()) for cell in cells)
    assert results.hypervolume(Y, np.zeros(m)) == pytest.approx(dominated)


def test_hypervolume_counts_nothing_below_the_reference() -> None:
    Y = np.array([[2.0, 2.0], [5.0, 0.5]])
    assert results.hypervolume(Y, np.array([1.0, 1.0])) == pytest.approx(1.0)
    assert results.hypervolume(Y, np.array([9.0, 9.0])) == 0.0


def test_the_trace_grows_to_the_hypervolume_of_all_trials() -> None:
    rng = np.random.default_rng(0)
    asked = problem("-cost", "+gain")
    trials = [measured(i, cost=c, gain=g) for i, (c, g) in enumerate(rng.random((40, 2)))]
    trace = results.hypervolume_trace(asked, trials)
    assert np.all(np.diff(trace) >= 0)
    whole = results.hypervolume(
        results.gains(asked, trials), results.reference_point(asked, trials)
    )
    assert trace[-1] == pytest.approx(whole)


def test_a_stated_threshold_is_the_reference_and_others_are_inferred() -> None:
    asked = Problem(Space(x=Real(0, 1)), (minimize("cost", threshold=5.0), maximize("gain")))
    trials = [measured(0, cost=1, gain=10), measured(1, cost=2, gain=20)]
    # The front spans gains 10 to 20, and a tenth of that lies below its worst.
    assert results.reference_point(asked, trials).tolist() == [-5.0, 9.0]


@pytest.mark.parametrize(
    ("asked", "values", "expected"),
    [
        (maximize("y"), [1, 2, 3, 4, 5, -90], (1, 5)),  # far out on the worse side
        (maximize("y"), [1, 2, 3, 4, 5, 90], (1, 90)),  # a success is never left out
        (minimize("y"), [1, 2, 3, 4, 5, 90], (1, 5)),
        (minimize("y"), [7, 7, 7, 7, 90], (7, 90)),  # without a spread nothing is far
    ],
)
def test_the_near_range_leaves_out_far_failures_only(
    asked: Objective, values: list[float], expected: tuple[float, float]
) -> None:
    assert results.near_range(asked, values) == expected
