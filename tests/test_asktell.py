"""The study: what is asked and told stays, in one picture for all who share it."""

import logging
import math
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from bosearch import strategies
from bosearch.asktell import Study
from bosearch.errors import (
    ConfigError,
    ParameterError,
    SpaceExhaustedError,
    StrategyError,
    StudyExistsError,
    StudyNotFoundError,
    TellError,
    TrialNotFoundError,
    TrialStateError,
)
from bosearch.space import Choice, Integer, Real, Space
from bosearch.store import EventKind, verify
from bosearch.study import (
    Measurement,
    Proposal,
    StudyView,
    Trial,
    maximize,
    minimize,
)

NewStudy = Callable[..., Study]


def params(trials: list[Trial]) -> list[Mapping[str, Any]]:
    return [trial.params for trial in trials]


def kinds(study: Study) -> list[EventKind]:
    return [entry.kind for entry in study.events()]


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """Counts what every engine does: statements, and commits that wrote something."""
    counts: Counter[str] = Counter()
    wrote = False

    def statement(*args: Any) -> None:
        nonlocal wrote
        if not args[2].startswith("BEGIN"):
            counts["statements"] += 1
            wrote = wrote or not args[2].startswith("SELECT")

    def commit(*args: Any) -> None:
        nonlocal wrote
        counts["durable commits"] += wrote
        wrote = False

    event.listen(Engine, "before_cursor_execute", statement)
    event.listen(Engine, "commit", commit)
    try:
        yield counts
    finally:
        event.remove(Engine, "before_cursor_execute", statement)
        event.remove(Engine, "commit", commit)


# --- the loop ---------------------------------------------------------------------------


def test_study_continues_after_a_restart_as_if_nothing_happened(new_study: NewStudy) -> None:
    uninterrupted = params(new_study(seed=7).ask(4))

    first = new_study(seed=7)
    resumed = params(first.ask(2))
    first.tell(1, {"loss": 0.5})  # results arrive late and out of order
    with Study.open(first.url, first.name) as second:
        resumed += params(second.ask(2))
        assert resumed == uninterrupted  # the seed belongs to the trial, not the process
        assert [trial.number for trial in second.pending] == [0, 2, 3]


def test_told_trial_is_the_same_for_every_reader(new_study: NewStudy) -> None:
    study = new_study(tracked=["seconds"])
    with Study.open(study.url, study.name) as other:
        (trial,) = study.ask()
        told = study.tell(trial, {"seconds": 3, "loss": (0.25, 0.1)}, seconds=1.5, notes={"a": 1})
        assert told.state == "completed"
        assert told.values == {"loss": Measurement(0.25, 0.1), "seconds": Measurement(3.0)}
        assert study.trials() == other.trials() == [told]
        assert other.trial(0) == told
        assert study.events()[-1].payload["seconds"] == 1.5
        assert study.events()[-1].payload["notes"] == {"a": 1}
        assert told.asked_at <= (told.finished_at or 0.0)


def test_two_studies_of_one_database_do_not_mix(new_study: NewStudy) -> None:
    one, two = new_study(), new_study()
    one.tell(one.ask()[0], {"loss": 1.0})
    assert [t.number for t in two.ask(2)] == [0, 1]
    assert len(one.trials()) == 1
    assert verify(one.url, one.name) == verify(two.url, two.name) == []


def test_two_askers_in_turns_never_get_the_same_point(new_study: NewStudy) -> None:
    study = new_study(seed=3)
    with Study.open(study.url, study.name) as other:
        handed = [t for _ in range(5) for t in (*study.ask(2), *other.ask())]
    assert [t.number for t in handed] == list(range(15))
    assert params(handed) == params(new_study(seed=3).ask(15))


