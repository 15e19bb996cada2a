"""Correlations of sites make correlations of points, however they are taken apart."""

from itertools import combinations

import numpy as np
import pytest

from bosearch.combinatorial.combination import PRODUCT, Additive, Combination
from bosearch.combinatorial.payoff import Array

BOTH: dict[str, Combination] = {"product": PRODUCT, "additive": Additive.of(5, pairs=0.3)}


@pytest.fixture(params=BOTH)
def combination(request: pytest.FixtureRequest) -> Combination:
    return BOTH[request.param]


def factors(sites: int = 5) -> list[Array]:
    return list(np.random.default_rng(0).uniform(0.1, 1.0, size=(sites, 4, 6)))


def test_sums_go_over_sites_and_pairs_one_by_one() -> None:
    rows = factors()
    pairs = [a * b for a, b in combinations(rows, 2)]
    expected = 0.7 * np.mean(rows, axis=0) + 0.3 * np.mean(pairs, axis=0)
    whole = Additive.of(5, pairs=0.3).whole(rows)
    np.testing.assert_allclose(whole, expected, rtol=1e-13)


def test_a_point_correlates_fully_with_itself(combination: Combination) -> None:
    ones = list(np.ones((5, 2, 2)))
    np.testing.assert_allclose(combination.whole(ones), 1.0, rtol=1e-14)


def test_every_site_enters_as_an_affine_function(combination: Combination) -> None:
    rows = factors()
    each = list(combination.each(rows))
    for i, (rest, slope) in enumerate(each):
        alone, alone_slope = combination.without(rows, i)
        np.testing.assert_allclose(slope, alone_slope, rtol=1e-12)
        other = np.random.default_rng(i).uniform(size=rows[i].shape)
        expected = combination.whole([*rows[:i], other, *rows[i + 1 :]])
        for offset, factor in ((rest, slope), (alone, alone_slope)):
            found = factor * other if offset is None else offset + factor * other
            np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_one_site_has_no_pairs() -> None:
    (row,) = factors(1)
    for combination in (PRODUCT, Additive.of(1, pairs=0.9)):
        np.testing.assert_allclose(combination.whole([row]), row, rtol=0)


def test_random_features_have_the_correlation_on_average(combination: Combination) -> None:
    # 200,000 features of standard deviation below 6: errors of the mean stay below 0.015.
    rng = np.random.default_rng(1)
    roots = rng.normal(size=(5, 3, 3)) / np.sqrt(3)
    features = [root @ rng.standard_normal((3, 200_000)) for root in roots]
    drawn = combination.root.whole(features)
    found = drawn @ drawn.T / 200_000
    expected = combination.whole([root @ root.T for root in roots])
    np.testing.assert_allclose(found, expected, rtol=0, atol=0.06)
