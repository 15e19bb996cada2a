"""One run of a study: what is asked, what is told, and what failures lead to."""

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pytest

from bosearch import Integer, Real, Space, Study, TrialState, maximize, minimize
from bosearch.errors import ConfigError, EvaluatorError
from bosearch.evaluators import (
    Failed,
    Handle,
    InProcessEvaluator,
    JobRequest,
    JobStatus,
    Measured,
    Outcome,
)
from bosearch.runner import RunSummary, Stop, run
from bosearch.runner.events import Asked, Event, FailedTrial, Resumed, Stopping, Superseded, Told
from bosearch.store import EventKind


@pytest.fixture
def study() -> Iterator[Study]:
    with new_study() as study:
        yield study


def new_study(**statement: Any) -> Study:
    stated: dict[str, Any] = {
        "name": "s",
        "space": Space(x=Real(0, 1)),
        "objectives": [minimize("loss")],
        "strategy": "sobol",
        **statement,
    }
    return Study.create("sqlite://", **stated)


class ScriptedEvaluator:
    """Ends jobs when, and as, the test says: ``outcomes[key] = ...``."""

    def __init__(self, slots: int = 2) -> None:
        self.slots = slots
        self.submitted: list[str] = []
        self.outcomes: dict[str, Outcome | EvaluatorError] = {}
        self.unknown: set[str] = set()

    def submit(self, request: JobRequest) -> Handle:
        if request.key not in self.submitted:
            self.submitted.append(request.key)
        return Handle(request.key, "scripted")

    def poll(self, handles: Sequence[Handle]) -> dict[str, JobStatus]:
        return {handle.key: self._status(handle.key) for handle in handles}

    def _status(self, key: str) -> JobStatus:
        if key in self.unknown:
            return "unknown"
        return "finished" if key in self.outcomes else "running"

    def collect(self, handle: Handle) -> Outcome:
        outcome = self.outcomes[handle.key]
        if isinstance(outcome, EvaluatorError):
            raise outcome
        return outcome

    def cancel(self, handle: Handle, *, grace_s: float) -> None:
        self.outcomes[handle.key] = Failed("cancelled", retryable=False)

    def reattach(self, key: str) -> Handle | None:
        return Handle(key, "scripted") if key in self.submitted else None

    def close(self) -> None:
        self.outcomes.clear()


def job(study: Study, number: int, attempt: int = 1) -> str:
    """The key of a job."""
    return f"s/{number}/{attempt}/{study.trial(number).asked_at:.6f}"


def measured(loss: float) -> Measured:
    return Measured({"loss": loss}, seconds=1.0)


def seen(events: Sequence[Event], *kinds: type) -> list[tuple[str, int]]:
    """Names of events and numbers of their trials, ticks left out."""
    return [
        (type(event).__name__, event.trial.number)
        for event in events
        if isinstance(event, Asked | Resumed | Told | FailedTrial | Superseded)
        and (not kinds or isinstance(event, kinds))
    ]


def square(x: float) -> float:
    return x * x


# --- how much is asked ---


def test_a_run_measures_as_many_trials_as_it_was_told_to(study: Study) -> None:
    summary = run(study, InProcessEvaluator(square, slots=3), stop=Stop(trials=7))
    assert summary == RunSummary("7 trials are finished", completed=7, failed=0, running=0)
    assert [trial.number for trial in study.trials()] == list(range(7))
    assert all(trial["loss"] == trial.params["x"] ** 2 for trial in study.trials())


def test_failures_count_and_earlier_runs_count(study: Study) -> None:
    def picky(x: float) -> float:
        if x > 0.5:
            raise ValueError("too large")
        return x

    first = run(study, InProcessEvaluator(picky), stop=Stop(trials=4))
    second = run(study, InProcessEvaluator(picky), stop=Stop(trials=10))
    third = run(study, InProcessEvaluator(picky), stop=Stop(trials=10))
    assert len(study.trials()) == 10
    assert first.completed + first.failed == 4
    assert second.completed + second.failed == 6
    assert (third.completed, third.failed) == (0, 0)
    assert {t.number for t in study.trials() if t.params["x"] > 0.5} == {
        t.number for t in study.trials(TrialState.FAILED)
    }


def test_a_finite_space_ends_the_run() -> None:
    with new_study(space=Space(x=Integer(1, 5))) as study:
        summary = run(study, InProcessEvaluator(square, slots=2), stop=Stop(trials=50))
        assert summary.completed == 5
        assert not summary.broken
        assert sorted(trial.params["x"] for trial in study.trials()) == [1, 2, 3, 4, 5]


