"""Text that states points and measurements: words of a command line, and tables in CSV.

A value of a parameter is written as `export` writes it: text as it is, anything else as JSON.
Measured values keep every digit.
"""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, final

from bosearch.errors import BosearchError, ConfigError, ParameterError, TellError
from bosearch.io.export import OTHER_COLUMNS, parameter_columns
from bosearch.space import Choice, Parameter, Space
from bosearch.space import Sequence as Letters
from bosearch.study import Measurement, Params, Problem, TrialState
from bosearch.study.measurements import check_measurements
from bosearch.study.problem import suggest


def measurement(value: str, sem: str = "") -> Measurement:
    """A measured value, and its standard error if it is not empty.

    Raises:
        ValueError: One of them is not a number.
    """
    try:
        exact = Decimal(value.strip())
    except InvalidOperation:
        raise ValueError(f"expected a number, got {value!r}") from None
    rounded = float(exact)
    kept = exact if exact.is_finite() and Decimal(repr(rounded)) != exact else None
    return Measurement(rounded, float(sem) if sem.strip() else None, kept)


def read_point(words: Sequence[str], space: Space) -> Params:
    """A point from words such as ``temperature=55``.

    Raises:
        ParameterError: A word cannot be read, or they are not a point of the space.
    """
    texts: dict[str, str] = {}
    for word in words:
        name, found, text = word.partition("=")
        if not found or name in texts:
            raise ParameterError(
                f"cannot read the parameter {word!r}" + (" a second time" if found else ""),
                hint=f"write name=value, once for each of {', '.join(space.parameters)}",
            )
        texts[name] = text
    return space.validate({name: _value(text, name, space) for name, text in texts.items()})


@final
@dataclass(frozen=True)
class Results:
    """What a table holds.

    Args:
        rows: Points and what was measured there.
        skipped: Number of rows that hold no result: trials that failed or were never told.
        ignored: Columns that say nothing of the study.
    """

    rows: Sequence[tuple[Params, Mapping[str, Measurement]]]
    skipped: int
    ignored: tuple[str, ...]


def read_results(path: Path, problem: Problem) -> Results:
    """Read measurements from a CSV file with a header.

    There is a column for each parameter and metric; columns ``<metric>_sem`` hold standard
    errors and may be left out, as may tracked metrics. What `export` writes can be read: rows
    whose ``state`` is not ``completed`` are skipped.

    Raises:
        ConfigError: The file cannot be read, or lacks a column.
        ParameterError, TellError: A row states no point of the space, or no complete result;
            the message has its line.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream, strict=True)
            columns = _columns(reader.fieldnames or (), problem, path)
            lines = list(_lines(reader, path))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"cannot read {path}: {error}") from None
    complete = [(n, row) for n, row in lines if row.get("state") in (None, TrialState.COMPLETED)]
    rows = []
    for number, row in complete:
        try:
            rows.append(_result(row, columns, problem))
        except BosearchError as error:
            said = f"{path}, line {number}: {error.message}"
            raise type(error)(said, hint=error.hint) from None
        except ValueError as error:
            raise TellError(f"{path}, line {number}: {error}") from None
    known = {*columns.values(), *_sems(problem), *problem.metrics, *OTHER_COLUMNS}
    ignored = tuple(name for name in reader.fieldnames or () if name not in known)
    return Results(rows, len(lines) - len(complete), ignored)


def _columns(header: Iterable[str], problem: Problem, path: Path) -> Mapping[str, str]:
    """The column of each parameter, once all that is needed is there."""
    present = list(header)
    columns = dict(zip(problem.space.parameters, parameter_columns(problem), strict=True))
    for name in (*columns.values(), *problem.modelled):
        if name not in present:
            raise ConfigError(
                f"{path}: there is no column {name!r} among {', '.join(present) or 'none'}",
                hint=suggest(name, present)
                if len(present) > 1
                else "the first line names the columns, separated by commas",
            )
    return columns


def _lines(reader: "csv.DictReader[str]", path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows with their lines in the file; each has as many cells as the header."""
    for row in reader:
        if None in row or None in row.values():
            raise ConfigError(
                f"{path}, line {reader.line_num}: expected {len(reader.fieldnames or ())} cells,"
                f" got {'more' if None in row else 'fewer'}",
                hint="a cell that holds a comma is written between double quotes",
            )
        yield reader.line_num, row


def _result(
    row: Mapping[str, str], columns: Mapping[str, str], problem: Problem
) -> tuple[Params, Mapping[str, Measurement]]:
    space = problem.space
    point = space.validate({name: _value(row[c], name, space) for name, c in columns.items()})
    told = {
        metric: measurement(row[metric], row.get(f"{metric}_sem", ""))
        for metric in problem.metrics
        if row.get(metric, "").strip()
    }
    return point, check_measurements(problem, told)


def _sems(problem: Problem) -> Iterator[str]:
    return (f"{metric}_sem" for metric in problem.metrics)


def _value(text: str, name: str, space: Space) -> Any:
    """A value as its parameter wants it, or as it stands: then ``validate`` says what is wrong."""
    parameter: Parameter | None = space.parameters.get(name)
    if isinstance(parameter, Letters):
        return text
    if isinstance(parameter, Choice):
        meant = [value for value in parameter.values if text in (value, json.dumps(value))]
        if meant:
            return meant[0]
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
