"""Recipes of a search check themselves."""

import math
from typing import Any

import pytest

from bosearch.errors import ConfigError
from bosearch.treesearch import SearchRecipe


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"simulations": 0}, "simulations must be a whole number from 1, got 0"),
        ({"simulations": 10.0}, "simulations must be a whole number"),
        ({"max_moves": True}, "max_moves must be a whole number from 1"),
        ({"virtual_loss": -1}, "virtual_loss must be a whole number from 0"),
        ({"exploration": -0.1}, "exploration must be a finite number from 0"),
        ({"exploration": math.nan}, "exploration must be a finite number from 0"),
        ({"widening_factor": 0.0}, r"widening_factor must be a positive number(.|\n)*None lets"),
        ({"widening_exponent": 1.5}, r"widening_exponent must lie in \(0, 1\]"),
        ({"failed_reward": math.inf}, "failed_reward must be finite"),
        ({"bounds": (1.0, 1.0)}, "low < high"),
        ({"bounds": (0.0, math.nan)}, "low < high"),
    ],
)
def test_bad_settings_are_named(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        SearchRecipe(**settings)
