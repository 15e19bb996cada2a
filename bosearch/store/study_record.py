"""The record of one study: each method is one transaction.

A write first raises ``study.revision`` by the number of its events. That row is
the turnstile: whoever passes it writes alone until the commit, on SQLite and on
PostgreSQL alike.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, final

from sqlalchemy import Connection, select

from bosearch.errors import StudyNotFoundError, TrialNotFoundError
from bosearch.store import statements as sql
from bosearch.store.clock import database_clock
from bosearch.store.database import Database
from bosearch.store.decisions import Decision
from bosearch.store.documents import loads, measurements_to_json
from bosearch.store.events import Event, EventKind, apply
from bosearch.store.failures import shown
from bosearch.store.rows import event_of, trial_of
from bosearch.store.turn import Change, LostRaceError, Turn
from bosearch.study.trial import Measurement, Params, Proposal, Trial


@final
class StudyRecord:
    """One study in a database.

    Args:
        database: Where it is.
        key: Its primary key there.
        name: Its name.
        definition: How it was stated, as JSON.
    """

    def __init__(self, database: Database, key: int, name: str, definition: str) -> None:
        self.database, self.name, self.definition = database, name, definition
        self._key = key
        self._clock = database_clock(database)
        self._turn = sql.TURN.returning(*self._clock)
        self._expected_turn = sql.EXPECTED_TURN.returning(*self._clock)

    def trial(self, number: int) -> Trial:
        """Read one trial.

        Raises:
            TrialNotFoundError: There is no trial of that number.
        """
        with self.database.reading() as connection:
            return self._present(connection, number)

    def changes(self, since: int) -> list[Change]:
        """Read the trials that changed after revision ``since``."""
        with self.database.reading() as connection:
            rows = connection.execute(sql.CHANGED_TRIALS, {"study": self._key, "seen": since})
            return [(row.revision, trial_of(row)) for row in rows]

    def events(self, since: int) -> list[Event]:
        """Read the log after entry ``since``."""
        with self.database.reading() as connection:
            rows = connection.execute(sql.EVENTS, {"study": self._key, "seen": since})
            return [event_of(row) for row in rows]

    def result(self, number: int) -> dict[str, Any]:
        """Read the log's entry on the result of a trial: values, seconds, notes; empty if none."""
        with self.database.reading() as connection:
            about = {"study": self._key, "trial": number}
            payload = connection.execute(sql.RESULTS, about).scalar_one_or_none()
        return {} if payload is None else dict(loads(payload))

    def cache(self) -> dict[str, str]:
        """Read what strategies keep, as JSON texts by key."""
        with self.database.reading() as connection:
            rows = connection.execute(sql.CACHE, {"study": self._key})
            return {row.key: row.data for row in rows}

    def offerable(self, most: int) -> list[int]:
        """Numbers of trials that wait or whose lease has expired, the lowest first."""
        with self.database.reading() as connection:
            now = (
                connection.execute(select(*self._clock)).scalar_one()
                if self._clock
                else time.time()
            )
            limits = {"study": self._key, "now": now, "most": most}
            return list(connection.execute(sql.OFFERABLE, limits).scalars())

    def hand_out(
        self,
        again: Sequence[Trial],
        new: Sequence[Proposal],
        *,
        expected: int,
        lease_s: float | None,
        cache: Mapping[str, str | None],
    ) -> list[Change] | None:
        """Offer trials ``again`` and add ``new`` ones, all or none.

        Args:
            again: Trials to offer again, as the caller knows them.
            new: Points for new trials.
            expected: Number that the first new trial must get.
            lease_s: How long they are lent; ``None`` for ever.
            cache: Texts by key to keep for the strategy; ``None`` removes one.

        Returns:
            The trials handed out; ``None`` if another process was faster.
        """
        guard = expected if new else None
        try:
            with self._write(len(again) + len(new), len(new), expected=guard) as turn:
                lease_until = None if lease_s is None else turn.now + lease_s
                handed = [
                    turn.offer(trial, after=place, lease_until=lease_until)
                    for place, trial in enumerate(again, turn.revision)
                ]
                asked = [
                    Event(EventKind.ASKED, number, 1, _asked(proposal))
                    for number, proposal in enumerate(new, turn.number)
                ]
                place = turn.revision + len(again)
                handed += turn.add(asked, after=place, lease_until=lease_until)
                turn.keep(cache)
                return handed
        except LostRaceError:
            return None

    def change(self, number: int, decide: Decision) -> tuple[Event | None, Trial]:
        """Change one trial as ``decide`` says, given what it is now.

        Returns:
            The event that was logged (``None`` if the record said so already), and
            the trial as it is now.

        Raises:
            TrialNotFoundError: There is no trial of that number.
            TellError, TrialStateError: ``decide`` refuses.
        """
        with self._write(1) as turn:
            trial = self._present(turn.connection, number)
            event = decide(trial)
            late = event is not None and event.kind is EventKind.LATE_RESULT
            if event is None or (late and turn.has_note(event)):
                turn.connection.rollback()
                return None, trial
            logged = turn.change(trial, event)
            return logged, apply(trial, logged)

    def observe(self, results: Sequence[tuple[Params, Mapping[str, Measurement]]]) -> list[Change]:
        """Add trials that were measured elsewhere, all or none."""
        payloads = [
            {
                "params": dict(params),
                "provenance": {"strategy": "observed"},
                "values": measurements_to_json(values),
            }
            for params, values in results
        ]
        return self._begin(EventKind.OBSERVED, payloads, attempt=1)

    def queue(self, points: Sequence[Params]) -> list[Change]:
        """Add trials that wait to be handed out, all or none."""
        payloads = [{"params": dict(p), "provenance": {"strategy": "queued"}} for p in points]
        return self._begin(EventKind.QUEUED, payloads, attempt=0)

    def _begin(
        self, kind: EventKind, payloads: Sequence[Mapping[str, Any]], *, attempt: int
    ) -> list[Change]:
        with self._write(len(payloads), len(payloads)) as turn:
            events = [
                Event(kind, number, attempt, payload)
                for number, payload in enumerate(payloads, turn.number)
            ]
            return turn.add(events, after=turn.revision, lease_until=None)

    def renew(self, trials: Iterable[Trial], lease_s: float) -> list[Trial]:
        """Lengthen leases; return the trials that are no longer the caller's, as they are now."""
        with self._write(0) as turn:
            lost = [trial.number for trial in trials if not turn.renew(trial, lease_s)]
            return [self._present(turn.connection, number) for number in lost]

    @contextmanager
    def _write(
        self, events: int, numbers: int = 0, *, expected: int | None = None
    ) -> Iterator[Turn]:
        """A turn that adds ``events`` to the log and takes ``numbers`` for new trials."""
        values = {"study": self._key, "events": events, "numbers": numbers}
        statement = self._turn
        if expected is not None:
            statement, values["expected"] = self._expected_turn, expected
        with self.database.writing() as connection:
            row = connection.execute(statement, values).one_or_none()
            if row is None:
                self._require_study(connection)
                raise LostRaceError
            now = row[2] if self._clock else time.time()
            yield Turn(connection, self._key, row[0] - events, row[1] - numbers, now)

    def _require_study(self, connection: Connection) -> None:
        if connection.execute(sql.STUDY_THERE, {"study": self._key}).one_or_none() is None:
            raise StudyNotFoundError(
                f"{shown(self.database.url)}: the study {self.name!r} has been removed"
            )

    def _present(self, connection: Connection, number: int) -> Trial:
        row = connection.execute(sql.ONE_TRIAL, {"study": self._key, "trial": number}).one_or_none()
        if row is None:
            raise TrialNotFoundError(
                f"study {self.name!r} has no trial {number}", hint="ask() gives the numbers"
            )
        return trial_of(row)


def _asked(proposal: Proposal) -> dict[str, Any]:
    return {"params": dict(proposal.params), "provenance": dict(proposal.provenance)}
