"""What went wrong with a database, in plain words.

SQLAlchemy wraps what a driver says; here it becomes a ``StoreError`` with a hint.
Passwords never appear: databases are named with ``shown``.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from bosearch.errors import StoreError

# What SQLite or psycopg says -> what it means, and what to do. The first match counts.
_MEANINGS: tuple[tuple[str, str, str], ...] = (
    (
        "database is locked",
        "another process has held its lock for too long",
        "end what holds it, or wait longer with ?timeout=SECONDS at the end of the url",
    ),
    (
        "readonly database",
        "it is read-only",
        "make the file and its folder writable, or copy the file elsewhere",
    ),
    (
        "read-only transaction",
        "it is read-only",
        "connect to the primary server, with a role that may write",
    ),
    ("disk is full", "the disk is full", "free some space; what was acknowledged is safe"),
    ("No space left", "the disk is full", "free some space; what was acknowledged is safe"),
    (
        "file is not a database",
        "the file is no SQLite database",
        "check the path; bosearch does not overwrite it",
    ),
    (
        "malformed",
        "the file is damaged",
        "restore a backup, or save what is left with `sqlite3 FILE .recover`",
    ),
    ("disk I/O error", "the disk cannot be read or written", "check the disk and its connection"),
    ("unable to open database file", "the file cannot be opened", "check the path and permissions"),
    ("password authentication failed", "user or password is wrong", "check them in the url"),
    ("no password supplied", "the server wants a password", "add it to the url, or to ~/.pgpass"),
    ("does not exist", "there is no such database or role", "create it first: createdb NAME"),
    (
        "permission denied",
        "the role may not do this",
        "grant it CREATE, SELECT, INSERT, UPDATE and DELETE",
    ),
    (
        "connection",
        "the server cannot be reached",
        "check host and port in the url, and that the server runs",
    ),
)


def shown(url: URL) -> str:
    """The url as it may appear in messages: without its password."""
    return url.render_as_string(hide_password=True)


@contextmanager
def in_plain_words(url: URL) -> Iterator[None]:
    """Turn errors of SQLAlchemy and of the drivers into ``StoreError``."""
    try:
        yield
    except DBAPIError as error:
        said = " ".join(str(error.orig).split())
        for words, meaning, hint in _MEANINGS:
            if words in said:
                raise StoreError(f"{shown(url)}: {meaning}", hint=hint) from error
        raise StoreError(f"{shown(url)}: {_without_password(said, url)}") from error
    except SQLAlchemyError as error:
        said = _without_password(str(error), url)
        raise StoreError(f"{shown(url)}: {said}", hint="check the url") from error


def _without_password(text: str, url: URL) -> str:
    return text.replace(str(url.password), "***") if url.password else text
