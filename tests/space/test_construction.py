"""Constructions: a kind of parameter that is built move by move, and studies that hold one."""

import json
import math
import pickle
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import numpy as np
import pytest

from bosearch.asktell import Study
from bosearch.errors import InfeasibleSpaceError, ParameterError, SpaceError, StrategyError
from bosearch.space import Construction, Grammar, Integer, Real, Space
from bosearch.space.grammar import replay
from bosearch.strategies import load, resolve
from bosearch.study import Problem, minimize
from tests.space.expressions import Expressions, Tree, endless, misfit, value


def short(params: dict[str, Any]) -> bool:
    """At most three tokens, as a Python function."""
    return len(params["tree"]) <= 3


KINDS: dict[str, Any] = {
    "x": Real(-1, 3),
    "tree": Construction(Expressions, {"depth": 2}),
    "k": Integer(0, 4),
}
MIXED = Space(**KINDS)


class Stuck(Expressions):
    """A grammar whose root is neither complete nor has a move."""

    def moves(self, state: Tree) -> Sequence[str]:
        return ()


def fails() -> Grammar[Tree]:
    raise RuntimeError("no table of polynomials")


def not_a_grammar() -> Any:
    return ["+", "x"]


def test_value_is_its_list_of_tokens() -> None:
    tree = Construction(Expressions)
    assert tree.validate(("+", "x", "1"), name="tree") == ["+", "x", "1"]
    assert value(["+", "x", "*", "x", "x"], 3.0) == 12.0


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("+ x 1", r"'tree': expected a list of tokens, got '\+ x 1'"),
        (["+", "x"], "'tree': the construction is not complete after 2 tokens"),
        (["-", "x"], r"'tree': '-' at position 0 is not legal: expected one of '\+'"),
        (["+", "x"] * 9, "'tree': expected at most 7 tokens, got 18"),
    ],
)
def test_wrong_values_are_named(given: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        Construction(Expressions, max_moves=7).validate(given, name="tree")


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Construction(Stuck), "offers no move at the root"),
        (lambda: Construction(Expressions, {"dpeth": 3}), "failed with TypeError(.|\n)*keyword"),
        (lambda: Construction(fails), "failed with RuntimeError.*no table"),
        (lambda: Construction(not_a_grammar), "made no Grammar but"),
        (lambda: Construction(Expressions(2)), "a class or function that makes a Grammar"),  # type: ignore[arg-type]
        (lambda: Construction("expressions"), "'module:name', got 'expressions'"),
        (lambda: Construction(Expressions, {"depth": math.nan}), "must be a JSON object"),
        (lambda: Construction(Expressions, [2]), "must be a JSON object"),  # type: ignore[arg-type]
        (lambda: Construction(Expressions, max_moves=0), "max_moves must be an integer >= 1"),
        (lambda: Construction(Expressions, max_moves=True), "max_moves must be an integer >= 1"),
    ],
)
def test_bad_definitions_are_refused(build: Any, message: str) -> None:
    with pytest.raises(SpaceError, match=message):
        build()


def test_definition_survives_json_and_pickle_and_takes_its_code_with_it() -> None:
    spec = json.loads(json.dumps(MIXED.to_spec()))
    assert spec["parameters"]["tree"] == {
        "type": "construction",
        "grammar": "tests.space.expressions:Expressions",
        "options": {"depth": 2},
    }
    there = Space.from_spec(spec, callables=[Expressions])
    assert there == MIXED
    assert hash(there) == hash(MIXED)
    point = MIXED.sample(1, np.random.default_rng(0))[0]
    assert there.validate(point) == point
    assert pickle.loads(pickle.dumps(MIXED)).validate(point) == point


def test_grammar_that_is_not_here_is_an_error_only_where_a_word_is_read() -> None:
    space = Space.from_spec(MIXED.to_spec())
    assert space == MIXED
    point = MIXED.sample(1, np.random.default_rng(0))[0]
    assert space.encode([point]).shape == (1, 2)
    with pytest.raises(
        SpaceError, match=r"Expressions' is Python code that is not here(.|\n)*open"
    ):
        space.validate(point)


def test_options_are_a_copy() -> None:
    options = {"depth": 2}
    tree = Construction(Expressions, options)
    options["depth"] = 7
    assert tree == Construction(Expressions, {"depth": 2})


def test_numbers_beside_a_construction_encode_and_the_construction_does_not() -> None:
    points = MIXED.sample(50, np.random.default_rng(1))
    numbers = Space(x=Real(-1, 3), k=Integer(0, 4))
    assert MIXED.factor_names == ("x", "k")
    assert MIXED.without_coordinates == ("tree",)
    expected = numbers.encode([{"x": p["x"], "k": p["k"]} for p in points])
    np.testing.assert_array_equal(MIXED.encode(points), expected)
    for decode in (MIXED.decode, MIXED.from_unit):
        with pytest.raises(SpaceError, match=r"'tree' \(construction\) has no coordinates"):
            decode(np.full((1, 2), 0.5))


def test_constraints_on_the_numbers_hold_in_encoded_form_too() -> None:
    space = Space(["x + k <= 2"], **KINDS)
    points = space.sample(200, np.random.default_rng(2))
    assert all(p["x"] + p["k"] <= 2 for p in points)
    assert space.feasible_encoded(space.encode(points)).all()
    A, b = space.linear_inequalities()
    assert (space.encode(points) @ A.T <= b + 1e-12).all()


