"""Commands on study files: write one, check one."""

from pathlib import Path
from typing import Annotated

import typer

from bosearch.cli.output import Json, aligned, emit, say
from bosearch.cli.target import FileArgument, Target, read_file
from bosearch.errors import StudyNotFoundError


def init(
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="Made if it is missing.")],
) -> None:
    """Write a commented study.toml and an objective.py to start from.

    \b
    Example:
      bosearch init my-study
    """
    from bosearch.io.template import write_study

    for path in write_study(Path(folder)):
        print(f"wrote {path}")
    say(f"next: edit them, then `bosearch check {folder}` and `bosearch run {folder}`")


def check(file: FileArgument, as_json: Json = False) -> None:
    """Validate a study file and say what it means; measures nothing.

    \b
    Example:
      bosearch check studies/branin/study.toml
    """
    from bosearch.io.description import describe

    stated = read_file(file)
    try:
        with Target(file, stated.url, stated.name, stated).open() as study:
            told = describe(stated, study)
    except StudyNotFoundError:
        told = describe(stated)
    if as_json:
        emit(told.record())
        return
    print(aligned(told.lines()))
    for warning in told.warnings:
        say(f"warning: {warning}")
