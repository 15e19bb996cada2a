"""``kill -9`` at any moment loses nothing acknowledged and counts nothing twice.

The killed process is a fork of this one: it starts in milliseconds, so that two
hundred deaths take seconds. Its database connections are its own.
"""

import os
import random
import signal
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Never

import pytest

from bosearch.asktell import Study
from bosearch.space import Real, Space
from bosearch.store import verify
from bosearch.study import minimize

ROUNDS = 200

# From Python 3.12 on: the children neither take locks of other threads nor return.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


def create(url: str) -> None:
    with Study.create(
        url, name="s", space=Space(x=Real(0, 1)), objectives=[minimize("loss")], strategy="sobol"
    ) as study:
        study.ask()  # what is imported and compiled here need not be so in every fork


def loss_of(number: int) -> float:
    return number + 0.1


def forked(work: Callable[[], None]) -> int:
    """Run ``work`` in a child process; return its process id."""
    child = os.fork()
    if child:
        return child
    try:
        work()
    finally:
        os._exit(1)  # the child must never return into pytest


def tell_forever(url: str, acknowledged: int) -> Never:
    """Ask and tell, and write the number of each told trial to a file."""
    study = Study.open(url)
    while True:
        for trial in study.pending[:1] or study.ask():
            study.tell(trial, {"loss": loss_of(trial.number)})
            os.write(acknowledged, f"{trial.number}\n".encode())


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_killed_teller_loses_nothing_acknowledged(database_url: str, tmp_path: Path) -> None:
    create(database_url)
    file = tmp_path / "acknowledged"
    rng = random.Random(7)
    for _ in range(ROUNDS):
        known = file.stat().st_size if file.exists() else 0
        log = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        child = forked(lambda log=log: tell_forever(database_url, log))  # type: ignore[misc]
        os.close(log)
        while file.stat().st_size == known:  # dying before the first tell proves nothing
            time.sleep(0.001)
        time.sleep(rng.uniform(0, 0.05))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        assert os.WTERMSIG(status) == signal.SIGKILL

    acknowledged = [int(line) for line in file.read_text().splitlines()]
    assert len(acknowledged) == len(set(acknowledged)) >= ROUNDS
    with Study.open(database_url) as study:
        told = {trial.number: trial["loss"] for trial in study.completed}
        entries = [entry.number for entry in study.events() if entry.kind == "told"]
    assert set(acknowledged) <= told.keys()
    assert told == {number: loss_of(number) for number in told}
    assert sorted(entries, key=int) == sorted(told)  # type: ignore[arg-type]  # numbers, all
    # At most one tell in each round was durable before it could be acknowledged.
    assert len(told) - len(acknowledged) <= ROUNDS
    assert verify(database_url) == []
    if database_url.startswith("sqlite"):
        connection = sqlite3.connect(database_url.removeprefix("sqlite:///"))
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.close()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_processes_never_get_the_same_trial(database_url: str, tmp_path: Path) -> None:
    create(database_url)
    asks = 200

    def work(name: str) -> None:
        with Study.open(database_url) as study, (tmp_path / name).open("w") as out:
            for _ in range(asks):
                (trial,) = study.ask()
                study.tell(trial, {"loss": loss_of(trial.number)})
                print(trial.number, file=out)
        os._exit(0)

    children = [forked(lambda name=name: work(name)) for name in ("a", "b")]  # type: ignore[misc]
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0]
    one, two = ([*map(int, (tmp_path / name).read_text().split())] for name in ("a", "b"))
    assert (len(one), len(two)) == (asks, asks)
    expected = list(range(1, 2 * asks + 1))  # the first was asked for before
    assert sorted(one + two) == expected
    with Study.open(database_url) as study:
        assert [trial["loss"] for trial in study.completed] == [*map(loss_of, expected)]
    assert verify(database_url) == []


@pytest.mark.slow
def test_databases_created_at_the_same_time_hold_both_studies(
    database_url: str, tmp_path: Path
) -> None:
    def work(name: str) -> None:
        Study.create(
            database_url,
            name=name,
            space=Space(x=Real(0, 1)),
            objectives=[minimize("loss")],
            strategy="sobol",
        ).ask()
        os._exit(0)

    names = [f"study-{i}" for i in range(6)]
    children = [forked(lambda name=name: work(name)) for name in names]  # type: ignore[misc]
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * len(names)
    for name in names:
        assert verify(database_url, name) == []
