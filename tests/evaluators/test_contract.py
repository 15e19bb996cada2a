"""What every evaluator promises; each engine joins ``BACKENDS``."""

import json
import math
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Protocol

import pytest

from bosearch.evaluators import Evaluator, Failed, Handle, JobRequest, Measured
from bosearch.evaluators.base import UNNAMED
from bosearch.study import Measurement
from tests.evaluators.workshop import Workshop, ended, outcome_of, wait_until

BACKENDS = ["memory", "process", "command"]


class Make(Protocol):
    def __call__(self, function: str) -> Evaluator: ...


@pytest.fixture(params=BACKENDS)
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """Make evaluators of functions of ``measured_functions``; nothing may survive the test."""
    workshop = Workshop(tmp_path)
    made: list[Evaluator] = []

    def make(function: str) -> Evaluator:
        made.append(workshop.evaluator(request.param, function))
        return made[-1]

    yield make
    for evaluator in made:
        evaluator.close()
    wait_until(lambda: workshop.processes() == [])


def test_a_measurement_comes_back_with_every_bit(make: Make) -> None:
    outcome = outcome_of(make("reciprocal"), x=3.0)
    assert isinstance(outcome, Measured)
    assert outcome.values == {"loss": Measurement(1.0 / 3.0)}
    assert outcome.seconds >= 0.0


def test_a_standard_error_comes_back(make: Make) -> None:
    outcome = outcome_of(make("noisy"), x=3.0)
    assert isinstance(outcome, Measured)
    assert outcome.values == {"loss": Measurement(3.0, sem=0.25)}


@pytest.mark.parametrize("make", ["memory", "process"], indirect=True)  # a command has metrics only
def test_a_function_adds_notes_by_returning_a_measured(make: Make) -> None:
    outcome = outcome_of(make("annotated"), x=3.0)
    assert isinstance(outcome, Measured)
    assert outcome.values == {"loss": Measurement(3.0)}
    assert outcome.notes == {"certificate": "here.json"}
    assert outcome.seconds < 1e9  # measured by the evaluator, not claimed by the function


@pytest.mark.parametrize("make", ["memory", "process"], indirect=True)
def test_notes_without_a_json_form_are_refused(make: Make) -> None:
    outcome = outcome_of(make("annotated_with_an_object"), x=3.0)
    assert isinstance(outcome, Failed)
    assert outcome.reason.startswith("expected notes with a JSON form")


def test_a_bare_number_is_the_metric_without_a_name(make: Make) -> None:
    outcome = outcome_of(make("bare"), x=3.0)
    assert isinstance(outcome, Measured)
    assert outcome.values == {UNNAMED: Measurement(3.0)}


def test_a_value_that_is_no_number_is_passed_on_for_the_study_to_judge(make: Make) -> None:
    outcome = outcome_of(make("bare"), x=math.nan)
    assert isinstance(outcome, Measured)
    measured = outcome.values[UNNAMED]
    assert isinstance(measured, Measurement)
    assert math.isnan(measured.value)


def test_a_candidate_that_breaks_is_an_outcome_not_an_exception(make: Make) -> None:
    outcome = outcome_of(make("reciprocal"), x=0.0)
    assert isinstance(outcome, Failed)
    assert not outcome.retryable
    assert "ZeroDivisionError: float division by zero" in outcome.reason


@pytest.mark.parametrize(("function", "arrived"), [("text", "str"), ("nothing", "NoneType")])
def test_a_result_that_is_no_metric_says_what_arrived(
    make: Make, function: str, arrived: str
) -> None:
    outcome = outcome_of(make(function), x=1.0)
    assert isinstance(outcome, Failed)
    assert not outcome.retryable
    assert outcome.reason.endswith(f"got {arrived}")


def test_submitting_a_key_twice_measures_once(make: Make, tmp_path: Path) -> None:
    tally = tmp_path / "tally"
    evaluator = make("counted")
    request = JobRequest("s/0/1", {"x": 1.0, "tally": str(tally)})
    handles = [evaluator.submit(request) for _ in range(3)]
    wait_until(lambda: ended(evaluator, handles[0]))
    assert handles[0] == handles[1] == handles[2] == evaluator.submit(request)
    assert tally.read_text() == "1.0\n"


def test_keys_that_differ_only_in_a_separator_are_different_jobs(make: Make) -> None:
    evaluator = make("bare")
    keys = ["a/b/1", "a,b/1", "a%2Cb/1", "a/b,1", "../b/1", "ä b/1"]
    for x, key in enumerate(keys):
        outcome = outcome_of(evaluator, key, x=float(x))
        assert isinstance(outcome, Measured)
        assert outcome.values == {UNNAMED: Measurement(float(x))}


def test_a_result_may_be_collected_again_through_a_handle_read_from_json(make: Make) -> None:
    evaluator = make("reciprocal")
    handle = evaluator.submit(JobRequest("s/0/1", {"x": 4.0}))
    wait_until(lambda: ended(evaluator, handle))
    from_record = Handle(**json.loads(json.dumps(asdict(handle))))
    assert from_record == handle
    assert evaluator.collect(handle) == evaluator.collect(from_record)


def test_a_job_is_found_by_its_key_and_only_that_one(make: Make) -> None:
    evaluator = make("reciprocal")
    handle = evaluator.submit(JobRequest("s/0/1", {"x": 4.0}))
    wait_until(lambda: ended(evaluator, handle))
    assert evaluator.reattach("s/0/1") == handle
    assert evaluator.reattach("s/0/2") is None
