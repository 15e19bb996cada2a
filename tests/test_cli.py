"""The command line: every command, what a program may read, and every wrong use."""

import csv
import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import typer

from bosearch import Study, __version__
from bosearch.cli import main, results
from bosearch.cli.entry import app


def commands(group: Any, *words: str) -> list[str]:
    """Every command below a group, with the words that lead to it."""
    if not hasattr(group, "commands"):
        return [" ".join(words)]
    found = (commands(command, *words, name) for name, command in group.commands.items())
    return sorted(name for names in found for name in names)


COMMANDS = commands(typer.main.get_command(app))
STUDY = """
name = "small"
seed = 1
[space]
x = {{ type = "real", low = 0, high = 1 }}
kind = {{ type = "choice", values = ["a", "b"] }}
[objectives]
loss = "minimize"
[strategy]
name = "sobol"
{end}
"""
EVALUATOR = """
[evaluator]
type = "process"
function = "objective:evaluate"
workers = 2
timeout_s = 60
[stop]
trials = {trials}
"""
OBJECTIVE = "def evaluate(x, kind): return {'loss': (x - 0.3) ** 2 + (kind == 'a')}\n"


def write_study(folder: Path, *, end: str = "", objective: str = OBJECTIVE) -> str:
    folder.mkdir(exist_ok=True)
    (folder / "objective.py").write_text(objective)
    path = folder / "study.toml"
    path.write_text(STUDY.format(end=end))
    return str(path)


@pytest.fixture
def file(tmp_path: Path) -> str:
    """A study that people ask and tell."""
    return write_study(tmp_path)


@pytest.fixture
def runnable(tmp_path: Path) -> str:
    """A study of four trials that runs by itself."""
    return write_study(tmp_path, end=EVALUATOR.format(trials=4))


@pytest.fixture
def read(capsys: pytest.CaptureFixture[str]) -> Callable[..., list[dict[str, Any]]]:
    """Run a command that succeeds and parse its standard output as JSON lines."""

    def run(*argv: str) -> list[dict[str, Any]]:
        assert main(argv) == 0, capsys.readouterr().err
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return run


def started(*argv: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "bosearch.cli", *argv],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


# --- help ---


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command.split(), "--help"]) == 0
    said = capsys.readouterr().out
    assert "Example:" in said
    assert f"bosearch {command} " in said


def test_the_commands_are_those_of_the_manual() -> None:
    running = ["init", "check", "run", "resume", "ask", "tell", "enqueue", "observe"]
    shown = ["status", "best", "export", "report"]
    bounds = ["bound two-point", "bound three-point"]
    assert sorted([*running, *shown, *bounds, "verify", "doctor"]) == COMMANDS


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"bosearch {__version__}\n"


HEAVY = {"torch", "botorch", "gpytorch", "ax", "pandas", "scipy", "plotly", "alembic", "sklearn"}


@pytest.mark.parametrize(
    ("argv", "also"),
    [(["--help"], {"numpy", "sqlalchemy", "pydantic", "rich"}), (["status"], set())],
)
def test_help_and_status_import_nothing_heavy(argv: list[str], also: set[str], file: str) -> None:
    assert main(["ask", file]) == 0
    words = [*argv, file] if argv == ["status"] else argv
    code = f"import sys; from bosearch.cli import main; main({words!r}); print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in run.stdout.splitlines()[-1].split()}
    assert loaded & (HEAVY | also) == set()


# --- from nothing to a report ---


