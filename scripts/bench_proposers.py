#!/usr/bin/env python
"""Log-linear play and a GFlowNet against exact sampling, on four sites of twenty letters.

    OMP_NUM_THREADS=1 python scripts/bench_proposers.py [--seeds 5] [--gb1 FILE]

A Gaussian process is fitted to 150 random variants of GB1 (log of fitness plus 0.01,
standardised), and its upper confidence bound U = mean + 2 std listed for all 160,000
sequences; both proposers are to draw by exp(U / 0.15). Without the table of GB1 the
variants are those of an NK landscape of the same size.

Columns: CPU seconds (one thread, data in memory); the total variation between the
exact distribution and the policy's, over all sequences; how many of the 100 sequences
of highest U are among those found (log-linear play: all that it passed through; the
GFlowNet: 1,000 drawn without replacement; exact: the same, from the exact
distribution); the mean of U over 300 drawn without replacement, and its mean after
the polish, with the exact sampler's beside them.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from bosearch.combinatorial.features import of_letters
from bosearch.combinatorial.gflownet import GFlowNet, train
from bosearch.combinatorial.gflownet_policy import (
    Policy,
    allowed_along,
    sample_without_replacement,
)
from bosearch.combinatorial.log_linear import sample_log_linear
from bosearch.combinatorial.model import recipe, tables, upper_bound
from bosearch.combinatorial.payoff import Array
from bosearch.combinatorial.prefixes import Prefixes
from bosearch.combinatorial.space import Codes, Sites
from bosearch.combinatorial.table_payoff import TablePayoff
from bosearch.combinatorial.weighted import Weighted
from bosearch.problems.landscape import Landscape
from bosearch.problems.lookup import Lookup
from bosearch.problems.nk import NK
from bosearch.surrogates import schedule

ROOT = Path(__file__).parents[1]
T = TypeVar("T")
GB1 = ROOT / os.environ.get("BOSEARCH_GB1", "../shared/data/gb1_four_site.csv.gz")
COUNTS = (20,) * 4
OBSERVED, TAU, BETA, CHAINS, DRAWN = 150, 0.15, 2.0, 100, 300
HEADER = ("seed", "sampler", "CPU s", "TV", "of top 100", "mean U of 300", "polished")


def every() -> Codes:
    return np.stack(np.unravel_index(np.arange(20**4), COUNTS), axis=1).astype(np.intp)


def payoff_of(landscape: Landscape, seed: int) -> tuple[TablePayoff, Codes]:
    """The upper confidence bound after ``OBSERVED`` random variants, and the variants."""
    points = every()
    values = landscape.values(points)
    measured = np.flatnonzero(np.isfinite(values))
    rows = np.random.default_rng(seed).choice(measured, size=OBSERVED, replace=False)
    X, y = points[rows], np.log(values[rows] + 0.01)
    features = [of_letters(landscape.alphabet)] * 4
    data = schedule.Data(X.astype(float), y, np.full(len(y), np.nan))
    model = schedule.train(data, recipe(features), None).model
    return upper_bound(model, tables(model, features), X, beta=BETA), X


def cpu_s(work: Callable[[], T]) -> tuple[T, float]:
    start_s = time.process_time()
    result = work()
    return result, time.process_time() - start_s


def log_probs(policy: Policy, prefixes: Prefixes, X: Codes) -> Array:
    parts = []
    with torch.no_grad():
        for part in np.array_split(X, 16):
            allowed = allowed_along(prefixes, part)
            parts.append(policy.log_probs(torch.from_numpy(part), allowed).double().numpy())
    return np.concatenate(parts)


def rows_of(landscape: Landscape, seed: int, steps: int) -> list[tuple[str, ...]]:
    payoff, X = payoff_of(landscape, seed)
    sites, points, rng = Sites(COUNTS), every(), np.random.default_rng(seed)
    known = np.sort(sites.keys(X))
    U = payoff.values(points)
    p = np.exp((U - U.max()) / TAU)
    p /= p.sum()
    top = sites.keys(points[np.argsort(-U)[:100]])

    def row(name: str, seconds: float, tv: float, found: Codes, drawn: Weighted) -> tuple[str, ...]:
        recall = np.isin(top, sites.keys(found)).sum()
        polished = drawn.polished(payoff, known)
        return (
            f"{seed}",
            name,
            f"{seconds:.2f}",
            "-" if np.isnan(tv) else f"{tv:.3f}",
            f"{recall}",
            f"{drawn.values.mean():.3f}",
            f"{polished.values.mean():.3f}",
        )

    exact = Weighted(sites, points, U)
    rows = [
        row(
            "exact",
            0.0,
            0.0,
            exact.draw(1000, rng, tau=TAU).X,
            exact.without(known).draw(DRAWN, rng, tau=TAU),
        )
    ]
    starts = sites.random(CHAINS, rng)
    played, seconds = cpu_s(lambda: sample_log_linear(payoff, sites, starts, rng, tau=TAU))
    drawn = played.without(known).draw(DRAWN, rng, tau=TAU)
    rows.append(row("log-linear", seconds, np.nan, played.X, drawn))

    prefixes, net = Prefixes(sites), GFlowNet(tau=TAU, steps=steps)
    policy = net.policy(prefixes, seed=seed)
    _, seconds = cpu_s(lambda: train(net, policy, payoff, prefixes, X, rng))
    q = np.exp(log_probs(policy, prefixes, points))
    found = sample_without_replacement(policy, prefixes, 1000, rng, known=known[:0])
    drawn_X = sample_without_replacement(policy, prefixes, DRAWN, rng, known=known)
    drawn = Weighted(sites, drawn_X, payoff.values(drawn_X))
    tv = 0.5 * float(np.abs(p - q).sum())
    rows.append(row("GFlowNet", seconds, tv, found, drawn))
    return rows


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=5, help="seeds 0 .. SEEDS - 1 (5)")
    parser.add_argument("--steps", type=int, default=400, help="of training (400)")
    parser.add_argument("--gb1", type=Path, default=GB1, help=f"({GB1})")
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    landscape: Landscape
    if options.gb1.exists():
        landscape, name = Lookup.read(options.gb1), "GB1"
    else:
        landscape, name = NK.random(4, levels=20, neighbours=1, seed=0), "NK"
        print(f"there is no file {options.gb1}: NK instead", file=sys.stderr)
    table = Table(
        title=f"{name}: drawing by exp(U / {TAU}), {OBSERVED} observations",
        caption=f"{options.steps} steps of training; wanted: log-linear 95 of the top 100 in"
        " 0.5 s, GFlowNet a total variation of 0.12 in 5 s",
    )
    for column in HEADER:
        table.add_column(column, justify="left" if column == "sampler" else "right")
    for seed in range(options.seeds):
        for cells in rows_of(landscape, seed, options.steps):
            table.add_row(*cells)
        table.add_section()
    Console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
