"""Landscapes as benchmark problems: codes, letters, directions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from bosearch.errors import ConfigError
from bosearch.problems.functions import Array
from bosearch.problems.landscape import (
    LETTERS,
    Codes,
    alphabet_of,
    benchmark_of,
    decode,
    encode,
)


@dataclass
class Ones:
    """Counts the ones of three bits."""

    optimiser: Codes
    alphabet: str = "AB"
    length: int = 3

    def values(self, X: Codes) -> Array:
        return np.asarray(X.sum(axis=1), dtype=float)


def odd(params: Mapping[str, Any]) -> bool:
    return str(params["seq"]).count("B") % 2 == 1


def test_codes_and_strings_are_inverse() -> None:
    X = np.random.default_rng(0).integers(62, size=(20, 7))
    assert (encode(decode(X, LETTERS), LETTERS) == X).all()
    assert decode(np.array([[0, 1, 0]]), "AB") == ["ABA"]


@pytest.mark.parametrize("levels", [2, 20, 62])
def test_alphabets_have_one_letter_per_level_and_are_never_those_of_proteins(levels: int) -> None:
    alphabet = alphabet_of(levels)
    assert len(set(alphabet)) == levels
    assert set(alphabet) != set("ACDEFGHIKLMNPQRSTVWY")
    with pytest.raises(ConfigError, match=r"levels must lie in \[2, 62\], got 1"):
        alphabet_of(1)


def test_a_landscape_is_maximized_or_minimized_as_stated() -> None:
    most = benchmark_of("most", Ones(np.array([1, 1, 1])))
    assert (most.optimum, most.optimiser) == (3.0, {"seq": "BBB"})
    assert most.simple_regret([{"value": 1.0}]) == 2.0
    least = benchmark_of("least", Ones(np.array([0, 0, 0])), "minimize")
    assert least.optimum == 0.0
    assert least.simple_regret([{"value": 1.0}]) == 1.0
    assert least.evaluate({"seq": "ABB"}) == {"value": 2.0}


def test_a_constraint_limits_the_space() -> None:
    problem = benchmark_of("odd", Ones(np.array([1, 1, 1])), constraint=odd)
    assert sorted(p["seq"] for p in problem.space.enumerate()) == ["AAB", "ABA", "BAA", "BBB"]
