#!/usr/bin/env python
"""Whole campaigns on sequences: bosearch's GameOpt against BoTorch, TPE and genetic search.

    pip install -e '.[bench]'
    python scripts/bench_combinatorial.py                      # run what is missing, print tables
    python scripts/bench_combinatorial.py --table              # print the tables only
    python scripts/bench_combinatorial.py --campaigns gb1 --methods gameopt --seeds 30

Every run is one (campaign, method, seed). All methods of a seed start from the same
measured sequences and are then asked for batches. Results are appended to
``bench_results/combinatorial.jsonl``, one JSON object per run, so that an interrupted
benchmark goes on where it stopped. CPU seconds are those of the process spent in asks,
fits included, one thread per process. GB1 needs its table: see ``studies/gb1``.
"""

import argparse
import hashlib
import json
import math
import os
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import bench_combinatorial_peers as peers
import numpy as np
from rich.console import Console
from rich.table import Table

import bosearch
from bosearch.problems import BenchmarkProblem
from bosearch.problems.ehrlich import Ehrlich, ehrlich
from bosearch.problems.landscape import decode
from bosearch.problems.lookup import Lookup, lookup
from bosearch.problems.nk import nk

Record = dict[str, Any]
RESULTS = Path("bench_results/combinatorial.jsonl")
OURS = ("gameopt", "gameopt-top", "gameopt-additive")


@dataclass(frozen=True)
class Campaign:
    """What is measured: a landscape, first measurements, then batches.

    Args:
        problem: The landscape, for a seed.
        first: Number of first measurements.
        rounds: Number of batches.
        batch: Their size.
        shown: Numbers of measurements at which the table shows the best value.
        start: The first sequences, for a problem and a seed.
    """

    problem: Callable[[int], BenchmarkProblem]
    first: int
    rounds: int
    batch: int
    shown: tuple[int, ...]
    start: Callable[[BenchmarkProblem, int, int], list[str]]


def table_path() -> Path:
    """Where the GB1 table is: as for ``studies/gb1``."""
    root = Path(__file__).parents[1]
    return root / os.environ.get("BOSEARCH_GB1", "../shared/data/gb1_four_site.csv.gz")


@cache
def gb1(unmeasured: float | None) -> BenchmarkProblem:
    """GB1; variants that nobody measured are infeasible or have a stated fitness."""
    return lookup("gb1", Lookup.read(table_path(), unmeasured=unmeasured))


def measured_variants(problem: BenchmarkProblem, n: int, seed: int) -> list[str]:
    """``n`` random measured variants of GB1."""
    del problem
    table = list(Lookup.read(table_path()).table)
    return [table[i] for i in np.random.default_rng(seed).permutation(len(table))[:n]]


def uniform(problem: BenchmarkProblem, n: int, seed: int) -> list[str]:
    """``n`` uniform sequences."""
    parameter = peers.parameter_of(problem)
    size = (n, parameter.length)
    X = np.random.default_rng(seed).integers(len(parameter.alphabet), size=size)
    return parameter.decode(X.astype(float))


def mutants(problem: BenchmarkProblem, n: int, seed: int) -> list[str]:
    """Feasible single and double mutants of one path of the chain: how searches of Ehrlich
    functions are usually started."""
    function = ehrlich_function(seed)
    rng = np.random.default_rng(seed)
    origin = function.sample(1, rng)[0]
    found = {tuple(origin.tolist())}
    while len(found) < n:
        x = origin.copy()
        sites = rng.integers(function.length, size=int(rng.integers(1, 3)))
        x[sites] = rng.integers(len(function.alphabet), size=len(sites))
        if function.feasible(x[None])[0]:
            found.add(tuple(x.tolist()))
    return decode(np.array(sorted(found)), function.alphabet)


def ehrlich_function(seed: int) -> Ehrlich:
    """Ehr(32, 32, c=4, k=4)."""
    return Ehrlich.random(32, levels=32, motifs=4, motif_length=4, seed=seed)


CAMPAIGNS = {
    "gb1": Campaign(lambda seed: gb1(0.0), 100, 12, 8, (124, 148, 196), measured_variants),
    "gb1-alde": Campaign(lambda seed: gb1(None), 96, 4, 96, (192, 384, 480), measured_variants),
    "nk8": Campaign(lambda seed: nk(8, seed=seed), 100, 12, 8, (124, 148, 196), uniform),
    "nk20": Campaign(lambda seed: nk(20, seed=seed), 200, 20, 10, (250, 300, 400), uniform),
    "ehrlich32": Campaign(
        lambda seed: ehrlich(32, seed=seed), 100, 18, 50, (250, 500, 1000), mutants
    ),
}


