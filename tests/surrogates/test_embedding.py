"""Coordinates of mixed points."""

import numpy as np

from bosearch.surrogates.embedding import Embedding
from bosearch.surrogates.kernel import squared_distances, squared_exponential
from tests.surrogates.mixed_cases import FACTORS, points


def test_simplex_with_a_gaussian_kernel_is_the_exponential_hamming_kernel() -> None:
    embedding = Embedding.of(FACTORS)
    X = points(8, np.random.default_rng(1))
    lengthscales = np.array([0.5, 0.7, 1.1, 0.8, 0.9, 2.0])
    Z = embedding(X) / lengthscales[embedding.scales]
    k, _ = squared_exponential(squared_distances(Z, Z))

    features = np.array(FACTORS[4].features)[X[:, 4].astype(int)]
    numbers = np.hstack([X[:, :3], features])
    for i in range(8):
        for j in range(8):
            gap = (numbers[i] - numbers[j]) / lengthscales[[0, 1, 2, 4, 5]]
            differs = float(X[i, 3] != X[j, 3])
            expected = np.exp(-0.5 * gap @ gap) * np.exp(-0.5 * differs / 0.8**2)
            assert abs(k[i, j] - expected) < 1e-12


def test_pull_back_gives_categories_no_slope() -> None:
    embedding = Embedding.of(FACTORS)
    slopes = np.arange(2.0 * len(embedding.scales)).reshape(2, -1)
    pulled = embedding.pull_back(slopes)
    assert (pulled[:, :3] == slopes[:, :3]).all()
    assert (pulled[:, 3:] == 0).all()