def test_time_that_is_up_ends_the_run(study: Study) -> None:
    summary = run(study, InProcessEvaluator(square), stop=Stop(hours=1e-12))
    assert summary.reason == "1e-12 hours are over"
    assert study.trials() == []


@pytest.mark.parametrize("wrong", [{"trials": 0}, {"hours": 0.0}, {"hours": math.nan}])
def test_a_limit_that_is_no_limit_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="stop: "):
        Stop(**wrong)


def test_a_trial_asked_by_hand_is_left_alone(study: Study) -> None:
    (mine,) = study.ask()
    summary = run(study, InProcessEvaluator(square), stop=Stop(trials=4))
    assert summary.completed == 3
    assert summary.reason == "still with somebody else, by hand or another driver: trials 0"
    assert study.pending == [mine]


# --- asynchrony ---


def test_a_free_slot_never_waits_for_the_slowest_job(study: Study) -> None:
    evaluator = ScriptedEvaluator(slots=2)
    events: list[Event] = []

    def on_event(event: Event) -> None:
        events.append(event)
        if isinstance(event, Asked) and event.trial.number > 0:  # trial 0 is the slow one
            evaluator.outcomes[job(study, event.trial.number)] = measured(1.0)
        if isinstance(event, Told) and event.trial.number == 5:
            evaluator.outcomes[job(study, 0)] = measured(0.0)

    run(study, evaluator, stop=Stop(trials=6), on_event=on_event)
    assert seen(events, Told)[:4] == [("Told", 1), ("Told", 2), ("Told", 3), ("Told", 4)]
    assert sorted(seen(events, Told)[4:]) == [("Told", 0), ("Told", 5)]
    assert seen(events)[:4] == [("Asked", 0), ("Asked", 1), ("Told", 1), ("Asked", 2)]


def test_all_slots_are_busy_and_never_more(study: Study) -> None:
    evaluator = ScriptedEvaluator(slots=3)
    under_way: list[int] = []
    busy = set()

    def on_event(event: Event) -> None:
        if isinstance(event, Asked):
            under_way.append(event.trial.number)
            busy.add(len(under_way))
        if isinstance(event, Told):
            under_way.remove(event.trial.number)
        if len(under_way) == 3 or len(study.trials()) == 10:
            evaluator.outcomes |= {job(study, n): measured(1.0) for n in under_way[:1]}

    run(study, evaluator, stop=Stop(trials=10), on_event=on_event)
    assert busy == {1, 2, 3}


# --- failures ---


def test_a_lost_job_is_tried_again_with_the_same_parameters(study: Study) -> None:
    evaluator = ScriptedEvaluator(slots=1)
    events: list[Event] = []

    def on_event(event: Event) -> None:
        events.append(event)
        if isinstance(event, Asked):
            first = event.trial.attempt == 1
            key = job(study, event.trial.number, event.trial.attempt)
            evaluator.outcomes[key] = Failed("lost", retryable=True) if first else measured(1.0)

    summary = run(study, evaluator, stop=Stop(trials=1), retries=1, on_event=on_event)
    assert (summary.completed, summary.failed) == (1, 0)
    assert seen(events) == [("Asked", 0), ("FailedTrial", 0), ("Asked", 0), ("Told", 0)]
    first, again = (event.trial for event in events if isinstance(event, Asked))
    assert first.params == again.params
    assert (first.attempt, again.attempt) == (1, 2)


def test_retries_end(study: Study) -> None:
    evaluator = ScriptedEvaluator(slots=1)
    again: list[bool] = []

    def on_event(event: Event) -> None:
        if isinstance(event, Asked):
            key = job(study, event.trial.number, event.trial.attempt)
            evaluator.outcomes[key] = Failed("lost", retryable=True)
        if isinstance(event, FailedTrial):
            again.append(event.again)

    summary = run(study, evaluator, stop=Stop(trials=1), retries=2, on_event=on_event)
    assert again == [True, True, False]
    assert (summary.completed, summary.failed) == (0, 1)
    assert study.trial(0).reason == "lost"


def test_a_failure_of_the_candidate_is_not_tried_again(study: Study) -> None:
    evaluator = InProcessEvaluator(lambda x: 1 / 0)
    run(study, evaluator, stop=Stop(trials=1), retries=5)
    assert (study.trial(0).state, study.trial(0).attempt) == (TrialState.FAILED, 1)
    assert "ZeroDivisionError" in str(study.trial(0).reason)


