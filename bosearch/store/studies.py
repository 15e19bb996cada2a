"""Studies in a database: create one, find one, list them; and the version of the tables."""

import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, insert, inspect, select

from bosearch.errors import SchemaVersionError, StoreError, StudyNotFoundError
from bosearch.store import schema
from bosearch.store.clock import database_clock
from bosearch.store.database import Database
from bosearch.store.documents import dumps
from bosearch.store.events import EventKind
from bosearch.store.failures import shown
from bosearch.store.study_record import StudyRecord
from bosearch.store.turn import actor
from bosearch.study.problem import suggest

_study = schema.study.c
_SCHEMA_LOCK = 0x626F7365  # of PostgreSQL's advisory locks: "bose"


@dataclass(frozen=True)
class StudySummary:
    """A study in a list.

    Args:
        name: Unique in the database.
        created_at: Seconds since the epoch.
        trials: Number of trials by state; states without a trial are absent.
    """

    name: str
    created_at: float
    trials: dict[str, int]


def create_study(database: Database, name: str, definition: dict[str, Any]) -> StudyRecord | None:
    """Add a study, and the tables if they are missing; ``None`` if the name is taken.

    Raises:
        SchemaVersionError: The tables are of another version.
    """
    document = dumps(definition)
    with database.writing() as connection:
        if not database.is_sqlite:
            connection.execute(select(func.pg_advisory_xact_lock(_SCHEMA_LOCK)))
        found = schema_version(connection)
        if found is None:
            schema.metadata.create_all(connection, checkfirst=False)
            schema.version.create(connection)
            connection.execute(insert(schema.version).values(version_num=schema.SCHEMA_VERSION))
        else:
            _require_version(found, database)
        taken = select(_study.id).where(_study.name == name)
        if connection.execute(taken).one_or_none() is not None:
            return None
        clock = database_clock(database)
        now = connection.execute(select(*clock)).scalar_one() if clock else time.time()
        added = connection.execute(
            insert(schema.study)
            .values(name=name, definition=document, revision=1, next_number=0, created_at=now)
            .returning(_study.id)
        )
        key = added.scalar_one()
        connection.execute(
            insert(schema.event).values(
                study_id=key,
                seq=1,
                kind=EventKind.CREATED,
                payload=document,
                at=now,
                actor=actor(),
            )
        )
    return StudyRecord(database, key, name, document)


def open_study(database: Database, name: str | None) -> StudyRecord:
    """Find a study; without a name, the only one.

    Raises:
        StudyNotFoundError: It is not there, or there are several and no name.
        StoreError: The database is not one of bosearch.
        SchemaVersionError: Its tables are of another version.
    """
    columns = (_study.id, _study.name, _study.definition)
    with database.reading() as connection:
        require_tables(connection, database)
        query = select(*columns) if name is None else select(*columns).where(_study.name == name)
        rows = connection.execute(query.limit(2)).all()
        if len(rows) == 1:
            return StudyRecord(database, *rows[0])
        names = list(connection.execute(select(_study.name).order_by(_study.id)).scalars())
    where = shown(database.url)
    if name is not None:
        raise StudyNotFoundError(
            f"{where} holds no study called {name!r}", hint=suggest(name, names)
        )
    if not names:
        raise StudyNotFoundError(f"{where} holds no study", hint="Study.create() makes one")
    raise StudyNotFoundError(
        f"{where} holds {len(names)} studies, expected the name of one", hint=", ".join(names)
    )


def list_studies(url: str) -> list[StudySummary]:
    """Every study of a database, the oldest first, with its trials counted by state."""
    database = Database(url)
    try:
        with database.reading() as connection:
            require_tables(connection, database)
            studies = select(_study.id, _study.name, _study.created_at).order_by(_study.id)
            rows = connection.execute(studies).all()
            states = schema.trial.c
            counting = select(states.study_id, states.state, func.count())
            counts = connection.execute(counting.group_by(states.study_id, states.state)).all()
    finally:
        database.close()
    return [
        StudySummary(name, created_at, {state: n for study, state, n in counts if study == key})
        for key, name, created_at in rows
    ]


def schema_version(connection: Connection) -> str | None:
    """The migration that the tables are at, ``""`` before the first; ``None`` without tables."""
    if not inspect(connection).has_table(schema.VERSION_TABLE):
        return None
    column = schema.version.c.version_num
    return connection.execute(select(column)).scalar_one_or_none() or ""


def require_tables(connection: Connection, database: Database) -> None:
    """Make sure that the tables are there and of this version.

    Raises:
        StoreError: They are not there.
        SchemaVersionError: They are of another version.
    """
    found = schema_version(connection)
    if found is None:
        raise StoreError(
            f"{shown(database.url)} is not a database of bosearch: it has no table"
            f" {schema.VERSION_TABLE!r}",
            hint="check the url; Study.create() adds the tables",
        )
    _require_version(found, database)


def _require_version(found: str, database: Database) -> None:
    expected = schema.SCHEMA_VERSION
    if found > expected:
        raise SchemaVersionError(
            f"{shown(database.url)} has tables of version {found}, this bosearch knows {expected}",
            hint="upgrade bosearch: pip install --upgrade bosearch",
        )
    if found < expected:
        raise SchemaVersionError(
            f"{shown(database.url)} has tables of version {found or 'none'}, expected {expected}",
            hint=f"bosearch doctor --upgrade {shown(database.url)}",
        )
