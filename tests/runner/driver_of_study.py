"""A driver in a process of its own, to be interrupted and killed by the tests.

The objective lives here too: ``hold`` writes down that it runs, and waits until
the file ``go`` exists.
"""

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

from bosearch import Study
from bosearch.evaluators import ProcessRecipe
from bosearch.runner import Stop, run
from bosearch.runner.events import Asked, Event, Stopping, Told


def hold(x: float) -> float:
    with open("executions", "a") as file:
        file.write(f"{x}\n")
    while not Path("go").exists():
        time.sleep(0.005)
    return x


def say(event: Event) -> None:
    """Print what the tests wait for, one word a line."""
    if isinstance(event, Asked | Told | Stopping):
        print(type(event).__name__, flush=True)


def main(folder: Path, trials: int) -> None:
    recipe = ProcessRecipe(function="driver_of_study:hold", workers=2)
    with Study.open(f"sqlite:///{folder}/study.db") as study:
        evaluator = recipe.build(folder, folder / "jobs")
        print(json.dumps(asdict(run(study, evaluator, stop=Stop(trials=trials), on_event=say))))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
