"""Which surrogate serves which problem: whole studies, equal budgets, equal starts.

    python studies/surrogates/compare.py                       # run what is missing, print
    python studies/surrogates/compare.py --table               # print only
    python studies/surrogates/compare.py --surrogates gp hmc --problems branin --seeds 2

A run is one (surrogate, problem, seed): a Sobol design, then batches of five by strategy
`bayes`. Results are appended to `results.jsonl` beside this script, so that an interrupted
comparison goes on where it stopped; the tables of the README are made of them. They show the
gap that is left at the end, as a share of the gap after the design (with several objectives:
of hypervolume): 0 is the optimum, 1 is no progress. CPU seconds are those of an ask of five,
one thread.
"""

import argparse
import json
import math
import os
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

import bosearch.surrogates.single_output  # noqa: F401  # before BoTorch: it warns
from bosearch import Study
from bosearch.problems import BenchmarkProblem, get

# isort: split
from botorch.utils.multi_objective.hypervolume import Hypervolume

Record = dict[str, Any]
Key = tuple[str, str, int]

BATCH = 5
PROBLEMS = {  # evaluations: of the design, and in all
    "branin": (10, 35),
    "hartmann6": (10, 50),
    "ackley10": (20, 60),
    "branin_currin": (10, 35),
    "dtlz1_5": (10, 40),
    "dtlz5_20": (20, 45),
    "pest_control": (20, 60),
    "oil_sorbent": (20, 50),
    "polynomial200": (40, 100),
    "interior_polynomial200": (40, 100),
    "nn_draw3": (10, 35),
    "nn_draw4": (10, 35),
    "nn_draw50": (20, 70),
    "nn_draw200": (40, 100),
    "interior_nn_draw50": (20, 70),
}
POOL = ("gp", "gp-rbf", "linear", "spherical-linear", "ibnn", "map-saas")  # of ``auto``
CHEAP = (*POOL, "gp-gamma", "student-t", "auto")
NETWORKS = ("ensemble", "laplace", "dkl", "vbll", "dropout", "hmc", "langevin", "sghmc")
LEAST = {"oil_sorbent": 1e-2}  # its published hypervolume is approximate: a run found more
HOME = {  # problems of the kind that a network is meant for
    "ibnn": ("nn_draw200",),
    "hmc": ("nn_draw3", "nn_draw4"),
    "laplace": ("nn_draw3", "nn_draw4"),
    "vbll": ("nn_draw3", "nn_draw4"),
}
DEFAULT = "built-in"
RANDOM = "sobol"
PROCESSES = (RANDOM, DEFAULT, *CHEAP)
RESULTS = Path(__file__).with_name("results.jsonl")


def strategy(surrogate: str, design: int) -> Any:
    """The strategy table of a study."""
    if surrogate == RANDOM:
        return "sobol"
    options = {"name": "bayes", "initial": design}
    return options if surrogate == DEFAULT else {**options, "surrogate": surrogate}


def progress(problem: BenchmarkProblem, measured: Sequence[dict[str, float]]) -> float:
    """The gap to the optimum, in the value or in the hypervolume."""
    if len(problem.objectives) == 1:
        return problem.simple_regret(measured)
    signs = [o.sign for o in problem.objectives]
    limits = [o.sign * (o.threshold or 0.0) for o in problem.objectives]
    values = np.array([[v[o.metric] for o in problem.objectives] for v in measured]) * signs
    volume = Hypervolume(torch.tensor(limits)).compute(torch.tensor(values))
    return problem.optimum - float(volume)


def run(surrogate: str, name: str, seed: int) -> Record:
    """One study; the record holds the gap after the design and after every batch."""
    torch.set_num_threads(1)
    problem = get(name)
    design, budget = PROBLEMS[name]
    study = Study.create(
        "sqlite://",
        name="compare",
        space=problem.space,
        objectives=problem.objectives,
        constraints=problem.constraints,
        strategy=strategy(surrogate, design),
        seed=seed,
    )
    measured: list[dict[str, float]] = []
    gaps, asks, fallbacks = [], [], 0
    while len(measured) < budget:
        began = time.process_time()
        trials = study.ask(design if not measured else BATCH)
        if measured:
            asks.append(time.process_time() - began)
        for trial in trials:
            values = problem.evaluate(trial.params)
            study.tell(trial, values)
            measured.append(values)
            fallbacks += bool(trial.provenance.get("fallback"))
        gaps.append(float(f"{progress(problem, measured):.6g}"))
    return {
        "surrogate": surrogate,
        "problem": name,
        "seed": seed,
        "gaps": gaps,
        "left": float(f"{gaps[-1] / gaps[0] if gaps[0] > 0.0 else 0.0:.6g}"),
        "ask_s": float(f"{statistics.median(asks):.3g}"),
        "fallbacks": fallbacks,
    }


def read(path: Path) -> dict[Key, Record]:
    """Results by (surrogate, problem, seed); a later line replaces an earlier one."""
    if not path.exists():
        return {}
    records = map(json.loads, path.read_text().splitlines())
    return {(r["surrogate"], r["problem"], r["seed"]): r for r in records}


