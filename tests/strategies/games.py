"""A game with a known answer, which costs nothing to play."""

import math
from collections.abc import Mapping
from typing import Any

from bosearch import Construction, Integer, Real, Space, Study, minimize
from bosearch.packing import best_packing
from bosearch.packing.cost import SHIPPED
from bosearch.packing.game import edits

GRAMMAR = "bosearch.packing.game:AssemblyGrammar"
LOW, TWO_POINT = best_packing(4) or 0.0, 0.6477
SLOWER = 1.7  # this machine, compared with the one whose seconds are shipped


def space() -> Space:
    """Degrees 4 to 8 with two real parameters."""
    return Space(
        d=Integer(4, 8),
        d2=Integer(8, 14),
        r=Real(1.1, 1.3),
        ratio=Real(1.2, 1.8),
        assembly=Construction(GRAMMAR),
    )


def best_ratio(d: int) -> float:
    """Where the bound of a degree is lowest: it moves with the degree."""
    return 1.35 + 0.05 * (d - 4)


def bound(params: Mapping[str, Any]) -> dict[str, float]:
    """A bound that higher degrees and more pieces improve, lowest at r = 1.2."""
    d, state = params["d"], edits(params["assembly"])
    gain = 0.15 + 0.06 * (d - 4)
    gain *= math.exp(-0.5 * ((params["ratio"] - best_ratio(d)) / 0.1) ** 2)
    gain *= math.exp(-(((params["r"] - 1.2) / 0.05) ** 2))
    gain *= max(0.0, 1.0 - 0.1 * len(state.dropped)) * (1.0 - 0.02 * state.shorter**2)
    gain *= 0.97 ** len(state.lowered)
    seconds = SHIPPED.seconds(4, d, params["d2"], state.assembly(d))
    return {"density": TWO_POINT - gain * (TWO_POINT - LOW), "cpu_s": SLOWER * seconds}


def new_study(strategy: str | Mapping[str, Any] = "sdp-game", *, seed: int = 0) -> Study:
    """A study of the game in memory."""
    if strategy == "sdp-game":
        strategy = {"name": "sdp-game", "dim": 4, "reference": TWO_POINT, "simulations": 20}
    return Study.create(
        "sqlite://",
        name="game",
        space=space(),
        objectives=[minimize("density")],
        tracked=["cpu_s"],
        strategy=strategy,
        seed=seed,
    )
