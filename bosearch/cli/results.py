"""Commands that show what a study has found; none of them writes to its record."""

import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bosearch.cli.output import Json, aligned, emit, say
from bosearch.cli.target import NameOption, Target, TargetArgument, find
from bosearch.errors import ConfigError

if TYPE_CHECKING:
    from bosearch.asktell import Study
    from bosearch.study import Problem, Trial

Format = Literal["csv", "jsonl"]


def status(target: TargetArgument, name: NameOption = None, as_json: Json = False) -> None:
    """Say where a study stands: its trials, the best, what runs.

    \b
    Example:
      bosearch status studies/gb1/study.toml
    """
    from bosearch.report import words

    with find(target, name).open() as study:
        trials = study.trials()
        best = best_trials(study.problem, trials)
        running, now = study.pending, time.time()
    counts = Counter(str(trial.state) for trial in trials)
    if as_json:
        emit(
            {
                "study": study.name,
                "strategy": study.strategy,
                "trials": len(trials),
                "states": dict(counts),
                "best": [trial.number for trial in best],
                "running": [{"trial": t.number, "age_s": now - t.asked_at} for t in running],
            }
        )
        return
    rows = [("study", study.name), ("strategy", study.strategy)]
    said = ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))
    rows.append(("trials", f"{len(trials)} ({said})" if said else "none yet"))
    rows += [("best", line) for line in describe_best(study.problem, best)]
    rows += [
        (str(t.state), f"trial {t.number} for {words.duration(now - t.asked_at)}")
        for t in running[:20]
    ]
    print(aligned(rows))


def best(target: TargetArgument, name: NameOption = None, as_json: Json = False) -> None:
    """Print the best trial, or the front of several objectives.

    \b
    Example:
      bosearch best studies/branin/study.toml
    """
    from bosearch.io.export import trial_record

    with find(target, name).open() as study:
        found = best_trials(study.problem, study.trials())
        notes = [study.notes(trial) for trial in found]
    if as_json:
        for trial, noted in zip(found, notes, strict=True):
            emit(trial_record(trial) | {"notes": noted})
        return
    if not found:
        say("no feasible trial has been measured yet")
    for line, noted in zip(describe_best(study.problem, found), notes, strict=True):
        print(line)
        for key, value in noted.items():
            print(f"  {key}: {value}")


def export(
    target: TargetArgument,
    format: Annotated[Format, typer.Option("--format", help="How to write trials.")] = "csv",
    output: Annotated[
        str, typer.Option("--output", metavar="FILE", help="Where to; - is standard output.")
    ] = "-",
    name: NameOption = None,
) -> None:
    """Write all trials as CSV or as JSON lines, with every digit.

    \b
    Example:
      bosearch export studies/branin/study.toml --format csv --output branin.csv
    """
    from bosearch.io.export import write_trials

    with find(target, name).open() as study:
        trials = study.trials()
    if output == "-":
        write_trials(trials, study.problem, sys.stdout, format=format)
        return
    try:
        with Path(output).open("w", encoding="utf-8", newline="") as stream:
            write_trials(trials, study.problem, stream, format=format)
    except OSError as error:
        raise ConfigError(f"cannot write {output}: {error.strerror}") from error
    say(f"wrote {len(trials)} trials to {output}")


def report(
    target: TargetArgument,
    output: Annotated[
        str | None,
        typer.Option("--output", metavar="FILE", help="Default: report.html beside the study."),
    ] = None,
    name: NameOption = None,
) -> None:
    """Write a report: one HTML file that needs no network.

    \b
    Example:
      bosearch report studies/branin/study.toml --output branin.html
    """
    found = find(target, name)
    with found.open() as study:
        print(save_report(found, study, Path(output) if output else None))


def save_report(target: Target, study: "Study", path: Path | None = None) -> Path:
    """Write the report of a study, by default beside its file; return where it is.

    Raises:
        ConfigError: The place cannot be written.
    """
    from bosearch.report.page import write_report

    if path is None:
        path = (target.file.path.parent if target.file else Path()) / "report.html"
    facts = {"strategy": study.strategy, "seed": str(study.seed)}
    try:
        write_report(path, study.problem, study.trials(), name=study.name, facts=facts)
    except OSError as error:
        raise ConfigError(
            f"cannot write the report {path}: {error.strerror}", hint="--output FILE names another"
        ) from error
    return path


def best_trials(problem: "Problem", trials: Sequence["Trial"]) -> list["Trial"]:
    """The best trial, or the front, as a list that may be empty."""
    from bosearch.study.best import best_trial, pareto_front

    if len(problem.objectives) > 1:
        return pareto_front(problem, trials)
    found = best_trial(problem, trials)
    return [] if found is None else [found]


def describe_best(problem: "Problem", found: Sequence["Trial"]) -> list[str]:
    """One line for each of the best trials."""
    from bosearch.report import words

    return [
        f"trial {trial.number}: "
        + ", ".join(f"{m} = {words.measured(v)}" for m, v in trial.values.items())
        + f" at {words.parameters(trial.params)}"
        for trial in found
    ]
