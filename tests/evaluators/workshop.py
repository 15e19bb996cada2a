"""A folder with a study's functions, evaluators for it, and a look at what still runs."""

import shutil
import sys
import time
from pathlib import Path
from typing import Any

import psutil

from bosearch.evaluators import (
    CommandRecipe,
    Evaluator,
    Handle,
    InProcessEvaluator,
    JobRequest,
    Outcome,
    ProcessRecipe,
)
from bosearch.evaluators.jobfolder import MARK
from bosearch.evaluators.local import LocalEvaluator
from tests.evaluators import measured_functions

PATIENCE_S = 60.0


class Workshop:
    """Where the jobs of one test happen."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "study"
        self.jobs = root / "jobs"
        self.folder.mkdir()
        shutil.copy(measured_functions.__file__, self.folder)

    def process(self, function: str, **limits: Any) -> LocalEvaluator:
        recipe = ProcessRecipe(function=f"measured_functions:{function}", **limits)
        return recipe.build(self.folder, self.jobs)

    def command(self, *arguments: str, **limits: Any) -> LocalEvaluator:
        command = [sys.executable, *arguments]
        return CommandRecipe(command=command, **limits).build(self.folder, self.jobs)

    def evaluator(self, kind: str, function: str) -> Evaluator:
        if kind == "memory":
            return InProcessEvaluator(getattr(measured_functions, function))
        if kind == "command":
            return self.command("measured_functions.py", function)
        return self.process(function)

    def processes(self) -> list[psutil.Process]:
        """Everything that any job of this workshop has started and that still lives."""
        found = []
        for process in psutil.process_iter():
            try:
                mark = process.environ().get(MARK, "")
                if mark.startswith(str(self.jobs)) and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except psutil.Error:
                continue
        return found


def ended(evaluator: Evaluator, handle: Handle) -> bool:
    return evaluator.poll([handle])[handle.key] in ("finished", "lost")


def wait_until(condition: Any) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "nothing happened for a minute"
        time.sleep(0.005)


def outcome_of(evaluator: Evaluator, key: str = "s/0/1", **params: Any) -> Outcome:
    """Submit one job, wait for it, collect it."""
    handle = evaluator.submit(JobRequest(key, params))
    wait_until(lambda: ended(evaluator, handle))
    return evaluator.collect(handle)
