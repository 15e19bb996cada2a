"""A product of tables is the kernel of the process."""

import numpy as np

from bosearch.combinatorial.features import identity
from bosearch.combinatorial.model import recipe, tables
from bosearch.combinatorial.space import Sites
from tests.combinatorial.cases import COUNTS, features_of, process

RNG = np.random.default_rng


def test_a_product_of_tables_is_the_kernel() -> None:
    rng = RNG(0)
    sites, features = Sites(COUNTS), features_of(COUNTS, rng)
    X = sites.random(10, rng)
    model = process(X, rng.normal(size=10), features)
    product = np.ones((10, 10))
    for i, table in enumerate(tables(model, features)):
        product *= table[np.ix_(X[:, i], X[:, i])]
    kernel = model.recipe.kernel(model.A, model.A).values
    np.testing.assert_allclose(product, kernel, rtol=0, atol=1e-12)


def test_identity_is_the_heat_kernel_of_a_hamming_graph() -> None:
    # Doumont et al. (2025): (1 - e^(-b g)) / (1 + (g - 1) e^(-b g)) where two levels differ.
    levels, b = 5, 0.3
    heat = (1 - np.exp(-b * levels)) / (1 + (levels - 1) * np.exp(-b * levels))
    features = [identity(levels)]
    lengthscale = np.sqrt(-0.5 / np.log(heat))
    model = process(np.array([[0]]), np.zeros(1), features, lengthscale=float(lengthscale))
    (table,) = tables(model, features)
    expected = np.where(np.eye(levels, dtype=bool), 1.0, heat)
    np.testing.assert_allclose(table, expected, rtol=0, atol=1e-12)


def test_numbers_have_a_length_scale_and_no_table() -> None:
    mixed = recipe([identity(3), None, identity(2)])
    assert mixed.embedding.count == 3
    assert mixed.embedding.scales.tolist() == [0, 0, 0, 1, 2, 2]