@cache
def code_tag() -> str:
    """A digest of the source that decides what bosearch proposes, as first seen by the process."""
    root = Path(bosearch.__file__).parent
    digest = hashlib.sha256()
    for room in ("space", "surrogates", "combinatorial"):
        for path in sorted((root / room).rglob("*.py")):
            digest.update(path.read_bytes())
    digest.update((root / "strategies" / "gameopt.py").read_bytes())
    return digest.hexdigest()[:10]


def run(name: str, method: str, seed: int) -> Record:
    """One campaign; the record holds the best fraction of the optimum after each measurement."""
    campaign = CAMPAIGNS[name]
    peers.prepare(method)
    problem = campaign.problem(seed)
    (parameter,) = problem.space.parameters
    tag = code_tag() if method in OURS else None

    def values(texts: Iterable[str]) -> list[float]:
        return [problem.evaluate({parameter: text})["value"] for text in texts]

    optimizer = peers.METHODS[method](problem, seed, campaign.first)
    measured = campaign.start(problem, campaign.first, seed)
    got = values(measured)
    optimizer.tell(measured, got)
    cpu_s, infeasible = 0.0, 0
    for _ in range(campaign.rounds):
        start_s = time.process_time()
        asked = optimizer.ask(campaign.batch)
        cpu_s += time.process_time() - start_s
        new = values(asked)
        infeasible += sum(not math.isfinite(value) for value in new)
        optimizer.tell(asked, new)
        measured, got = measured + asked, got + new
    trace = (np.maximum.accumulate(got) / problem.optimum).tolist()
    return {
        "campaign": name,
        "method": method,
        "seed": seed,
        "trace": trace,
        "cpu_s_per_ask": cpu_s / campaign.rounds,
        "distinct": len(set(measured)),
        "measured": len(measured),
        "infeasible": infeasible,
        "code": tag,
    }


def read(path: Path) -> dict[tuple[str, str, int], Record]:
    """Results by (campaign, method, seed); a later line replaces an earlier one."""
    if not path.exists():
        return {}
    records = [json.loads(line) for line in path.read_text().splitlines()]
    return {(r["campaign"], r["method"], r["seed"]): r for r in records}


def table(name: str, records: Sequence[Record], methods: Sequence[str]) -> Table:
    """Means over seeds, with standard errors of the last one."""
    campaign = CAMPAIGNS[name]
    shown = Table(title=f"{name}: best value as a fraction of the optimum")
    for column in (
        "method",
        "seeds",
        *map(str, campaign.shown),
        "s.e.",
        "CPU s per ask",
        "distinct",
    ):
        shown.add_column(column)
    for method in methods:
        ours = [r for r in records if r["campaign"] == name and r["method"] == method]
        if not ours:
            continue
        last = [r["trace"][campaign.shown[-1] - 1] for r in ours]
        error = statistics.stdev(last) / math.sqrt(len(last)) if len(last) > 1 else math.nan
        shown.add_row(
            method,
            str(len(ours)),
            *(f"{statistics.mean(r['trace'][n - 1] for r in ours):.3f}" for n in campaign.shown),
            f"{error:.3f}",
            f"{statistics.mean(r['cpu_s_per_ask'] for r in ours):.3f}",
            f"{statistics.mean(r['distinct'] for r in ours):.1f} of {ours[0]['measured']}",
        )
    return shown


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--campaigns", nargs="+", choices=CAMPAIGNS, default=list(CAMPAIGNS))
    parser.add_argument("--methods", nargs="+", choices=peers.METHODS, default=list(peers.METHODS))
    parser.add_argument("--seeds", type=int, default=30, help="seeds 0 .. N - 1")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument(
        "--rerun", action="store_true", help="ours again, where the code has changed"
    )
    parser.add_argument("--table", action="store_true", help="print the tables only")
    options = parser.parse_args()
    console = Console(width=120)
    if not options.table:
        options.results.parent.mkdir(parents=True, exist_ok=True)
        for seed in range(options.seeds):
            for name in options.campaigns:
                for method in options.methods:
                    old = read(options.results).get((name, method, seed))
                    stale = (
                        options.rerun and old is not None and old["code"] not in (None, code_tag())
                    )
                    if old is not None and not stale:
                        continue
                    record = run(name, method, seed)
                    with options.results.open("a") as lines:
                        lines.write(json.dumps(record) + "\n")
    records = list(read(options.results).values())
    for name in options.campaigns:
        console.print(table(name, records, options.methods))


if __name__ == "__main__":
    main()
