"""Commands that run a study: start it, or go on with it."""

from typing import TYPE_CHECKING

import typer

from bosearch.cli.output import Json, emit, say
from bosearch.cli.results import best_trials, describe_best, save_report
from bosearch.cli.target import FileArgument, NameOption, Target, TargetArgument, find
from bosearch.errors import ConfigError, EvaluatorError

if TYPE_CHECKING:
    from bosearch.asktell import Study
    from bosearch.evaluators import Recipe
    from bosearch.io.study_file import StudyFile
    from bosearch.runner import RunSummary

INTERRUPTED = 130


def run(file: FileArgument, as_json: Json = False) -> None:
    """Run a study until it is done: start it, or go on where it stopped.

    Ctrl-C stops asking and waits for what runs; a second Ctrl-C does not wait.

    \b
    Example:
      bosearch run studies/branin/study.toml
    """
    _run(find(file, None), as_json)


def resume(target: TargetArgument, name: NameOption = None, as_json: Json = False) -> None:
    """Go on with a study that was started before.

    \b
    Example:
      bosearch resume studies/branin/study.toml
    """
    found = find(target, name)
    _what_measures(found)
    found.open().close()
    _run(found, as_json)


def start_or_go_on(file: "StudyFile") -> "Study":
    """The study of a file, put on record if it is new.

    Raises:
        StudyExistsError: It was started from another definition.
    """
    from bosearch.asktell import Study

    problem = file.problem
    return Study.create(
        file.url,
        name=file.name,
        space=problem.space,
        objectives=problem.objectives,
        constraints=problem.constraints,
        tracked=problem.tracked,
        strategy=file.strategy,
        seed=file.seed,
        if_exists="resume",
    )


def _what_measures(target: Target) -> "tuple[StudyFile, Recipe]":
    """The study file and its evaluator.

    Raises:
        ConfigError: A database was named instead, or the file has no evaluator.
    """
    if target.file is None:
        raise ConfigError(
            f"expected a study file, got the database {target.said!r}",
            hint="a database does not say how a candidate is measured; name the study file",
        )
    if target.file.evaluator is None:
        raise ConfigError(
            f"{target.file.path}: there is no [evaluator], so nothing can be run",
            hint="add one, or use `bosearch ask` and `bosearch tell`",
        )
    return target.file, target.file.evaluator


def _run(target: Target, as_json: bool) -> None:
    from bosearch.cli.progress import showing
    from bosearch.runner import run as run_study

    file, recipe = _what_measures(target)
    evaluator = recipe.build(file.folder, file.jobs)
    try:
        with start_or_go_on(file) as study:
            with showing(study, file.stop, as_json=as_json) as on_event:
                summary = run_study(
                    study,
                    evaluator,
                    stop=file.stop,
                    retries=recipe.retries,
                    on_event=on_event,
                )
            _conclude(target, study, summary, as_json)
    finally:
        evaluator.close()


def _conclude(target: Target, study: "Study", summary: "RunSummary", as_json: bool) -> None:
    """Show what was found, and turn an early end into an exit code."""
    found = best_trials(study.problem, study.trials())
    path = save_report(target, study)
    if as_json:
        emit(
            {
                "event": "ended",
                "reason": summary.reason,
                "completed": summary.completed,
                "failed": summary.failed,
                "running": summary.running,
                "best": [trial.number for trial in found],
                "report": str(path),
            }
        )
    else:
        for line in describe_best(study.problem, found):
            print(f"best {line}")
        print(f"report {path}")
    if summary.running:
        say(f"{summary.running} jobs go on without us; the next run collects them")
    if summary.broken:
        raise EvaluatorError(summary.reason, hint=f"repair it, then `bosearch run {target.said}`")
    if summary.interrupted:
        raise typer.Exit(INTERRUPTED)
