"""A driver that is killed again and again while it runs a study; prints how often.

Each driver is a fork of this process, so that it starts in milliseconds and the
kills fall on all of its steps. The strategy numbers the points: whoever
measures a point twice is found out.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

import numpy as np

from bosearch import Study
from bosearch.evaluators import ProcessRecipe
from bosearch.runner import Stop, run
from bosearch.strategies import Support
from bosearch.study import Problem, Proposal, StudyView


class Counting:
    """Proposes 0, 1, 2, ..."""

    name = "counting"

    def supports(self, problem: Problem) -> Support:
        return Support(ok=True)

    def propose(self, view: StudyView, n: int, rng: np.random.Generator) -> list[Proposal]:
        return [Proposal({"x": view.next_number + i}) for i in range(n)]


def drive(folder: Path, trials: int) -> None:
    recipe = ProcessRecipe(function="objectives_on_file:numbered", workers=2)
    with Study.open(f"sqlite:///{folder}/study.db") as study:
        study._strategy = Counting()
        run(study, recipe.build(folder, folder / "jobs"), stop=Stop(trials=trials))


def fork_driver(folder: Path, trials: int) -> int:
    driver = os.fork()
    if driver == 0:
        code = 1
        try:
            drive(folder, trials)
            code = 0
        finally:
            os._exit(code)
    return driver


def main(folder: Path, trials: int, kills: int) -> None:
    moments = random.Random(0)
    killed = 0
    while killed < kills:
        # However fast the machine is, the last kills must find something to interrupt.
        executions = folder / "executions"
        begun = len(executions.read_text().splitlines()) if executions.exists() else 0
        hurried = begun * kills > 0.9 * trials * killed
        driver = fork_driver(folder, trials)
        time.sleep(moments.uniform(0.0, 0.1 if hurried else 0.6))
        os.kill(driver, signal.SIGKILL)
        _, status = os.waitpid(driver, 0)
        if not os.WIFSIGNALED(status):
            break  # it had finished, or failed
        killed += 1
    _, status = os.waitpid(fork_driver(folder, trials), 0)
    print(killed)
    sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
