"""The contract between the runner and whatever measures a candidate.

Execution is at-least-once, recording is exactly-once. A measurement that fails
is an ordinary result (``Failed``); a broken evaluator is an ``EvaluatorError``.
Everything that crosses this border is JSON, so that it can be written down
before it is needed: a driver that dies finds its jobs again by their keys.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, Protocol

from bosearch.study.trial import Measurement, Params

UNNAMED = ""


@dataclass(frozen=True)
class JobRequest:
    """One attempt at one trial.

    Args:
        key: ``study/trial/attempt``; ``submit`` is idempotent in it.
        params: Parameter values, JSON.
    """

    key: str
    params: Params


@dataclass(frozen=True)
class Measured:
    """A finished measurement.

    Args:
        values: By metric, in the study's units. The metric ``UNNAMED`` is that of
            an evaluation that returned one bare number: whoever knows the study
            knows its name.
        seconds: Wall clock of the evaluation, without time spent queued.
        notes: Anything else that the evaluator wants on the record (JSON).
    """

    values: Mapping[str, Measurement | float]
    seconds: float
    notes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Failed:
    """A measurement that did not succeed.

    Args:
        reason: The evaluator's own words, shown to the user unedited.
        retryable: True for a lost worker, False for an invalid candidate.
        seconds: Wall clock spent.
    """

    reason: str
    retryable: bool
    seconds: float = 0.0


Outcome = Measured | Failed


def measurements(document: Mapping[str, Mapping[str, Any]]) -> dict[str, Measurement]:
    """Read metrics written as JSON: value, standard error, and decimal digits where known."""
    return {
        metric: Measurement(
            entry["value"],
            entry["sem"],
            None if entry["exact"] is None else Decimal(entry["exact"]),
        )
        for metric, entry in document.items()
    }


JobStatus = Literal["queued", "running", "finished", "lost", "unknown"]


@dataclass(frozen=True)
class Handle:
    """Where a job is, as JSON: the engine's name and its own facts (id, host, start stamp)."""

    key: str
    engine: str
    facts: Mapping[str, Any] = field(default_factory=dict)


class Evaluator(Protocol):
    """Measures candidates, here or elsewhere, now or later."""

    slots: int  # how many jobs may run at once

    def submit(self, request: JobRequest) -> Handle:
        """Start a job; a second call with the same key returns the job that exists."""
        ...

    def poll(self, handles: Sequence[Handle]) -> dict[str, JobStatus]:
        """Report each job's status by key; ``unknown`` never means ``failed``."""
        ...

    def collect(self, handle: Handle) -> Outcome:
        """Read the durable result of a finished or lost job; may be repeated."""
        ...

    def cancel(self, handle: Handle, *, grace_s: float) -> None:
        """Ask a job to stop, and kill it after ``grace_s`` seconds."""
        ...

    def reattach(self, key: str) -> Handle | None:
        """Find a job by its key, after a crash between submitting and recording."""
        ...

    def close(self) -> None:
        """Release what this process holds; running jobs go on."""
        ...
