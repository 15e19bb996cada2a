"""Commands for people who measure by hand: ask for candidates, tell what came out."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bosearch.cli.output import Json, aligned, emit, say
from bosearch.cli.target import NameOption, TargetArgument, find
from bosearch.errors import TellError

if TYPE_CHECKING:
    from bosearch.asktell import Study
    from bosearch.study import Measurement


def ask(
    target: TargetArgument,
    batch: Annotated[int, typer.Option("--batch", min=1, help="How many candidates.")] = 1,
    lease_s: Annotated[
        float | None,
        typer.Option("--lease-s", min=0, help="Offer them again after so many seconds."),
    ] = None,
    name: NameOption = None,
    as_json: Json = False,
) -> None:
    """Ask for candidates to measure, here or in a laboratory.

    The study of a study file is started if need be.

    \b
    Example:
      bosearch ask studies/gb1/study.toml --batch 2 --json
    """
    from bosearch.report import words

    with _started(target, name) as study:
        trials = study.ask(batch, lease_s=lease_s)
    if as_json:
        for trial in trials:
            emit({"trial": trial.number, "params": dict(trial.params)})
        return
    print(aligned((f"trial {t.number}", words.parameters(t.params)) for t in trials))


def enqueue(
    target: TargetArgument,
    values: Annotated[
        list[str], typer.Argument(metavar="PARAMETER=VALUE...", help="A point of your own.")
    ],
    name: NameOption = None,
    as_json: Json = False,
) -> None:
    """Put a point of your own in line: the next ask, or a running study, hands it out.

    The study of a study file is started if need be.

    \b
    Example:
      bosearch enqueue studies/branin/study.toml x=2.5 y=7.5
    """
    from bosearch.io.table import read_point

    with _started(target, name) as study:
        (trial,) = study.enqueue(read_point(values, study.problem.space))
    if as_json:
        emit({"trial": trial.number, "params": dict(trial.params)})
    else:
        print(f"trial {trial.number} waits")


def observe(
    target: TargetArgument,
    table: Annotated[
        Path, typer.Argument(metavar="TABLE", help="A CSV file, a column per parameter and metric.")
    ],
    name: NameOption = None,
    as_json: Json = False,
) -> None:
    """Add results that were measured elsewhere: all rows of a table, or none.

    What `bosearch export --format csv` writes can be read. The study of a study file
    is started if need be.

    \b
    Example:
      bosearch observe studies/gb1/study.toml earlier.csv
    """
    from bosearch.io.table import read_results

    with _started(target, name) as study:
        results = read_results(table, study.problem)
        trials = study.observe_all(results.rows)
    if as_json:
        for trial in trials:
            emit({"trial": trial.number, "params": dict(trial.params)})
    for column in results.ignored:
        say(f"column {column!r} is neither a parameter nor a metric of the study")
    if results.skipped:
        say(f"{results.skipped} rows hold no result")
    if not as_json:
        print(f"{len(trials)} results added")


def _started(target: str, name: str | None) -> "Study":
    """The study, put on record if it is that of a study file and new."""
    from bosearch.cli.loop import start_or_go_on

    found = find(target, name)
    return found.open() if found.file is None else start_or_go_on(found.file)


def tell(
    target: TargetArgument,
    trial: Annotated[int, typer.Argument(metavar="TRIAL", help="Number of the trial.")],
    values: Annotated[
        list[str] | None,
        typer.Argument(metavar="METRIC=VALUE[:SEM]...", help="What was measured."),
    ] = None,
    fail: Annotated[
        str | None, typer.Option("--fail", metavar="REASON", help="It could not be measured.")
    ] = None,
    retry: Annotated[bool, typer.Option("--retry", help="With --fail: offer it again.")] = False,
    amend: Annotated[
        bool, typer.Option("--amend", help="Correct a trial that was told before.")
    ] = False,
    name: NameOption = None,
    as_json: Json = False,
) -> None:
    """Tell what a trial measured, or that it failed.

    \b
    Example:
      bosearch tell studies/gb1/study.toml 8 fitness=4.27
      bosearch tell studies/gb1/study.toml 9 --fail "did not express"
    """
    from bosearch.io.export import trial_record

    if (fail is None) == (not values):
        raise TellError(
            "expected either measurements or --fail, got "
            + ("neither" if fail is None else "both"),
            hint="as in fitness=4.27, loss=0.1:0.02 (value:standard error), or --fail 'broken'",
        )
    if fail is None and retry:
        raise TellError("--retry goes with --fail", hint="a measured trial is not offered again")
    measured = dict(_measurement(word) for word in values or ())
    with find(target, name).open() as study:
        if fail is not None:
            told = study.fail(trial, fail, retry=retry)
        elif amend:
            told = study.amend(trial, measured)
        else:
            told = study.tell(trial, measured)
    if as_json:
        emit(trial_record(told))
    else:
        print(f"trial {told.number} is {told.state}")


def _measurement(word: str) -> "tuple[str, Measurement]":
    """Read ``metric=value`` or ``metric=value:sem``; keeps every digit of the value."""
    from bosearch.io.table import measurement

    metric, _, number = word.partition("=")
    value, with_sem, sem = number.partition(":")
    try:
        if with_sem and not sem.strip():
            raise ValueError(word)
        return metric, measurement(value, sem)
    except ValueError:
        raise TellError(
            f"cannot read the measurement {word!r}",
            hint="write metric=value or metric=value:sem, as in fitness=4.27 or loss=0.1:0.02",
        ) from None
