"""What one program's figures decide, against decisions worked out by hand."""

from typing import Any

import pytest

from bosearch.sdp.climb import Climb
from bosearch.sdp.iterate import Facts, Iterate
from bosearch.sdp.multifloat import MultiFloat
from bosearch.sdp.options import Options
from bosearch.sdp.prepared import Units
from bosearch.sdp.result import Status

UNITS = Units(sign=-1.0, size=4.0, constant=10.0)  # maximized; 1 of the solver is -4 plus 10


def point() -> Iterate:
    return Iterate((), (), (), MultiFloat.zeros((1, 0), 1))


def facts(**changed: float) -> Facts:
    """Objectives -10 and -12 by default: 50 and 58 in the units of the problem."""
    figures = {
        "mu": 1.0,
        "primal": -10.0,
        "dual": -12.0,
        "primal_error": 1e-3,
        "dual_error": 1e-3,
        "gap": 2.0,
        "rise": 1.0,
        "fall": 1.0,
    }
    return Facts(**(figures | changed))


def climbing(**options: Any) -> Climb:
    climb = Climb(UNITS, 2, Options(**({"gap": 1e-6} | options)))
    climb.begin()
    return climb


def decided(climb: Climb, lack: Facts, *, cancelled: bool = False) -> Iterate:
    at = point()
    climb.decide(lack, lambda: at, cancelled=cancelled)
    return at


# A gap of 1.4e-5 is 5.6e-5 of 58 in the problem: 9.66e-7.
@pytest.mark.parametrize(("gap", "claimed"), [(1.4e-5, True), (1.5e-5, False)])
def test_the_gap_is_relative_to_the_objectives_of_the_problem(gap: float, claimed: bool) -> None:
    climb = climbing()
    at = decided(climb, facts(gap=gap, primal_error=1e-8, dual_error=1e-8))
    assert climb.moving is not claimed
    assert climb.claim is (at if claimed else None)
    assert climb.outcome is None  # nothing is optimal before it is measured


def test_residuals_count_as_much_as_the_gap() -> None:
    climb = climbing()
    decided(climb, facts(gap=1e-9, primal_error=1e-9, dual_error=1.1e-8))
    assert climb.moving


def test_a_claim_that_is_confirmed_ends_the_climb_and_another_leads_to_the_next_level() -> None:
    small = facts(gap=1e-9, primal_error=0.0, dual_error=0.0)
    for confirmed, status in ((True, Status.optimal), (False, Status.numerical)):
        climb = climbing()
        at = decided(climb, small)
        climb.judge(confirmed)
        assert climb.outcome is not None
        assert climb.outcome.status is status
        assert climb.outcome.iterate is climb.at is at
        assert climb.unfinished is not confirmed
        assert climb.claim is None
        climb.begin()
        assert climb.moving


def test_limits_and_cancelling_end_it_where_it_stands() -> None:
    for options, cancelled, status in (
        ({"max_iterations": 1}, False, Status.limit),
        ({"time_s": 1e-9}, False, Status.limit),
        ({}, True, Status.cancelled),
    ):
        climb = climbing(**options)
        assert climb.step(1, facts(), facts(mu=0.5), (0.5, 0.5, 0.0), "")
        at = decided(climb, facts(), cancelled=cancelled)
        assert climb.outcome is not None
        assert climb.outcome.status is status
        assert climb.outcome.iterate is at
        assert not climb.unfinished


def test_a_ray_decides_before_any_limit() -> None:
    climb = climbing()
    decided(climb, facts(dual=5.0, rise=1e-9), cancelled=True)
    assert climb.outcome is not None
    assert climb.outcome.status is Status.primal_infeasible


def test_history_is_in_the_units_of_the_problem() -> None:
    climb = climbing()
    assert climb.step(2, facts(), facts(mu=0.5, primal_error=2.5e-4), (0.75, 0.5, 0.0), "")
    (iteration,) = climb.history
    assert (iteration.number, iteration.limbs) == (1, 2)
    assert (iteration.primal, iteration.dual) == (50.0, 58.0)
    assert iteration.gap == pytest.approx(8 / 58)
    assert (iteration.primal_step, iteration.dual_step) == (0.75, 0.5)


