"""From an outcome to the record: what is told, what fails, and what is tried again."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bosearch.errors import TellError, TrialStateError
from bosearch.evaluators.base import UNNAMED, Failed, Outcome
from bosearch.runner.events import FailedTrial, Superseded, Told
from bosearch.study.problem import Problem
from bosearch.study.trial import Measurement, Trial

if TYPE_CHECKING:
    from bosearch.asktell import Study


def record(
    study: "Study", trial: Trial, outcome: Outcome, *, retries: int
) -> Told | FailedTrial | Superseded:
    """Put an outcome on the record.

    A result that the study refuses (an unknown metric, NaN) is a failure of
    its trial, in the words of the refusal.

    Args:
        study: Where the trial is recorded.
        trial: As it was handed out: its attempt guards against recording twice.
        outcome: What came of it.
        retries: How often one trial is tried again after a retryable failure.
    """
    if isinstance(outcome, Failed):
        again = outcome.retryable and trial.attempt <= retries
        return record_failure(study, trial, outcome.reason, again=again)
    try:
        told = study.tell(
            trial,
            _named(outcome.values, study.problem),
            seconds=outcome.seconds,
            notes=dict(outcome.notes) or None,
        )
    except TellError as error:
        return record_failure(study, trial, error.message, again=False)
    except TrialStateError:
        return Superseded(trial)
    return Told(told, outcome.seconds) if told.attempt == trial.attempt else Superseded(told)


def record_failure(
    study: "Study", trial: Trial, reason: str, *, again: bool
) -> FailedTrial | Superseded:
    """Put on record that a trial gave no result, for good or to be tried ``again``."""
    try:
        failed = study.fail(trial, reason, retry=again)
    except TrialStateError:
        return Superseded(trial)
    same = failed.attempt == trial.attempt
    return FailedTrial(failed, reason, again) if same else Superseded(failed)


def _named(
    values: Mapping[str, Measurement | float], problem: Problem
) -> Mapping[str, Measurement | float]:
    """Give a bare number its name, that of the only metric.

    Raises:
        TellError: There are several.
    """
    if UNNAMED not in values:
        return values
    metrics = problem.modelled
    if len(metrics) != 1:
        raise TellError(
            f"got one number for {len(metrics)} metrics: expected a mapping with"
            f" {', '.join(metrics)}"
        )
    return {metrics[0]: values[UNNAMED]}
