"""Small games: random data on sites, and processes fitted to nothing but a seed."""

from collections.abc import Sequence

import numpy as np

from bosearch.combinatorial.features import described, identity
from bosearch.combinatorial.model import recipe, tables, upper_bound
from bosearch.combinatorial.payoff import Array
from bosearch.combinatorial.space import Codes, Sites
from bosearch.combinatorial.table_payoff import TablePayoff
from bosearch.surrogates.gp import GaussianProcess
from bosearch.surrogates.likelihood import Hyperparameters, Observations

COUNTS = (3, 5, 2, 4)


def features_of(counts: Sequence[int], rng: np.random.Generator) -> list[Array]:
    """Descriptors at every other site, identity at the rest."""
    return [
        described(rng.normal(size=(count, 2))) if i % 2 and count > 1 else identity(count)
        for i, count in enumerate(counts)
    ]


def process(
    X: Codes,
    y: Array,
    features: Sequence[Array],
    *,
    lengthscale: float = 0.8,
    noise: float = 1e-4,
    known_var: Array | None = None,
) -> GaussianProcess:
    """A process with given hyperparameters on standardised observations."""
    model = recipe(features)
    hyper = Hyperparameters(
        np.log(lengthscale) + 0.1 * np.arange(len(features)), 0.3, np.log(noise), 0.2
    )
    known = np.full(len(y), np.nan) if known_var is None else known_var
    observations = Observations(model.embedding(X.astype(float)), y, known)
    return GaussianProcess.condition(model, hyper, observations, location=0.0, spread=1.0)


def game(
    seed: int,
    *,
    counts: Sequence[int] = COUNTS,
    n: int = 12,
    beta: float = 2.0,
    lengthscale: float = 0.8,
) -> tuple[TablePayoff, Sites]:
    """A game on random data, without restrictions."""
    rng = np.random.default_rng(seed)
    sites = Sites(counts)
    X, features = sites.random(n, rng), features_of(counts, rng)
    model = process(X, rng.normal(size=n), features, lengthscale=lengthscale)
    return upper_bound(model, tables(model, features), X, beta=beta), sites
