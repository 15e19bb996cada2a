"""One write transaction of a study: what it is given, and what it may write.

It has passed the turnstile (the row of the study), so nobody else writes to this
study until it commits or is rolled back.
"""

import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

from sqlalchemy import Connection

from bosearch.store import statements as sql
from bosearch.store.documents import dumps
from bosearch.store.events import Event, EventKind, apply
from bosearch.store.rows import row_of, row_of_event
from bosearch.study.trial import Trial

Change = tuple[int, Trial]
"""A trial after a change, with the revision of the change."""


class LostRaceError(Exception):
    """Another process was faster; the transaction is rolled back and tried again."""


@final
@dataclass(frozen=True)
class Turn:
    """A turn at writing.

    Args:
        connection: In its transaction.
        study: Primary key of the study.
        revision: Of the study before this transaction; its entries come next.
        number: Of the first new trial.
        now: Seconds since the epoch, on the database's clock.
    """

    connection: Connection
    study: int
    revision: int
    number: int
    now: float

    def log(self, events: Sequence[Event], *, after: int) -> list[Event]:
        """Append events to the log, as entries ``after + 1`` and so on."""
        writer = actor()
        logged = [
            replace(event, seq=seq, at=self.now, actor=writer)
            for seq, event in enumerate(events, after + 1)
        ]
        rows = [{"study_id": self.study, **row_of_event(event)} for event in logged]
        self.connection.execute(sql.INSERT_EVENT, rows)
        return logged

    def add(
        self, events: Sequence[Event], *, after: int, lease_until: float | None
    ) -> list[Change]:
        """Log the events that begin new trials, and add the trials."""
        if not events:
            return []
        added = [
            (event.seq, replace(apply(None, event), lease_until=lease_until))
            for event in self.log(events, after=after)
        ]
        rows = [
            {"study_id": self.study, "revision": revision, **row_of(trial)}
            for revision, trial in added
        ]
        self.connection.execute(sql.INSERT_TRIAL, rows)
        return added

    def change(self, before: Trial, event: Event) -> Event:
        """Log what happened to a trial, and change the trial accordingly."""
        (logged,) = self.log([event], after=self.revision)
        if logged.kind is not EventKind.LATE_RESULT:
            guard = {"from_state": before.state}
            self._update(sql.CHANGE, guard, before, apply(before, logged), logged.seq)
        return logged

    def offer(self, before: Trial, *, after: int, lease_until: float | None) -> Change:
        """Hand out a waiting or expired trial as its next attempt.

        Raises:
            LostRaceError: It neither waits nor has it expired.
        """
        offered = Event(EventKind.OFFERED, before.number, before.attempt + 1)
        (event,) = self.log([offered], after=after)
        trial = replace(apply(before, event), lease_until=lease_until)
        self._update(sql.OFFER, {"now": self.now}, before, trial, event.seq)
        return event.seq, trial

    def _update(
        self, statement: Any, guard: Mapping[str, Any], before: Trial, after: Trial, revision: int
    ) -> None:
        row = row_of(after)
        values = {
            **guard,
            "study": self.study,
            "trial": before.number,
            "of_attempt": before.attempt,
            "revision": revision,
        }
        values |= {name: row[name] for name in sql.MUTABLE}
        if self.connection.execute(statement, values).rowcount != 1:
            raise LostRaceError

    def renew(self, trial: Trial, lease_s: float) -> bool:
        """Lengthen the lease of an attempt; false if it is not the running one any more."""
        lease = {
            "study": self.study,
            "trial": trial.number,
            "of_attempt": trial.attempt,
            "lease_until": self.now + lease_s,
        }
        return self.connection.execute(sql.RENEW, lease).rowcount == 1

    def has_note(self, event: Event) -> bool:
        """Whether this late result is in the log already."""
        about = {"study": self.study, "trial": event.number, "of_attempt": event.attempt}
        notes = self.connection.execute(sql.LATE_RESULTS, about).scalars()
        return dumps(event.payload) in notes.all()

    def keep(self, cache: Mapping[str, str | None]) -> None:
        """Write what changed in the cache of the strategy; ``None`` removes an entry."""
        for key, data in cache.items():
            self.connection.execute(sql.DELETE_CACHE, {"study": self.study, "entry": key})
            if data is not None:
                entry = {"study_id": self.study, "key": key, "data": data}
                self.connection.execute(sql.INSERT_CACHE, {**entry, "version": self.revision})


def actor() -> str:
    """Who writes: ``host:process id``."""
    return f"{socket.gethostname()}:{os.getpid()}"
