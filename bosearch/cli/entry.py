"""The commands under one name, and what becomes of their errors."""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from typer.exceptions import TyperException

from bosearch import __version__
from bosearch.cli import bounds, doctor, files, loop, record, results
from bosearch.cli.output import say
from bosearch.errors import (
    BosearchError,
    EvaluatorError,
    InfeasibleSpaceError,
    SpaceExhaustedError,
    StoreError,
)

WRONG_USE, CANNOT_CONTINUE = 2, 1
_STOPS_THE_STUDY = (EvaluatorError, InfeasibleSpaceError, SpaceExhaustedError, StoreError)

app = typer.Typer(
    name="bosearch",
    help="Bayesian optimization and search for designs that are expensive to measure.",
    epilog="Example: bosearch init my-study && bosearch run my-study/study.toml",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # plain help is as readable and three times as fast
)
for command in (
    files.init,
    files.check,
    loop.run,
    loop.resume,
    record.ask,
    record.tell,
    record.enqueue,
    record.observe,
    results.status,
    results.best,
    results.export,
    results.report,
    bounds.verify,
    doctor.doctor,
):
    app.command()(command)
app.add_typer(bounds.bound, name="bound")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"bosearch {__version__}")
        raise typer.Exit


@app.callback()
def bosearch(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print it and end."),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error; allowed anywhere.")
    ] = False,
) -> None:
    """Carry the options that belong to no command; ``main`` reads ``--debug`` itself."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: Arguments after the program's name; ``sys.argv`` by default.

    Returns:
        The exit code.
    """
    given = list(sys.argv[1:] if argv is None else argv)
    words = [word for word in given if word != "--debug"]
    try:
        code = typer.main.get_command(app).main(words, prog_name="bosearch", standalone_mode=False)
    except BosearchError as error:
        if len(words) < len(given):
            raise
        say(f"error: {error}")
        return CANNOT_CONTINUE if isinstance(error, _STOPS_THE_STUDY) else WRONG_USE
    except TyperException as error:
        say(_usage(error, words))
        return error.exit_code
    except Exception as error:
        if len(words) < len(given):
            raise
        first_line = (str(error).splitlines() or [""])[0]
        say(f"error: {type(error).__name__}: {first_line} (run again with --debug for details)")
        return CANNOT_CONTINUE
    if code == loop.INTERRUPTED:
        say(f"interrupted; to go on: bosearch {' '.join(words)}")
    return code or 0


def _usage(error: TyperException, words: Sequence[str]) -> str:
    """One line for a wrong use; the whole help for a bare ``bosearch`` or ``bosearch bound``."""
    message = error.format_message()
    groups = {str(group.name) for group in app.registered_groups}
    if not words or (len(words) == 1 and words[0] in groups):
        return message
    known = {command.callback.__name__ for command in app.registered_commands if command.callback}
    known |= groups
    helper = " ".join(["bosearch", *[word for word in words[:1] if word in known], "--help"])
    return f"error: {' '.join(message.split()).rstrip('.')} (see `{helper}`)"
