"""Presets state all that makes them what they are: defaults may change."""

from typing import Any

import pytest

from bosearch.surrogates.registry import PRESETS, load

TRAINED = ["paper-ensemble", "paper-laplace", "paper-dkl"]


@pytest.mark.parametrize("name", [*TRAINED, "paper-hmc", "paper-sghmc"])
def test_networks_of_the_study_are_of_tanh(name: str) -> None:
    recipe: Any = load(name)
    assert recipe.activation == PRESETS[name]["activation"] == "tanh"


@pytest.mark.parametrize("name", TRAINED)
def test_networks_of_the_study_take_a_thousand_steps_of_training(name: str) -> None:
    recipe: Any = load(name)
    assert recipe.steps == PRESETS[name]["steps"] == 1000
