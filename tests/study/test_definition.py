"""Definitions are the same after a round trip, and differ in words."""

import json
from dataclasses import replace

from bosearch.space import Choice, Real, Space
from bosearch.study import OutcomeConstraint, Problem, maximize, minimize
from bosearch.study.definition import Definition, differences

DEFINITION = Definition(
    problem=Problem(
        Space(x=Real(1e-3, 1, log=True), c=Choice(["a", "b"]), constraints=["x <= 0.5"]),
        (minimize("loss"), maximize("gain", threshold=0.1)),
        (OutcomeConstraint.parse("cost <= 0.1"),),
        ("seconds",),
    ),
    strategy="sobol",
    seed=7,
)


def test_definition_survives_json() -> None:
    spec = json.loads(json.dumps(DEFINITION.to_spec()))
    assert Definition.from_spec(spec).to_spec() == spec == DEFINITION.to_spec()
    assert differences(spec, DEFINITION.to_spec()) == []


def test_differences_are_named_by_their_place() -> None:
    problem = replace(DEFINITION.problem, objectives=(minimize("loss"),), tracked=())
    other = replace(DEFINITION, problem=problem, strategy="bayes", options={"k": 1})
    assert differences(DEFINITION.to_spec(), other.to_spec()) == [
        "objectives.gain: {'direction': 'maximize', 'threshold': 0.1} there, absent now",
        "tracked: ['seconds'] there, [] now",
        "strategy.name: 'sobol' there, 'bayes' now",
        "strategy.options.k: absent there, 1 now",
    ]


def test_order_of_parameters_is_part_of_a_definition() -> None:
    space = Space(c=Choice(["a", "b"]), x=Real(1e-3, 1, log=True), constraints=["x <= 0.5"])
    other = replace(DEFINITION, problem=replace(DEFINITION.problem, space=space))
    (difference,) = differences(DEFINITION.to_spec(), other.to_spec())
    assert difference == "order of space.parameters: x, c there, c, x now"


def test_auto_may_pick_another_strategy_later() -> None:
    before = replace(DEFINITION, strategy="sobol", reasons=("nothing better",))
    now = replace(DEFINITION, strategy="bayes", reasons=("a model",))
    assert differences(before.to_spec(), now.to_spec()) == []
    assert differences(before.to_spec(), replace(now, reasons=None).to_spec()) != []