# Steps of 3/4 and 1/2 leave a quarter of the primal residual, and half of the dual one.
@pytest.mark.parametrize(
    ("after", "counts"),
    [
        ({"primal_error": 2.5e-4, "dual_error": 5e-4}, True),
        ({"primal_error": 6e-4, "dual_error": 5e-4}, False),
        ({"primal_error": 2.5e-4, "dual_error": 1.1e-3}, False),
        ({"primal_error": 6e-4, "dual_error": 5e-4, "mu": 5.0}, True),  # far below that gap
        ({"primal_error": 2.5e-4, "dual_error": 5e-4, "mu": 0.0}, False),
    ],
)
def test_an_iteration_that_rounding_disturbs_does_not_count(
    after: dict[str, float], counts: bool
) -> None:
    """``<Y, Z> = 2 mu`` is 8/58 of the objectives at ``mu = 1``: residuals may be 1.4e-4."""
    climb = climbing()
    now = facts(**({"mu": 1.0, "gap": 1.0} | after))
    assert climb.step(1, facts(), now, (0.75, 0.5, 0.0), "") is counts
    assert len(climb.history) == counts
    if not counts:
        at = point()
        climb.fail(lambda: at)
        assert climb.outcome is not None
        assert climb.outcome.status is Status.numerical
        assert climb.outcome.iterate is at
        assert climb.unfinished


def test_a_direction_that_centres_is_to_leave_the_residuals() -> None:
    """A share of 0.8: steps of 3/4 and 1/2 leave 85 and 90 percent, which is no rounding."""
    after = facts(mu=1.0, gap=1.0, primal_error=8.5e-4, dual_error=9e-4)
    for kept, counts in ((0.8, True), (0.0, False)):
        assert climbing().step(1, facts(), after, (0.75, 0.5, kept), "") is counts


def test_what_broke_down_is_told() -> None:
    climb = climbing()
    assert not climb.step(1, facts(), facts(), (0.5, 0.5, 0.0), "the schur matrix is not definite")
    climb.fail(point)
    assert climb.outcome is not None
    assert climb.outcome.detail == "the schur matrix is not definite"


def test_three_short_steps_in_a_row_stall() -> None:
    climb = climbing()
    for steps in ((1e-4, 0.5), (0.5, 1e-4), (0.5, 0.5), (1e-4, 0.5), (0.5, 1e-4), (1e-4, 1e-4)):
        assert climb.outcome is None
        assert climb.step(1, facts(), facts(), (*steps, 0.0), "")
        climb.stall(point)
    assert climb.outcome is not None
    assert climb.outcome.status is Status.stalled
    assert climb.unfinished


def crept(climb: Climb, count: int, **factors: float) -> None:
    """Iterate: each figure is multiplied by its factor, 0.99 by default, in each iteration."""
    now = {"mu": 1.0, "primal_error": 1e-3, "dual_error": 1e-3}
    for _ in range(count):
        if climb.outcome is not None:
            return
        after = {name: value * factors.get(name, 0.99) for name, value in now.items()}
        assert climb.step(1, facts(**now), facts(**after), (0.02, 0.02, 0.0), "")
        climb.stall(point)
        now = after


def test_a_level_that_creeps_ends_long_before_the_limit() -> None:
    """0.99 to the power 30 is 0.74: nothing is halved, though no step is short."""
    climb = climbing(max_iterations=300)
    crept(climb, 300)
    assert climb.outcome is not None
    assert climb.outcome.status is Status.stalled
    assert climb.unfinished
    assert "halved" in climb.outcome.detail
    assert len(climb.history) == 31


@pytest.mark.parametrize("name", ["mu", "primal_error", "dual_error"])
def test_a_level_that_still_halves_one_figure_goes_on(name: str) -> None:
    climb = climbing(max_iterations=300)
    crept(climb, 60, **{name: 0.97})  # 0.97 to the power 30 is 0.40
    assert climb.moving
    assert len(climb.history) == 60


def test_the_next_level_is_given_as_much_time() -> None:
    climb = climbing(max_iterations=300)
    for levels in (1, 2):
        climb.begin()
        crept(climb, 300)
        assert len(climb.history) == 31 * levels