@pytest.mark.parametrize(
    ("returned", "reason"),
    [
        (math.nan, "loss"),
        ({"loss": -math.inf}, "loss"),
        ({"los": 1.0}, "no metric 'los'"),
        ({"loss": 1.0, "extra": 2.0}, "no metric 'extra'"),
        ({}, "loss"),
        ({"loss": (1.0, -0.5)}, "loss"),
        ("good", "got str"),
        (None, "got NoneType"),
    ],
)
def test_a_result_that_cannot_be_told_fails_its_trial_and_no_other(
    study: Study, returned: Any, reason: str
) -> None:
    results = iter([returned, 3.0])
    summary = run(study, InProcessEvaluator(lambda x: next(results)), stop=Stop(trials=2))
    assert (summary.completed, summary.failed) == (1, 1)
    assert study.trial(0).state is TrialState.FAILED
    assert reason in str(study.trial(0).reason)
    assert study.trial(1)["loss"] == 3.0


def test_one_number_is_not_enough_for_two_objectives() -> None:
    with new_study(objectives=[minimize("cost"), maximize("gain")]) as study:
        run(study, InProcessEvaluator(square), stop=Stop(trials=1))
        assert study.trial(0).reason == (
            "got one number for 2 metrics: expected a mapping with cost, gain"
        )


def test_when_everything_fails_alike_the_run_stops_early_and_can_go_on(study: Study) -> None:
    stops: list[str] = []

    def on_event(event: Event) -> None:
        if isinstance(event, Stopping):
            stops.append(event.reason)

    wrong = InProcessEvaluator(lambda y: y)
    summary = run(study, wrong, stop=Stop(trials=100), on_event=on_event)
    assert summary.broken
    assert summary.failed == 5
    assert "all of the first 5 trials failed alike" in summary.reason
    assert "unexpected keyword argument 'x'" in summary.reason
    assert stops == [summary.reason]
    assert run(study, InProcessEvaluator(square), stop=Stop(trials=8)).completed == 3


def test_failures_that_differ_do_not_stop_a_run(study: Study) -> None:
    def fussy(x: float) -> float:
        raise ValueError(f"{x} is not my number")

    summary = run(study, InProcessEvaluator(fussy), stop=Stop(trials=12))
    assert (summary.failed, summary.broken) == (12, False)


def test_a_broken_evaluator_costs_no_trial(study: Study) -> None:
    evaluator = ScriptedEvaluator(slots=1)

    def on_event(event: Event) -> None:
        if isinstance(event, Asked):
            attempt = event.trial.attempt
            fault = EvaluatorError("cannot load 'objectiv:evaluate'", hint="see the log")
            key = job(study, event.trial.number, attempt)
            evaluator.outcomes[key] = fault if attempt == 1 else measured(2.0)

    first = run(study, evaluator, stop=Stop(trials=1), on_event=on_event)
    assert first.broken
    assert "cannot load 'objectiv:evaluate'" in first.reason
    assert study.trial(0).state is TrialState.WAITING
    second = run(study, evaluator, stop=Stop(trials=1), on_event=on_event)
    assert (second.completed, second.broken) == (1, False)


# --- crashes between the steps ---


class CrashError(BaseException):
    """The driver dies here."""


def dying(method: Callable[..., Any], *, before: bool) -> Callable[..., Any]:
    """``method``, but the first call dies before or after its work."""
    armed = [True]

    def call(*args: Any, **kwargs: Any) -> Any:
        if before and armed.pop() if armed else False:
            raise CrashError
        result = method(*args, **kwargs)
        if armed and armed.pop():
            raise CrashError
        return result

    return call


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize(
    "step",
    ["study.ask", "evaluator.submit", "study.attach", "evaluator.collect", "study.tell"],
)
def test_a_driver_may_die_between_any_two_steps(
    study: Study, monkeypatch: pytest.MonkeyPatch, step: str, moment: str
) -> None:
    executions: list[float] = []

    def counted(x: float) -> float:
        executions.append(x)
        return x

    evaluator = InProcessEvaluator(counted, slots=2)  # stands for one that outlives its driver
    target, name = step.split(".")
    thing = {"study": study, "evaluator": evaluator}[target]
    monkeypatch.setattr(thing, name, dying(getattr(thing, name), before=moment == "before"))
    with pytest.raises(CrashError):
        run(study, evaluator, stop=Stop(trials=3))
    summary = run(study, evaluator, stop=Stop(trials=3))
    assert len(study.completed) == len(study.trials()) == 3
    assert len(executions) == len(set(executions)) == 3
    assert summary.running == 0
    kinds = [event.kind for event in study.events()]
    assert kinds.count(EventKind.TOLD) == 3
    assert EventKind.OFFERED not in kinds