def test_ask_that_loses_the_race_proposes_again(new_study: NewStudy) -> None:
    study = new_study()
    rival = Study.open(study.url, study.name)
    seen: list[int] = []

    class Slow:
        name = "slow"

        def propose(self, view: StudyView, n: int, rng: np.random.Generator) -> list[Proposal]:
            seen.append(view.next_number)
            if len(seen) == 1:
                rival.ask()
            return [Proposal({"x": rng.random()}) for _ in range(n)]

    study._strategy = Slow()  # type: ignore[assignment]  # it supports everything
    (trial,) = study.ask()
    rival.close()
    assert seen == [0, 1]
    assert trial.number == 1
    assert trial.params["x"] == np.random.default_rng([study.seed, 1]).random()
    assert verify(study.url, study.name) == []


def test_strategy_finds_its_cache_again_in_another_process(new_study: NewStudy) -> None:
    class Counting:
        name = "counting"

        def propose(self, view: StudyView, n: int, rng: np.random.Generator) -> list[Proposal]:
            counts = view.cache.setdefault("counts", [])
            counts.append(view.next_number)
            if view.next_number == 2:
                view.cache["gone"] = 1
            else:
                view.cache.pop("gone", None)
            return [Proposal({"x": 0.5}, {"counts": list(counts)})]

    study = new_study()
    study._strategy = Counting()  # type: ignore[assignment]  # it supports everything
    study.ask()
    study.ask()
    with Study.open(study.url, study.name) as other:
        other._strategy = Counting()  # type: ignore[assignment]  # it supports everything
        (third,) = other.ask()
        assert third.provenance["counts"] == [0, 1, 2]
        assert study.ask()[0].provenance["counts"] == [0, 1, 2, 3]
        assert study.view().cache == {"counts": [0, 1, 2, 3]}
        assert other.view().cache == study.view().cache


def test_one_ask_and_one_tell_are_one_commit_each(new_study: NewStudy) -> None:
    study = new_study()
    study.tell(study.ask()[0], {"loss": 1.0})
    with counted() as asking:
        trials = study.ask(3)
    with counted() as telling:
        study.tell(trials[0], {"loss": 1.0})
    # What others did is read first; then the turnstile, the events, the trials.
    assert asking == {"statements": 4, "durable commits": 1}
    # The turnstile, the trial as it is, the event, the trial as it becomes.
    assert telling == {"statements": 4, "durable commits": 1}


def test_later_asks_do_not_read_the_trials_again(new_study: NewStudy) -> None:
    study = new_study()
    for trial in study.ask(50):
        study.tell(trial, {"loss": 1.0})
    fetched: list[int] = []
    read = type(study._record).changes
    study._record.changes = lambda since: (  # type: ignore[method-assign]  # a spy
        fetched.append(len(rows := read(study._record, since))) or rows  # type: ignore[func-returns-value]
    )
    for trial in study.ask(3):
        study.tell(trial, {"loss": 1.0})
    study.ask()
    assert fetched == [0, 0]


def test_finite_space_ends_with_the_trials_that_are_left(new_study: NewStudy) -> None:
    study = new_study(space=Space(c=Choice(["a", "b", "c"])))
    assert len(study.ask(8)) == 3
    with pytest.raises(SpaceExhaustedError):
        study.ask()
    study.fail(1, "broken", retry=True)
    assert [t.number for t in study.ask(2)] == [1]


# --- telling ----------------------------------------------------------------------------


