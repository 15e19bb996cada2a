"""A trust region grows and shrinks by what the record says, and starts again elsewhere."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from bosearch.errors import SpaceExhaustedError
from bosearch.space import Choice, Integer, Real, Space
from bosearch.strategies.trust_region import FIRST, LEAST, lasting, standing
from bosearch.study import (
    Measurement,
    OutcomeConstraint,
    Problem,
    StudyView,
    Trial,
    TrialState,
    maximize,
    minimize,
)
from tests.strategies.loop import Loop, Values

GAIN = Problem(Space(x=Real(0, 1), y=Real(0, 1)), (maximize("gain"),))
IN_REGION = {"region": {"start": 0, "length": FIRST}}


def trial(number: int, gain: float | None, provenance: Mapping[str, Any], **more: float) -> Trial:
    if gain is None:
        return Trial(number, {"x": 0.5, "y": 0.5}, TrialState.FAILED, provenance=provenance)
    values = {m: Measurement(v) for m, v in {"gain": gain, **more}.items()}
    return Trial(
        number, {"x": 0.5, "y": 0.5}, TrialState.COMPLETED, values=values, provenance=provenance
    )


def record(
    gains: list[float | None], said: Mapping[str, Any] = IN_REGION, first: float = 0.0
) -> StudyView:
    """A design of two, then trials in the region."""
    trials = [trial(0, first, {}), trial(1, first - 1.0, {})]
    trials += [trial(2 + i, gain, said) for i, gain in enumerate(gains)]
    return StudyView(GAIN, trials, len(trials), 0)


@pytest.mark.parametrize(
    ("gains", "length"),
    [
        ([], FIRST),
        ([1.0, 2.0, 3.0], 2 * FIRST),
        ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], 1.6),  # no larger than this
        ([1.0, 2.0, 0.0, 3.0, 4.0], FIRST),  # a failure starts the count again
        ([-1.0] * 3, FIRST),
        ([-1.0] * 4, FIRST / 2),
        ([-1.0] * 3 + [1.0] + [-1.0] * 3, FIRST),
        ([None] * 4, FIRST / 2),  # a failed evaluation is no success
        ([1e-7, 2e-7, 3e-7], FIRST),  # too little to count
        ([-1.0] * 8, FIRST / 4),
    ],
)
def test_three_successes_double_and_four_failures_halve(
    gains: list[float | None], length: float
) -> None:
    assert standing(record(gains)).length == pytest.approx(length)


def test_points_of_the_design_do_not_count() -> None:
    assert standing(record([1.0, 2.0, 3.0], said={})).length == FIRST


def test_the_origin_and_the_unit_of_the_objective_do_not_matter() -> None:
    gains = np.array([0.5, 1.0, 1.5, -1.0, -2.0, 0.1, 0.2])
    plain = standing(record(list(gains)))
    moved = standing(record(list(1e6 * gains + 1e9), first=1e9))
    assert plain.length == moved.length == pytest.approx(FIRST)


def test_below_the_least_side_the_search_starts_again_with_an_empty_record() -> None:
    halvings = int(np.ceil(np.log2(FIRST / LEAST)))
    view = record([-1.0] * (4 * halvings))
    again = standing(view)
    assert (again.start, again.length, again.trials) == (1, FIRST, ())
    assert again.local(view).trials == []


def test_a_lasting_region_is_wide_again_and_keeps_its_record() -> None:
    halvings = int(np.ceil(np.log2(FIRST / LEAST)))
    for failures, length in (
        (4 * halvings - 1, FIRST / 2 ** (halvings - 1)),
        (4 * halvings, FIRST),
    ):
        view = record([-1.0] * failures)
        where = lasting(view)
        assert where.start == 0
        assert where.length == pytest.approx(length)
        assert where.local(view) is view


def test_the_new_start_sees_its_own_trials_and_whatever_is_under_way() -> None:
    said = {"region": {"start": 1}}
    view = record([5.0, None])
    trials = [
        *view.trials,
        trial(4, 1.0, said),
        Trial(5, {"x": 0.1, "y": 0.1}, TrialState.RUNNING, provenance=IN_REGION),
    ]
    where = standing(StudyView(GAIN, trials, 6, 0))
    assert (where.start, [t.number for t in where.trials]) == (1, [4])
    local = where.local(StudyView(GAIN, trials, 6, 0))
    assert [t.number for t in local.trials] == [4, 5]


def test_less_violation_is_a_success_whatever_the_value() -> None:
    problem = Problem(GAIN.space, GAIN.objectives, (OutcomeConstraint.parse("depth >= 1"),))
    trials = [trial(0, 9.0, {}, depth=0.0)]
    trials += [trial(1 + i, -float(i), IN_REGION, depth=d) for i, d in enumerate((0.3, 0.6, 1.0))]
    assert standing(StudyView(problem, trials, 4, 0)).length == 2 * FIRST


def bumpy(params: Mapping[str, Any]) -> Values:
    x, y = params["x"] - 0.62, params["y"] - 0.27
    return {"gain": -(x * x + y * y) + 0.02 * np.cos(40 * x) * np.cos(40 * y)}


@pytest.mark.parametrize("surrogate", [None, "gp"])
def test_proposals_stay_near_the_best_point_and_the_side_shrinks(surrogate: str | None) -> None:
    options: dict[str, Any] = {"effort": "fast", "initial": 5, "region": "turbo"}
    loop = Loop(GAIN, options if surrogate is None else {**options, "surrogate": surrogate})
    loop.run(26, bumpy)
    sides = [said["length"] for said in loop.said("region") if said]
    assert len(sides) == 21
    assert sides[-1] < FIRST
    assert not any(loop.said("fallback"))
    if surrogate is None:
        return  # sides follow length scales there
    for number, (x, said) in enumerate(zip(loop.X, loop.said("region"), strict=True)):
        if said:
            centre = loop.X[int(np.argmax(loop.told("gain")[:number]))]
            assert np.abs(x - centre).max() <= said["length"] / 2 + 1e-9


def test_choices_and_grids_are_searched_until_the_space_is_exhausted() -> None:
    space = Space(k=Integer(0, 5), c=Choice(["a", "b", "c"]), e=Choice(["p", "q"]))
    problem = Problem(space, (maximize("gain"),))
    loop = Loop(problem, {"effort": "fast", "initial": 4, "region": "turbo"})
    loop.run(36, lambda p: {"gain": p["k"] * (1.0 + "abc".index(p["c"])) - 3.0 * (p["e"] == "q")})
    assert len({space.key(t.params) for t in loop.trials}) == 36
    with pytest.raises(SpaceExhaustedError):
        loop.ask()


def test_a_resumed_search_starts_again_at_the_same_trial() -> None:
    options = {"effort": "fast", "initial": 3, "region": "turbo"}
    problem = Problem(GAIN.space, (minimize("loss"),))
    whole, cut = Loop(problem, options), Loop(problem, options)

    def worse(loop: Loop) -> None:
        loop.ask()
        loop.tell({"loss": float(len(loop.trials))})  # never a success

    for _ in range(38):
        worse(whole)
    for _ in range(19):
        cut.restart()
        worse(cut)
        worse(cut)
    starts = [0 if said is None else said["start"] for said in whole.said("region")]
    assert starts == [0] * (3 + 4 * 7) + [1] * 7
    assert whole.said("strategy")[31:35] == ["sobol"] * 3 + ["bayes"]
    np.testing.assert_allclose(cut.X, whole.X, rtol=0, atol=1e-6)
