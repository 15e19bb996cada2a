"""The benchmark scripts: their bookkeeping, and one tiny run of each."""

import importlib
import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bosearch import problems

SCRIPTS = Path(__file__).parents[1] / "scripts"


@pytest.fixture
def bench_regret(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(SCRIPTS)
    return importlib.import_module("bench_regret")


@pytest.fixture
def bench_ask(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(SCRIPTS)
    return importlib.import_module("bench_ask")


@pytest.fixture
def bench_peers(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(SCRIPTS)
    return importlib.import_module("bench_peers")


def record(method: str, problem: str, seed: int, regret: float, **more: Any) -> dict[str, Any]:
    base = {"evaluations": 60, "cpu_s": 1.0, "versions": "1", "code": None, "trace": [regret]}
    return {"method": method, "problem": problem, "seed": seed, "regret": regret, **base, **more}


def rendered(tables: list[Any]) -> str:
    from rich.console import Console

    console = Console(width=200, record=True, file=open(os.devnull, "w"))  # noqa: SIM115
    for table in tables:
        console.print(table)
    console.file.close()
    return console.export_text()


@pytest.mark.parametrize("script", ["bench_ask", "bench_regret"])
def test_the_scripts_explain_themselves(script: str) -> None:
    command = [sys.executable, str(SCRIPTS / f"{script}.py"), "--help"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "bosearch" in result.stdout
    assert "--methods" in result.stdout
    assert result.stderr == ""


def test_a_regret_run_of_bosearch_is_resumed_not_repeated(tmp_path: Path) -> None:
    results = tmp_path / "bench" / "regret.jsonl"
    command = [sys.executable, str(SCRIPTS / "bench_regret.py"), "--methods", "bosearch"]
    command += ["--problems", "branin", "--evaluations", "7", "--results", str(results)]

    def lines(seeds: int) -> list[dict[str, Any]]:
        subprocess.run([*command, "--seeds", str(seeds)], check=True, capture_output=True)
        return [json.loads(line) for line in results.read_text().splitlines()]

    first = lines(1)
    second = lines(2)
    assert second[: len(first)] == first
    assert [line["seed"] for line in second] == [0, 1]
    for line in second:
        assert len(line["trace"]) == 7
        assert line["trace"] == sorted(line["trace"], reverse=True)  # the best so far
        assert line["regret"] == line["trace"][-1] > 0


@pytest.mark.parametrize(
    ("method", "package", "name"),
    [
        ("bosearch", "bosearch", "mixed"),
        ("bosearch-auto", "torch", "branin"),
        ("botorch", "botorch", "mixed"),
        ("optuna-gp", "optuna", "mixed"),
        ("optuna-tpe", "optuna", "mixed"),
        pytest.param("ax", "ax", "branin", marks=pytest.mark.slow),  # six seconds to import
    ],
)
@pytest.mark.filterwarnings("ignore")  # of the peers
def test_every_method_takes_given_points_and_asks_for_another(
    bench_peers: Any, monkeypatch: pytest.MonkeyPatch, method: str, package: str, name: str
) -> None:
    pytest.importorskip(package)
    bench_peers.prepare([method])
    monkeypatch.setattr(bench_peers, "RESTARTS", 1)
    monkeypatch.setattr(bench_peers, "RAW_SAMPLES", 8)
    problem = problems.get(name)
    optimizer = bench_peers.METHODS[method](problem, 0)
    design = bench_peers.initial_design(problem, bench_peers.initial_size(problem), 0)
    (objective,) = problem.objectives
    for params in design:
        optimizer.tell(params, problem.evaluate(params)[objective.metric])
    params = optimizer.ask()
    assert problem.space.validate(params) == params
    assert params not in design
    optimizer.tell(params, problem.evaluate(params)[objective.metric])


def test_first_points_depend_on_the_seed_alone(bench_peers: Any) -> None:
    problem = problems.get("mixed")
    ten = bench_peers.initial_design(problem, 10, 3)
    assert bench_peers.initial_design(problem, 10, 3) == ten
    assert bench_peers.initial_design(problem, 4, 3) == ten[:4]
    assert bench_peers.initial_design(problem, 10, 4) != ten


def test_seeds_are_taken_in_turn_and_our_old_code_is_rerun_on_request(bench_regret: Any) -> None:
    tag = bench_regret.code_tag()
    done = {
        ("bosearch", "branin", 0): record("bosearch", "branin", 0, 1.0, code="old"),
        ("bosearch", "branin", 1): record("bosearch", "branin", 1, 1.0, code=tag),
        ("ax", "branin", 0): record("ax", "branin", 0, 1.0),
    }
    question = (done, ["bosearch", "ax"], ["branin"], range(2))
    assert bench_regret.missing(*question, rerun=[]) == [("ax", "branin", 1)]
    assert bench_regret.missing(*question, rerun=["bosearch"]) == [
        ("bosearch", "branin", 0),
        ("ax", "branin", 1),
    ]


def test_a_later_result_replaces_an_earlier_one(bench_regret: Any, tmp_path: Path) -> None:
    path = tmp_path / "regret.jsonl"
    lines = [record("ax", "branin", 0, r) for r in (2.0, 1.0)]
    lines.append(record("ax", "branin", 0, 9.0) | {"evaluations": 10})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert bench_regret.read(path, 60) == {("ax", "branin", 0): lines[1]}
    assert bench_regret.read(tmp_path / "none", 60) == {}


def test_geometric_mean_has_a_floor(bench_regret: Any) -> None:
    assert bench_regret.geometric_mean([4.0, 1.0]) == pytest.approx(2.0)
    assert bench_regret.geometric_mean([0.0, 1.0]) == pytest.approx(math.sqrt(1e-6))


def test_the_regret_table_judges_on_common_seeds_and_says_how_many_there_are(
    bench_regret: Any,
) -> None:
    records = [
        record("bosearch", "branin", 0, 0.1),
        record("bosearch", "branin", 1, 1e3),  # no peer has run it
        record("ax", "branin", 0, 0.4),
        record("botorch", "branin", 0, 0.2),
    ]
    text = rendered(bench_regret.table(records, ["bosearch", "ax", "botorch"], ["branin"]))
    ours = [line for line in text.splitlines() if line.startswith("│ bosearch")][-1]
    assert [cell.strip() for cell in ours.split("│")[2:-1]] == ["0.1", "0.1", "0.50"]
    assert "500 [2]" in text


def test_the_ask_table_compares_with_the_better_peer(bench_ask: Any) -> None:
    cells = [
        {
            "method": "bosearch",
            "n": 50,
            "asks_s": [0.1, 0.1, 0.3, 0.1, 0.5],
            "refits": ["", "", "one", "", "other"],
            "first_s": 0.8,
            "stale_nats": -0.01,
            "warm_nats": 0.0,
        },
        {"method": "botorch", "n": 50, "asks_s": [1.0, 1.0]},
        {"method": "ax", "n": 50, "asks_s": [2.0, 2.0]},
    ]
    columns = bench_ask.summary(cells)
    assert columns["bosearch", 50] == pytest.approx([0.22])
    assert columns["no fit", 50] == pytest.approx([0.1])
    text = rendered(bench_ask.tables(cells))
    assert ["50", "0.220", "<= 0.5", "0.100", "0.400", "0.800"] in [
        [cell.strip() for cell in line.split("│")[1:-1]] for line in text.splitlines()
    ]


def test_an_ask_cell_covers_one_period_of_the_refit_schedule(bench_ask: Any) -> None:
    cell = bench_ask.in_fresh_process("bosearch", 40, 0)
    # Fitted at 40 and 41 observations, and again at the first turns with a tenth more.
    assert cell["refits"] == ["", "", "", "warped -value", "", "arc-cosine warped -value"]
    assert abs(cell["warm_nats"]) < 0.05  # a warm start finds as good a fit
