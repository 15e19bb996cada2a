"""How a run is shown: a live panel on a terminal, else one structured line per event."""

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bosearch.cli.output import emit, say
from bosearch.cli.results import best_trials, describe_best
from bosearch.report import words
from bosearch.runner import Stop
from bosearch.runner.events import (
    Asked,
    Event,
    FailedTrial,
    Resumed,
    Stopping,
    Superseded,
    Tick,
    Told,
)
from bosearch.study import Problem, Trial, TrialState

if TYPE_CHECKING:
    from rich.console import Group

    from bosearch.asktell import Study

_NAMES: dict[type, str] = {
    Asked: "asked",
    Resumed: "resumed",
    Told: "told",
    FailedTrial: "failed",
    Superseded: "superseded",
    Stopping: "stopping",
}


@dataclass
class Standing:
    """Where a run stands, kept up to date event by event.

    Args:
        problem: What is asked.
        total: Finished trials at which the run ends; ``None`` if it is not bounded.
        completed, failed: Finished trials of the study.
        best: The best trial, or the front; at most a few.
        running: When each running job was first seen, by trial number.
        last_reason: Why the last failed trial failed.
        finished_here: Trials finished by this run.
        last_finish: When the last of them finished, on the monotonic clock.
        started: When the run began, on the monotonic clock.
    """

    problem: Problem
    total: int | None
    completed: int
    failed: int
    best: list[Trial]
    running: dict[int, float] = field(default_factory=dict)
    last_reason: str = ""
    stopping: str = ""
    finished_here: int = 0
    last_finish: float = 0.0
    started: float = field(default_factory=time.monotonic)

    @classmethod
    def of(cls, study: "Study", stop: Stop) -> "Standing":
        """Where a study stands before a run."""
        trials = study.trials()
        states = [trial.state for trial in trials]
        return cls(
            problem=study.problem,
            total=stop.trials,
            completed=states.count(TrialState.COMPLETED),
            failed=states.count(TrialState.FAILED),
            best=best_trials(study.problem, trials),
        )

    @property
    def finished(self) -> int:
        """Completed and failed trials."""
        return self.completed + self.failed

    def note(self, event: Event) -> None:
        """Take in one event."""
        match event:
            case Asked(trial) | Resumed(trial):
                self.running[trial.number] = time.monotonic()
            case Superseded(trial):
                self.running.pop(trial.number, None)
            case Told(trial):
                self.running.pop(trial.number, None)
                self.completed += 1
                self._finish()
                self.best = best_trials(self.problem, [*self.best, trial])
            case FailedTrial(trial, reason, again):
                self.running.pop(trial.number, None)
                self.last_reason = reason
                if not again:
                    self.failed += 1
                    self._finish()
            case Stopping(reason):
                self.stopping = reason

    def _finish(self) -> None:
        self.finished_here += 1
        self.last_finish = time.monotonic()

    def seconds_left(self) -> float | None:
        """An estimate from the pace of this run; ``None`` before there is one."""
        if self.total is None or not self.finished_here:
            return None
        pace = (self.last_finish - self.started) / self.finished_here
        waited = time.monotonic() - self.last_finish
        return max(pace * max(self.total - self.finished, 0) - waited, 0.0)


@contextmanager
def showing(study: "Study", stop: Stop, *, as_json: bool) -> Iterator[Callable[[Event], None]]:
    """Show a run while it lasts; yields what to call with each of its events."""
    standing = Standing.of(study, stop)
    if as_json or not sys.stderr.isatty():
        show = emit if as_json else _say_line

        def on_event(event: Event) -> None:
            standing.note(event)
            if not isinstance(event, Tick):
                show(event_record(event, standing))

        yield on_event
        return
    from rich.console import Console
    from rich.live import Live

    with Live(
        get_renderable=lambda: _panel(study.name, standing),
        console=Console(stderr=True),
        refresh_per_second=4,
        redirect_stdout=False,
    ):
        yield standing.note


def event_record(event: Event, standing: Standing) -> dict[str, Any]:
    """One event as a JSON object."""
    record: dict[str, Any] = {"event": _NAMES[type(event)]}
    match event:
        case Stopping(reason, running):
            return record | {"reason": reason, "running": running}
        case Asked(trial) | Resumed(trial) | Superseded(trial):
            return record | {"trial": trial.number, "params": dict(trial.params)}
        case Told(trial, seconds):
            values = {metric: m.value for metric, m in trial.values.items()}
            record |= {"trial": trial.number, "values": values, "seconds": round(seconds, 3)}
        case FailedTrial(trial, reason, again):
            record |= {"trial": trial.number, "reason": reason, "again": again}
    return record | {"finished": standing.finished, "of": standing.total}


def _say_line(record: Mapping[str, Any]) -> None:
    """Write a record as ``word key=value ...``; texts with spaces are quoted."""
    parts = [f"{key}={_flat(value)}" for key, value in record.items() if key != "event"]
    say(" ".join([record["event"], *parts]))


def _flat(value: Any) -> str:
    if isinstance(value, Mapping):
        return ",".join(f"{name}:{_flat(inner)}" for name, inner in value.items())
    if isinstance(value, float):
        return words.number(value)
    text = value if isinstance(value, str) else json.dumps(value)
    return json.dumps(text, ensure_ascii=False) if set(text) & set(' "\n') else text


def _panel(name: str, standing: Standing) -> "Group":
    """The live panel, drawn anew several times a second."""
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    elapsed = words.duration(time.monotonic() - standing.started)
    left = standing.seconds_left()
    bar = Table.grid(padding=(0, 2))
    bar.add_row(
        Text(name, style="bold"),
        ProgressBar(total=standing.total, completed=standing.finished, width=32),
        Text(f"{standing.finished}/{standing.total or '?'}"),
        Text(f"{elapsed}, about {words.duration(left)} left" if left is not None else elapsed),
    )
    lines = Table.grid(padding=(0, 2))
    for line in describe_best(standing.problem, standing.best[:5]) or ["nothing measured yet"]:
        lines.add_row(Text("best", style="green"), Text(line))
    now = time.monotonic()
    ages = [f"{number} ({words.duration(now - t)})" for number, t in standing.running.items()]
    lines.add_row(Text("running", style="cyan"), Text(", ".join(ages) or "choosing a point"))
    if standing.failed or standing.last_reason:
        reason = " ".join(standing.last_reason.split())
        lines.add_row(
            Text("failed", style="red"), Text(f"{standing.failed}; last: {reason}", overflow="fold")
        )
    if standing.stopping:
        lines.add_row(Text("stopping", style="yellow"), Text(standing.stopping))
    return Group(bar, lines)
