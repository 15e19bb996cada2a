"""A record that was changed by hand no longer agrees with its log."""

import sqlite3
from pathlib import Path

import pytest

from bosearch.asktell import Study
from bosearch.space import Real, Space
from bosearch.store import verify
from bosearch.study import minimize


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A study in which everything has happened once."""
    url = f"sqlite:///{tmp_path}/study.db"
    with Study.create(
        url, name="s", space=Space(x=Real(0, 1)), objectives=[minimize("loss")], strategy="sobol"
    ) as study:
        told, failed, retried, abandoned, running = study.ask(5, lease_s=60)
        study.attach(told, {"pid": 1})
        study.tell(told, {"loss": (0.1, 0.2)})
        study.amend(told, {"loss": 0.3})
        study.fail(failed, "broken")
        study.fail(retried, "lost", retry=True)
        study.abandon(abandoned)
        study.attach(running, {"pid": 2})
        study.ask()
        study.tell(retried, {"loss": 1.0})  # late
        study.observe({"x": 0.5}, {"loss": 0.1})
        study.enqueue({"x": 0.25})
    return url


def test_untouched_record_agrees_with_its_log(url: str) -> None:
    assert verify(url) == []


@pytest.mark.parametrize(
    ("tampering", "difference"),
    [
        ("UPDATE trial SET state = 'failed' WHERE number = 0", "trial 0: state is"),
        (
            "UPDATE trial SET measurements = '{\"loss\":0.30000000000000004}' WHERE number = 0",
            "trial 0: values is",
        ),
        ("UPDATE trial SET params = '{\"x\":0.1}' WHERE number = 1", "trial 1: params is"),
        ("UPDATE trial SET attempt = 9 WHERE number = 2", "trial 2: attempt is 9"),
        ("UPDATE trial SET handle = NULL WHERE number = 4", "trial 4: handle is None"),
        ("UPDATE trial SET revision = 99 WHERE number = 1", "revision 99 in the table"),
        ("DELETE FROM trial WHERE number = 5", "trial 5 is in the log, but not in the table"),
        ("DELETE FROM event WHERE kind = 'observed'", "trial 5 is in the table, but not in the"),
        ("DELETE FROM event WHERE kind = 'queued'", "trial 6 is in the table, but not in the"),
        ("DELETE FROM event WHERE kind = 'late_result'", "entries, the study counted"),
        ("DELETE FROM event WHERE kind = 'asked' AND number = 1", "that was not asked"),
        ("UPDATE study SET next_number = 8", "handed out 8 numbers, the table has 7"),
    ],
)
def test_tampering_is_found(url: str, tampering: str, difference: str) -> None:
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    with connection:
        connection.execute(tampering)
    connection.close()
    found = verify(url)
    assert any(difference in line for line in found), found
