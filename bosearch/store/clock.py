"""Whose clock counts: the server's on PostgreSQL, this machine's on SQLite.

Leases are compared across machines, so there must be one clock.
"""

from typing import Any

from sqlalchemy import ColumnElement, Double, cast, extract, func

from bosearch.store.database import Database


def database_clock(database: Database) -> tuple[ColumnElement[Any], ...]:
    """The column that reads the clock (seconds since the epoch); none if it is this machine's."""
    if database.is_sqlite:
        return ()
    return (cast(extract("epoch", func.clock_timestamp()), Double).label("now"),)
