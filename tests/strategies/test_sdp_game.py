"""The strategy plays a game with a known answer, and says why it does what it does."""

from collections.abc import Mapping
from statistics import mean
from typing import Any

import pytest

from bosearch import Choice, Construction, Integer, Real, Space, Study, maximize, minimize
from bosearch.errors import StrategyError
from bosearch.packing.cost import SHIPPED
from bosearch.packing.game import edits
from bosearch.strategies.registry import load
from bosearch.study import Problem, Trial
from bosearch.study.problem import Objective
from tests.strategies.games import GRAMMAR, LOW, SLOWER, TWO_POINT, bound, new_study, space

OPTIONS = {"dim": 4, "reference": TWO_POINT}


def play(study: Study, trials: int) -> list[Trial]:
    """Ask and tell; return what was asked for."""
    asked = []
    for _ in range(trials):
        (trial,) = study.ask(1)
        study.tell(trial, bound(trial.params))
        asked.append(trial)
    return asked


def play_for(study: Study, seconds: float) -> float:
    """Play until so many seconds of solves were spent; return the lowest bound."""
    best, spent = 1.0, 0.0
    while spent < seconds:
        (trial,) = study.ask(1)
        values = bound(trial.params)
        study.tell(trial, values)
        best, spent = min(best, values["density"]), spent + values["cpu_s"]
    return best


def test_beats_quasi_random_search_at_equal_cost() -> None:
    seeds, seconds = range(3), 250.0
    ours = mean(play_for(new_study(seed=seed), seconds) for seed in seeds)
    theirs = mean(play_for(new_study("sobol", seed=seed), seconds) for seed in seeds)
    # The lowest bound of all: no words dropped, degree 8, at its own ratio.
    lowest = TWO_POINT - (0.15 + 0.06 * 4) * (TWO_POINT - LOW)
    assert lowest <= ours < theirs
    assert ours < TWO_POINT - 0.75 * (TWO_POINT - lowest)


def test_first_looks_are_cheap_and_answers_come_from_high_degrees() -> None:
    asked = play(new_study(seed=3), 20)
    first = [trial.params["d"] for trial in asked[:4]]
    assert sorted(first) == [4, 4, 5, 6]
    best = min(asked, key=lambda trial: bound(trial.params)["density"])
    assert best.params["d"] >= 7


def test_goes_on_after_a_restart_as_if_nothing_had_happened() -> None:
    whole = [dict(trial.params) for trial in play(new_study(seed=5), 12)]
    study = new_study(seed=5)
    for params in whole[:10]:  # the record alone, without what the first study had in memory
        (trial,) = study.ask(1)
        assert dict(trial.params) == params
        study.tell(trial, bound(params))
    strategy = load("sdp-game", study.problem, OPTIONS | {"simulations": 20})
    fresh = strategy.propose(study.view(), 1, None)  # type: ignore[arg-type]  # it has its own
    assert dict(fresh[0].params) == whole[10]


def test_asking_for_two_is_asking_twice_without_an_answer() -> None:
    one, two = new_study(seed=2), new_study(seed=2)
    play(one, 9)
    play(two, 9)
    together = [dict(trial.params) for trial in one.ask(2)]
    apart = [dict(two.ask(1)[0].params) for _ in range(2)]
    assert together == apart
    assert together[0] != together[1]


def test_failures_are_data() -> None:
    study = new_study(seed=1)
    play(study, 9)
    (trial,) = study.ask(1)
    for _ in range(4):  # what fails is not asked for again nearby
        study.fail(trial, "the solver lost its way")
        (after,) = study.ask(1)
        assert dict(after.params) != dict(trial.params)
        trial = after
    assert trial.provenance["success"] < 1.0


def test_nothing_but_failures_leaves_the_design_going_on() -> None:
    study = new_study(seed=1)
    for _ in range(10):
        (trial,) = study.ask(1)
        study.fail(trial, "no memory")
    (trial,) = study.ask(1)
    assert trial.provenance["method"] == "Sobol"


def test_bounds_that_are_all_alike_still_explore() -> None:
    study = new_study(seed=1)
    for _ in range(14):  # two points do as well everywhere
        (trial,) = study.ask(1)
        study.tell(trial, {"density": TWO_POINT, "cpu_s": bound(trial.params)["cpu_s"]})
    later = [t.params["ratio"] for t in study.completed[8:]]
    assert max(later) - min(later) > 0.1
    assert not any(trial.provenance.get("fallback") for trial in study.completed)