def test_identical_tell_is_silent_and_a_different_one_is_refused(new_study: NewStudy) -> None:
    study = new_study()
    (trial,) = study.ask()
    told = study.tell(trial, {"loss": 1.0})
    before = study.events()
    assert study.tell(trial, {"loss": 1.0}) == study.tell(0, {"loss": 1}) == told
    assert study.events() == before
    with pytest.raises(TellError) as caught:
        study.tell(trial, {"loss": 2.0})
    assert str(caught.value) == (
        "trial 0 already has loss = 1.0, refused 2.0\n  hint: correct a measurement with amend()"
    )
    assert study.trial(0) == told
    assert study.events() == before


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"los": 1.0}, "no metric 'los'\n  hint: did you mean 'loss'?"),
        ({"loss": math.nan, "cost": 1}, "'loss': expected a finite number, got nan"),
        ({"loss": math.inf, "cost": 1}, "fail(trial, reason)"),
        ({"loss": Decimal("NaN"), "cost": 1}, "expected a finite number"),
        ({"loss": 1.0}, "'cost' missing"),
        ({}, "got nothing"),
        ({"loss": "0.3", "cost": 1}, "got the text '0.3'"),
        ({"loss": True, "cost": 1}, "got bool True"),
        ({"loss": None, "cost": 1}, "got NoneType None"),
        ({"loss": (1.0, -0.1), "cost": 1}, "standard error of at least 0, got -0.1"),
        ({"loss": (1.0, math.nan), "cost": 1}, "standard error of at least 0, got nan"),
        ({"loss": (1.0, 0.1, 0.2), "cost": 1}, "(mean, sem), got 3 numbers"),
        ({"loss": 10**400, "cost": 1}, "too large"),
        ({"loss": np.ones(2), "cost": 1}, "expected a number, got ndarray"),
        (0.5, "expected measurements by metric, got 0.5"),
    ],
)
def test_tell_that_is_wrong_is_refused_whole(values: Any, message: str, tmp_path: Any) -> None:
    study = Study.create(
        "sqlite://",
        name="s",
        space=Space(x=Real(0, 1)),
        objectives=[minimize("loss")],
        constraints=["cost <= 3"],
        strategy="sobol",
    )
    (trial,) = study.ask()
    with pytest.raises(TellError) as caught:
        study.tell(trial, values)
    assert message in str(caught.value)
    assert study.trials() == [trial]


@pytest.mark.parametrize(
    "told", [2, np.float32(2), np.int64(2), np.array(2.0), Decimal(2), Measurement(2.0), (2, None)]
)
def test_numbers_of_every_kind_are_accepted(told: Any) -> None:
    study = Study.create(
        "sqlite://", name="s", space=Space(x=Real(0, 1)), objectives=[minimize("loss")],
        strategy="sobol",
    )  # fmt: skip
    assert study.tell(study.ask()[0], {"loss": told})["loss"] == 2.0


def test_all_digits_of_a_decimal_come_back(new_study: NewStudy) -> None:
    digits = Decimal("3.14159265358979323846264338327950288419716939937510")
    study = new_study()
    study.tell(study.ask()[0], {"loss": digits})
    with Study.open(study.url, study.name) as other:
        assert other.trial(0).values["loss"] == Measurement(math.pi, None, digits)
    study.tell(0, {"loss": digits})
    other_digits = Decimal("3.14159265358979323846264338327950288419716939937511")
    with pytest.raises(TellError, match=f"refused {other_digits}"):
        study.tell(0, {"loss": other_digits})


def test_amend_replaces_a_measurement_and_keeps_the_old_one(new_study: NewStudy) -> None:
    study = new_study(tracked=["cost"])
    study.tell(study.ask()[0], {"loss": 1.0, "cost": 5.0})
    amended = study.amend(0, {"loss": (2.0, 0.5)})
    assert amended.values == {"loss": Measurement(2.0, 0.5), "cost": Measurement(5.0)}
    entry = study.events()[-1]
    assert entry.kind == "amended"
    assert entry.payload["before"] == {"loss": 1.0, "cost": 5.0}
    study.amend(0, {"loss": (2.0, 0.5)})
    assert study.events()[-1] == entry
    with pytest.raises(TrialStateError, match="it is running"):
        study.amend(study.ask()[0], {"loss": 1.0})
    assert verify(study.url, study.name) == []


def test_observed_point_joins_the_study_as_completed(new_study: NewStudy) -> None:
    study = new_study()
    study.ask()
    trial = study.observe({"x": 1}, {"loss": 0.5})
    assert (trial.number, trial.state, dict(trial.params)) == (1, "completed", {"x": 1.0})
    assert study.best == trial
    with pytest.raises(ParameterError):
        study.observe({"x": 2.0}, {"loss": 0.5})
    assert [t.number for t in study.ask()] == [2]
    assert verify(study.url, study.name) == []


