#!/usr/bin/env python
"""The SDP game against random search and a grid: dimension 4, one degree, equal CPU seconds.

    python scripts/bench_game.py                      # run what is missing, print the table
    python scripts/bench_game.py --table              # print the table only
    python scripts/bench_game.py --d 4 --rerun sdp-game

Every run is one (method, degree, seed) over the same space: d2, r, R / r and the assembly.
Random search draws uniformly, assemblies by play-outs. ``random-complete`` draws the
numbers alone and takes the complete assembly; so does the grid, whose 5 x 5 x 3 places of
(r, R / r, d2) are shifted and ordered at random. CPU seconds are those of the solves and
of the choices. Results are appended to ``bench_results/game.jsonl``.
"""

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from bosearch import Construction, Integer, Real, Space, Study, minimize
from bosearch.packing import three_point
from bosearch.packing.game import edits

Params = dict[str, Any]
Record = dict[str, Any]

DIM = 4
BUDGET_CPU_S = {4: 45.0, 6: 135.0}  # about 20 solves
TWO_POINT = 0.6477051
OURS = "sdp-game"
RESULTS = Path("bench_results/game.jsonl")
COMPLETE = ["end"]


def space() -> Space:
    """What all methods search."""
    return Space(
        d2=Integer(8, 12),
        r=Real(1.083, 1.3),
        ratio=Real(1.25, 1.9),
        assembly=Construction("bosearch.packing.game:AssemblyGrammar"),
    )


def measure(params: Params, d: int) -> dict[str, float]:
    """Solve one program; a bound of 1 if there is none."""
    state = edits(params["assembly"])
    radius = params["r"]
    outer = radius * params["ratio"]
    found = three_point(DIM, d, params["d2"], radius, outer, state.assembly(d), gap=1e-7)
    return {"density": float(found.density), "cpu_s": found.seconds}


def random_search(seed: int) -> Iterator[Params]:
    """Uniform points."""
    yield from space().sample(1000, np.random.default_rng(seed))


def random_complete(seed: int) -> Iterator[Params]:
    """Uniform points with the complete assembly."""
    for params in random_search(seed):
        yield {**params, "assembly": COMPLETE}


def grid(seed: int) -> Iterator[Params]:
    """A shifted grid in random order."""
    rng = np.random.default_rng(seed)
    shift = rng.random(3)
    places = [(i, j, k) for i in range(5) for j in range(5) for k in range(3)]
    for place in rng.permutation(len(places)):
        i, j, k = places[place]
        r = 1.083 + 0.217 * (i + shift[0]) / 5
        ratio = 1.25 + 0.65 * (j + shift[1]) / 5
        yield {"d2": 8 + int(5 * (k + shift[2]) / 3), "r": r, "ratio": ratio, "assembly": COMPLETE}


FIXED: dict[str, Callable[[int], Iterator[Params]]] = {
    "random": random_search,
    "random-complete": random_complete,
    "grid": grid,
}
METHODS = (OURS, *FIXED)


def run(method: str, d: int, seed: int) -> Record:
    """One run; the record holds the best bound after each solve."""
    torch.set_num_threads(1)
    options = {"name": OURS, "dim": DIM, "d": d, "reference": TWO_POINT}
    study = Study.create(
        "sqlite://",
        name="bench",
        space=space(),
        objectives=[minimize("density")],
        tracked=["cpu_s"],
        strategy=options if method == OURS else "sobol",
        seed=seed,
    )
    points = None if method == OURS else FIXED[method](seed)
    spent, best, trace = 0.0, 1.0, []
    while spent < BUDGET_CPU_S[d]:
        began = time.process_time()
        trial = None
        if points is None:
            (trial,) = study.ask(1)
            params = dict(trial.params)
        else:
            params = next(points)
        spent += time.process_time() - began
        values = measure(params, d)
        spent += values["cpu_s"]
        if trial is not None:
            study.tell(trial, values)
        best = min(best, values["density"])
        trace.append({"best": best, "cpu_s": spent, **values, "params": params})
    return {"method": method, "d": d, "seed": seed, "best": best, "trace": trace}


def read(path: Path) -> dict[tuple[str, int, int], Record]:
    """Results by (method, degree, seed); a later line replaces an earlier one."""
    if not path.exists():
        return {}
    records = map(json.loads, path.read_text().splitlines())
    return {(r["method"], r["d"], r["seed"]): r for r in records}


def until(record: Record, bound: float) -> int | None:
    """How many solves it took to reach a bound; ``None`` if it was not reached."""
    counts = (i for i, step in enumerate(record["trace"], start=1) if step["best"] <= bound)
    return next(counts, None)


def table(done: dict[tuple[str, int, int], Record], degrees: Iterable[int]) -> Table:
    """Per degree and method: the bounds, and how ours compares seed by seed."""
    shown = Table(title=f"Dimension {DIM}, equal CPU seconds, numerical bounds")
    for name in ("d", "method", "seeds", "best", "median", "worst", "solves"):
        shown.add_column(name, justify="left" if name == "method" else "right")
    shown.add_column("sdp-game as good or better", justify="right")
    shown.add_column("solves of sdp-game to its bound / its solves, median", justify="right")
    for d in degrees:
        for method in METHODS:
            runs = {s: r for (m, e, s), r in done.items() if (m, e) == (method, d)}
            if not runs:
                continue
            bests = [r["best"] for r in runs.values()]
            solves = statistics.median(len(r["trace"]) for r in runs.values())
            row = [str(d), method, str(len(runs)), f"{min(bests):.7f}"]
            row += [f"{statistics.median(bests):.7f}", f"{max(bests):.7f}", f"{solves:g}"]
            pairs = [(done[OURS, d, s], r) for s, r in runs.items() if (OURS, d, s) in done]
            if method != OURS and pairs:
                row += compared(pairs)
            shown.add_row(*row)
    return shown


def compared(pairs: Sequence[tuple[Record, Record]]) -> list[str]:
    """How often ours is as good, and which share of the other's solves it needed for its bound."""
    better = sum(ours["best"] <= other["best"] for ours, other in pairs)
    shares = [
        (until(ours, other["best"]) or float("inf")) / len(other["trace"]) for ours, other in pairs
    ]
    return [f"{better} of {len(pairs)}", f"{statistics.median(shares):.2f}"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run what is missing, and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--d", type=int, nargs="+", choices=sorted(BUDGET_CPU_S), default=[4, 6])
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--seeds", type=int, default=10, help="seeds 0 .. SEEDS - 1 (10)")
    parser.add_argument("--rerun", nargs="+", choices=METHODS, default=[], metavar="METHOD")
    parser.add_argument("--results", type=Path, default=RESULTS, help=f"({RESULTS})")
    parser.add_argument("--table", action="store_true", help="run nothing, print what there is")
    options = parser.parse_args(argv)
    done = read(options.results)
    keys = [(m, d, s) for d in options.d for s in range(options.seeds) for m in options.methods]
    for key in [] if options.table else keys:
        if key in done and key[0] not in options.rerun:
            continue
        done[key] = run(*key)
        options.results.parent.mkdir(parents=True, exist_ok=True)
        with options.results.open("a") as file:
            file.write(json.dumps(done[key]) + "\n")
        print(f"{key}: {done[key]['best']:.7f}, {len(done[key]['trace'])} solves", file=sys.stderr)
    Console(width=160).print(table(done, options.d))
    return 0


if __name__ == "__main__":
    sys.exit(main())
