#!/usr/bin/env python
"""CPU seconds of one ask on Hartmann-6: bosearch against a cold BoTorch loop and Ax.

    pip install -e '.[bench]'
    python scripts/bench_ask.py                        # all; an hour of CPU on an old core
    python scripts/bench_ask.py -n 50 200 --repeats 5

Every method is told the same n Sobol points and then asked for one point. A
cell (method, n, repeat) is a fresh process with one thread; the methods take
turns. Counted are the CPU seconds of the whole process during ``ask``, the
database included. Imports and telling are not, and neither is what the first
ask of a process loads: a small problem is asked first.

BoTorch and Ax fit their model from scratch at each ask. Two models of bosearch
take turns, and each is fitted again when the number of observations has grown by
a tenth, from its last fit. To compare like with like it goes through one whole period
of that schedule, measuring what it asks for: ``bosearch`` is the mean over the asks
that follow the first fits, up to and including the one by which both were fitted
again. Shown besides are its asks without a fit, those with one, and the first two, which
fit from scratch.

What the schedule costs in likelihood is measured for the stationary model at the end
of the period, with the oldest hyperparameters: log marginal likelihood per
observation, in nats, in the units of the objective, less that of a fit from scratch to
the same data; and once more after the warm-started fit.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import bench_peers
import numpy as np
from rich.console import Console
from rich.table import Table

from bosearch import problems

Cell = dict[str, Any]

METHODS = ("bosearch", "botorch", "ax")
PROBLEM = "hartmann6"
SIZES = (50, 200, 1000)
TARGETS = {50: 0.5, 200: 0.4, 1000: 0.15}  # of the better peer
PEER_ASKS = 2  # per process
MODELS = 2  # that take turns
LONGEST_PERIOD = 1000  # asks in which bosearch must have refitted


def told(method: str, name: str, n: int, seed: int) -> Any:
    """The method, told ``n`` Sobol points of a problem."""
    problem = problems.get(name)
    optimizer = bench_peers.METHODS[method](problem, seed)
    for params in bench_peers.initial_design(problem, n, seed):
        optimizer.tell(params, problem.evaluate(params)["value"])
    return optimizer


def timed_ask(optimizer: Any) -> float:
    """Ask for a point, measure it and tell; return the CPU seconds of the ask."""
    start_s = time.process_time()
    params = optimizer.ask()
    cpu_s = time.process_time() - start_s
    optimizer.tell(params, problems.get(PROBLEM).evaluate(params)["value"])
    return cpu_s


def measure(method: str, n: int, seed: int) -> Cell:
    """One cell, in this process."""
    bench_peers.prepare([method])
    told(method, "branin", 6, seed).ask()  # loads what is loaded lazily
    optimizer = told(method, PROBLEM, n, seed)
    cell: Cell = {"method": method, "n": n, "versions": bench_peers.versions(method)}
    if method != "bosearch":
        return cell | {"asks_s": [timed_ask(optimizer) for _ in range(PEER_ASKS)]}
    first_s = statistics.fmean(timed_ask(optimizer) for _ in range(MODELS))
    asks_s: list[float] = []
    refits: list[str] = []
    while len(set(refits) - {""}) < MODELS:
        if len(asks_s) == LONGEST_PERIOD:
            raise RuntimeError(f"no two refits within {LONGEST_PERIOD} asks")
        asks_s.append(timed_ask(optimizer))
        refits.append(refitted(optimizer.study))
    own = {"first_s": first_s, "asks_s": asks_s, "refits": refits}
    return cell | own | likelihood_cost(optimizer.study, n)


def refitted(study: Any) -> str:
    """The model that the last ask of a study fitted; empty if it fitted none."""
    models: Mapping[str, Any] = study.trials()[-1].provenance["model"]
    return next((name for name, model in models.items() if model["refit"]), "")


def likelihood_cost(study: Any, n: int) -> dict[str, float]:
    """What the last period's schedule lost against fits from scratch, in nats per observation."""
    from bosearch.strategies.modelling import Modelling
    from bosearch.surrogates.schedule import Data, is_due, train
    from bosearch.surrogates.warping import Warp

    modelling = Modelling(study.view(), {})
    y = modelling.values("value", -1.0)
    data = [Data(modelling.X[:m], y[:m], np.full(m, np.nan)) for m in range(len(y) + 1)]

    def per_observation(trained: Any) -> float:
        """Density of the values as they were told: the transforms' slopes belong to it."""
        gp, memory = trained.model, trained.memory
        m = len(gp.white)
        fit = -0.5 * float((gp.white**2).sum()) - float(np.log(np.diagonal(gp.factor)).sum())
        warp = memory.warp or Warp()
        slopes = float(np.log(warp.slope(y[:m])).sum()) - m * float(np.log(gp.spread))
        return (fit + slopes) / m - 0.5 * float(np.log(2 * np.pi))

    def trained(m: int, memory: Any) -> Any:
        return train(data[m], modelling.recipe, memory, warp=True)

    memory = trained(n, None).memory
    due = next(m for m in range(n + 1, len(y)) if is_due(data[m], memory))
    stale = per_observation(trained(due - 1, memory)) - per_observation(trained(due - 1, None))
    warm = per_observation(trained(due, memory)) - per_observation(trained(due, None))
    return {"stale_nats": stale, "warm_nats": warm}


