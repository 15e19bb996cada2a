"""The benchmark of campaigns on sequences: one tiny run of each method that needs no peer."""

import importlib
from pathlib import Path
from typing import Any

import pytest

from bosearch.problems.nk import nk

SCRIPTS = Path(__file__).parents[1] / "scripts"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(SCRIPTS)
    module = importlib.import_module("bench_combinatorial")
    tiny = module.Campaign(
        lambda seed: nk(4, levels=4, neighbours=1, seed=seed), 10, 3, 4, (10, 22), module.uniform
    )
    monkeypatch.setitem(module.CAMPAIGNS, "tiny", tiny)
    return module


@pytest.mark.parametrize("method", ["gameopt", "gameopt-top", "genetic", "random"])
def test_a_campaign_measures_what_it_says(bench: Any, method: str) -> None:
    record = bench.run("tiny", method, 3)
    assert record["measured"] == len(record["trace"]) == 22
    assert record["distinct"] >= 20  # the first ten may repeat
    assert record["infeasible"] == 0
    assert record["trace"] == sorted(record["trace"])  # the best so far
    assert record["trace"][-1] <= 1.0 + 1e-12
    assert record["trace"][:10] == bench.run("tiny", "random", 3)["trace"][:10]


def test_the_table_holds_means_over_seeds(bench: Any) -> None:
    def record(seed: int, last: float) -> dict[str, Any]:
        trace = [0.1] * 21 + [last]
        more = {"cpu_s_per_ask": 1.0, "distinct": 22, "measured": 22}
        return {"campaign": "tiny", "method": "random", "seed": seed, "trace": trace, **more}

    table = bench.table("tiny", [record(0, 0.4), record(1, 0.6)], ["random", "tpe"])
    (row,) = zip(*(column.cells for column in table.columns), strict=True)
    assert list(row) == ["random", "2", "0.100", "0.500", "0.100", "1.000", "22.0 of 22"]