def table(done: Mapping[Key, Record], surrogates: Sequence[str]) -> list[str]:
    """In Markdown: the share of the gap that is left, geometric mean over seeds.

    The number of seeds is the row's; a cell with fewer says so in brackets.
    """
    run = [s for s in surrogates if any(key[0] == s for key in done)]
    lines = [
        f"| problem | seeds | {' | '.join(run)} |",
        f"| --- | --- |{' --- |' * len(run)}",
    ]
    for name in PROBLEMS:
        cells = [[r for k, r in done.items() if k[:2] == (s, name)] for s in run]
        most = max(map(len, cells), default=0)
        if most:
            shown = " | ".join(_left(cell, most) for cell in cells)
            lines.append(f"| {name} | {most} | {shown} |")
    asks = [[r["ask_s"] for k, r in done.items() if k[0] == s] for s in run]
    medians = [f"{statistics.median(ask):.2g}" for ask in asks]
    lines.append(f"| CPU s of an ask of five, median | | {' | '.join(medians)} |")
    return lines


def log_left(record: Record) -> float:
    """Logarithm of the gap that is left, which counts as no less than is known of the optimum."""
    return math.log(max(record["left"], LEAST.get(record["problem"], 1e-6)))


def _left(records: Sequence[Record], most: int) -> str:
    """Geometric mean, and one standard deviation as a factor."""
    logs = [log_left(r) for r in records]
    if not logs:
        return ""
    mean = f"{math.exp(statistics.fmean(logs)):.2g}"
    spread = f" (x {math.exp(statistics.stdev(logs)):.1f})" if len(logs) > 1 else ""
    return mean + spread + (f" [{len(logs)}]" if len(logs) < most else "")


def compared(done: Mapping[Key, Record], against: str) -> list[str]:
    """Each surrogate's gap over that of ``against``: geometric mean over common runs."""
    lines = []
    for surrogate in dict.fromkeys(key[0] for key in done):
        logs = [
            log_left(r) - log_left(done[against, *key[1:]])
            for key, r in done.items()
            if key[0] == surrogate and (against, *key[1:]) in done
        ]
        if logs and surrogate != against:
            ratio = math.exp(statistics.fmean(logs))
            error = statistics.stdev(logs) / math.sqrt(len(logs)) if len(logs) > 1 else math.nan
            lines.append(
                f"{surrogate} / {against}: {ratio:.2f}"
                f" (standard error {error:.2f} of the logarithm, {len(logs)} runs)"
            )
    return lines


def in_hindsight(done: Mapping[Key, Record], pool: Sequence[str]) -> str:
    """``auto`` against the best of its pool on each problem, seeds averaged."""
    logs = []
    for name in PROBLEMS:
        means = {}
        for surrogate in ("auto", *pool):
            runs = [log_left(r) for k, r in done.items() if k[:2] == (surrogate, name)]
            if runs:
                means[surrogate] = statistics.fmean(runs)
        if "auto" in means and len(means) > 1:
            logs.append(means["auto"] - min(v for s, v in means.items() if s != "auto"))
    if not logs:
        return "auto: not run beside others"
    return (
        f"auto / best in hindsight: {math.exp(statistics.fmean(logs)):.2f} ({len(logs)} problems)"
    )


def at_home(done: Mapping[Key, Record]) -> list[str]:
    """Networks on problems of their kind, against the best of the pool there: medians."""
    lines = []
    for surrogate, names in HOME.items():
        for name in names:
            left = {
                s: [r["left"] for k, r in done.items() if k[:2] == (s, name)]
                for s in (surrogate, *POOL)
            }
            medians = {s: statistics.median(runs) for s, runs in left.items() if runs}
            own = medians.pop(surrogate, None)
            if own is not None and medians:
                best = min(medians, key=lambda s: medians[s])
                lines.append(
                    f"{surrogate} on {name} / {best}: {own / max(medians[best], 1e-6):.2f}"
                    f" (medians of {len(left[surrogate])} and {len(left[best])} runs)"
                )
    return lines


def summary(done: Mapping[Key, Record]) -> list[str]:
    """Both tables, and the ratios that the targets are stated in."""
    return [
        *table(done, PROCESSES),
        "",
        *table(done, ("gp", *NETWORKS)),
        "",
        *compared(done, "gp"),
        in_hindsight(done, POOL),
        *at_home(done),
    ]


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    every = (*PROCESSES, *NETWORKS)
    parser.add_argument("--surrogates", nargs="+", default=list(PROCESSES), choices=every)
    parser.add_argument("--problems", nargs="+", default=list(PROBLEMS), choices=list(PROBLEMS))
    parser.add_argument("--seeds", type=int, default=5, help="seeds 0 .. SEEDS - 1 (5)")
    parser.add_argument("--results", type=Path, default=RESULTS, help="beside this script")
    parser.add_argument("--table", action="store_true", help="run nothing, print what there is")
    options = parser.parse_args(argv)
    done = read(options.results)
    keys = [
        (surrogate, name, seed)
        for seed in range(options.seeds)
        for name in options.problems
        for surrogate in options.surrogates
    ]
    options.results.parent.mkdir(parents=True, exist_ok=True)
    for key in [] if options.table else keys:
        if key not in done:
            done[key] = run(*key)
            with options.results.open("a") as file:
                file.write(json.dumps(done[key]) + "\n")
            left, ask_s = done[key]["left"], done[key]["ask_s"]
            print(*key, f"{left:.3g} of the gap left, {ask_s:.2g} CPU s per ask", file=sys.stderr)
    print("\n".join(summary(done)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