def in_fresh_process(method: str, n: int, seed: int) -> Cell:
    """One cell in a process of its own, with one thread.

    Raises:
        subprocess.CalledProcessError: The cell broke; its messages are on stderr.
    """
    one = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    command = [sys.executable, str(Path(__file__)), "--cell", method, str(n), str(seed)]
    result = subprocess.run(
        command, env={**os.environ, **one}, stdout=subprocess.PIPE, text=True, check=True
    )
    cell: Cell = json.loads(result.stdout.splitlines()[-1])
    return cell


def summary(cells: Iterable[Cell]) -> dict[tuple[str, int], list[float]]:
    """Seconds of one ask by (column, n), one figure per repeat."""
    columns: dict[tuple[str, int], list[float]] = {}

    def add(column: str, cell: Cell, value: float) -> None:
        columns.setdefault((column, cell["n"]), []).append(value)

    for cell in cells:
        asks_s = cell["asks_s"]
        if cell["method"] != "bosearch":
            add(cell["method"], cell, statistics.median(asks_s))
            continue
        add("bosearch", cell, statistics.fmean(asks_s))
        without = [s for s, name in zip(asks_s, cell["refits"], strict=True) if not name]
        add("no fit", cell, statistics.median(without or asks_s))
        refits_s = [s for s, name in zip(asks_s, cell["refits"], strict=True) if name]
        add("refit", cell, statistics.fmean(refits_s))
        add("first", cell, cell["first_s"])
        add("stale", cell, cell["stale_nats"])
        add("warm", cell, cell["warm_nats"])
    return columns


def tables(cells: Sequence[Cell]) -> list[Table]:
    """Seconds with their spread, ratios to the better peer, and the cost in likelihood."""
    columns = summary(cells)
    sizes = sorted({n for _, n in columns})
    seconds = Table(title="CPU seconds of one ask: median (least .. most) over repeats")
    ratios = Table(title="bosearch / better peer")
    nats = Table(title="Log marginal likelihood per observation, less that of a cold fit (nats)")

    def shown(column: str, n: int, form: str) -> str:
        values = columns.get((column, n))
        if not values:
            return "-"
        low, middle, high = min(values), statistics.median(values), max(values)
        return f"{middle:{form}} ({low:{form}} .. {high:{form}})"

    names = ("bosearch", "no fit", "refit", "first", "botorch", "ax")
    for table, headers in (
        (seconds, ("n", *names)),
        (ratios, ("n", "mean", "reach", "no fit", "refit", "first")),
        (nats, ("n", "oldest hyperparameters", "warm refit")),
    ):
        for header in headers:
            table.add_column(header, justify="right")
    for n in sizes:
        seconds.add_row(str(n), *(shown(column, n, ".3f") for column in names))
        nats.add_row(str(n), shown("stale", n, "+.4f"), shown("warm", n, "+.4f"))
        peers = [statistics.median(columns[m, n]) for m in METHODS[1:] if (m, n) in columns]
        if not peers or ("bosearch", n) not in columns:
            continue
        mean, *rest = (statistics.median(columns[c, n]) / min(peers) for c in names[:4])
        ratios.add_row(
            str(n),
            f"{mean:.3f}",
            f"<= {TARGETS[n]}" if n in TARGETS else "-",
            *(f"{ratio:.3f}" for ratio in rest),
        )
    return [seconds, ratios, nats]


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-n", type=int, nargs="+", default=list(SIZES), help="observations")
    parser.add_argument(
        "--methods",
        nargs="+",
        choices=METHODS,
        default=list(METHODS),
        metavar="METHOD",
        help=f"of {', '.join(METHODS)}; all by default",
    )
    parser.add_argument("--repeats", type=int, default=3, help="processes per cell (3)")
    parser.add_argument(
        "--cell",
        nargs=3,
        metavar=("METHOD", "N", "SEED"),
        help="measure one cell in this process and print it as JSON",
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    options = arguments().parse_args(argv)
    if options.cell:
        method, n, seed = options.cell
        print(json.dumps(measure(method, int(n), int(seed))))
        return 0
    cells = []
    for seed, n, method in product(range(options.repeats), options.n, options.methods):
        cells.append(in_fresh_process(method, n, seed))
        middle_s = statistics.median(cells[-1]["asks_s"])
        print(f"{method} n={n} repeat {seed}: {middle_s:.3f} s", file=sys.stderr, flush=True)
    console = Console()
    for table in tables(cells):
        console.print(table)
    for measured in sorted({f"{cell['method']}: {cell['versions']}" for cell in cells}):
        console.print(f"  {measured}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
