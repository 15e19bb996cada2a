"""Whether what a caller says about a trial may go on the record.

Each function compares the trial as it is with what the caller believes, and
returns the event to write, or ``None`` if the record says so already (a repeated
call is safe), or raises an error that names the present state.

``attempt`` is the attempt that the caller speaks for; ``None`` means the present
one. What comes late, from an attempt that has been replaced, is kept as a note.
"""

from collections.abc import Callable, Mapping
from typing import Any

from bosearch.errors import TellError, TrialStateError
from bosearch.store.documents import measurements_to_json
from bosearch.store.events import Event, EventKind
from bosearch.study.trial import Measurement, Trial, TrialState

Decision = Callable[[Trial], Event | None]


def tell(
    attempt: int | None, values: Mapping[str, Measurement], extras: Mapping[str, Any]
) -> Decision:
    """A result; ``extras`` (seconds, notes) are kept in the event alone."""
    payload = {"values": measurements_to_json(values), **extras}

    def decide(trial: Trial) -> Event | None:
        if trial.state is TrialState.COMPLETED and dict(trial.values) == dict(values):
            return None
        if _is_late(trial, attempt):
            return _event(EventKind.LATE_RESULT, trial, payload, attempt)
        if trial.state is TrialState.COMPLETED:
            raise TellError(
                _contradiction(trial, values), hint="correct a measurement with amend()"
            )
        _require(trial, "told", TrialState.RUNNING)
        return _event(EventKind.TOLD, trial, payload)

    return decide


def fail(attempt: int | None, reason: str, *, retry: bool) -> Decision:
    """No result, and why; with ``retry`` the trial waits to be offered again."""
    kind = EventKind.RETRIED if retry else EventKind.FAILED
    after = TrialState.WAITING if retry else TrialState.FAILED

    def decide(trial: Trial) -> Event | None:
        if _is_late(trial, attempt):
            return _event(EventKind.LATE_RESULT, trial, {"reason": reason}, attempt)
        if trial.state is after and trial.reason == reason:
            return None
        _require(trial, "failed", TrialState.RUNNING)
        return _event(kind, trial, {"reason": reason})

    return decide


def abandon(attempt: int | None, reason: str | None) -> Decision:
    """Neither a result nor a failure: nobody wants it any more."""

    def decide(trial: Trial) -> Event | None:
        if trial.state is TrialState.ABANDONED:
            return None
        _require_present(trial, attempt, "abandoned")
        _require(trial, "abandoned", TrialState.RUNNING, TrialState.WAITING)
        return _event(EventKind.ABANDONED, trial, {"reason": reason})

    return decide


def attach(attempt: int | None, handle: Mapping[str, Any]) -> Decision:
    """A job measures the trial; ``handle`` says where."""

    def decide(trial: Trial) -> Event | None:
        _require_present(trial, attempt, "given a handle")
        _require(trial, "given a handle", TrialState.RUNNING)
        if trial.handle is not None and dict(trial.handle) == dict(handle):
            return None
        return _event(EventKind.ATTACHED, trial, {"handle": dict(handle)})

    return decide


def amend(values: Mapping[str, Measurement]) -> Decision:
    """A correction of some measurements; the event keeps what they were."""

    def decide(trial: Trial) -> Event | None:
        _require(trial, "amended", TrialState.COMPLETED)
        corrected = {**trial.values, **values}
        if corrected == dict(trial.values):
            return None
        payload = {
            "values": measurements_to_json(corrected),
            "before": measurements_to_json(trial.values),
        }
        return _event(EventKind.AMENDED, trial, payload)

    return decide


def _event(
    kind: EventKind, trial: Trial, payload: Mapping[str, Any], attempt: int | None = None
) -> Event:
    return Event(kind, trial.number, trial.attempt if attempt is None else attempt, payload)


def _is_late(trial: Trial, attempt: int | None) -> bool:
    return attempt is not None and attempt < trial.attempt


def _require_present(trial: Trial, attempt: int | None, verb: str) -> None:
    if _is_late(trial, attempt):
        raise TrialStateError(
            f"attempt {attempt} at trial {trial.number} cannot be {verb}:"
            f" the trial is {trial.state} in attempt {trial.attempt}",
            hint="its lease expired and it was offered again; renew() keeps a lease",
        )


_ADVICE = {
    TrialState.WAITING: "the next ask() offers it again",
    TrialState.RUNNING: "tell() or fail() it first",
    TrialState.COMPLETED: "correct a measurement with amend()",
    TrialState.FAILED: "record a result all the same with observe(trial.params, values)",
    TrialState.ABANDONED: "record a result all the same with observe(trial.params, values)",
}


def _require(trial: Trial, verb: str, *allowed: TrialState) -> None:
    if trial.state not in allowed:
        why = f" ({trial.reason})" if trial.reason else ""
        raise TrialStateError(
            f"expected trial {trial.number} to be {' or '.join(allowed)} to be {verb},"
            f" but it is {trial.state}{why}",
            hint=_ADVICE[trial.state],
        )


def _contradiction(trial: Trial, values: Mapping[str, Measurement]) -> str:
    """``trial 7 already has loss = 1.0, refused 2.0``."""
    metric = next(
        name for name in {**trial.values, **values} if trial.values.get(name) != values.get(name)
    )
    have, refused = (_words(told.get(metric)) for told in (trial.values, values))
    return f"trial {trial.number} already has {metric} = {have}, refused {refused}"


def _words(measurement: Measurement | None) -> str:
    if measurement is None:
        return "nothing"
    value = measurement.value if measurement.exact is None else measurement.exact
    return f"{value}" if measurement.sem is None else f"{value} ± {measurement.sem}"
