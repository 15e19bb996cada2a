"""The formulas of the search against numbers worked out by hand."""

import math

import numpy as np
import pytest

from bosearch.treesearch.rules import (
    Choices,
    normalised,
    puct,
    reward_alone,
    reward_per_cost,
    survival,
    ucb1,
    unlocked,
    with_losses,
)

CHOICES = Choices(
    q=np.array([0.5, 0.25]), visits=np.array([3.0, 0.0]), prior=np.array([0.7, 0.3]), total=4
)


def test_puct_by_hand() -> None:
    # 0.5 + 1.25 * 0.7 * sqrt(4) / (1 + 3), and 0.25 + 1.25 * 0.3 * sqrt(4) / (1 + 0).
    assert puct(CHOICES, 1.25).tolist() == pytest.approx([0.9375, 1.0])
    assert puct(CHOICES, 0.0).tolist() == [0.5, 0.25]


def test_prior_decides_the_first_move() -> None:
    first = Choices(q=np.full(3, 0.5), visits=np.zeros(3), prior=np.array([0.2, 0.5, 0.3]), total=1)
    assert puct(first, 1.0).argmax() == 1


def test_ucb1_by_hand() -> None:
    seen, new = ucb1(CHOICES, 0.5).tolist()
    assert seen == pytest.approx(0.5 + 0.5 * math.sqrt(2 * math.log(4) / 3))
    assert new == math.inf


@pytest.mark.parametrize(
    ("visits", "factor", "exponent", "expected"),
    [(0, 1.0, 0.5, 1), (1, 1.0, 0.5, 1), (16, 1.0, 0.5, 4), (17, 1.0, 0.5, 5), (9, 2.0, 0.5, 6)],
)
def test_number_of_unlocked_moves_by_hand(
    visits: int, factor: float, exponent: float, expected: int
) -> None:
    assert unlocked(visits, factor=factor, exponent=exponent) == expected


def test_without_a_factor_all_moves_are_unlocked() -> None:
    assert unlocked(0, factor=None, exponent=0.5) == math.inf


def test_worths_lie_between_the_worst_and_the_best() -> None:
    assert [normalised(worth, -2.0, 2.0) for worth in (-2.0, 1.0, 2.0, 5.0)] == [0, 0.75, 1, 1]
    assert normalised(3.0, 3.0, 3.0) == 0.5
    assert normalised(3.0, math.inf, -math.inf) == 0.5  # nothing met yet


def test_virtual_visits_are_averaged_in_as_losses() -> None:
    # Three visits of mean 0.8 and two losses: (3 * 0.8 + 2 * 0) / 5.
    assert with_losses(0.8, 3, 2) == pytest.approx(0.48)
    assert with_losses(0.8, 0, 0) == 0.8
    assert with_losses(0.8, 0, 1) == 0.0


def test_survival_multiplies_along_the_word() -> None:
    assert survival([(9, 1), (1, 1), (5, 0)]) == pytest.approx(0.9 * 0.5)
    assert survival([]) == 1.0


def test_worth_weighs_rewards_against_costs() -> None:
    assert reward_alone(3.0, 4.0) == 3.0
    assert reward_per_cost(3.0, 4.0) == 0.75
    assert reward_per_cost(-3.0, 4.0) == 0.0  # a dear loss must not look better than a cheap one
