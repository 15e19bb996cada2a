"""A driver in a process of its own, to be interrupted by the tests."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

from bosearch import Study
from bosearch.evaluators import ProcessRecipe
from bosearch.runner import Stop, run
from bosearch.runner.events import Asked, Event, Stopping, Told


def say(event: Event) -> None:
    """Print what the tests wait for, one word a line."""
    if isinstance(event, Asked | Told | Stopping):
        print(type(event).__name__, flush=True)


def main(folder: Path, trials: int) -> None:
    recipe = ProcessRecipe(function="objectives_on_file:hold", workers=2)
    with Study.open(f"sqlite:///{folder}/study.db") as study:
        evaluator = recipe.build(folder, folder / "jobs")
        print(json.dumps(asdict(run(study, evaluator, stop=Stop(trials=trials), on_event=say))))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