def test_results_measured_elsewhere_are_added_together_or_not_at_all(new_study: NewStudy) -> None:
    study = new_study()
    with pytest.raises(TellError):
        study.observe_all([({"x": 0.1}, {"loss": 0.5}), ({"x": 0.2}, {"loss": math.nan})])
    assert study.trials() == []
    added = study.observe_all([({"x": x}, {"loss": x}) for x in (0.1, 0.2)])
    assert [t.number for t in added] == [0, 1]
    assert study.observe_all([]) == []
    with Study.open(study.url, study.name) as again:
        assert study.trials() == added == again.trials()
    assert verify(study.url, study.name) == []


def test_points_in_line_are_handed_out_first_and_once(new_study: NewStudy) -> None:
    study = new_study()
    (asked,) = study.ask()
    first, second = study.enqueue({"x": 0.25}, {"x": 1})
    assert (first.number, first.state, first.attempt) == (1, "waiting", 0)
    assert study.pending == [asked, first, second]
    with pytest.raises(TrialStateError, match="but it is waiting"):
        study.tell(first, {"loss": 1.0})
    with Study.open(study.url, study.name) as again:
        handed = again.ask(3)
    assert [(t.number, t.attempt, t.params["x"]) for t in handed[:2]] == [(1, 1, 0.25), (2, 1, 1.0)]
    assert [t.provenance["strategy"] for t in handed] == ["queued", "queued", "sobol"]
    study.tell(handed[0], {"loss": 1.0})
    assert kinds(study) == ["created", "asked", *["queued"] * 2, *["offered"] * 2, "asked", "told"]
    assert verify(study.url, study.name) == []


def test_a_point_outside_the_space_is_not_put_in_line(new_study: NewStudy) -> None:
    study = new_study()
    with pytest.raises(ParameterError, match="'x'"):
        study.enqueue({"x": 0.5}, {"x": 2.0})
    assert study.enqueue() == study.trials() == []


# --- failing, giving up, leases ---------------------------------------------------------


def test_failed_trial_is_offered_again_only_if_a_retry_is_due(new_study: NewStudy) -> None:
    study = new_study()
    first, second = study.ask(2)
    study.fail(first, "segfault", retry=True)
    study.fail(first, "segfault", retry=True)
    study.fail(second, "invalid \udcff\0 candidate")
    study.fail(second, "invalid \udcff\0 candidate")
    assert kinds(study) == ["created", "asked", "asked", "retried", "failed"]
    assert study.trial(1).reason == "invalid ?\N{REPLACEMENT CHARACTER} candidate"
    again, new = study.ask(2)
    assert (again.number, again.attempt, again.params) == (0, 2, first.params)
    assert (again.reason, new.number) == (None, 2)
    with pytest.raises(
        TrialStateError, match=r"trial 1 to be running to be told, but it is failed"
    ):
        study.tell(second, {"loss": 1.0})
    study.abandon(new, "no budget")
    study.abandon(new)
    with pytest.raises(TrialStateError, match=r"it is abandoned \(no budget\)"):
        study.tell(new, {"loss": 1.0})
    with pytest.raises(TrialNotFoundError, match="no trial 9"):
        study.tell(9, {"loss": 1.0})
    assert verify(study.url, study.name) == []


def test_expired_lease_is_offered_again_and_the_late_result_kept(
    new_study: NewStudy, caplog: pytest.LogCaptureFixture
) -> None:
    study = new_study()
    (first,) = study.ask(lease_s=0.05)
    time.sleep(0.1)
    (second,) = study.ask(lease_s=60)
    assert (second.number, second.attempt, second.params) == (0, 2, first.params)
    with caplog.at_level(logging.WARNING):
        assert study.tell(first, {"loss": 1.0}) == second
        study.tell(first, {"loss": 1.0})  # a repeated late result is one note
    assert "late result of attempt 1 at trial 0" in caplog.text
    notes = [e for e in study.events() if e.kind == "late_result"]
    assert [(e.number, e.attempt, e.payload["values"]) for e in notes] == [(0, 1, {"loss": 1.0})]
    assert study.tell(second, {"loss": 2.0})["loss"] == 2.0
    assert study.tell(first, {"loss": 1.0})["loss"] == 2.0
    assert len(study.trials()) == 1
    assert verify(study.url, study.name) == []


