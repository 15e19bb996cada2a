"""Recipes check themselves when they are made."""

from typing import Any

import pytest

from bosearch.errors import ConfigError
from bosearch.evaluators import RECIPES, CommandRecipe, ProcessRecipe, SdpRecipe


def test_a_command_is_split_without_a_shell() -> None:
    recipe = CommandRecipe(command="simulate --title 'two words' $HOME; rm")
    assert recipe.argv == ["simulate", "--title", "two words", "$HOME;", "rm"]
    assert CommandRecipe(command=["a b", "c"]).argv == ["a b", "c"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"function": "objective.evaluate"}, "function must read 'module:function'"),
        ({"function": "objective:"}, "function must read 'module:function'"),
        ({"workers": 0}, "workers must be an integer of at least 1, got 0"),
        ({"workers": 1.5}, "workers must be an integer of at least 1, got 1.5"),
        ({"threads": 0}, "threads must be an integer of at least 1"),
        ({"retries": -1}, "retries must be an integer of at least 0"),
        ({"timeout_s": 0}, "timeout_s must be positive, got 0"),
        ({"memory_mb": -5.0}, "memory_mb must be positive"),
    ],
)
def test_a_wrong_recipe_says_what_it_expects(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        ProcessRecipe(**{"function": "objective:evaluate", **wrong})


@pytest.mark.parametrize("command", ["", [], "unbalanced 'quote"])
def test_a_command_that_is_no_command_is_refused(command: Any) -> None:
    with pytest.raises(ConfigError, match="command"):
        CommandRecipe(command=command)


def test_study_files_name_recipes_by_their_type() -> None:
    assert list(RECIPES) == ["process", "command", "sdp"]
    assert RECIPES["process"] is ProcessRecipe
    assert RECIPES["command"] is CommandRecipe
    assert RECIPES["sdp"] is SdpRecipe
