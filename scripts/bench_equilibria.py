#!/usr/bin/env python
"""One acquisition, one batch, one large game: games against exhaustive search and BoTorch.

    python scripts/bench_equilibria.py --cases 10

All methods maximize ``mean + 3 * std`` of the same Gaussian process, trained on 150 random
measured variants of GB1 (see ``studies/gb1`` for its table); case by case, medians. CPU
seconds of the process, one thread. ``--large`` adds 64 games on 55 sites after 2,000
observations of an adjacent NK landscape.
"""

import argparse
import time
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import bench_combinatorial as campaigns
import bench_combinatorial_peers as peers
import numpy as np
from rich.console import Console
from rich.table import Table

from bosearch.combinatorial.batch import Known, hallucinated
from bosearch.combinatorial.encoding import Encoding
from bosearch.combinatorial.model import recipe, tables, upper_bound
from bosearch.combinatorial.payoff import Payoff
from bosearch.combinatorial.scales import SCALES
from bosearch.combinatorial.solvers import Equilibria, best_response
from bosearch.combinatorial.starts import mixed_starts
from bosearch.combinatorial.training import train_on_scale
from bosearch.problems.nk import NK, nk
from bosearch.surrogates.gp import GaussianProcess
from bosearch.surrogates.likelihood import Observations
from bosearch.surrogates.schedule import Data

Case = dict[str, tuple[float, float]]  # by method: value and CPU seconds
GAMES, BATCH = 64, 8


def timed(function: Callable[[], Any]) -> tuple[Any, float]:
    start_s = time.process_time()
    return function(), time.process_time() - start_s


def case(seed: int, *, botorch: bool, games: int = GAMES) -> tuple[Case, float, bool, bool]:
    """One data set: values and costs, the batch's share of the payoff, whether it holds the
    same points, and whether in the same order."""
    problem = campaigns.gb1(0.0)
    texts = campaigns.measured_variants(problem, 150, seed)
    encoding, parameter = Encoding(problem.space), peers.parameter_of(problem)
    X = parameter.encode(texts).astype(np.intp)
    y = np.array([problem.evaluate({"seq": text})["value"] for text in texts])
    trained = train_on_scale(
        Data(X.astype(float), y, np.full(150, np.nan)), recipe(encoding.features), None
    )
    model, sites = trained.model, encoding.sites
    every = sites.all()

    def payoff() -> Any:
        return upper_bound(model, tables(model, encoding.features), X, beta=peers.BETA)

    def play(payoff: Payoff, rng: np.random.Generator) -> Equilibria:
        return best_response(
            payoff, sites, mixed_starts(sites, X, trained.y, rng, count=games), rng
        )

    def greedy() -> list[int]:
        now, keys = payoff(), sites.keys(every)
        chosen: list[int] = sites.keys(X).tolist()
        for _ in range(BATCH):
            values = now.values(every)
            values[np.isin(keys, chosen)] = -np.inf
            chosen.append(int(keys[values.argmax()]))
            now = now.conditioned(every[values.argmax()])
        return list(chosen[-BATCH:])

    found: Case = {}
    (top, cost) = timed(lambda: payoff().values(every).max())
    found["exhaustive"] = (float(top), cost)
    (ends, cost) = timed(lambda: play(payoff(), np.random.default_rng(seed)))
    found[f"{games} games"] = (float(ends.values[0]), cost)
    known = Known(sites, sites.keys(X))
    rngs = [np.random.default_rng([seed, k]) for k in range(BATCH)]
    (picks, cost) = timed(lambda: hallucinated(payoff(), sites, known, play, rngs))
    found["batch of 8, games"] = (sum(pick.value for pick in picks), cost)
    (keys, cost) = timed(greedy)
    worth, now = 0.0, payoff()
    for key in keys:
        x = every[sites.keys(every) == key][0]
        worth += float(now.values(x[None])[0])
        now = now.conditioned(x)
    found["batch of 8, exhaustive"] = (worth, cost)
    if botorch:
        analytic = _analytic(model)
        for name, kind in (("local", peers.LocalSearch), ("mixed", peers.MixedAlternating)):
            peer = kind(problem, seed, 150)
            peer.tell(texts, y.tolist())
            peer.given = analytic
            (text,), cost = timed(partial(peer.ask, 1))
            value = float(payoff().values(parameter.encode([text]).astype(np.intp))[0])
            found[f"BoTorch {name}"] = (value, cost)
    mine = sites.keys(np.array([pick.x for pick in picks])).tolist()
    return found, found["batch of 8, games"][0] / worth, set(mine) == set(keys), mine == keys


