"""What can go wrong with a database is said in plain words, and nothing is lost by it."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from bosearch.asktell import Study
from bosearch.errors import SchemaVersionError, StoreError
from bosearch.space import Real, Space
from bosearch.store import database, list_studies, schema, verify
from bosearch.study import Trial, minimize


def create(url: str, name: str = "s") -> Study:
    return Study.create(
        url, name=name, space=Space(x=Real(0, 1)), objectives=[minimize("loss")], strategy="sobol"
    )


def refusal(url: str) -> str:
    """What opening the only study of a database says."""
    with pytest.raises(StoreError) as caught:
        Study.open(url)
    assert "sqlalchemy" not in str(caught.value).lower()
    return str(caught.value)


def test_opening_makes_no_file(tmp_path: Path) -> None:
    said = refusal(f"sqlite:///{tmp_path}/none.db")
    assert "none.db does not exist\n  hint: Study.create() makes it" in said
    assert list(tmp_path.iterdir()) == []


def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=f"the folder {tmp_path}/a/b does not exist"):
        create(f"sqlite:///{tmp_path}/a/b/study.db")


def test_folder_is_no_database(tmp_path: Path) -> None:
    assert "expected a file, got the folder" in refusal(f"sqlite:///{tmp_path}")


def test_opening_and_looking_leaves_every_byte_as_it_was(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/study.db"
    with create(url) as study:
        study.tell(study.ask(3)[0], {"loss": 1.0})
    file = tmp_path / "study.db"
    before = file.read_bytes(), file.stat().st_mtime_ns
    with Study.open(url) as study:
        assert len(study.trials()) == 3
        assert study.best is not None
    list_studies(url)
    verify(url)
    assert (file.read_bytes(), file.stat().st_mtime_ns) == before
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"This is a text file, and no database at all." * 50, "the file is no SQLite database"),
        (b"", "is not a database of bosearch: it has no table"),
    ],
)
def test_file_that_is_no_study_is_left_alone(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "x.db").write_bytes(content)
    assert message in refusal(f"sqlite:///{tmp_path}/x.db")
    assert (tmp_path / "x.db").read_bytes() == content
    if content:
        with pytest.raises(StoreError, match=message):
            create(f"sqlite:///{tmp_path}/x.db")
        assert (tmp_path / "x.db").read_bytes() == content


def test_damaged_file_is_reported(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/study.db"
    with create(url) as study:
        study.ask(50)
    file = tmp_path / "study.db"
    content = bytearray(file.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)  # all but the first page
    file.write_bytes(content)
    assert "the file is damaged\n  hint: restore a backup" in refusal(url)


def test_locked_file_is_reported_after_the_timeout(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/study.db"
    create(url).close()
    holder = sqlite3.connect(tmp_path / "study.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with Study.open(f"{url}?timeout=0.1") as study:
        assert study.trials() == []  # readers do not wait for writers
        with pytest.raises(StoreError, match=r"held its lock for too long\n.*\?timeout=SECONDS"):
            study.ask()
        holder.close()
        assert len(study.ask()) == 1


def mounted(folder: Path, *options: str) -> bool:
    """Whether this user may mount, and did."""
    command = ["mount", *options, str(folder)]
    return subprocess.run(command, capture_output=True).returncode == 0


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A folder that is a file system of 1 MiB, where mounting is permitted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if mounted(folder, "-t", "tmpfs", "-o", "size=1m", "tmpfs"):
        yield folder
        subprocess.run(["umount", "-l", str(folder)], check=True)
    else:
        yield folder


def test_full_disk_is_reported_and_loses_nothing(
    disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not disk.is_mount():  # a file that may not grow answers in the same way

        def connect_to_small(name: str, timeout: float) -> sqlite3.Connection:
            connection = whole(name, timeout)
            connection.execute("PRAGMA max_page_count = 30")
            return connection

        whole = database._connect
        monkeypatch.setattr(database, "_connect", connect_to_small)
    url = f"sqlite:///{disk}/study.db"
    told: list[Trial] = []
    with create(url) as study:

        def work_on() -> None:
            while True:
                told.append(study.tell(study.ask()[0], {"loss": 1.0}))

        with pytest.raises(StoreError, match=r"the disk is full\n.*what was acknowledged is safe"):
            work_on()
        assert len(told) > 5
        assert study.completed == told
    assert verify(url) == []


def test_read_only_file_can_be_looked_at_and_not_written(disk: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{disk}/study.db"
    with create(url) as study:
        study.ask()
    if disk.is_mount():
        assert mounted(disk, "-o", "remount,ro")
    else:
        (disk / "study.db").chmod(0o444)
        disk.chmod(0o555)
    with Study.open(url) as study:
        assert len(study.trials()) == 1
        with pytest.raises(StoreError, match=r"it is read-only\n.*writable"):
            study.ask()
    with pytest.raises(StoreError, match="it is read-only"):
        create(url, "other")
    if not disk.is_mount():
        disk.chmod(0o755)


def test_newer_tables_ask_for_a_newer_bosearch(database_url: str) -> None:
    create(database_url).close()
    set_version(database_url, "9999")
    for call in (Study.open, create, verify, list_studies):
        with pytest.raises(SchemaVersionError, match=r"version 9999.*\n.*pip install --upgrade"):
            call(database_url)


def set_version(url: str, version: str) -> None:
    connected = database.Database(url)
    with connected.writing() as connection:
        connection.execute(update(schema.version).values(version_num=version))
    connected.close()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("study.db", r"expected a database url, got 'study.db'\n.*'sqlite:///study.db'"),
        ("mysql://u:secret@h/d", "expected SQLite or PostgreSQL, got 'mysql'"),
        ("post gres://u:secret@h/d", "expected a database url"),
        ("sqlite:///x.db?cache=shared", "unknown option 'cache'"),
        ("sqlite:///x.db?timeout=soon", "number of seconds as timeout, got 'soon'"),
        ("postgresql://u:secret@127.0.0.1:1/d", r"u:\*\*\*@127.0.0.1:1/d.*cannot be reached"),
    ],
)
def test_wrong_url_is_explained_without_its_password(url: str, message: str) -> None:
    with pytest.raises(StoreError, match=message) as caught:
        Study.open(url)
    assert "secret" not in str(caught.value)


def test_missing_driver_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreError, match=r"needs the package.*\n.*bosearch\[postgres\]"):
        Study.open("postgresql://u@127.0.0.1:1/d")


def test_study_in_memory_lives_as_long_as_its_object() -> None:
    study = create("sqlite://")
    study.tell(study.ask()[0], {"loss": 1.0})
    assert len(study.completed) == 1
    assert "is not a database of bosearch" in refusal("sqlite://")
    study.close()
