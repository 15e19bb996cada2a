"""A mixed space with observations, for several tests of surrogates."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bosearch.space.factor import Factor
from bosearch.surrogates.embedding import Embedding
from bosearch.surrogates.fit import Recipe
from bosearch.surrogates.kernel import KERNELS, ArcCosine, Kernel
from bosearch.surrogates.likelihood import Hyperparameters, Observations

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
    recipe = Recipe.of(embedding, kernel)
    scales = np.array([-0.5, 0.3, 0.1, 0.2, -0.1, 0.4])[: recipe.embedding.count]
    hyper = Hyperparameters(scales, 0.2, -4.0, 0.3)
    observations = Observations(embedding(X), (y - y.mean()) / y.std(), known_var)
    return Case(recipe, hyper, X, observations)


def covariances(kernel: Kernel, A: Array, B: Array) -> Array:
    """Pair by pair, from the gap between two points or the angle between them."""

    def stationary(a: Array, b: Array) -> float:
        r = float(np.linalg.norm(a - b))
        if kernel is KERNELS["rbf"]:
            return float(np.exp(-0.5 * r**2))
        return float((1 + np.sqrt(5) * r + 5 / 3 * r**2) * np.exp(-np.sqrt(5) * r))

    def of_network(a: Array, b: Array) -> float:
        a, b = np.append(1.0, a), np.append(1.0, b)
        size = float(np.linalg.norm(a) * np.linalg.norm(b))
        a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
        angle = 2 * np.arctan2(np.linalg.norm(a - b), np.linalg.norm(a + b))
        assert isinstance(kernel, ArcCosine)
        for _ in range(kernel.depth):
            cosine = (np.sin(angle) + (np.pi - angle) * np.cos(angle)) / np.pi
            angle = np.arccos(np.clip(cosine, -1.0, 1.0))
        return size * float(np.cos(angle))

    one = of_network if isinstance(kernel, ArcCosine) else stationary
    return np.array([[one(a, b) for b in B] for a in A])


CASES = {kernel: mixed_case(kernel) for kernel in KERNELS}
