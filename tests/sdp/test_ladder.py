import math

import pytest

from bosearch.sdp import Status, solve
from tests.sdp.helpers import pentagon, two_point


def test_the_ladder_climbs_only_when_doubles_are_spent() -> None:
    easy, hard = solve(pentagon()), solve(two_point(8, 13))
    assert {iteration.limbs for iteration in easy.history} == {1}
    levels = [iteration.limbs for iteration in hard.history]
    assert levels == sorted(levels)
    assert set(levels) == {1, 2}
    assert levels.count(2) < 10  # the first half of the way is made in doubles
    assert hard.limbs == 2


@pytest.mark.parametrize("limbs", [2, 3, 4])
def test_every_level_finds_the_same_optimum(limbs: int) -> None:
    problem = two_point(8, 7)
    climbed, level = solve(problem), solve(problem, limbs=limbs)
    assert level.status is Status.optimal
    assert {iteration.limbs for iteration in level.history} == {limbs}
    assert level.value == pytest.approx(climbed.value, abs=2e-12)


def test_more_limbs_reach_smaller_gaps() -> None:
    """The optimum of the pentagon to 40 digits, at twice the digits of the gap."""
    result = solve(pentagon(), gap=1e-38)
    assert result.status is Status.optimal
    assert result.limbs == 3
    digits = "2.236067977499789696409173668731276235440"  # OEIS A002163
    assert all(value.startswith(digits[:38]) for value in result.decimal(42))


def test_residuals_of_every_iteration_are_far_below_its_gap() -> None:
    for iteration in solve(two_point(8, 13)).history[8:]:
        assert iteration.primal_error < 1e-3 * iteration.gap
        assert iteration.dual_error < 1e-3 * iteration.gap


def test_spent_precision_is_reported_with_the_best_point_found() -> None:
    result = solve(two_point(8, 13), limbs=1)
    assert result.status is Status.numerical
    assert "more limbs" in result.message
    assert result.gap < 1e-3
    assert result.value == pytest.approx(1.014446, abs=1e-4)


def test_a_limit_of_iterations_is_a_status() -> None:
    result = solve(pentagon(), max_iterations=3)
    assert result.status is Status.limit
    assert "3 iterations" in result.message
    assert len(result.history) == 3


def test_a_limit_of_time_is_a_status() -> None:
    result = solve(two_point(8, 13), time_s=1e-9)
    assert result.status is Status.limit
    assert "raise it" in result.message


def test_cancelling_ends_between_iterations() -> None:
    seen: list[int] = []
    result = solve(
        pentagon(),
        on_iteration=lambda iteration: seen.append(iteration.number),
        cancel=lambda: len(seen) == 4,
    )
    assert result.status is Status.cancelled
    assert seen == [1, 2, 3, 4]
    assert [iteration.number for iteration in result.history] == seen


def test_history_tells_objectives_in_the_units_of_the_problem() -> None:
    last = solve(pentagon()).history[-1]
    assert last.primal == pytest.approx(math.sqrt(5), abs=1e-6)
    assert last.dual == pytest.approx(math.sqrt(5), abs=1e-6)
    assert last.seconds > 0
