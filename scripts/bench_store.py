"""What the record costs: one ask + one tell, and opening a study, at 10,000 trials.

Both tools write to the same folder; Optuna uses ``RDBStorage`` on SQLite with its
quasi-random sampler. Medians with quartiles; CPU and wall milliseconds.

    .venv/bin/python scripts/bench_store.py [--trials 10000] [--repeats 40] [--folder .]
"""

import argparse
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from bosearch import Real, Space, Study, minimize
from bosearch.store import verify

DIMENSIONS = 6
NAMES = [f"x{i}" for i in range(DIMENSIONS)]


@dataclass(frozen=True)
class Figures:
    """Milliseconds of each repeat, and durable commits in all of them."""

    cpu_ms: list[float]
    wall_ms: list[float]
    commits: float


class CommitCounter:
    """Counts transactions that wrote something, of every SQLAlchemy engine."""

    def __init__(self) -> None:
        self.count = 0
        self._wrote = False
        event.listen(Engine, "before_cursor_execute", self._statement)
        event.listen(Engine, "commit", self._commit)

    def _statement(self, *args: Any) -> None:
        self._wrote |= args[2].split()[0] in ("INSERT", "UPDATE", "DELETE")

    def _commit(self, *args: Any) -> None:
        self.count += self._wrote
        self._wrote = False


def measure(work: Callable[[], object], repeats: int, counter: CommitCounter) -> Figures:
    cpu_ms, wall_ms = [], []
    before = counter.count
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        cpu_ms.append(1e3 * (time.process_time() - cpu))
        wall_ms.append(1e3 * (time.perf_counter() - wall))
    return Figures(cpu_ms, wall_ms, (counter.count - before) / repeats)


def hasty(connection: Any, _: Any) -> None:
    """While filling, nobody waits for the disk; what is measured does."""
    connection.execute("PRAGMA synchronous = OFF")


def fill_bosearch(url: str, trials: int) -> None:
    """A study of completed trials, asked for and told."""
    parameters: dict[str, Any] = {name: Real(0, 1) for name in NAMES}
    space, objectives = Space(**parameters), [minimize("loss")]
    with Study.create(
        url, name="bench", space=space, objectives=objectives, strategy="sobol", seed=1
    ) as study:
        for _ in range(trials // 1000):
            for trial in study.ask(1000):
                study.tell(trial, {"loss": sum(trial.params.values())})


def fill_optuna(url: str, trials: int) -> None:
    import optuna

    study = optuna.create_study(storage=url, study_name="bench")
    box = {name: optuna.distributions.FloatDistribution(0, 1) for name in NAMES}
    sampler = optuna.samplers.RandomSampler(seed=1)
    points = [
        {name: sampler.sample_independent(study, _NO_TRIAL, name, box[name]) for name in NAMES}
        for _ in range(trials)
    ]
    study.add_trials(
        [
            optuna.trial.create_trial(params=p, distributions=box, value=sum(p.values()))
            for p in points
        ]
    )


_NO_TRIAL: Any = None


def open_optuna(url: str) -> Any:
    import optuna

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its quasi-random sampler is still "experimental"
        sampler = optuna.samplers.QMCSampler(seed=1, scramble=True)
    return optuna.load_study(storage=url, study_name="bench", sampler=sampler)


def optuna_pair(study: Any) -> None:
    trial = study.ask()
    loss = sum(trial.suggest_float(name, 0, 1) for name in NAMES)
    study.tell(trial, loss)


def bosearch_pair(study: Study) -> None:
    (trial,) = study.ask()
    study.tell(trial, {"loss": sum(trial.params.values())})


def load_bosearch(url: str) -> None:
    with Study.open(url) as study:
        assert study.trials()


def load_optuna(url: str) -> None:
    assert open_optuna(url).get_trials(deepcopy=False)


def row(what: str, who: str, figures: Figures) -> str:
    cells = []
    for values in (figures.cpu_ms, figures.wall_ms):
        low, middle, high = statistics.quantiles(values, n=4)
        cells.append(f"{middle:9.2f} [{low:.2f}, {high:.2f}]".ljust(30))
    return f"{what:22}{who:10}{cells[0]}{cells[1]}{figures.commits:6.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=40)
    parser.add_argument("--folder", type=Path, default=Path())
    given = parser.parse_args()

    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    counter = CommitCounter()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        ours, theirs = f"sqlite:///{folder}/bosearch.db", f"sqlite:///{folder}/optuna.db"
        print(f"filling both with {given.trials} trials ...", file=sys.stderr)
        event.listen(Engine, "connect", hasty)
        fill_bosearch(ours, given.trials)
        fill_optuna(theirs, given.trials)
        event.remove(Engine, "connect", hasty)
        assert verify(ours) == []

        study, peer = Study.open(ours), open_optuna(theirs)
        bosearch_pair(study)  # read once, then measured
        optuna_pair(peer)
        pairs = (
            measure(lambda: bosearch_pair(study), given.repeats, counter),
            measure(lambda: optuna_pair(peer), given.repeats, counter),
        )
        study.close()
        few = max(5, given.repeats // 8)
        loads = (
            measure(lambda: load_bosearch(ours), few, counter),
            measure(lambda: load_optuna(theirs), few, counter),
        )
    print(f"{'median [quartiles]':32}{'CPU ms':30}{'wall ms':30}commits")
    for what, both in (("ask + tell", pairs), ("open with all trials", loads)):
        for who, figures in zip(("bosearch", "optuna"), both, strict=True):
            print(row(what, who, figures))
        cpu, wall = (
            statistics.median(getattr(both[0], unit)) / statistics.median(getattr(both[1], unit))
            for unit in ("cpu_ms", "wall_ms")
        )
        print(f"{'':22}{'ratio':10}{cpu:9.3f}{'':21}{wall:9.3f}")


if __name__ == "__main__":
    main()
