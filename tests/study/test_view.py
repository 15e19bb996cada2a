"""A view sorts trials by what is known of them."""

from bosearch.space import Real, Space
from bosearch.study import Measurement, Problem, StudyView, Trial, TrialState, minimize

PROBLEM = Problem(Space(x=Real(0.0, 1.0)), (minimize("y"),))


def test_a_view_tells_completed_pending_and_failed_apart() -> None:
    trials = [Trial(i, {"x": 0.1 * i}, state) for i, state in enumerate(TrialState)]
    view = StudyView(PROBLEM, trials, next_number=len(trials), seed=0)
    assert [t.state for t in view.completed] == [TrialState.COMPLETED]
    assert [t.state for t in view.pending] == [TrialState.RUNNING, TrialState.WAITING]
    assert [t.state for t in view.failed] == [TrialState.FAILED]


def test_a_trial_gives_its_values_by_metric() -> None:
    trial = Trial(0, {"x": 0.5}, TrialState.COMPLETED, values={"y": Measurement(2.0, 0.1)})
    assert trial["y"] == 2.0
    assert not trial.pending
