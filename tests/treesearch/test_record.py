"""The record of a search: rewards are averaged by what was built, failures are data."""

import math
from typing import Any

import pytest

from bosearch.errors import ParameterError
from bosearch.treesearch import Failure
from bosearch.treesearch.record import Told, checked, mean_reward, rewards

RECORD = [
    Told(("a", "b"), "ab", 1.0),
    Told(("c",), "c", Failure("out of memory")),
    Told(("b", "a"), "ab", 2.0),
    Told(("a", "b"), "ab", Failure("lost")),
    Told(("d",), "d", -4.0),
]


def test_rewards_are_means_by_canonical_form_and_failures_beside_them_do_not_count() -> None:
    assert rewards(RECORD) == {"ab": 1.5, "c": None, "d": -4.0}


def test_mean_reward_weighs_each_construction_alike() -> None:
    assert mean_reward(RECORD) == pytest.approx((1.5 - 4.0) / 2)
    assert mean_reward([Told(("c",), "c", Failure("no"))]) == 0.0


@pytest.mark.parametrize("result", [math.nan, math.inf, True, "1.0", None])
def test_results_are_finite_or_failures(result: Any) -> None:
    with pytest.raises(ParameterError, match=r"expected a finite reward or a Failure(.|\n)*hint"):
        checked(result)


def test_whole_rewards_become_floats() -> None:
    assert isinstance(checked(1), float)
    assert checked(Failure("no")) == Failure("no")
