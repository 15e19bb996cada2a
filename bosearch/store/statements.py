"""The SQL of one study's record, built once; values come as parameters, always."""

from typing import Any

from sqlalchemy import and_, bindparam, delete, insert, or_, select, update

from bosearch.store import schema
from bosearch.store.events import EventKind
from bosearch.store.rows import COLUMNS
from bosearch.study.trial import TrialState

_study, _trial, _event, _cache = schema.study.c, schema.trial.c, schema.event.c, schema.cache.c
_trials = _trial.study_id == bindparam("study")
_one_trial = and_(_trials, _trial.number == bindparam("trial"))
_one_attempt = and_(_one_trial, _trial.attempt == bindparam("of_attempt"))
_waits = _trial.state == TrialState.WAITING
_expired = and_(_trial.state == TrialState.RUNNING, _trial.lease_until <= bindparam("now"))
_log = _event.study_id == bindparam("study")

# The turnstile: whoever updates the row of the study writes alone until the commit.
TURN = (
    update(schema.study)
    .where(_study.id == bindparam("study"))
    .values(
        revision=_study.revision + bindparam("events"),
        next_number=_study.next_number + bindparam("numbers"),
    )
    .returning(_study.revision, _study.next_number)
)
EXPECTED_TURN = TURN.where(_study.next_number == bindparam("expected"))
STUDY_THERE = select(_study.id).where(_study.id == bindparam("study"))

ONE_TRIAL = select(*COLUMNS).where(_one_trial)
CHANGED_TRIALS = select(*COLUMNS).where(_trials, _trial.revision > bindparam("seen"))
OFFERABLE = (
    select(_trial.number)
    .where(_trials, _trial.state.in_([TrialState.WAITING, TrialState.RUNNING]))
    .where(or_(_waits, _expired))
    .order_by(_trial.number)
    .limit(bindparam("most"))
)
INSERT_TRIAL = insert(schema.trial)
MUTABLE = ("state", "attempt", "measurements", "reason", "handle", "lease_until", "finished_at")
_new_values: dict[str, Any] = {name: bindparam(name) for name in (*MUTABLE, "revision")}
CHANGE = (
    update(schema.trial)
    .where(_one_attempt, _trial.state == bindparam("from_state"))
    .values(_new_values)
)
OFFER = update(schema.trial).where(_one_attempt, or_(_waits, _expired)).values(_new_values)
RENEW = (
    update(schema.trial)
    .where(_one_attempt, _trial.state == TrialState.RUNNING)
    .values(lease_until=bindparam("lease_until"))
)

EVENTS = select(schema.event).where(_log, _event.seq > bindparam("seen")).order_by(_event.seq)
INSERT_EVENT = insert(schema.event)
RESULTS = select(_event.payload).where(
    _log, _event.number == bindparam("trial"), _event.kind == EventKind.TOLD
)
LATE_RESULTS = select(_event.payload).where(
    _log,
    _event.number == bindparam("trial"),
    _event.attempt == bindparam("of_attempt"),
    _event.kind == EventKind.LATE_RESULT,
)

CACHE = select(_cache.key, _cache.data).where(_cache.study_id == bindparam("study"))
INSERT_CACHE = insert(schema.cache)
DELETE_CACHE = delete(schema.cache).where(
    _cache.study_id == bindparam("study"), _cache.key == bindparam("entry")
)