def test_init_check_and_run_lead_to_a_report(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["init", "mine"]) == 0
    study = tmp_path / "mine" / "study.toml"
    text = study.read_text()
    assert 'name = "auto"' in text
    quick = text.replace('name = "auto"', 'name = "sobol"').replace("trials = 20", "trials = 3")
    study.write_text(quick)
    assert main(["check", "mine"]) == 0
    assert "temperature: real" in capsys.readouterr().out
    assert main(["run", "mine"]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("best trial ")
    assert "told trial=" in said.err
    assert "finished=3 of=3" in said.err
    page = (tmp_path / "mine" / "report.html").read_text()
    assert page.startswith("<!doctype html>")
    assert "mine" in page


def test_check_warns_on_stderr_and_can_be_read_by_a_program(
    tmp_path: Path,
    read: Callable[..., list[dict[str, Any]]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    odd = write_study(tmp_path, end=EVALUATOR.format(trials=4).replace("objective:", "nowhere:"))
    assert main(["check", odd]) == 0
    assert "warning: there is no nowhere.py" in capsys.readouterr().err
    (told,) = read("check", odd, "--json")
    assert (told["valid"], told["strategy"], told["size"]) == (True, "sobol", None)
    assert told["problem"]["objectives"] == {"loss": "minimize"}
    assert len(told["warnings"]) == 1


def test_check_shows_inferred_thresholds_and_changes_since_the_start(
    tmp_path: Path, read: Callable[..., list[dict[str, Any]]]
) -> None:
    path = tmp_path / "study.toml"
    text = STUDY.format(end="").replace('"minimize"', '"minimize"\ngain = "maximize"')
    path.write_text(text)
    assert read("check", str(path), "--json")[0]["thresholds"] == {}
    read("ask", str(path), "--batch", "2", "--json")
    for number, (loss, gain) in enumerate([(1, 10), (2, 20)]):
        read("tell", str(path), str(number), f"loss={loss}", f"gain={gain}", "--json")
    (told,) = read("check", str(path), "--json")
    # The front spans losses 1 to 2 and gains 10 to 20: a tenth of that beyond its worst.
    assert told["thresholds"] == {
        "loss": {"value": pytest.approx(2.1), "inferred": True},
        "gain": {"value": pytest.approx(9.0), "inferred": True},
    }
    assert told["warnings"] == []
    path.write_text(text.replace("seed = 1", "seed = 2"))
    (changed,) = read("check", str(path), "--json")
    assert changed["warnings"] == ["the study on record differs: seed: 1 there, 2 now"]


# --- by hand ---


def test_asked_trials_are_told_and_shown(
    file: str, read: Callable[..., list[dict[str, Any]]]
) -> None:
    asked = read("ask", file, "--batch", "3", "--json")
    assert [trial["trial"] for trial in asked] == [0, 1, 2]
    assert all(trial["params"].keys() == {"x", "kind"} for trial in asked)
    (told,) = read("tell", file, "0", "loss=0.5:0.25", "--json")
    assert (told["state"], told["values"]) == ("completed", {"loss": {"value": 0.5, "sem": 0.25}})
    read("tell", file, "1", "loss=0.25", "--json")
    (failed,) = read("tell", file, "2", "--fail", "fell on the floor", "--json")
    assert (failed["state"], failed["reason"]) == ("failed", "fell on the floor")
    (status,) = read("status", file, "--json")
    assert status["states"] == {"completed": 2, "failed": 1}
    assert status["best"] == [1]
    (best,) = read("best", file, "--json")
    assert (best["trial"], best["params"]) == (1, asked[1]["params"])


def test_a_point_of_ones_own_is_asked_next(
    file: str, read: Callable[..., list[dict[str, Any]]], capsys: pytest.CaptureFixture[str]
) -> None:
    (queued,) = read("enqueue", file, "x=0.25", "kind=b", "--json")
    assert queued == {"trial": 0, "params": {"x": 0.25, "kind": "b"}}
    assert main(["enqueue", file, "kind=a", "x=1"]) == 0
    assert capsys.readouterr().out == "trial 1 waits\n"
    asked = read("ask", file, "--batch", "3", "--json")
    assert asked[:2] == [queued, {"trial": 1, "params": {"x": 1.0, "kind": "a"}}]
    assert asked[2]["trial"] == 2


def test_a_running_study_measures_points_in_line_first(
    runnable: str, read: Callable[..., list[dict[str, Any]]]
) -> None:
    read("enqueue", runnable, "x=0.25", "kind=b", "--json")
    read("run", runnable, "--json")
    (best,) = read("best", runnable, "--json")
    assert (best["trial"], best["params"]["x"]) == (0, 0.25)


def test_an_export_of_one_study_is_observed_by_another(
    tmp_path: Path, read: Callable[..., list[dict[str, Any]]], capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = (write_study(folder) for folder in (tmp_path / "old", tmp_path / "new"))
    asked = read("ask", old, "--batch", "3", "--json")
    for number in (0, 1):
        read("tell", old, str(number), f"loss={number}.5:0.125", "--json")
    table = str(tmp_path / "old.csv")
    assert main(["export", old, "--format", "csv", "--output", table]) == 0
    capsys.readouterr()
    assert main(["observe", new, table]) == 0
    said = capsys.readouterr()
    assert said.out == "2 results added\n"
    assert said.err == "1 rows hold no result\n"
    (best,) = read("best", new, "--json")
    assert (best["params"], best["values"]["loss"]) == (
        asked[0]["params"],
        {"value": 0.5, "sem": 0.125},
    )


def test_status_shows_what_runs_and_since_when(
    file: str, read: Callable[..., list[dict[str, Any]]], capsys: pytest.CaptureFixture[str]
) -> None:
    read("ask", file, "--json")
    (status,) = read("status", file, "--json")
    (running,) = status["running"]
    assert running["trial"] == 0
    assert 0 <= running["age_s"] < 300
    assert main(["status", file]) == 0
    assert "running   trial 0 for" in capsys.readouterr().out


def test_a_failed_trial_may_be_offered_again(
    file: str, read: Callable[..., list[dict[str, Any]]]
) -> None:
    (first,) = read("ask", file, "--json")
    (waiting,) = read("tell", file, "0", "--fail", "no power", "--retry", "--json")
    assert waiting["state"] == "waiting"
    assert read("ask", file, "--json") == [first]


def test_a_correction_needs_amend(file: str, read: Callable[..., list[dict[str, Any]]]) -> None:
    read("ask", file, "--json")
    read("tell", file, "0", "loss=1", "--json")
    read("tell", file, "0", "loss=1", "--json")  # the same again is no news
    assert main(["tell", file, "0", "loss=2"]) == 2
    (amended,) = read("tell", file, "0", "loss=2", "--amend", "--json")
    assert amended["values"]["loss"]["value"] == 2.0


def test_every_digit_that_was_told_is_exported(
    file: str, read: Callable[..., list[dict[str, Any]]], capsys: pytest.CaptureFixture[str]
) -> None:
    digits = "3.14159265358979323846264338327950288"
    read("ask", file, "--json")
    read("tell", file, "0", f"loss={digits}", "--json")
    assert main(["export", file]) == 0
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert Decimal(row["loss"]) == Decimal(digits)
    (record,) = read("export", file, "--format", "jsonl")
    assert Decimal(record["values"]["loss"]["exact"]) == Decimal(digits)


def test_a_number_that_a_float_holds_is_a_float(
    file: str, read: Callable[..., list[dict[str, Any]]]
) -> None:
    read("ask", file, "--json")
    (told,) = read("tell", file, "0", "loss=-1e-3", "--json")
    assert told["values"] == {"loss": {"value": -0.001, "sem": None}}


def test_export_writes_a_file_and_report_says_where_it_is(
    file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ask", file, "--batch", "2"]) == 0
    assert main(["export", file, "--output", str(tmp_path / "trials.csv")]) == 0
    assert len((tmp_path / "trials.csv").read_text().splitlines()) == 3
    capsys.readouterr()
    assert main(["report", file, "--output", str(tmp_path / "r.html")]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'r.html'}\n"
    assert (tmp_path / "r.html").read_text().startswith("<!doctype html>")


def test_a_database_and_a_name_stand_for_a_study(
    file: str, tmp_path: Path, read: Callable[..., list[dict[str, Any]]]
) -> None:
    read("ask", file, "--json")
    url = f"sqlite:///{tmp_path}/small.db"
    (status,) = read("status", url, "--json")
    assert status["study"] == "small"
    assert read("status", url, "--name", "small", "--json") == [
        status | {"running": [status["running"][0] | {"age_s": pytest.approx(0, abs=300)}]}
    ]
    (asked,) = read("ask", url, "--json")
    assert asked["trial"] == 1


def test_best_shows_what_was_noted_with_it(
    file: str,
    tmp_path: Path,
    read: Callable[..., list[dict[str, Any]]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    read("ask", file, "--json")
    with Study.open(f"sqlite:///{tmp_path}/small.db") as study:
        study.tell(0, {"loss": 0.5}, notes={"certificate": "proof.json"})
    (best,) = read("best", file, "--json")
    assert best["notes"] == {"certificate": "proof.json"}
    assert main(["best", file]) == 0
    assert "\n  certificate: proof.json\n" in capsys.readouterr().out


def test_several_objectives_have_a_front_as_their_best(
    tmp_path: Path, read: Callable[..., list[dict[str, Any]]]
) -> None:
    path = tmp_path / "study.toml"
    path.write_text(STUDY.format(end="").replace('"minimize"', '"minimize"\ngain = "maximize"'))
    read("ask", str(path), "--batch", "3", "--json")
    for number, (loss, gain) in enumerate([(1, 1), (2, 2), (3, 1)]):
        read("tell", str(path), str(number), f"loss={loss}", f"gain={gain}", "--json")
    assert [trial["trial"] for trial in read("best", str(path), "--json")] == [0, 1]


# --- run ---


def test_run_reports_each_event_and_stops_where_it_was_told(
    runnable: str, tmp_path: Path, read: Callable[..., list[dict[str, Any]]]
) -> None:
    *events, ended = read("run", runnable, "--json")
    kinds = [event["event"] for event in events]
    assert kinds.count("asked") == kinds.count("told") == 4
    assert {event["trial"] for event in events if event["event"] == "told"} == {0, 1, 2, 3}
    assert (ended["event"], ended["completed"], ended["running"]) == ("ended", 4, 0)
    assert Path(ended["report"]) == tmp_path / "report.html"
    best = min(
        (event for event in events if event["event"] == "told"), key=lambda e: e["values"]["loss"]
    )
    assert ended["best"] == [best["trial"]]
    # Told by hand afterwards, the study is complete: nothing more is asked.
    assert [event["event"] for event in read("resume", runnable, "--json")] == ["ended"]


def test_run_shows_failures_and_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    objective = (
        "def evaluate(x, kind):\n    if x > 0.5: raise ValueError('too large')\n    return x\n"
    )
    path = write_study(tmp_path, end=EVALUATOR.format(trials=4), objective=objective)
    assert main(["run", path]) == 0
    said = capsys.readouterr()
    assert 'reason="ValueError: too large' in said.err
    assert "finished=4 of=4" in said.err
    assert "too large" in (tmp_path / "report.html").read_text()


def test_a_study_that_cannot_run_exits_with_1_and_the_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_study(tmp_path, end=EVALUATOR.format(trials=4), objective="import nothing_here")
    assert main(["run", path]) == 1
    said = capsys.readouterr().err
    assert "nothing_here" in said
    assert "Traceback" not in said


def test_resume_starts_nothing(
    runnable: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["resume", runnable]) == 2
    assert "has not been started" in capsys.readouterr().err
    assert not list(tmp_path.glob("*.db"))


def test_a_file_that_was_changed_after_the_start_is_refused(
    file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ask", file]) == 0
    Path(file).write_text(Path(file).read_text().replace("high = 1 ", "high = 2 "))
    assert main(["ask", file]) == 2
    assert "stated differently" in capsys.readouterr().err


@pytest.mark.slow
def test_ctrl_c_waits_for_what_runs_and_says_how_to_go_on(tmp_path: Path) -> None:
    objective = (
        "import pathlib, time\n"
        "def evaluate(x, kind):\n"
        "    pathlib.Path('running').touch()\n"
        "    time.sleep(1)\n"
        "    return x\n"
    )
    path = write_study(tmp_path, end=EVALUATOR.format(trials=6), objective=objective)
    process = started("run", path)
    deadline = time.monotonic() + 60
    while not (tmp_path / "running").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.splitlines()[-1] == f"interrupted; to go on: bosearch run {path}"
    with Study.open(f"sqlite:///{tmp_path}/small.db") as study:
        assert study.pending == []  # what ran was waited for
        assert 1 <= len(study.completed) < 6
    resumed = started("resume", path)
    resumed.communicate(timeout=60)
    assert resumed.returncode == 0
    with Study.open(f"sqlite:///{tmp_path}/small.db") as study:
        assert len(study.completed) == 6


# --- doctor ---


def test_doctor_finds_a_healthy_study_healthy(
    file: str, read: Callable[..., list[dict[str, Any]]]
) -> None:
    before = {finding["check"]: finding for finding in read("doctor", file, "--json")}
    assert before["database"]["state"] == "note"  # not started yet
    read("ask", file, "--json")
    findings = {f["check"]: f for f in read("doctor", file, "--upgrade", "--json")}
    assert findings["upgrade"]["says"] == "was up to date"
    assert "1 trials, the log agrees" in findings["study small"]["says"]
    assert {"python", "torch", "file system", "cores"} <= findings.keys()


def test_doctor_finds_a_table_that_disagrees_with_its_log(
    file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ask", file]) == 0
    with sqlite3.connect(tmp_path / "small.db") as connection:
        connection.execute("UPDATE trial SET state = 'failed'")
    connection.close()
    assert main(["doctor", file]) == 1
    assert "trial 0: state is" in capsys.readouterr().out


def test_doctor_says_what_is_wrong_with_a_database(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.db").write_text("this is no database, and it is long enough to be looked at")
    assert main(["doctor", f"sqlite:///{tmp_path}/x.db"]) == 1
    assert "problem  database" in capsys.readouterr().out


# --- wrong use ---


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["rnu"], "No such command 'rnu'. Did you mean 'run'?"),
        (["status", "{file}", "--jsn"], "--jsn"),
        (["run"], "Missing argument 'FILE' (see `bosearch run --help`)"),
        (["ask", "{file}", "--batch", "none"], "'--batch'"),
        (["ask", "{file}", "--batch", "0"], "'--batch'"),
        (["export", "{file}", "--format", "xml"], "'--format'"),
        (["check", "nowhere.toml"], "there is no study file nowhere.toml"),
        (["run", "{file}"], "there is no [evaluator]"),
        (["init", "{folder}"], "is not overwritten"),
        (["status", "{file}"], "has not been started"),
        (["best", "{file}"], "has not been started"),
        (["resume", "{file}"], "there is no [evaluator]"),
        (["resume", "sqlite:///x.db"], "expected a study file, got the database"),
        (["run", "sqlite:///x.db"], "expected a study file, got the database"),
        (["status", "{folder}/x.db"], "as a URL it is sqlite:///"),
        (["status", "{file}", "--name", "other"], "--name goes with the URL"),
        (["tell", "{file}", "0"], "either measurements or --fail, got neither"),
        (["tell", "{file}", "0", "loss=1", "--fail", "no"], "--fail, got both"),
        (["tell", "{file}", "0", "loss=1", "--retry"], "--retry goes with --fail"),
        (["tell", "{file}", "0", "loss"], "cannot read the measurement 'loss'"),
        (["tell", "{file}", "0", "loss=one"], "cannot read the measurement 'loss=one'"),
        (["tell", "{file}", "zero", "loss=1"], "TRIAL"),
        (["doctor", "--upgrade"], "--upgrade needs a database"),
        (["export", "{file}", "--output"], "--output"),
    ],
)
def test_wrong_use_exits_with_2_and_one_helpful_line(
    argv: list[str], message: str, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [word.format(file=file, folder=Path(file).parent) for word in argv]
    assert main(words) == 2
    said = capsys.readouterr()
    assert said.out == ""
    error, *hint = said.err.splitlines()
    assert error.startswith("error: ")
    assert message in error + " ".join(hint)
    assert len(hint) <= 1
    assert all(line.startswith("  hint: ") for line in hint)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["tell", "{file}", "0", "lsos=1"], "did you mean 'loss'?"),
        (["tell", "{file}", "0", "loss=nan"], "expected a finite number"),
        (["tell", "{file}", "0", "loss=inf"], "expected a finite number"),
        (["tell", "{file}", "0", "loss=1:-1"], "standard error"),
        (["tell", "{file}", "7", "loss=1"], "has no trial 7"),
        (["enqueue", "{file}", "x=2", "kind=a"], "parameter 'x'"),
        (["enqueue", "{file}", "x"], "cannot read the parameter 'x'"),
        (["observe", "{file}", "{folder}/no.csv"], "cannot read"),
        (["observe", "{file}", "{folder}/objective.py"], "no column 'x'"),
        (["export", "{file}", "--output", "{folder}"], "cannot write"),
        (["report", "{file}", "--output", "{folder}/no/r.html"], "cannot write the report"),
        (["status", "sqlite:///{folder}/small.db", "--name", "smal"], "did you mean 'small'?"),
    ],
)
def test_wrong_words_about_a_study_exit_with_2(
    argv: list[str], message: str, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ask", file]) == 0
    capsys.readouterr()
    assert main([word.format(file=file, folder=Path(file).parent) for word in argv]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert "Traceback" not in said


def test_a_bare_call_shows_the_help_and_exits_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "Commands:" in capsys.readouterr().err


def test_a_database_that_cannot_be_read_exits_with_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", f"sqlite:///{tmp_path}/none.db"]) == 1
    assert "does not exist" in capsys.readouterr().err


def test_an_unexpected_error_is_one_line_unless_debug_is_asked_for(
    file: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*args: object) -> None:
        raise RuntimeError("a bug\nin two lines")

    assert main(["ask", file]) == 0
    capsys.readouterr()
    monkeypatch.setattr(results, "best_trials", broken)
    assert main(["status", file]) == 1
    said = capsys.readouterr().err
    assert said == "error: RuntimeError: a bug (run again with --debug for details)\n"
    with pytest.raises(RuntimeError, match="a bug"):
        main(["status", file, "--debug"])


def test_an_error_shows_its_traceback_only_with_debug(file: str) -> None:
    for argv, expected in ((["status", file], False), (["status", file, "--debug"], True)):
        process = started(*argv)
        _, said = process.communicate(timeout=60)
        assert process.returncode != 0
        assert ("Traceback" in said) is expected
