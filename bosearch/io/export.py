"""Trials as text that other programs read: CSV with a header, or one JSON object per line.

Numbers keep every digit: floats are written in their shortest exact form, and
a value told as a ``Decimal`` is written as it was told.
"""

import csv
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

from bosearch.study import Measurement, Problem, Trial

Format = Literal["csv", "jsonl"]


def trial_record(trial: Trial) -> dict[str, Any]:
    """One trial as a JSON object; times are ISO 8601 in UTC."""
    return {
        "trial": trial.number,
        "state": str(trial.state),
        "attempt": trial.attempt,
        "params": dict(trial.params),
        "values": {metric: value_record(m) for metric, m in trial.values.items()},
        "reason": trial.reason,
        "provenance": dict(trial.provenance),
        "asked_at": _iso(trial.asked_at),
        "finished_at": _iso(trial.finished_at),
    }


def value_record(measurement: Measurement) -> dict[str, Any]:
    """One measurement as a JSON object; ``exact`` holds the digits that a float cannot."""
    record: dict[str, Any] = {"value": measurement.value, "sem": measurement.sem}
    if measurement.exact is not None:
        record["exact"] = str(measurement.exact)
    return record


def write_trials(
    trials: Iterable[Trial], problem: Problem, stream: TextIO, *, format: Format
) -> None:
    """Write ``trials`` to ``stream``; CSV columns are the same for every study of ``problem``."""
    if format == "jsonl":
        for trial in trials:
            stream.write(json.dumps(trial_record(trial), ensure_ascii=False) + "\n")
        return
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(_header(problem))
    writer.writerows(_row(trial, problem) for trial in trials)


_BEFORE = ("trial", "state", "attempt")
_AFTER = ("reason", "provenance", "asked_at", "finished_at")
OTHER_COLUMNS = (*_BEFORE, *_AFTER)
"""Columns that are neither of parameters nor of metrics."""


def parameter_columns(problem: Problem) -> list[str]:
    """Names of the columns of parameters; one that is another column's has a prefix."""
    taken = {*_measured(problem), *OTHER_COLUMNS}
    return [f"param_{name}" if name in taken else name for name in problem.space.parameters]


def _measured(problem: Problem) -> list[str]:
    return [column for name in problem.metrics for column in (name, f"{name}_sem")]


def _header(problem: Problem) -> list[str]:
    return [*_BEFORE, *parameter_columns(problem), *_measured(problem), *_AFTER]


def _row(trial: Trial, problem: Problem) -> list[Any]:
    return [
        trial.number,
        str(trial.state),
        trial.attempt,
        *(_cell(trial.params.get(name)) for name in problem.space.parameters),
        *(cell for name in problem.metrics for cell in _value_cells(trial.values.get(name))),
        trial.reason,
        json.dumps(dict(trial.provenance), ensure_ascii=False),
        _iso(trial.asked_at),
        _iso(trial.finished_at),
    ]


def _value_cells(measurement: Measurement | None) -> tuple[str, str]:
    if measurement is None:
        return "", ""
    value = repr(measurement.value) if measurement.exact is None else str(measurement.exact)
    return value, "" if measurement.sem is None else repr(measurement.sem)


def _cell(value: Any) -> str:
    """A parameter's value: text as it is, anything else as JSON, which is exact for numbers."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _iso(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, tz=UTC).isoformat(timespec="milliseconds")
