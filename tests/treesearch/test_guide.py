"""Guides: priors are normalised, and what a search cannot use is refused by its place."""

import math

import pytest

from bosearch.errors import ConfigError
from bosearch.treesearch import Guide, Position

HERE: Position[str] = Position(("a", "b"), "ab", "ab")


def test_prior_is_normalised() -> None:
    guide: Guide[str] = Guide(prior=lambda position, moves: [1.0, 3.0, 0.0])
    assert guide.probabilities(HERE, ["x", "y", "z"]).tolist() == [0.25, 0.75, 0.0]
    assert Guide[str]().probabilities(HERE, ["x", "y"]).tolist() == [0.5, 0.5]


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0], r"must give 2 non-negative numbers after 'a b', got \[1.0\]"),
        ([1.0, -1.0], "must give 2 non-negative numbers"),
        ([1.0, math.nan], "must give 2 non-negative numbers"),
        ([0.0, 0.0], "rules out every move after 'a b'"),
    ],
)
def test_wrong_priors_are_refused(weights: list[float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Guide[str](prior=lambda position, moves: weights).probabilities(HERE, ["x", "y"])


def test_value_must_be_finite() -> None:
    with pytest.raises(ConfigError, match="the value of 'a b' must be finite, got nan"):
        Guide[str](lambda position: math.nan).reward(HERE, otherwise=0.0)


def test_without_a_value_nothing_is_known() -> None:
    assert Guide[str]().reward(HERE, otherwise=0.25) == 0.25
