"""The tables of the record: the same on SQLite and on PostgreSQL.

``event`` only grows and says all that ever happened; ``study`` and ``trial``
hold what follows from it. ``study.revision`` counts the events of a study, and
each write starts by raising it: writers of one study take turns, and ``seq`` is
dense and in the order of the commits. A trial carries the revision of its last
change, so that a reader can ask for what is new.

JSON documents are kept as text; times are seconds since the epoch.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)

SCHEMA_VERSION = "0001"
"""Revision id of the newest migration; ids are compared as text."""

metadata = MetaData()

study = Table(
    "study",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("definition", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("next_number", Integer, nullable=False),
    Column("created_at", Double, nullable=False),
)

trial = Table(
    "trial",
    metadata,
    Column("study_id", Integer, ForeignKey("study.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("state", String(16), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("params", Text, nullable=False),
    Column("measurements", Text, nullable=False),
    Column("provenance", Text, nullable=False),
    Column("reason", Text),
    Column("handle", Text),
    Column("lease_until", Double),
    Column("asked_at", Double, nullable=False),
    Column("finished_at", Double),
    Column("revision", BigInteger, nullable=False),
    Index("trial_by_revision", "study_id", "revision"),
    Index("trial_by_state", "study_id", "state", "number"),
)

event = Table(
    "event",
    metadata,
    Column("study_id", Integer, ForeignKey("study.id"), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Integer),
    Column("attempt", Integer),
    Column("kind", String(16), nullable=False),
    Column("payload", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("actor", Text, nullable=False),
)

cache = Table(
    "cache",
    metadata,
    Column("study_id", Integer, ForeignKey("study.id"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),  # revision of the study that wrote it
    Column("data", Text, nullable=False),
)

# Which migration the database is at. Alembic's own name for this table may be
# taken by another application in the same PostgreSQL database.
VERSION_TABLE = "bosearch_version"
version = Table(
    VERSION_TABLE,
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name=f"{VERSION_TABLE}_pkc"),  # as Alembic makes it
)
