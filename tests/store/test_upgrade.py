"""Migrations and table definitions are two statements of one schema."""

from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, delete, inspect

from bosearch.asktell import Study
from bosearch.errors import SchemaVersionError, StoreError
from bosearch.space import Real, Space
from bosearch.store import schema, upgrade, verify
from bosearch.store.database import Database
from bosearch.store.upgrade import migrate
from bosearch.study import minimize


def tables(connection: Connection) -> dict[str, Any]:
    """Everything that the database says about its tables."""
    inspector = inspect(connection)
    return {
        name: {
            "columns": [{**c, "type": str(c["type"])} for c in inspector.get_columns(name)],
            "primary key": inspector.get_pk_constraint(name),
            "foreign keys": inspector.get_foreign_keys(name),
            "unique": inspector.get_unique_constraints(name),
            "indexes": inspector.get_indexes(name),
        }
        for name in sorted(inspector.get_table_names())
    }


def create(url: str) -> Study:
    return Study.create(
        url, name="s", space=Space(x=Real(0, 1)), objectives=[minimize("loss")], strategy="sobol"
    )


def test_migrations_build_the_tables_that_create_builds(
    database_url: str, request: pytest.FixtureRequest
) -> None:
    database = Database(database_url, create=True)
    with database.writing() as connection:
        migrate(connection)
        migrated = tables(connection)
        context = MigrationContext.configure(
            connection, opts={"version_table": schema.VERSION_TABLE, "compare_type": True}
        )
        assert compare_metadata(context, schema.metadata) == []
        assert context.get_current_revision() == schema.SCHEMA_VERSION
        for table in reversed([*schema.metadata.sorted_tables, schema.version]):
            table.drop(connection)
    database.close()
    create(database_url).close()
    database = Database(database_url)
    with database.reading() as connection:
        assert tables(connection) == migrated
    database.close()


def test_older_tables_are_upgraded_on_request_after_a_backup(sqlite_url: str) -> None:
    database = Database(sqlite_url, create=True)
    with database.writing() as connection:  # before the first migration there was nothing
        schema.version.create(connection)
    database.close()
    with pytest.raises(
        SchemaVersionError, match=r"expected 0001\n.*bosearch doctor --upgrade sqlite"
    ):
        Study.open(sqlite_url)
    backup = upgrade(sqlite_url)
    assert backup is not None
    assert backup.exists()
    with create(sqlite_url) as study:
        study.ask()
    assert verify(sqlite_url) == []
    assert upgrade(sqlite_url) is None


def test_upgrade_that_fails_changes_nothing(database_url: str) -> None:
    database = Database(database_url, create=True)
    with database.writing() as connection:
        schema.version.create(connection)
        connection.exec_driver_sql("CREATE TABLE event (id INTEGER)")  # somebody else's
    with pytest.raises(StoreError, match="event"):
        upgrade(database_url)
    with database.reading() as connection:
        assert sorted(tables(connection)) == [schema.VERSION_TABLE, "event"]
    database.close()


def test_upgrade_leaves_foreign_databases_alone(tmp_path: Path) -> None:
    (tmp_path / "x.db").touch()
    with pytest.raises(StoreError, match="is not a database of bosearch"):
        upgrade(f"sqlite:///{tmp_path}/x.db")
    assert (tmp_path / "x.db").read_bytes() == b""


def test_table_without_a_version_counts_as_older(database_url: str) -> None:
    create(database_url).close()
    database = Database(database_url)
    with database.writing() as connection:
        connection.execute(delete(schema.version))
    database.close()
    with pytest.raises(SchemaVersionError, match="version none"):
        create(database_url)
