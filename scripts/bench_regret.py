#!/usr/bin/env python
"""Simple regret after 60 evaluations: bosearch against BoTorch, Ax and Optuna.

``bosearch`` is strategy ``bayes`` as it is by default, ``bosearch-auto`` with surrogate ``auto``,
``bosearch-alone`` without turns: one stationary process. Any problem of ``bosearch.problems``
with one objective to minimize may be named.

    pip install -e '.[bench]'
    python scripts/bench_regret.py                    # run what is missing, print the table
    python scripts/bench_regret.py --table            # print the table only
    python scripts/bench_regret.py --rerun bosearch   # ours again, where the code has changed

Every run is one (method, problem, seed). All methods get the same Sobol points
first (twice the number of factors, within 5 and 20), which count among the 60
evaluations. The simple regret is the best value found less the known optimum.
Results are appended to ``bench_results/regret.jsonl``, one JSON object per run,
so that an interrupted benchmark goes on where it stopped; seeds are taken in
turn, so that at any time all cells have about the same number of them.

Geometric means take regrets below 1e-6 as 1e-6: differences beneath that have
no practical meaning and would dominate the mean. CPU seconds are those of the
process, imports excluded, one thread per process.
"""

import argparse
import hashlib
import json
import math
import multiprocessing
import os
import statistics
import sys
import time
import traceback
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from pathlib import Path
from typing import Any

import bench_peers
from rich.console import Console
from rich.table import Table

import bosearch
from bosearch import problems

Record = dict[str, Any]

PROBLEMS = ("branin", "hartmann6", "ackley10", "levy8", "mixed")
OURS = ("bosearch", "bosearch-auto", "bosearch-alone")
FLOOR = 1e-6
RESULTS = Path("bench_results/regret.jsonl")


@cache
def code_tag() -> str:
    """A digest of the source that decides what bosearch proposes, as first seen by the process."""
    root = Path(bosearch.__file__).parent
    digest = hashlib.sha256()
    for room in ("space", "study", "surrogates", "acquisition", "strategies"):
        for path in sorted((root / room).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:10]


def run(method: str, problem_name: str, seed: int, evaluations: int) -> Record:
    """One run; the record holds the regret after each evaluation."""
    bench_peers.prepare([method])
    problem = problems.get(problem_name)
    (objective,) = problem.objectives
    first = bench_peers.initial_design(problem, bench_peers.initial_size(problem), seed)
    measured: list[dict[str, float]] = []
    trace: list[float] = []
    tag = code_tag() if method in OURS else None
    start_s = time.process_time()
    optimizer = bench_peers.METHODS[method](problem, seed)
    for number in range(evaluations):
        params = first[number] if number < len(first) else optimizer.ask()
        values = problem.evaluate(params)
        optimizer.tell(params, values[objective.metric])
        measured.append(values)
        trace.append(problem.simple_regret(measured))
    return {
        "method": method,
        "problem": problem_name,
        "seed": seed,
        "evaluations": evaluations,
        "regret": trace[-1],
        "trace": trace,
        "cpu_s": time.process_time() - start_s,
        "versions": bench_peers.versions(method),
        "code": tag,
    }


def read(path: Path, evaluations: int) -> dict[tuple[str, str, int], Record]:
    """Results by (method, problem, seed); a later line replaces an earlier one."""
    if not path.exists():
        return {}
    records = map(json.loads, path.read_text().splitlines())
    return {
        (r["method"], r["problem"], r["seed"]): r
        for r in records
        if r["evaluations"] == evaluations
    }


def missing(
    done: dict[tuple[str, str, int], Record],
    methods: Sequence[str],
    names: Sequence[str],
    seeds: Iterable[int],
    rerun: Sequence[str],
) -> list[tuple[str, str, int]]:
    """Runs still to make, seed by seed; methods in ``rerun`` again unless of the present code."""
    tag = code_tag()

    def is_current(key: tuple[str, str, int]) -> bool:
        if key not in done:
            return False
        return key[0] not in rerun or (key[0] in OURS and done[key]["code"] == tag)

    keys = [(m, p, s) for s in seeds for p in names for m in methods]
    return [key for key in keys if not is_current(key)]


