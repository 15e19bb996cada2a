"""Searches of GB1 as they are published: the curves of ``gameopt``, seed by seed.

    python studies/gb1/protocols.py --protocol alde --seeds 5

``campaign`` starts from 100 random measured variants and measures 12 batches of 8, ``alde``
from 96, and 4 batches of 96, as Yang et al. (2025), "Active learning-assisted directed
evolution", Nature Communications 16:714. All strategies of a seed start from the same
variants. Those that nobody has measured are kept out by an input constraint.
"""

import argparse
import gzip
import tempfile
from collections.abc import Mapping
from csv import DictReader
from functools import cache
from typing import Any

import numpy as np
from objective import TABLE, WHERE

from bosearch import Sequence, Space, Study, maximize

PROTOCOLS = {"campaign": (100, 12, 8), "alde": (96, 4, 96)}  # first, rounds, batch


@cache
def landscape() -> dict[str, float]:
    """Fitness by variant."""
    if not TABLE.exists():
        raise FileNotFoundError(WHERE)
    with gzip.open(TABLE, "rt", newline="") as lines:
        return {row["sequence"]: float(row["fitness"]) for row in DictReader(lines)}


def measured(params: Mapping[str, Any]) -> bool:
    """Whether somebody has measured the variant."""
    return params["seq"] in landscape()


def curve(protocol: str, strategy: str, seed: int) -> list[float]:
    """Best fitness after the first measurements and after each batch, as a share of the best."""
    first, rounds, batch = PROTOCOLS[protocol]
    fitness = landscape()
    variants = list(fitness)
    start = [variants[i] for i in np.random.default_rng(seed).permutation(len(variants))[:first]]
    with tempfile.TemporaryDirectory() as folder:
        study = Study.create(
            f"sqlite:///{folder}/gb1.db",
            name="gb1",
            space=Space([measured], seq=Sequence("ACDEFGHIKLMNPQRSTVWY", 4)),
            objectives=[maximize("fitness")],
            strategy={"name": strategy, "initial": first},
            seed=seed,
        )
        for variant in start:
            study.observe({"seq": variant}, {"fitness": fitness[variant]})
        best = [max(fitness[variant] for variant in start)]
        for _ in range(rounds):
            for trial in study.ask(batch):
                study.tell(trial, {"fitness": fitness[trial.params["seq"]]})
            best.append(max(best[-1], *(t["fitness"] for t in study.completed[-batch:])))
        study.close()
    return [value / max(fitness.values()) for value in best]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--protocol", choices=PROTOCOLS, default="campaign")
    parser.add_argument("--strategy", default="gameopt")
    parser.add_argument("--seeds", type=int, default=3, help="seeds 0 .. N - 1")
    options = parser.parse_args()
    first, rounds, batch = PROTOCOLS[options.protocol]
    print("seed", *(first + batch * r for r in range(rounds + 1)), sep="\t")
    curves = []
    for seed in range(options.seeds):
        curves.append(curve(options.protocol, options.strategy, seed))
        print(seed, *(f"{value:.3f}" for value in curves[-1]), sep="\t", flush=True)
    print("mean", *(f"{value:.3f}" for value in np.mean(curves, axis=0)), sep="\t")


if __name__ == "__main__":
    main()
