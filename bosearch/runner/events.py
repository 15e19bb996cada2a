"""What a run reports while it goes on, for a progress display."""

from dataclasses import dataclass

from bosearch.study.trial import Trial


@dataclass(frozen=True)
class Asked:
    """A trial was handed to the evaluator."""

    trial: Trial


@dataclass(frozen=True)
class Resumed:
    """A job that an earlier driver started was found again."""

    trial: Trial


@dataclass(frozen=True)
class Told:
    """A result is on the record.

    Args:
        trial: With its values.
        seconds: Wall clock of the evaluation.
    """

    trial: Trial
    seconds: float


@dataclass(frozen=True)
class FailedTrial:
    """An evaluation gave no result.

    Args:
        trial: As it is now: failed, or waiting to be tried again.
        reason: The evaluator's own words.
        again: Whether it will be tried again.
    """

    trial: Trial
    reason: str
    again: bool


@dataclass(frozen=True)
class Superseded:
    """A result came for a trial that somebody else has settled; the record kept it as a note."""

    trial: Trial


@dataclass(frozen=True)
class Stopping:
    """Nothing new will be asked.

    Args:
        reason: Why.
        running: How many jobs the run still waits for.
    """

    reason: str
    running: int


@dataclass(frozen=True)
class Tick:
    """Nothing happened for a moment.

    Args:
        running: Jobs that run.
    """

    running: int


Event = Asked | Resumed | Told | FailedTrial | Superseded | Stopping | Tick
