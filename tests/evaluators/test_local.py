"""Detached processes: every way a job can end, and every way a driver can."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bosearch.errors import EvaluatorError
from bosearch.evaluators import Failed, JobRequest, Measured, jobfolder
from bosearch.study import Measurement
from tests.evaluators.workshop import Workshop, ended, outcome_of, wait_until


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    """A workshop that must be empty again when the test ends."""
    workshop = Workshop(tmp_path)
    yield workshop
    wait_until(lambda: workshop.processes() == [])


@pytest.mark.parametrize(
    ("how", "reason", "retryable"),
    [
        ("exit", "exit code 3 without a result: about to break", False),
        ("sys.exit", "exit code 1 without a result: the mesh is not closed", False),
        ("try again", "exit code 75 without a result: about to break", True),
        ("killed", r"killed by signal 9 \(SIGKILL\)", True),
        ("segfault", r"killed by signal 11 \(SIGSEGV\)", False),
        ("greedy at once", "over the memory limit of 200 MB: MemoryError.*", False),
        ("greedy by and by", r"over the memory limit of 200 MB \(used \d+ MB\)", False),
        ("greedy child", r"over the memory limit of 200 MB \(used \d+ MB\)", False),
    ],
)
def test_each_way_to_die_is_a_failure_with_its_reason(
    workshop: Workshop, how: str, reason: str, retryable: bool
) -> None:
    outcome = outcome_of(workshop.process("broken", memory_mb=200), x=1.0, how=how)
    assert isinstance(outcome, Failed)
    assert re.fullmatch(reason, outcome.reason, re.DOTALL)
    assert outcome.retryable is retryable


def test_memory_that_processes_share_counts_once(workshop: Workshop) -> None:
    outcome = outcome_of(workshop.process("sharing", memory_mb=300), x=1.0)
    assert isinstance(outcome, Measured)  # 480 MB if it counted for each


def test_an_exception_is_reported_with_its_place(workshop: Workshop) -> None:
    outcome = outcome_of(workshop.process("reciprocal"), x=0.0)
    assert isinstance(outcome, Failed)
    assert re.fullmatch(
        r"ZeroDivisionError: float division by zero \(measured_functions.py:\d+ in reciprocal\)",
        outcome.reason,
    )
    (log,) = workshop.jobs.glob("*/log")
    assert "Traceback (most recent call last)" in log.read_text()


def test_nothing_survives_the_time_limit(workshop: Workshop, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    outcome = outcome_of(workshop.process("immortal", timeout_s=1.5), x=1.0, ready=str(ready))
    assert isinstance(outcome, Failed)
    assert outcome.reason == "over the time limit of 1.5 s"
    assert not outcome.retryable
    assert ready.exists()  # all its offspring had been born
    wait_until(lambda: workshop.processes() == [])


def test_what_a_job_leaves_running_ends_with_it(workshop: Workshop) -> None:
    outcome = outcome_of(workshop.process("careless"), x=1.0)
    assert isinstance(outcome, Measured)
    wait_until(lambda: workshop.processes() == [])


def test_a_killed_supervisor_makes_a_lost_job_and_leaves_nothing_running(
    workshop: Workshop, tmp_path: Path
) -> None:
    evaluator = workshop.process("immortal")
    ready = tmp_path / "ready"
    handle = evaluator.submit(JobRequest("s/0/1", {"x": 1.0, "ready": str(ready)}))
    wait_until(ready.exists)
    assert evaluator.poll([handle]) == {"s/0/1": "running"}
    with pytest.raises(EvaluatorError, match="still running"):
        evaluator.collect(handle)

    (folder,) = workshop.jobs.iterdir()
    os.kill(jobfolder.supervisor_pid(folder) or 0, signal.SIGKILL)
    wait_until(lambda: ended(evaluator, handle))
    assert evaluator.poll([handle]) == {"s/0/1": "lost"}
    outcome = evaluator.collect(handle)
    assert outcome == Failed(
        "lost: its supervisor was killed, or the machine stopped", retryable=True
    )
    assert evaluator.submit(JobRequest("s/0/1", {"x": 1.0, "ready": str(ready)})) == handle
    assert evaluator.collect(handle) == outcome  # it stays lost: an attempt is made once
    wait_until(lambda: workshop.processes() == [])


def test_a_supervisor_that_cannot_start_makes_a_lost_job(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    outcome = outcome_of(workshop.process("bare"), x=1.0)
    assert outcome == Failed("lost: its supervisor did not start", retryable=True)


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        ("measured_function:bare", "ModuleNotFoundError: No module named 'measured_function'"),
        ("measured_functions:bear", "has no attribute 'bear'"),
        ("measured_functions:os.sep", "is no function but str"),
    ],
)
def test_a_function_that_cannot_be_loaded_is_a_broken_evaluator(
    workshop: Workshop, function: str, reason: str
) -> None:
    evaluator = workshop.process("bare")
    evaluator.work = {**evaluator.work, "function": function}
    with pytest.raises(EvaluatorError, match=re.escape(reason)) as caught:
        outcome_of(evaluator, x=1.0)
    assert str(workshop.jobs) in str(caught.value.hint)


def test_a_job_outlives_a_driver_that_is_killed(workshop: Workshop, tmp_path: Path) -> None:
    tally = tmp_path / "tally"
    driver = f"""
