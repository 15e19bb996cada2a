"""Does the log tell the same story as the tables?"""

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace

from sqlalchemy import select

from bosearch.errors import BosearchError
from bosearch.store import schema
from bosearch.store.database import Database
from bosearch.store.events import Event, EventKind, replay
from bosearch.store.rows import COLUMNS, event_of, trial_of
from bosearch.store.studies import open_study
from bosearch.store.turn import Change
from bosearch.study.trial import Trial


def verify(url: str, name: str | None = None) -> list[str]:
    """Replay the event log of a study and compare the result with its tables.

    Everything but the leases must agree exactly, down to the last digit.

    Args:
        url: Of the database.
        name: Of the study; ``None`` for the only one.

    Returns:
        Each difference in words; empty if there is none.
    """
    database = Database(url)
    try:
        name = open_study(database, name).name
        with database.reading() as connection:
            c = schema.study.c
            found = select(c.id, c.revision, c.next_number).where(c.name == name)
            key, revision, next_number = connection.execute(found).one()
            log = select(schema.event).where(schema.event.c.study_id == key)
            events = [event_of(row) for row in connection.execute(log.order_by(schema.event.c.seq))]
            table = select(*COLUMNS).where(schema.trial.c.study_id == key)
            changes = [(row.revision, trial_of(row)) for row in connection.execute(table)]
    finally:
        database.close()
    return list(differences(events, changes, revision=revision, next_number=next_number))


def differences(
    events: Sequence[Event], changes: Sequence[Change], *, revision: int, next_number: int
) -> Iterator[str]:
    """Compare a log with the tables that should follow from it."""
    places = [event.seq for event in events]
    if places != list(range(1, revision + 1)):
        yield f"the log has {len(places)} entries, the study counted {revision}"
    if next_number != len(changes):
        yield f"the study handed out {next_number} numbers, the table has {len(changes)} trials"
    try:
        replayed = replay(events)
    except BosearchError as error:
        yield error.message
        return
    last = {e.number: e.seq for e in events if e.kind is not EventKind.LATE_RESULT}
    stored = {trial.number: (at, trial) for at, trial in changes}
    for number in sorted(replayed.keys() | stored.keys()):
        if number not in stored:
            yield f"trial {number} is in the log, but not in the table"
        elif number not in replayed:
            yield f"trial {number} is in the table, but not in the log"
        else:
            at, trial = stored[number]
            yield from _trial_differences(replayed[number], trial)
            if at != last[number]:
                yield f"trial {number}: revision {at} in the table, {last[number]} in the log"


def _trial_differences(replayed: Trial, stored: Trial) -> Iterator[str]:
    stored = replace(stored, lease_until=None)
    for field in fields(Trial):
        told, kept = getattr(replayed, field.name), getattr(stored, field.name)
        if told != kept:
            where = f"trial {stored.number}: {field.name}"
            yield f"{where} is {kept!r} in the table, {told!r} in the log"