def execute(
    keys: Sequence[tuple[str, str, int]], *, evaluations: int, workers: int, path: Path
) -> int:
    """Make the runs in worker processes, appending each to ``path``; count those that broke."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.environ |= {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    broken = 0
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=spawn) as pool:
        runs = {pool.submit(run, *key, evaluations): key for key in keys}
        for count, future in enumerate(as_completed(runs), start=1):
            key = " ".join(map(str, runs[future]))
            try:
                record = future.result()
            except Exception:
                broken += 1
                print(f"[{count}/{len(keys)}] {key} broke", file=sys.stderr)
                traceback.print_exc()
                continue
            with path.open("a") as file:
                file.write(json.dumps(record) + "\n")
            print(
                f"[{count}/{len(keys)}] {key}: regret {record['regret']:.3g},"
                f" {record['cpu_s']:.1f} CPU s",
                file=sys.stderr,
                flush=True,
            )
    return broken


def geometric_mean(regrets: Iterable[float]) -> float:
    """Of regrets, each at least ``FLOOR``."""
    return math.exp(statistics.fmean(math.log(max(regret, FLOOR)) for regret in regrets))


def table(records: Iterable[Record], methods: Sequence[str], names: Sequence[str]) -> list[Table]:
    """Per problem and over all problems: how the methods compare.

    The means over all problems take only the seeds that every method with
    results has on a problem, so that no method is judged on easier runs.
    """
    cells: dict[tuple[str, str], dict[int, Record]] = {}
    for r in records:
        cells.setdefault((r["method"], r["problem"]), {})[r["seed"]] = r
    present = [m for m in methods if any((m, p) in cells for p in names)]
    common = (
        {p: set.intersection(*(set(cells.get((m, p), {})) for m in present)) for p in names}
        if present
        else {}
    )

    regrets = Table(title="Median final simple regret [seeds], CPU seconds per run")
    overall = Table(title=f"Geometric mean over problems and common seeds, floor {FLOOR:g}")
    regrets.add_column("problem")
    for method in present:
        regrets.add_column(method, justify="right")
    for name in names:
        row = [name]
        for method in present:
            runs = list(cells.get((method, name), {}).values())
            if not runs:
                row.append("-")
                continue
            regret = statistics.median(r["regret"] for r in runs)
            cpu_s = statistics.median(r["cpu_s"] for r in runs)
            row.append(f"{regret:.3g} \\[{len(runs)}], {cpu_s:.1f} s")
        regrets.add_row(*row)

    means = {
        (m, p): geometric_mean(cells[m, p][s]["regret"] for s in common[p])
        for m in present
        for p in names
        if common[p]
    }
    for column in ("method", *(f"{p} [{len(common.get(p, ()))}]" for p in names), "all", "ratio"):
        overall.add_column(
            column.replace("[", "\\["), justify="right" if column != "method" else "left"
        )
    total = {
        m: math.exp(statistics.fmean(math.log(means[m, p]) for p in names if common[p]))
        for m in present
        if any(common[p] for p in names)
    }
    best = min((value for m, value in total.items() if m not in OURS), default=math.nan)
    for method in total:
        overall.add_row(
            method,
            *(f"{means[method, p]:.3g}" if common[p] else "-" for p in names),
            f"{total[method]:.3g}",
            f"{total[method] / best:.2f}",
        )
    return [regrets, overall]


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    methods = list(bench_peers.METHODS)
    parser.add_argument(
        "--methods",
        nargs="+",
        choices=methods,
        default=methods,
        metavar="METHOD",
        help=f"of {', '.join(methods)}; all by default",
    )
    parser.add_argument(
        "--problems",
        nargs="+",
        default=list(PROBLEMS),
        metavar="PROBLEM",
        help=f"{', '.join(PROBLEMS)} by default",
    )
    parser.add_argument("--seeds", type=int, default=10, help="seeds 0 .. SEEDS - 1 (10)")
    parser.add_argument("--evaluations", type=int, default=60, help="per run (60)")
    parser.add_argument("--workers", type=int, default=1, help="processes (1)")
    parser.add_argument(
        "--rerun",
        nargs="+",
        choices=methods,
        default=[],
        metavar="METHOD",
        help="run again; bosearch only where its code has changed",
    )
    parser.add_argument("--results", type=Path, default=RESULTS, help=f"({RESULTS})")
    parser.add_argument("--table", action="store_true", help="run nothing, print what there is")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    options = arguments().parse_args(argv)
    broken = 0
    if not options.table:
        done = read(options.results, options.evaluations)
        keys = missing(done, options.methods, options.problems, range(options.seeds), options.rerun)
        broken = execute(
            keys, evaluations=options.evaluations, workers=options.workers, path=options.results
        )
    wanted = [
        r
        for (method, name, seed), r in read(options.results, options.evaluations).items()
        if method in options.methods and name in options.problems and seed < options.seeds
    ]
    console = Console()
    for part in table(wanted, options.methods, options.problems):
        console.print(part)
    for measured in sorted({f"{r['method']}: {r['versions']}" for r in wanted}):
        console.print(f"  {measured}")
    codes = {r["code"] for r in wanted if r["method"] in OURS}
    if codes - {code_tag()}:
        console.print(
            f"Results of bosearch are of the code {', '.join(sorted(codes))}, present is"
            f" {code_tag()}: --rerun {' '.join(OURS)} brings them up to date."
        )
    if broken:
        console.print(f"{broken} runs broke and are missing above; see the messages.")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
