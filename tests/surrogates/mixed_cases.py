"""A mixed space with observations, for several tests of surrogates."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bosearch.space.factor import Factor
from bosearch.surrogates.embedding import Embedding
from bosearch.surrogates.fit import Recipe
from bosearch.surrogates.kernel import PROFILES
from bosearch.surrogates.likelihood import Hyperparameters, Observations, Priors

Array = NDArray[np.float64]

FACTORS = (
    Factor("continuous"),
    Factor("continuous"),
    Factor("ordinal", 5),
    Factor("categorical", 3),
    Factor("categorical", 4, features=((0.0, 0.0), (1.0, 0.5), (0.3, 1.0), (0.2, 0.2))),
)


def points(n: int, rng: np.random.Generator) -> Array:
    """Random encoded points of ``FACTORS``."""
    U = rng.uniform(size=(n, len(FACTORS)))
    return np.stack([f.from_unit(U[:, i]) for i, f in enumerate(FACTORS)], axis=1)


@dataclass(frozen=True)
class Case:
    """A mixed space with observations, some with known noise, and some hyperparameters."""

    recipe: Recipe
    hyper: Hyperparameters
    X: Array
    observations: Observations


def mixed_case(kernel: str) -> Case:
    """The case with one of the kernels."""
    rng = np.random.default_rng(0)
    embedding = Embedding.of(FACTORS)
    X = points(25, rng)
    y = np.sin(5 * X[:, 0]) + X[:, 3] + 0.1 * rng.normal(size=25)
    known_var = np.full(25, np.nan)
    known_var[:6] = 0.01
    hyper = Hyperparameters(np.array([-0.5, 0.3, 0.1, 0.2, -0.1, 0.4]), 0.2, -4.0, 0.3)
    recipe = Recipe(embedding, PROFILES[kernel], Priors.for_dimension(6))
    observations = Observations(embedding(X), (y - y.mean()) / y.std(), known_var)
    return Case(recipe, hyper, X, observations)


CASES = {kernel: mixed_case(kernel) for kernel in ("rbf", "matern52")}
