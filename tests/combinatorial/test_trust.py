"""The region is a Hamming ball, and its radius follows from the record."""

import numpy as np

from bosearch.combinatorial.space import Sites
from bosearch.combinatorial.trust import HammingRegion, first_radius, radius_after


def record(outcomes: str) -> tuple[list[float], list[float]]:
    """Values and batches of a record: ``+`` for a batch of two that improves, ``-`` for none."""
    y, groups = [0.0, 1.0], [-1.0, -1.0]
    for number, outcome in enumerate(outcomes):
        y += [-1.0, max(y) + 1.0 if outcome == "+" else 0.5]
        groups += [float(number)] * 2
    return y, groups


def radius(outcomes: str, length: int = 32) -> int:
    y, groups = record(outcomes)
    return radius_after(np.array(y), np.array(groups), length=length)


def test_a_region_is_a_ball() -> None:
    sites = Sites((3, 3, 3))
    ball = HammingRegion(np.array([0, 1, 2]), 1).within(sites)
    assert len(ball.all()) == 1 + 3 * 2
    assert ball.feasible(np.array([[0, 1, 2], [1, 1, 2], [1, 2, 2]])).tolist() == [
        True,
        True,
        False,
    ]


def test_the_radius_doubles_after_three_successes_and_halves_after_four_failures() -> None:
    assert radius("") == first_radius(32) == 16
    assert radius("++") == 16
    assert radius("+++") == 32
    assert radius("++++++") == 32  # all sites is all there is
    assert radius("---") == 16
    assert radius("----") == 8
    assert radius("--+--") == 16  # a success ends the row
    assert radius("-" * 12) == 2


def test_a_region_that_has_shrunk_to_nothing_starts_again() -> None:
    assert radius("-" * 16) == 16
