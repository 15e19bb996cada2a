"""What can happen to a study, and what follows from it.

``apply`` is the one place that knows how an event changes a trial: the store
calls it to compute the row that it writes, ``replay`` to compute it again from
the log alone.

A lease is not part of the record: it says who is alive now, and heartbeats
leave no event. Replayed trials carry none.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from bosearch.errors import StoreError
from bosearch.store.documents import measurements_from_json
from bosearch.study.trial import Trial, TrialState


class EventKind(StrEnum):
    """What happened."""

    CREATED = "created"  # the study: definition
    ASKED = "asked"  # a new trial was handed out: params, provenance
    OFFERED = "offered"  # a waiting or expired trial was handed out again
    ATTACHED = "attached"  # a job measures the trial: handle
    TOLD = "told"  # values, and perhaps seconds and notes
    FAILED = "failed"  # reason
    RETRIED = "retried"  # failed, to be offered again: reason
    ABANDONED = "abandoned"  # reason
    AMENDED = "amended"  # values, and what they were before
    OBSERVED = "observed"  # measured elsewhere: params, provenance, values
    QUEUED = "queued"  # a point of the user's, to be handed out: params, provenance
    LATE_RESULT = "late_result"  # of an attempt that is not the present one: kept as a note


@dataclass(frozen=True)
class Event:
    """One entry of a study's log.

    Args:
        kind: What happened; decides what the payload holds.
        number: Of the trial; ``None`` if it concerns the study.
        attempt: The attempt that it concerns.
        payload: JSON object.
        seq: Place in the log, from 1, without gaps.
        at: Seconds since the epoch, on the database's clock.
        actor: Who wrote it, as ``host:process id``.
    """

    kind: EventKind
    number: int | None = None
    attempt: int | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)
    seq: int = 0
    at: float = 0.0
    actor: str = ""


_BEGIN = {
    EventKind.ASKED: TrialState.RUNNING,
    EventKind.OBSERVED: TrialState.COMPLETED,
    EventKind.QUEUED: TrialState.WAITING,
}


def apply(trial: Trial | None, event: Event) -> Trial:
    """Return the trial as it is after ``event``; the lease is left to the caller.

    Args:
        trial: As it was before; ``None`` for the event that begins it.
        event: What happened to it.
    """
    payload = event.payload
    if trial is None:
        if event.number is None or event.kind not in _BEGIN:
            raise StoreError(
                f"event {event.seq} ({event.kind}) concerns a trial that was not asked"
            )
        observed = event.kind is EventKind.OBSERVED
        return Trial(
            event.number,
            payload["params"],
            _BEGIN[event.kind],
            attempt=0 if event.kind is EventKind.QUEUED else 1,
            values=measurements_from_json(payload["values"]) if observed else {},
            provenance=payload["provenance"],
            asked_at=event.at,
            finished_at=event.at if observed else None,
        )
    ended = replace(trial, handle=None, lease_until=None, finished_at=event.at)
    match event.kind:
        case EventKind.OFFERED:
            state, attempt = TrialState.RUNNING, trial.attempt + 1
            return replace(trial, state=state, attempt=attempt, reason=None, handle=None)
        case EventKind.ATTACHED:
            return replace(trial, handle=payload["handle"])
        case EventKind.TOLD:
            values = measurements_from_json(payload["values"])
            return replace(ended, state=TrialState.COMPLETED, values=values)
        case EventKind.FAILED:
            return replace(ended, state=TrialState.FAILED, reason=payload["reason"])
        case EventKind.RETRIED:
            reason = payload["reason"]
            return replace(ended, state=TrialState.WAITING, reason=reason, finished_at=None)
        case EventKind.ABANDONED:
            return replace(ended, state=TrialState.ABANDONED, reason=payload["reason"])
        case EventKind.AMENDED:
            return replace(trial, values=measurements_from_json(payload["values"]))
        case EventKind.LATE_RESULT:
            return trial
    raise StoreError(f"event {event.seq} ({event.kind}) begins trial {trial.number} a second time")


def replay(events: Iterable[Event]) -> dict[int, Trial]:
    """Fold a whole log into the trials that it describes, by number and without leases."""
    trials: dict[int, Trial] = {}
    for event in events:
        if event.number is not None:
            trials[event.number] = apply(trials.get(event.number), event)
    return trials
