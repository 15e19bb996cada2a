"""Which job measures which trial."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bosearch.errors import EvaluatorError
from bosearch.evaluators.base import Evaluator, Failed, Handle
from bosearch.study.trial import Trial

if TYPE_CHECKING:
    from bosearch.asktell import Study


@dataclass(frozen=True)
class Job:
    """A trial and where it is measured."""

    trial: Trial
    handle: Handle


def job_key(study: "Study", trial: Trial, attempt: int | None = None) -> str:
    """Study, trial, attempt; and when it was asked, lest a study made anew inherit jobs."""
    attempt = trial.attempt if attempt is None else attempt
    return f"{study.name}/{trial.number}/{attempt}/{trial.asked_at:.6f}"


def earlier_job(study: "Study", evaluator: Evaluator, trial: Trial) -> Handle | None:
    """Find the job of the attempt before, if the trial need not be measured again.

    So it is when the lease of a dead driver ran out while its job worked on, or
    after the job had ended and nobody was there to tell.
    """
    if trial.attempt == 1:
        return None
    handle = evaluator.reattach(job_key(study, trial, trial.attempt - 1))
    if handle is None:
        return None
    status = evaluator.poll([handle])[handle.key]
    if status != "finished":
        return handle if status in ("queued", "running") else None
    try:
        outcome = evaluator.collect(handle)
    except EvaluatorError:
        return None
    return None if isinstance(outcome, Failed) and outcome.retryable else handle