def test_provenance_says_what_was_believed_and_why() -> None:
    study = new_study(seed=4)
    play(study, 12)
    (trial,) = study.ask(1)
    said = trial.provenance
    assert said["strategy"] == "sdp-game"
    assert said["predicted"]["low"] < said["predicted"]["median"] < said["predicted"]["high"]
    assert said["predicted"]["low"] > LOW
    assert said["why"]
    assert said["assembly"] == edits(trial.params["assembly"]).in_words()
    assert said["gain_now"] >= 0 <= said["gain_later"]
    assert set(said["values_by_degree"]) <= {"4", "5", "6", "7", "8"}
    # Seconds are learned from the record, not taken from the shipped model.
    params = trial.params
    assembly = edits(params["assembly"]).assembly(params["d"])
    shipped = SHIPPED.seconds(4, params["d"], params["d2"], assembly)
    assert said["predicted_seconds"] == pytest.approx(SLOWER * shipped, rel=0.05)


def test_budget_of_predicted_seconds_is_kept() -> None:
    budget = 12.0
    study = new_study(dict(OPTIONS, name="sdp-game", seconds=budget, simulations=20), seed=0)
    asked = play(study, 16)
    for trial in asked[8:]:
        assert trial.provenance["predicted_seconds"] <= budget
        assert bound(trial.params)["cpu_s"] <= 1.05 * budget


def test_single_degree_needs_no_degree_in_the_space() -> None:
    study = Study.create(
        "sqlite://",
        name="one",
        space=Space(ratio=Real(1.2, 1.8), assembly=Construction(GRAMMAR)),
        objectives=[minimize("density")],
        strategy=dict(OPTIONS, name="sdp-game", d=5, d2=9, initial=3, simulations=10),
    )
    for _ in range(5):
        (trial,) = study.ask(1)
        found = bound({**trial.params, "d": 5, "d2": 9, "r": 1.2})
        study.tell(trial, {"density": found["density"]})
    assert trial.provenance["acquisition"] == "gain per second"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "needs the dimension"),
        ({"dim": 1}, "dim must be a whole number from 2"),
        ({"dim": 4, "initial": 0}, "initial must be a whole number"),
        ({"dim": 4, "seconds": -1.0}, "seconds must be positive"),
        ({"dim": 4, "reference": 0.5}, "no upper bound"),
        ({"dim": 4, "simulation": 5}, "no option 'simulation'"),
        ({"dim": 4, "d": 5}, "d must be a parameter or an option"),
    ],
)
def test_wrong_options_are_refused(options: Mapping[str, Any], message: str) -> None:
    problem = Problem(space(), (minimize("density"),))
    with pytest.raises(StrategyError, match=message):
        load("sdp-game", problem, options)


ASSEMBLY = Construction(GRAMMAR)
LIMITED = Construction(GRAMMAR, {"seconds": 60.0})


@pytest.mark.parametrize(
    ("given", "objective", "message"),
    [
        (space(), maximize("density"), "minimizes one objective"),
        (Space(d=Integer(4, 5), d2=Integer(4, 5), r=Real(0, 1)), None, "one construction"),
        (Space(d=Real(4, 5), d2=Integer(4, 5), a=ASSEMBLY), None, "d must be an integer"),
        (
            Space(d=Integer(4, 5), d2=Integer(4, 5), c=Choice(["x", "y"]), a=ASSEMBLY),
            None,
            "real or integer",
        ),
        (
            Space(d=Integer(4, 5), d2=Integer(4, 5), r=Real(0, 1), a=LIMITED),
            None,
            "none of the grammar",
        ),
        (
            Space(["d <= d2"], d=Integer(4, 5), d2=Integer(4, 5), r=Real(0, 1), a=ASSEMBLY),
            None,
            "no constraints",
        ),
    ],
)
def test_other_problems_are_refused_with_reasons(
    given: Space, objective: Objective | None, message: str
) -> None:
    problem = Problem(given, (objective or minimize("density"),))
    with pytest.raises(StrategyError, match=message):
        load("sdp-game", problem, {"dim": 4})
