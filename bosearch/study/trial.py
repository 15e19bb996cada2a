"""One trial of a study: what was asked, why, and what came back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

Value = float | int | str
Params = Mapping[str, Any]  # parameter name -> value, as the space validates it


class TrialState(StrEnum):
    """Where a trial stands.

    ``running -> completed | failed``, and ``running -> waiting -> running``
    with ``attempt + 1`` when a retry is due or a lease has expired. A point of the
    user's begins by waiting.
    """

    RUNNING = "running"  # handed out; pending until told, failed or expired
    WAITING = "waiting"  # to be offered by the next ask
    COMPLETED = "completed"  # every modelled metric was told
    FAILED = "failed"  # no measurement, and none will be tried again
    ABANDONED = "abandoned"  # given up by the user; neither a result nor a failure


PENDING = frozenset({TrialState.RUNNING, TrialState.WAITING})


@dataclass(frozen=True)
class Measurement:
    """A measured value of one metric.

    Args:
        value: In the metric's units, finite.
        sem: Standard error of ``value``, same units; ``None`` if unknown, 0.0 if exact.
        exact: The value with all its digits, when it was told as a ``Decimal``.
    """

    value: float
    sem: float | None = None
    exact: Decimal | None = None


@dataclass(frozen=True)
class Proposal:
    """A point that a strategy wants measured, and why.

    Args:
        params: Validated parameter values.
        provenance: JSON object stored with the trial: ``strategy``, and, where they
            apply, ``model``, ``acquisition``, ``value``, ``seconds``, and
            ``fallback: True`` with a ``reason`` when the point is random for want
            of anything better.
    """

    params: Params
    provenance: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Trial:
    """A trial as the record holds it.

    Args:
        number: Given by the database, unique within the study, from 0.
        params: Parameter values.
        state: See ``TrialState``.
        attempt: Rises by one each time the trial is offered; 0 before the first time.
        values: Measurements by metric; empty unless completed.
        provenance: Why the point was tried.
        reason: Why the trial failed, in the evaluator's own words.
        handle: The evaluator's handle (JSON) while a job measures the trial.
        lease_until: Seconds since the epoch, on the database's clock, at which a
            running trial is offered again; ``None`` never expires.
        asked_at: Seconds since the epoch.
        finished_at: Seconds since the epoch; ``None`` while pending.
    """

    number: int
    params: Params
    state: TrialState
    attempt: int = 1
    values: Mapping[str, Measurement] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    reason: str | None = None
    handle: Mapping[str, Any] | None = None
    lease_until: float | None = None
    asked_at: float = 0.0
    finished_at: float | None = None

    @property
    def pending(self) -> bool:
        """Whether a result is still to come."""
        return self.state in PENDING

    def __getitem__(self, metric: str) -> float:
        """The measured value of ``metric``."""
        return self.values[metric].value
