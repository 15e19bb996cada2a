"""Bring the tables of an older bosearch up to date.

Alembic does it and is imported only here: it costs most of a second.
"""

import sqlite3
import time
from pathlib import Path

from sqlalchemy import Connection

from bosearch.errors import StoreError
from bosearch.store import schema
from bosearch.store.database import Database
from bosearch.store.failures import shown
from bosearch.store.studies import schema_version


def upgrade(url: str) -> Path | None:
    """Migrate the tables to the version of this bosearch, all or nothing.

    An SQLite file is copied beside itself first. A database that is up to date is
    left alone.

    Returns:
        The backup copy; ``None`` if none was made.

    Raises:
        StoreError: The database is not one of bosearch, or cannot be written.
    """
    database = Database(url)
    try:
        with database.reading() as connection:
            found = schema_version(connection)
        if found is None:
            raise StoreError(
                f"{shown(database.url)} is not a database of bosearch: there is nothing to upgrade"
            )
        if found >= schema.SCHEMA_VERSION:
            return None
        file = database.url.database if database.is_sqlite else None
        backup = _backup(Path(file), found) if file else None
        with database.writing() as connection:
            migrate(connection)
        return backup
    finally:
        database.close()


def migrate(connection: Connection) -> None:
    """Run every migration that the database has not seen, within one transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "bosearch.store:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _backup(file: Path, version: str) -> Path:
    """Copy an SQLite database while others may use it."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    copy = file.with_name(f"{file.name}.{version or 'empty'}-{stamp}.backup")
    source, target = sqlite3.connect(file), sqlite3.connect(copy)
    try:
        source.backup(target)
    finally:
        source.close()
        target.close()
    return copy
