"""Trials and events as rows of their tables, and back."""

from collections.abc import Sequence
from typing import Any

from bosearch.store import schema
from bosearch.store.documents import dumps, loads, measurements_from_json, measurements_to_json
from bosearch.store.events import Event, EventKind
from bosearch.study.trial import Trial, TrialState

COLUMNS = tuple(column for column in schema.trial.columns if column.name != "study_id")

_STATES = {state.value: state for state in TrialState}


def trial_of(row: Sequence[Any]) -> Trial:
    """Read a row of ``COLUMNS``."""
    number, state, attempt, params, values, provenance, reason, handle, lease, asked, ended, _ = row
    return Trial(
        number,
        loads(params),
        _STATES[state],
        attempt,
        measurements_from_json(loads(values)),
        loads(provenance),
        reason,
        None if handle is None else loads(handle),
        lease,
        asked,
        ended,
    )


def row_of(trial: Trial) -> dict[str, Any]:
    """Write a trial, without ``study_id`` and ``revision``."""
    return {
        "number": trial.number,
        "state": trial.state,
        "attempt": trial.attempt,
        "params": dumps(dict(trial.params)),
        "measurements": dumps(measurements_to_json(trial.values)),
        "provenance": dumps(dict(trial.provenance)),
        "reason": trial.reason,
        "handle": None if trial.handle is None else dumps(dict(trial.handle)),
        "lease_until": trial.lease_until,
        "asked_at": trial.asked_at,
        "finished_at": trial.finished_at,
    }


def event_of(row: Sequence[Any]) -> Event:
    """Read a row of ``event``."""
    _, seq, number, attempt, kind, payload, at, actor = row
    return Event(EventKind(kind), number, attempt, loads(payload), seq, at, actor)


def row_of_event(event: Event) -> dict[str, Any]:
    """Write an event, without ``study_id``."""
    return {
        "seq": event.seq,
        "number": event.number,
        "attempt": event.attempt,
        "kind": event.kind,
        "payload": dumps(event.payload),
        "at": event.at,
        "actor": event.actor,
    }