def test_result_of_an_expired_lease_counts_while_nobody_else_has_the_trial(
    new_study: NewStudy,
) -> None:
    study = new_study()
    (trial,) = study.ask(lease_s=0.01)
    time.sleep(0.05)
    assert study.tell(trial, {"loss": 1.0}).state == "completed"


def test_renewed_lease_does_not_expire_and_a_lost_one_is_reported(new_study: NewStudy) -> None:
    study = new_study()
    kept, lost = study.ask(2, lease_s=0.2)
    assert study.renew([kept], 60) == []
    time.sleep(0.25)
    with Study.open(study.url, study.name) as other:
        (again,) = other.ask()
        assert (again.number, again.attempt) == (1, 2)
    assert study.renew([kept, lost], 60) == [again]
    with pytest.raises(TrialStateError, match="attempt 1 at trial 1 cannot be given a handle"):
        study.attach(lost, {"pid": 1})
    study.attach(kept, {"pid": 1})
    assert study.trial(0).handle == {"pid": 1}
    assert study.tell(kept, {"loss": 1.0}).handle is None
    assert verify(study.url, study.name) == []


def test_heartbeat_thread_renews_while_the_main_thread_asks_and_tells(new_study: NewStudy) -> None:
    study = new_study()
    held = study.ask(2, lease_s=60)
    stop, reported = threading.Event(), list[Trial]()

    def beat() -> None:
        while not stop.is_set():
            reported.extend(study.renew(held, 60))

    thread = threading.Thread(target=beat)
    thread.start()
    for _ in range(30):
        study.tell(study.ask()[0], {"loss": 1.0})
    stop.set()
    thread.join()
    assert reported == []
    assert len(study.completed) == 30
    assert verify(study.url, study.name) == []


def test_threads_that_share_a_study_get_different_trials(new_study: NewStudy) -> None:
    study = new_study()
    handed: list[Trial] = []

    def work() -> None:
        for _ in range(10):
            (trial,) = study.ask()
            handed.append(study.tell(trial, {"loss": 1.0}))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(t.number for t in handed) == list(range(40))
    assert study.trials() == sorted(handed, key=lambda trial: trial.number)


# --- stating and finding studies --------------------------------------------------------


def test_same_definition_resumes_and_a_different_one_is_refused_by_name(
    new_study: NewStudy,
) -> None:
    stated: dict[str, Any] = {"name": "s", "space": Space(x=Real(0, 1), k=Integer(1, 5))}
    study = new_study(**stated)
    study.ask(2)
    again = new_study(**stated, if_exists="resume")
    assert len(again.trials()) == 2
    with pytest.raises(StudyExistsError, match="has a study 's' already"):
        new_study(**stated)
    stated["space"] = Space(x=Real(0, 2), k=Integer(1, 5))
    with pytest.raises(StudyExistsError) as caught:
        new_study(**stated, seed=1, if_exists="resume")
    assert "space.parameters.x.high: 1.0 there, 2.0 now; seed: 0 there, 1 now" in str(caught.value)


def test_auto_is_resolved_once_and_says_why(new_study: NewStudy) -> None:
    study = new_study(strategy="auto")
    assert study.strategy in strategies.NAMES
    assert study.strategy != "auto"
    assert study.reasons
    again = new_study(name=study.name, strategy="auto", if_exists="resume")
    assert (again.strategy, again.reasons) == (study.strategy, study.reasons)


