"""Every registered surrogate with small settings, and data to fit."""

from typing import Any

import numpy as np

from bosearch.space.factor import Factor
from bosearch.surrogates.embedding import Array, Embedding
from bosearch.surrogates.interface import Fitted, Surrogate
from bosearch.surrogates.registry import NAMES, PRESETS, load
from bosearch.surrogates.schedule import Data

SMALL = {"widths": (16,)}
CHAINS = {**SMALL, "chains": 4, "members": 32, "start_steps": 100}
CHEAP: dict[str, dict[str, Any]] = {
    "ensemble": {**SMALL, "members": 12, "steps": 150},
    "laplace": {**SMALL, "steps": 150},
    "dkl": {**SMALL, "steps": 60},
    "vbll": {**SMALL, "steps": 60},
    "dropout": {**SMALL, "members": 32, "steps": 150},
    "hmc": {**CHAINS, "burn_in": 20, "trajectories": 24, "leaps": 10},
    "langevin": {**CHAINS, "tuning": 20, "burn_in": 100, "steps": 200},
    "sghmc": {**CHAINS, "burn_in": 200, "steps": 400},
}
"""Options under which a fit takes a fraction of a second; nothing here needs accuracy."""

ALL = tuple(name for name in NAMES if name not in PRESETS)


def cheap(name: str) -> Surrogate:
    """The surrogate or preset called ``name``, with few members and short training."""
    recipe = PRESETS.get(name, {}).get("name", name)
    return load({"name": name, **CHEAP.get(recipe, {})})


def cube(d: int) -> Embedding:
    """``d`` continuous coordinates."""
    return Embedding.of([Factor("continuous")] * d)


def smooth(n: int, d: int, seed: int = 0) -> Data:
    """A smooth function at random points, values around 30 with a spread of about 5."""
    X = np.random.default_rng(seed).uniform(size=(n, d))
    return told(X, 30.0 + 10.0 * np.sin(3.0 * X[:, 0]) + 5.0 * X[:, -1])


def told(X: Array, y: Array, sem: float = np.nan) -> Data:
    """Values at points, with equal standard errors."""
    return Data(np.asarray(X, dtype=float), np.asarray(y, dtype=float), np.full(len(y), sem))


def fitted(name: str, data: Data, seed: int = 0) -> Fitted:
    """A cheap fit in the unit cube."""
    return cheap(name).fit(data, cube(data.X.shape[1]), seed=seed)
