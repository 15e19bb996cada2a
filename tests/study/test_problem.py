"""The words of a study: what they accept, refuse, and write down."""

import json
import math

import pytest

from bosearch.errors import BosearchError, ConfigError
from bosearch.space import Choice, Real, Space
from bosearch.study import OutcomeConstraint, Problem, maximize, minimize
from bosearch.study.problem import objective_from_spec, suggest

SPACE = Space(x=Real(0.0, 1.0), kind=Choice(["a", "b"]))


def test_an_outcome_constraint_says_what_it_means() -> None:
    at_least = OutcomeConstraint.parse(" solubility >= 3e-1 ")
    assert (at_least.metric, at_least.relation, at_least.bound) == ("solubility", ">=", 0.3)
    assert at_least.holds(0.3)
    assert not at_least.holds(math.nextafter(0.3, 0))
    assert at_least.violation(0.1) == pytest.approx(0.2)
    at_most = OutcomeConstraint.parse("cost<=-2")
    assert at_most.holds(-2.0)
    assert at_most.violation(1.0) == 3.0


@pytest.mark.parametrize(
    "text", ["", "x", "x >= ", "x >= y", "x > 1", "x == 1", "2 <= x", "x >= 1e", "x >= 1 or y"]
)
def test_a_text_that_is_no_outcome_constraint_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ConfigError, match=r"solubility >= 0\.3"):
        OutcomeConstraint.parse(text)


def test_an_infinite_bound_is_refused() -> None:
    with pytest.raises(ConfigError, match="finite"):
        OutcomeConstraint.parse("x >= 1e999")


def test_a_problem_survives_its_json_form() -> None:
    problem = Problem(
        SPACE,
        (maximize("affinity", threshold=0.1), minimize("cost")),
        (OutcomeConstraint("solubility", ">=", 1 / 3),),
        tracked=("seconds",),
    )
    again = Problem.from_spec(json.loads(json.dumps(problem.to_spec())))
    assert again == problem
    assert again.constraints[0].bound == 1 / 3  # every digit


def test_metrics_are_objectives_then_constraints_then_tracked_each_once() -> None:
    problem = Problem(
        SPACE,
        (minimize("loss"),),
        (OutcomeConstraint("size", "<=", 1.0), OutcomeConstraint("loss", "<=", 9.0)),
        ("seconds", "size"),
    )
    assert problem.modelled == ("loss", "size")
    assert problem.metrics == ("loss", "size", "seconds")


def test_feasible_means_that_every_outcome_constraint_holds() -> None:
    constraints = (OutcomeConstraint("a", "<=", 1.0), OutcomeConstraint("b", ">=", 0.0))
    problem = Problem(SPACE, (minimize("a"),), constraints)
    assert problem.feasible({"a": 1.0, "b": 0.0})
    assert not problem.feasible({"a": 1.1, "b": 0.0})
    assert not problem.feasible({"a": 1.0, "b": -0.1})


def test_signs_turn_every_objective_into_one_to_maximize() -> None:
    assert maximize("y").sign == 1.0
    assert minimize("y").sign == -1.0


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: Problem(SPACE, ()), "at least one objective"),
        (lambda: Problem(SPACE, (minimize("y"), maximize("y"))), "'y' is an objective twice"),
        (lambda: minimize("minimize y"), "not an identifier"),
        (lambda: minimize("y", threshold=math.nan), "threshold must be finite"),
        (lambda: objective_from_spec("y", "minimise"), "'maximize' or 'minimize'"),
        (lambda: objective_from_spec("y", {"dircetion": "minimize"}), "expected 'direction'"),
    ],
)
def test_a_wrong_definition_is_refused_in_words(build: object, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        build()  # type: ignore[operator]  # a table of thunks


def test_a_suggestion_names_the_nearest_word_or_all() -> None:
    assert suggest("bacth", ["batch", "seed"]) == "did you mean 'batch'?"
    assert suggest("zzz", ["batch", "seed"]) == "known: batch, seed"
    assert suggest("zzz", []) == "none is known"


def test_an_error_prints_its_hint_and_survives_pickling() -> None:
    import pickle

    error = ConfigError("unknown key 'bacth'", hint="did you mean 'batch'?")
    assert str(error) == "unknown key 'bacth'\n  hint: did you mean 'batch'?"
    again = pickle.loads(pickle.dumps(error))
    assert isinstance(again, BosearchError)
    assert (type(again), str(again)) == (ConfigError, str(error))