from pathlib import Path
from bosearch.evaluators import JobRequest, ProcessRecipe
recipe = ProcessRecipe(function="measured_functions:counted")
evaluator = recipe.build(Path({str(workshop.folder)!r}), Path({str(workshop.jobs)!r}))
evaluator.submit(JobRequest("s/0/1", {{"x": 2.0, "tally": {str(tally)!r}}}))
import os
os.kill(os.getpid(), 9)
"""
    died = subprocess.run([sys.executable, "-c", driver], check=False)
    assert died.returncode == -signal.SIGKILL
    evaluator = workshop.process("counted")
    handle = evaluator.reattach("s/0/1")
    assert handle is not None
    wait_until(lambda: ended(evaluator, handle))
    outcome = evaluator.collect(handle)
    assert isinstance(outcome, Measured)
    assert outcome.values == {"loss": Measurement(2.0)}
    assert tally.read_text() == "2.0\n"


def test_a_job_whose_driver_died_before_starting_it_is_started_once(
    workshop: Workshop, tmp_path: Path
) -> None:
    tally = tmp_path / "tally"
    params: dict[str, Any] = {"x": 2.0, "tally": str(tally)}
    evaluators = [workshop.process("counted") for _ in range(4)]
    request = {"key": "s/0/1", "params": params, **evaluators[0].work}
    assert jobfolder.create(workshop.jobs / "s,0,1", request)
    for evaluator in evaluators:  # four drivers find it at the same time
        assert evaluator.reattach("s/0/1") is not None
    for evaluator in evaluators:
        outcome = outcome_of(evaluator, **params)
        assert isinstance(outcome, Measured)
    wait_until(lambda: workshop.processes() == [])
    assert tally.read_text() == "2.0\n"


def test_a_job_hears_nothing_of_the_terminal(workshop: Workshop, tmp_path: Path) -> None:
    ready, go = tmp_path / "ready", tmp_path / "go"
    evaluator = workshop.process("patient")
    handle = evaluator.submit(JobRequest("s/0/1", {"x": 1.0, "ready": str(ready), "go": str(go)}))
    wait_until(ready.exists)
    sessions = {os.getsid(process.pid) for process in workshop.processes()}
    assert len(workshop.processes()) == 2  # the supervisor and the child that measures
    assert len(sessions) == 1
    assert os.getsid(0) not in sessions
    go.touch()
    wait_until(lambda: ended(evaluator, handle))


def test_a_cancelled_job_ends_and_says_so(workshop: Workshop, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    evaluator = workshop.process("immortal")
    handle = evaluator.submit(JobRequest("s/0/1", {"x": 1.0, "ready": str(ready)}))
    wait_until(ready.exists)
    evaluator.cancel(handle, grace_s=0.1)
    wait_until(lambda: ended(evaluator, handle))
    outcome = evaluator.collect(handle)
    assert isinstance(outcome, Failed)
    assert (outcome.reason, outcome.retryable) == ("cancelled", False)


def test_a_supervisor_that_is_told_to_stop_gives_the_job_back(
    workshop: Workshop, tmp_path: Path
) -> None:
    ready = tmp_path / "ready"
    evaluator = workshop.process("immortal")
    handle = evaluator.submit(JobRequest("s/0/1", {"x": 1.0, "ready": str(ready)}))
    wait_until(ready.exists)
    (folder,) = workshop.jobs.iterdir()
    os.kill(jobfolder.supervisor_pid(folder) or 0, signal.SIGTERM)  # as when a machine goes down
    wait_until(lambda: ended(evaluator, handle))
    outcome = evaluator.collect(handle)
    assert isinstance(outcome, Failed)
    assert outcome.retryable


def test_a_log_keeps_the_end_of_a_long_story(workshop: Workshop) -> None:
    outcome = outcome_of(workshop.process("talkative"), x=1.0)
    assert isinstance(outcome, Measured)
    (folder,) = workshop.jobs.iterdir()
    assert sum(file.stat().st_size for file in folder.iterdir()) < 2_100_000
    last = (folder / "log").read_text().splitlines()[-1]
    assert last == "line 99999 of a very long story about the design 1.0"


@pytest.mark.parametrize(("limits", "expected"), [({"threads": 3}, 3), ({"workers": 10_000}, 1)])
def test_workers_share_the_cores(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, limits: dict[str, int], expected: int
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    outcome = outcome_of(workshop.process("threads", **limits), x=1.0)
    assert isinstance(outcome, Measured)
    assert outcome.values == {"openmp": Measurement(float(expected))}


def test_threads_set_by_the_user_are_left_alone(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    outcome = outcome_of(workshop.process("threads"), x=1.0)
    assert isinstance(outcome, Measured)
    assert outcome.values == {"openmp": Measurement(7.0)}


def test_functions_and_commands_run_beside_the_study_file(workshop: Workshop) -> None:
    for key, evaluator in {
        "s/0/1": workshop.process("here"),
        "s/1/1": workshop.command("measured_functions.py", "here"),
    }.items():
        outcome = outcome_of(evaluator, key, x=1.0)
        assert isinstance(outcome, Measured)
        assert outcome.values == {"beside_study": Measurement(1.0)}


def test_a_key_taken_by_another_candidate_is_refused(workshop: Workshop) -> None:
    evaluator = workshop.process("bare")
    outcome_of(evaluator, x=1.0)
    with pytest.raises(EvaluatorError, match="holds another job of the same key"):
        evaluator.submit(JobRequest("s/0/1", {"x": 2.0}))


def test_a_place_that_cannot_be_written_is_a_broken_evaluator(workshop: Workshop) -> None:
    workshop.jobs.write_text("a file where the jobs should go")
    with pytest.raises(EvaluatorError, match="cannot start a job in"):
        workshop.process("bare").submit(JobRequest("s/0/1", {"x": 1.0}))
    workshop.jobs.unlink()


def test_a_folder_that_somebody_removed_is_a_lost_job(workshop: Workshop) -> None:
    evaluator = workshop.process("bare")
    handle = evaluator.submit(JobRequest("s/0/1", {"x": 1.0}))
    wait_until(lambda: ended(evaluator, handle))
    (folder,) = workshop.jobs.iterdir()
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    assert evaluator.poll([handle]) == {"s/0/1": "lost"}
    outcome = evaluator.collect(handle)
    assert isinstance(outcome, Failed)
    assert outcome.retryable
    assert str(folder) in outcome.reason


def test_a_job_of_another_machine_is_unknown_not_lost(workshop: Workshop) -> None:
    evaluator = workshop.process("bare")
    outcome_of(evaluator, x=1.0)
    handle = evaluator.reattach("s/0/1")
    assert handle is not None
    elsewhere = type(handle)("s/9/1", handle.engine, {**handle.facts, "host": "elsewhere"})
    assert evaluator.poll([elsewhere]) == {"s/9/1": "unknown"}


# --- commands ---


def test_a_failed_command_shows_its_exit_code_and_its_last_words(workshop: Workshop) -> None:
    script = "import sys; print('warm-up', file=sys.stderr); sys.exit('licence expired')"
    outcome = outcome_of(workshop.command("-c", script), x=1.0)
    assert isinstance(outcome, Failed)
    assert outcome.reason == "exit code 1 without a result: licence expired"


def test_metrics_may_fill_the_whole_output(workshop: Workshop) -> None:
    script = "print('{\"loss\":\\n [1.5,\\n 0.25]\\n}')"
    outcome = outcome_of(workshop.command("-c", script), x=1.0)
    assert isinstance(outcome, Measured)
    assert outcome.values == {"loss": Measurement(1.5, 0.25)}


def test_a_command_that_prints_no_metrics_shows_what_it_printed(workshop: Workshop) -> None:
    outcome = outcome_of(workshop.command("-c", "print('loss is 3')"), x=1.0)
    assert isinstance(outcome, Failed)
    assert outcome.reason == (
        "expected metrics as JSON on the last line of standard output, got 'loss is 3'"
    )


def test_a_command_that_does_not_exist_is_a_broken_evaluator(workshop: Workshop) -> None:
    evaluator = workshop.command()
    evaluator.work = {**evaluator.work, "command": ["./no-such-program"]}
    with pytest.raises(EvaluatorError, match=r"cannot start the command '\./no-such-program'"):
        outcome_of(evaluator, x=1.0)