def test_thin_slab_beside_a_construction_is_sampled_in_its_polytope() -> None:
    space = Space(["0.5 <= x + y <= 0.500001"], x=Real(0, 1), y=Real(0, 1), tree=KINDS["tree"])
    points = space.sample(20, np.random.default_rng(3))
    assert all(space.validate(point) == point for point in points)
    assert len({tuple(point["tree"]) for point in points}) > 1


def test_functions_see_the_tokens() -> None:
    space = Space([short], **KINDS)
    points = space.sample(30, np.random.default_rng(4))
    assert max(len(point["tree"]) for point in points) <= 3
    with pytest.raises(ParameterError, match="breaks the input constraint"):
        space.validate({"x": 0, "k": 0, "tree": ["+", "x", "+", "x", "x"]})


def test_text_constraints_cannot_read_a_construction() -> None:
    with pytest.raises(SpaceError, match="expected a list of tokens"):
        Space(["tree == '+ x x'"], **KINDS)


def test_forbidden_words_are_not_drawn() -> None:
    space = Space(
        forbidden=[{"tree": ["x"]}, {"tree": ["1"]}], tree=Construction(Expressions, {"depth": 1})
    )
    assert {len(point["tree"]) for point in space.sample(100, np.random.default_rng(5))} == {3}


def test_impossible_condition_on_a_construction_is_named() -> None:
    def never(params: dict[str, Any]) -> bool:
        return False

    space = Space([never], tree=Construction(Expressions, {"depth": 0}))
    with pytest.raises(InfeasibleSpaceError, match="never' alone rejects 100 %"):
        space.sample(1, np.random.default_rng(6))


def test_strategies_that_need_coordinates_refuse_and_auto_takes_another() -> None:
    problem = Problem(MIXED, (minimize("misfit"),))
    with pytest.raises(StrategyError, match=r"'bayes' cannot serve.*no coordinates for tree"):
        load("bayes", problem, {})
    name, reasons = resolve("auto", problem)
    assert name == "sobol"
    assert "no coordinates for tree" in reasons[0]


@contextmanager
def study(url: str, space: Space, **changes: Any) -> Iterator[Study]:
    stated: dict[str, Any] = {"name": "trees", "objectives": [minimize("misfit")], "seed": 7}
    with closing(Study.create(url, space=space, **{**stated, **changes})) as made:
        yield made


def test_study_of_expressions_lasts_on_disk_and_finds_the_target(sqlite_url: str) -> None:
    # x * x + x has depth 2; a play-out meets it, or an equal, about once in a hundred.
    with study(sqlite_url, Space(tree=Construction(Expressions, {"depth": 2}))) as first:
        for trial in first.ask(150):
            first.tell(trial, {"misfit": misfit(trial.params["tree"])})
    with closing(Study.open(sqlite_url, callables=[Expressions])) as second:
        for trial in second.ask(150):
            second.tell(trial, {"misfit": misfit(trial.params["tree"])})
        best = second.best
        assert best is not None
        assert best["misfit"] == 0.0
        tokens = best.params["tree"]
        assert [value(tokens, x) for x in (3.0, 0.5)] == [12.0, 0.75]
        assert all(replay(Expressions(2), t.params["tree"]) for t in second.completed)


def test_resumed_study_builds_what_the_uninterrupted_one_builds(sqlite_url: str) -> None:
    with study(sqlite_url, MIXED, name="whole") as whole:
        expected = [trial.params for trial in whole.ask(6)]
    with study(sqlite_url, MIXED, name="cut") as first:
        asked = [trial.params for trial in first.ask(1) + first.ask(3)]
    with closing(Study.open(sqlite_url, "cut", callables=[Expressions])) as second:
        asked += [trial.params for trial in second.ask(2)]
    assert asked == expected


def test_numbers_of_a_mixed_study_stratify_as_sobol_points_do(sqlite_url: str) -> None:
    with study(sqlite_url, MIXED) as made:
        trials = made.ask(16)
    x = MIXED.encode([trial.params for trial in trials])[:, 0]
    assert sorted(np.floor(16 * x).astype(int)) == list(range(16))
    assert len({tuple(trial.params["tree"]) for trial in trials}) > 4


def test_study_opened_without_its_grammar_says_what_to_pass(sqlite_url: str) -> None:
    with study(sqlite_url, MIXED):
        pass
    with closing(Study.open(sqlite_url)) as opened:
        assert opened.trials() == []
        with pytest.raises(SpaceError, match=r"not here(.|\n)*callables=\[function\]"):
            opened.ask()


def test_endless_grammar_stays_within_max_moves_or_is_refused(sqlite_url: str) -> None:
    with study(sqlite_url, Space(tree=Construction(endless, max_moves=9))) as made:
        assert max(len(trial.params["tree"]) for trial in made.ask(40)) <= 9


def test_grammar_that_comes_with_bosearch_is_found_by_its_name() -> None:
    parameter = Construction("bosearch.packing.game:AssemblyGrammar", {"letters": 1})
    assert parameter.callables == ()
    assert parameter.validate(["drop", "near s3", "end"], name="assembly")
    with pytest.raises(ParameterError, match="is not legal"):
        parameter.validate(["add", "near G*s1", "end"], name="assembly")


@pytest.mark.parametrize(
    "name", ["bosearch.packing.game:NoGrammar", "bosearch.packing.no_module:AssemblyGrammar"]
)
def test_grammar_that_bosearch_has_not_is_refused_when_needed(name: str) -> None:
    with pytest.raises(SpaceError, match="bosearch has no grammar"):
        Construction(name).sample(1, np.random.default_rng(0))
