"""Guides learned from a record: what they say, and that a search with one measures less."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from bosearch.treesearch import Failure, Guide, Position, SearchRecipe, TreeSearch
from bosearch.treesearch.learned import optimistic, training_data
from bosearch.treesearch.record import Told
from bosearch.treesearch.surrogate import fit
from tests.treesearch.games import Baskets, subsets

WORDS = [("a",), ("a", "b"), ("b", "b"), ("c",)]
MODEL = fit(WORDS, np.array([0.0, 1.0, 2.0, 0.5]))


def position(*tokens: str) -> Position[str]:
    return Position(tokens, "", "")


def test_failures_are_taught_as_the_worst_reward() -> None:
    record = [
        Told(("a",), "a", 0.5),
        Told(("b",), "b", Failure("no")),
        Told(("c",), "c", -2.0),
    ]
    words, y = training_data(record)
    assert words == [("a",), ("b",), ("c",)]
    assert y.tolist() == [0.5, -2.0, -2.0]
    assert training_data(record[1:2])[1].tolist() == [0.0]


def test_value_is_the_upper_bound_of_the_model() -> None:
    mean, std = MODEL.predict([("b",), ("z",)])
    guide = optimistic(MODEL, optimism=2.0)
    assert guide.value is not None
    for i, token in enumerate("bz"):
        assert guide.value(position(token)) == pytest.approx(mean[i] + 2.0 * std[i])


def test_prior_is_a_softmax_over_the_bags_that_moves_lead_to() -> None:
    mean, _ = MODEL.predict([("a", "a"), ("a", "b"), ("a", "c")])
    guide = optimistic(MODEL, optimism=0.0, temperature=0.5)
    found = guide.probabilities(position("a"), ["a", "b", "c"])
    weights = np.exp(mean / (0.5 * np.std([0.0, 1.0, 2.0, 0.5])))
    assert found.tolist() == pytest.approx((weights / weights.sum()).tolist())
    plain = optimistic(MODEL).probabilities(position("a"), ["a", "b", "c"])
    assert plain.tolist() == pytest.approx([1 / 3] * 3)


ITEMS = "abcdefghijkl"
VALUES = dict(zip(ITEMS, np.random.default_rng(0).normal(size=len(ITEMS)), strict=True))


def reward(word: Sequence[str]) -> float:
    """Values of items, and a bonus for one pair."""
    total = sum(VALUES.get(token, 0.0) for token in word)
    return float(total + (1.0 if {"c", "k"} <= set(word) else 0.0))


def best_found(seed: int, measurements: int, *, learning: bool) -> float:
    search = TreeSearch(Baskets(ITEMS, most=4), SearchRecipe(simulations=40), seed=seed)
    for _ in range(measurements):
        guide: Guide[Any] = Guide()
        if learning and len(search.record) >= 4:
            guide = optimistic(fit(*training_data(search.record)), temperature=1.0)
        (leaf,) = search.select(1, guide)
        search.tell(leaf, reward(leaf.tokens))
    return max(told.result for told in search.record if isinstance(told.result, float))


def test_search_that_learns_comes_near_the_best_of_794_in_20_measurements() -> None:
    every = sorted(map(reward, subsets(ITEMS, 4)), reverse=True)
    assert len(every) == 794
    learned = [best_found(seed, 20, learning=True) for seed in range(3)]
    blind = [best_found(seed, 20, learning=False) for seed in range(3)]
    assert np.mean(learned) > every[8]  # on average among the best percent
    assert np.mean(learned) > np.mean(blind) + 0.5
