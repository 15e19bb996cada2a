"""A database: its url, its connections and its transactions.

SQLite runs in WAL mode with ``synchronous=FULL``, so that a commit survives a
power cut, and every write begins with ``BEGIN IMMEDIATE``, so that it waits for
its turn instead of failing half way. PostgreSQL is reached through psycopg 3.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import final
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import QueuePool, StaticPool

from bosearch.errors import StoreError
from bosearch.store.failures import in_plain_words, shown

BUSY_TIMEOUT_S = 30.0
_EXAMPLES = "sqlite:///study.db or postgresql://user@host/database"


def parse_url(url: str) -> URL:
    """Read a database url; ``postgresql://`` means psycopg 3.

    Raises:
        StoreError: It is no url, or of a database that bosearch does not use.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        hint = f"did you mean 'sqlite:///{url}'?" if "://" not in url else f"as in {_EXAMPLES}"
        raise StoreError(f"expected a database url, got {_shortened(url)!r}", hint=hint) from error
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername in ("sqlite", "sqlite+pysqlite"):
        unknown = set(parsed.query) - {"timeout"}
        if unknown:
            raise StoreError(
                f"{shown(parsed)}: unknown option {min(unknown)!r}",
                hint="SQLite urls take ?timeout=SECONDS, the longest wait for a lock",
            )
        return parsed.set(drivername="sqlite")
    if parsed.drivername != "postgresql+psycopg":
        raise StoreError(
            f"expected SQLite or PostgreSQL, got {parsed.drivername!r}", hint=f"as in {_EXAMPLES}"
        )
    return parsed


def _shortened(url: str) -> str:
    """What cannot be parsed may hold a password: show no more than its beginning."""
    return url if "@" not in url else url.partition(":")[0] + ":..."


@final
class Database:
    """Connections to one database, safe to use from several threads.

    Args:
        url: ``sqlite:///file.db``, ``sqlite://`` (in memory, gone with the object)
            or ``postgresql://user@host/database``.
        create: Make an SQLite file that is not there.

    Raises:
        StoreError: The url is wrong, the file or its folder is missing, or the
            driver is not installed.
    """

    def __init__(self, url: str, *, create: bool = False) -> None:
        self.url = parse_url(url)
        self.is_sqlite = self.url.drivername == "sqlite"
        # In one process SQLite's threads take turns here, which is fairer than polling its lock.
        self._turn = threading.RLock()
        try:
            self._engine = _sqlite(self.url, create) if self.is_sqlite else _postgresql(self.url)
        except ModuleNotFoundError as error:
            raise StoreError(
                f"{shown(self.url)}: PostgreSQL needs the package {error.name!r}",
                hint="pip install 'bosearch[postgres]'",
            ) from error
        except SQLAlchemyError as error:
            raise StoreError(f"{shown(self.url)}: {error}", hint=f"as in {_EXAMPLES}") from error
        self._readers: Engine = self._engine
        self._writers: Engine = self._engine
        if self.is_sqlite:
            self._writers = self._engine.execution_options(begin="BEGIN IMMEDIATE")
        else:
            self._readers = self._engine.execution_options(isolation_level="REPEATABLE READ")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that writes nothing and sees one moment."""
        with self._transaction(write=False) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that commits at the end of the block, or not at all."""
        with self._transaction(write=True) as connection:
            yield connection

    @contextmanager
    def _transaction(self, *, write: bool) -> Iterator[Connection]:
        engine = self._writers if write else self._readers
        with in_plain_words(self.url):
            if not self.is_sqlite:
                with engine.begin() as connection:
                    yield connection
            else:
                with self._turn, engine.begin() as connection:
                    yield connection

    def close(self) -> None:
        """Give the connections back; the object may be used again."""
        self._engine.dispose()


def _postgresql(url: URL) -> Engine:
    # A study lives for months: connections that a restarted server has closed are replaced.
    return create_engine(url, isolation_level="READ COMMITTED", pool_pre_ping=True)


def _sqlite(url: URL, create: bool) -> Engine:
    timeout = _timeout(url)
    if url.database in (None, "", ":memory:"):

        def connect() -> sqlite3.Connection:
            return _connect("file::memory:", timeout)

        engine = create_engine("sqlite://", creator=connect, poolclass=StaticPool)
    else:
        path = Path(str(url.database)).absolute()
        _check_path(path, url, create)
        connector = _FileConnector(path, timeout, create)
        engine = create_engine("sqlite://", creator=connector, poolclass=QueuePool)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))

    return engine


def _timeout(url: URL) -> float:
    text = url.query.get("timeout", BUSY_TIMEOUT_S)
    try:
        return float(text)  # type: ignore[arg-type]  # a tuple is refused below
    except (TypeError, ValueError):
        raise StoreError(
            f"{shown(url)}: expected a number of seconds as timeout, got {text!r}"
        ) from None


def _check_path(path: Path, url: URL, create: bool) -> None:
    if not path.parent.is_dir():
        raise StoreError(
            f"{shown(url)}: the folder {path.parent} does not exist",
            hint="a path after sqlite:/// is relative; absolute ones have four slashes",
        )
    if path.is_dir():
        raise StoreError(f"{shown(url)}: expected a file, got the folder {path}")
    if not create and not path.exists():
        raise StoreError(
            f"{shown(url)}: the file {path} does not exist",
            hint="Study.create() makes it; Study.open() never does",
        )


@final
class _FileConnector:
    """Opens connections to one SQLite file; creates it only if told so."""

    def __init__(self, path: Path, timeout: float, create: bool) -> None:
        self._path, self._timeout, self._create = path, timeout, create

    def __call__(self) -> sqlite3.Connection:
        name = f"file:{quote(str(self._path))}"
        if self._path.exists() and not self._writable():
            return _connect(f"{name}?mode=ro{self._immutable()}", self._timeout)
        connection = _connect(f"{name}?mode={'rwc' if self._create else 'rw'}", self._timeout)
        if self._create:
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    def _writable(self) -> bool:
        return os.access(self._path, os.W_OK) and os.access(self._path.parent, os.W_OK)

    def _immutable(self) -> str:
        """A read-only place cannot hold the index of a WAL; without a WAL none is needed."""
        wal = self._path.with_name(self._path.name + "-wal")
        return "" if wal.exists() and wal.stat().st_size > 0 else "&immutable=1"


def _connect(name: str, timeout: float) -> sqlite3.Connection:
    return sqlite3.connect(
        name, uri=True, timeout=timeout, isolation_level=None, check_same_thread=False
    )
