"""A driver may be killed or interrupted at any moment: nothing is lost, nothing happens twice."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from bosearch import Integer, Real, Space, Study, TrialState, minimize
from bosearch.evaluators.jobfolder import MARK
from bosearch.store import EventKind, verify
from tests.runner import driver_of_study


def processes_of(folder: Path) -> list[psutil.Process]:
    """What the jobs of a study in ``folder`` have running."""
    found = []
    for process in psutil.process_iter():
        try:
            mark = process.environ().get(MARK, "")
            if mark.startswith(f"{folder}/") and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def wait_until(condition: Any) -> None:
    deadline = time.monotonic() + 60.0
    while not condition():
        assert time.monotonic() < deadline, "nothing happened for a minute"
        time.sleep(0.01)


def new_study(folder: Path, space: Space) -> str:
    url = f"sqlite:///{folder}/study.db"
    objectives = [minimize("loss")]
    Study.create(url, name="s", space=space, objectives=objectives, strategy="sobol").close()
    for file in Path(driver_of_study.__file__).parent.glob("*.py"):
        shutil.copy(file, folder)
    return url


def executions(folder: Path) -> Counter[str]:
    """How often each point was measured, by the objective's own count."""
    return Counter((folder / "executions").read_text().split())


def require_consistent(url: str, trials: int) -> None:
    """Every trial told once, at its first attempt, and the log tells the same story."""
    with Study.open(url) as study:
        assert [trial.number for trial in study.completed] == list(range(trials))
        assert len(study.trials()) == trials
        assert {trial.attempt for trial in study.trials()} == {1}
        assert all(trial["loss"] == trial.params["x"] for trial in study.trials())
        told = [event.number for event in study.events() if event.kind is EventKind.TOLD]
        assert Counter(told) == Counter(range(trials))
    assert verify(url) == []


@pytest.mark.slow
def test_a_hundred_killed_drivers_lose_nothing_and_repeat_nothing(tmp_path: Path) -> None:
    url = new_study(tmp_path, Space(x=Integer(0, 10**6)))
    chaos = subprocess.run(
        [sys.executable, "chaos.py", str(tmp_path), "300", "100"],
        cwd=tmp_path,
        check=False,
        text=True,
        capture_output=True,
    )
    assert (chaos.returncode, chaos.stderr) == (0, "")
    assert int(chaos.stdout) == 100
    require_consistent(url, 300)
    assert set(executions(tmp_path).values()) == {1}
    assert len(executions(tmp_path)) == 300
    wait_until(lambda: processes_of(tmp_path) == [])


class Driver:
    """A driver in a session of its own, so that Ctrl-C can be sent to all of it."""

    def __init__(self, folder: Path, trials: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "driver_of_study.py", str(folder), str(trials)],
            cwd=folder,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def wait_for(self, *words: str) -> None:
        assert self.process.stdout is not None
        for word in words:
            assert self.process.stdout.readline().strip() == word

    def interrupt(self, number: signal.Signals = signal.SIGINT) -> None:
        os.killpg(self.process.pid, number)

    def summary(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        lines = self.process.stdout.read().splitlines()
        assert self.process.wait(60) == 0
        self.process.stdout.close()
        summary: dict[str, Any] = json.loads(lines[-1])
        return summary


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    new_study(tmp_path, Space(x=Real(0, 1)))
    yield tmp_path
    (tmp_path / "go").touch()
    wait_until(lambda: processes_of(tmp_path) == [])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_interrupt_stops_asking_and_waits_for_what_runs(
    folder: Path, number: signal.Signals
) -> None:
    driver = Driver(folder, trials=10)
    driver.wait_for("Asked", "Asked")
    driver.interrupt(number)
    driver.wait_for("Stopping")
    (folder / "go").touch()
    summary = driver.summary()
    assert (summary["completed"], summary["running"], summary["interrupted"]) == (2, 0, True)
    require_consistent(f"sqlite:///{folder}/study.db", 2)


def test_a_second_interrupt_leaves_the_jobs_to_the_next_run(folder: Path) -> None:
    driver = Driver(folder, trials=3)
    driver.wait_for("Asked", "Asked")
    wait_until(lambda: (folder / "executions").exists() and len(executions(folder)) == 2)
    driver.interrupt()
    driver.wait_for("Stopping")
    driver.interrupt()
    summary = driver.summary()
    assert (summary["completed"], summary["running"], summary["interrupted"]) == (0, 2, True)
    with Study.open(f"sqlite:///{folder}/study.db") as study:
        assert [trial.state for trial in study.trials()] == [TrialState.RUNNING] * 2
    assert len(processes_of(folder)) == 4  # two jobs, each with its supervisor, go on

    (folder / "go").touch()
    summary = Driver(folder, trials=3).summary()
    assert (summary["completed"], summary["running"], summary["interrupted"]) == (3, 0, False)
    require_consistent(f"sqlite:///{folder}/study.db", 3)
    assert set(executions(folder).values()) == {1}