def _analytic(model: Any) -> Any:
    """BoTorch's analytic upper confidence bound of the same process."""
    from botorch.acquisition import UpperConfidenceBound

    from bosearch.surrogates.botorch_model import GaussianProcesses

    return UpperConfidenceBound(GaussianProcesses([model]), beta=peers.BETA**2)


def large() -> tuple[float, int, int]:
    """CPU seconds, sweeps and games' ends of 64 games, 55 sites, 2,000 observations."""
    landscape = NK.random(55, levels=20, neighbours=1, seed=0)
    rng = np.random.default_rng(0)
    X = rng.integers(20, size=(2_000, 55))
    y = landscape.values(X)
    encoding = Encoding(nk(55).space)
    kernel = recipe(encoding.features)
    first = Data(X[:300].astype(float), y[:300], np.full(300, np.nan))
    fitted = train_on_scale(first, kernel, None).model  # hyperparameters of 300 observations
    z = SCALES["normal scores"](y).z
    rows = kernel.embedding(X.astype(float))
    observations = Observations(rows, z, np.full(len(y), np.nan))
    model = GaussianProcess.condition(kernel, fitted.hyper, observations, location=0.0, spread=1.0)
    payoff = upper_bound(
        model, tables(model, encoding.features), X.astype(np.intp), beta=peers.BETA
    )
    starts = mixed_starts(encoding.sites, X.astype(np.intp), y, rng, count=64)
    ends, cost = timed(lambda: best_response(payoff, encoding.sites, starts, rng))
    return cost, ends.sweeps, len(ends.X)


def table(cases: Sequence[Case]) -> Table:
    shown = Table(title="one acquisition on GB1 after 150 observations")
    for column in ("method", "median CPU s", "as high as exhaustive", "worst shortfall"):
        shown.add_column(column)
    for name in cases[0]:
        reference = "batch of 8, exhaustive" if name.startswith("batch") else "exhaustive"
        short = [c[reference][0] - c[name][0] for c in cases]
        shown.add_row(
            name,
            f"{np.median([c[name][1] for c in cases]):.4f}",
            f"{sum(s < 1e-6 for s in short)} of {len(cases)}",
            f"{max(short):.4f}",
        )
    return shown


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=10, help="data sets, seeds 0 .. N - 1")
    parser.add_argument("--games", type=int, default=GAMES, help="played for each point")
    parser.add_argument("--no-botorch", action="store_true")
    parser.add_argument("--large", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if not options.no_botorch:
        peers.prepare("botorch-mixed")
    console = Console(width=120)
    found = [
        case(seed, botorch=not options.no_botorch, games=options.games)
        for seed in range(options.cases)
    ]
    console.print(table([f[0] for f in found]))
    console.print(
        f"batches of 8: {sum(f[2] for f in found)} of {len(found)} hold the points of the"
        f" exhaustive one, {sum(f[3] for f in found)} in the same order; least share of its"
        f" payoff {min(f[1] for f in found):.5f}"
    )
    if options.large:
        cost, sweeps, ends = large()
        console.print(f"64 games, 55 sites, 2,000 observations: {cost:.1f} CPU s,", end=" ")
        console.print(f"{sweeps} sweeps, {ends} ends")


if __name__ == "__main__":
    main()