def test_only_study_needs_no_name(new_study: NewStudy) -> None:
    study = new_study(name="alpha")
    with Study.open(study.url) as found:
        assert found.name == "alpha"
        assert found.problem == study.problem
    new_study(name="beta")
    with pytest.raises(StudyNotFoundError, match=r"2 studies.*\n.*alpha, beta"):
        Study.open(study.url)
    with pytest.raises(StudyNotFoundError, match=r"'alpa'\n  hint: did you mean 'alpha'"):
        Study.open(study.url, "alpa")


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"name": " "}, ConfigError, "a name for the study"),
        ({"seed": -1}, ConfigError, "seed of at least 0"),
        ({"seed": 1.5}, ConfigError, "seed of at least 0"),
        ({"strategy": "sobl"}, StrategyError, "did you mean 'sobol'"),
        ({"strategy": {"name": "sobol", "scale": 2}}, StrategyError, "no option 'scale'"),
        ({"strategy": {"scale": 2}}, ConfigError, "a strategy with a name"),
        ({"if_exists": "overwrite"}, ConfigError, "'error' or 'resume'"),
        ({"objectives": []}, ConfigError, "at least one objective"),
    ],
)
def test_badly_stated_study_leaves_no_file(
    changes: dict[str, Any], error: type[Exception], message: str, tmp_path: Any
) -> None:
    stated: dict[str, Any] = {
        "name": "s", "space": Space(x=Real(0, 1)), "objectives": [minimize("loss")],
    }  # fmt: skip
    with pytest.raises(error, match=message):
        Study.create(f"sqlite:///{tmp_path}/s.db", **{**stated, **changes})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("n", "lease_s"), [(0, None), (1.5, None), (1, 0.0), (1, math.inf)])
def test_ask_for_nothing_or_on_an_endless_lease_is_refused(n: Any, lease_s: Any) -> None:
    study = Study.create(
        "sqlite://", name="s", space=Space(x=Real(0, 1)), objectives=[minimize("loss")],
        strategy="sobol",
    )  # fmt: skip
    with pytest.raises(ConfigError):
        study.ask(n, lease_s=lease_s)


# --- results ----------------------------------------------------------------------------


def test_best_is_the_best_feasible_trial(new_study: NewStudy) -> None:
    study = new_study(objectives=[maximize("gain")], constraints=["cost <= 2"])
    assert study.best is None
    for gain, cost in [(1.0, 1.0), (3.0, 2.0), (9.0, 2.5), (3.0, 0.0)]:
        study.tell(study.ask()[0], {"gain": gain, "cost": cost})
    study.fail(study.ask()[0], "broken")
    assert study.best is not None
    assert study.best.number == 1
    assert [t.number for t in study.front()] == [1, 3]
    assert [t.number for t in study.trials("failed")] == [4]
    assert len(study.completed) == 4


def test_notes_stay_with_the_result(new_study: NewStudy) -> None:
    study = new_study()
    noted, plain, running = study.ask(3)
    study.tell(noted, {"loss": 1.0}, notes={"certificate": "proof.json"})
    study.tell(plain, {"loss": 1.0})
    study.amend(noted, {"loss": 2.0})
    assert study.notes(noted) == study.notes(noted.number) == {"certificate": "proof.json"}
    assert study.notes(plain) == study.notes(running) == {}


def test_frame_has_a_row_per_trial(new_study: NewStudy) -> None:
    study = new_study()
    study.tell(study.ask(2)[0], {"loss": (1.0, 0.5)})
    frame = study.frame()
    assert list(frame["state"]) == ["completed", "running"]
    assert frame["loss"][0] == 1.0
    assert frame["loss_sem"][0] == 0.5
    assert math.isnan(frame["loss"][1])


def test_importing_the_study_imports_nothing_heavy() -> None:
    code = "import sys, bosearch.asktell, bosearch.store; print(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"torch", "scipy", "alembic", "pandas", "ax", "psycopg"}
    assert heavy & {name.split(".")[0] for name in out.stdout.split()} == set()