def test_an_expired_trial_takes_over_the_job_that_is_still_at_work(study: Study) -> None:
    evaluator = ScriptedEvaluator(slots=1)
    (first,) = study.ask(lease_s=1e-6)  # by a driver that died right after submitting
    evaluator.submit(JobRequest(job(study, 0), first.params))
    (second,) = study.ask(lease_s=60.0)  # by one that died right after asking
    assert (second.number, second.attempt) == (0, 2)
    events: list[Event] = []

    def on_event(event: Event) -> None:
        events.append(event)
        evaluator.outcomes[job(study, 0)] = measured(4.0)

    run(study, evaluator, stop=Stop(trials=1), on_event=on_event)
    assert seen(events) == [("Resumed", 0), ("Told", 0)]
    assert evaluator.submitted == [job(study, 0)]
    assert study.trial(0).attempt == 2
    assert study.trial(0)["loss"] == 4.0


def test_a_job_of_another_machine_is_left_to_its_driver(study: Study) -> None:
    evaluator = ScriptedEvaluator(slots=1)
    (theirs,) = study.ask(lease_s=60.0)
    handle = Handle("s/0/1", "scripted", {"host": "elsewhere"})
    study.attach(theirs, asdict(handle))
    evaluator.unknown.add(handle.key)
    summary = run(study, evaluator, stop=Stop(trials=1))
    assert evaluator.submitted == []
    assert summary.reason == "still with somebody else, by hand or another driver: trials 0"


def test_a_result_that_somebody_else_told_is_not_told_again(study: Study) -> None:
    evaluator = ScriptedEvaluator(slots=1)
    events: list[Event] = []

    def on_event(event: Event) -> None:
        events.append(event)
        if isinstance(event, Asked):
            study.abandon(event.trial, "not wanted any more")
            evaluator.outcomes[job(study, 0)] = measured(1.0)

    summary = run(study, evaluator, stop=Stop(hours=1e-5), on_event=on_event)
    assert ("Superseded", 0) in seen(events)
    assert summary.completed == 0
    assert study.trial(0).state is TrialState.ABANDONED


# --- leases and signals ---


def test_a_lease_is_renewed_as_long_as_the_job_runs(study: Study) -> None:
    evaluator = ScriptedEvaluator(slots=1)
    leases: list[float] = []

    def on_event(event: Event) -> None:
        lease_until = study.trial(0).lease_until
        if lease_until is not None and lease_until not in leases:
            leases.append(lease_until)
        if len(leases) == 4:
            evaluator.outcomes[job(study, 0)] = measured(1.0)

    run(study, evaluator, stop=Stop(trials=1), on_event=on_event, lease_s=0.3)
    assert leases == sorted(leases)
    assert study.trial(0).attempt == 1
    assert "bosearch-leases" not in {thread.name for thread in threading.enumerate()}


def test_signal_handlers_are_put_back(study: Study) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    during: list[Any] = []

    def look(event: Event) -> None:
        during.extend(signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM))

    run(study, InProcessEvaluator(square), stop=Stop(trials=1), on_event=look)
    assert before == [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    assert not set(before) & set(during)


def test_a_run_works_outside_the_main_thread(study: Study) -> None:
    summaries: list[RunSummary] = []

    def drive() -> None:
        summaries.append(run(study, InProcessEvaluator(square), stop=Stop(trials=2)))

    thread = threading.Thread(target=drive)
    thread.start()
    thread.join()
    assert [summary.completed for summary in summaries] == [2]


def test_two_drivers_measure_no_trial_twice(tmp_path: Any) -> None:
    """Each has slots of its own; the engine, as a cluster's queue, is one for both."""
    executions: list[float] = []
    url = f"sqlite:///{tmp_path}/study.db"

    def counted(x: float) -> float:
        executions.append(x)
        time.sleep(0.002)
        return x

    statement: Mapping[str, Any] = {
        "name": "s",
        "space": Space(x=Real(0, 1)),
        "objectives": [minimize("loss")],
        "strategy": "sobol",
        "if_exists": "resume",
    }
    evaluator = InProcessEvaluator(counted, slots=2)
    Study.create(url, **statement).close()

    def drive() -> None:
        with Study.create(url, **statement) as study:
            run(study, evaluator, stop=Stop(trials=20))

    threads = [threading.Thread(target=drive) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Study.open(url) as study:
        told = [event.number for event in study.events() if event.kind is EventKind.TOLD]
        assert len(told) == len(set(told)) == len(study.completed) == len(study.trials())
        assert len(executions) == len(set(executions)) == len(told)
        assert 20 <= len(told) <= 21  # both may find room for the last one
