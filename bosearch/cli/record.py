"""Commands for people who measure by hand: ask for candidates, tell what came out."""

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated

import typer

from bosearch.cli.output import Json, aligned, emit
from bosearch.cli.target import NameOption, TargetArgument, find
from bosearch.errors import TellError

if TYPE_CHECKING:
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
    from bosearch.cli.loop import start_or_go_on
    from bosearch.report import words

    found = find(target, name)
    study = found.open() if found.file is None else start_or_go_on(found.file)
    with study:
        trials = study.ask(batch, lease_s=lease_s)
    if as_json:
        for trial in trials:
            emit({"trial": trial.number, "params": dict(trial.params)})
        return
    print(aligned((f"trial {t.number}", words.parameters(t.params)) for t in trials))


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
    from bosearch.study import Measurement

    metric, found, number = word.partition("=")
    value, with_sem, sem = number.partition(":")
    try:
        if not found:
            raise ValueError(word)
        exact = Decimal(value)
        rounded = float(exact)
        kept = exact if exact.is_finite() and Decimal(repr(rounded)) != exact else None
        return metric, Measurement(rounded, float(sem) if with_sem else None, kept)
    except (ValueError, InvalidOperation):
        raise TellError(
            f"cannot read the measurement {word!r}",
            hint="write metric=value or metric=value:sem, as in fitness=4.27 or loss=0.1:0.02",
        ) from None
