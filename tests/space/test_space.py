"""Spaces: points, conditions, specs."""

import itertools
import json
import pickle
from typing import Any

import numpy as np
import pytest

from bosearch.errors import ParameterError, ShapeError, SpaceError
from bosearch.space import Choice, Integer, Real, Sequence, Space


def short_tail(params: dict[str, Any]) -> bool:
    """A constraint that no text states."""
    return bool(params["seq"].count("T") <= 1)


SPACE = Space(
    constraints=["x + k <= 7.5", "seq[0] != 'G' or kernel == 'rbf'", short_tail],
    forbidden=[{"kernel": "poly", "k": 3}],
    x=Real(0, 5),
    scale=Real(1e-3, 1e3, log=True),
    k=Integer(0, 6),
    steps=Integer(1, 1000, log=True),
    kernel=Choice(["rbf", "poly"], descriptors=[[0.0], [1.0]]),
    dose=Choice([1, 2, 3], ordered=True),
    seq=Sequence("ACGT", 3),
)


def allowed(p: dict[str, Any]) -> bool:
    """The conditions of ``SPACE``, once more by hand."""
    return (
        p["x"] + p["k"] <= 7.5
        and (p["seq"][0] != "G" or p["kernel"] == "rbf")
        and p["seq"].count("T") <= 1
        and not (p["kernel"] == "poly" and p["k"] == 3)
    )


def test_feasibility_agrees_with_python_point_by_point() -> None:
    rng = np.random.default_rng(0)
    points = SPACE.from_unit(rng.random((2000, len(SPACE.factors))))
    expected = [allowed(point) for point in points]
    assert 0 < sum(expected) < 2000
    assert [SPACE.feasible(point) for point in points] == expected
    assert SPACE.feasible_encoded(SPACE.encode(points)).tolist() == expected


def test_encoding_is_undone_by_decoding() -> None:
    points = SPACE.sample(500, np.random.default_rng(1))
    back = SPACE.decode(SPACE.encode(points))
    for point, there in zip(points, back, strict=True):
        for name in ("x", "scale"):
            assert there.pop(name) == pytest.approx(point.pop(name), rel=1e-13)
        assert there == point


def test_snapped_coordinates_are_those_of_the_decoded_point() -> None:
    X = np.random.default_rng(2).random((500, len(SPACE.factors)))
    snapped = np.stack([f.snap(X[:, i]) for i, f in enumerate(SPACE.factors)], axis=1)
    np.testing.assert_allclose(SPACE.encode(SPACE.decode(X)), snapped, atol=1e-14)


def test_factors_have_names() -> None:
    expected = ("x", "scale", "k", "steps", "kernel", "dose", "seq[0]", "seq[1]", "seq[2]")
    assert SPACE.factor_names == expected
    assert [f.kind for f in SPACE.factors[:6]] == [
        "continuous",
        "continuous",
        "ordinal",
        "ordinal",
        "categorical",
        "ordinal",
    ]


def test_linear_inequalities_hold_exactly_where_the_constraints_do() -> None:
    space = Space(
        constraints=["2*x - k/3 + dose >= 3", "x + k <= 8 and x*k <= 99", "scale + x <= 4"],
        x=Real(-2, 5),
        k=Integer(-4, 9),
        dose=Choice([4, 2, 0], ordered=True),
        scale=Real(1, 10, log=True),
    )
    points = space.from_unit(np.random.default_rng(3).random((2000, 4)))
    A, b = space.linear_inequalities()
    assert A.shape == (2, 4)  # not the one with the logarithmic scale
    holds = (space.encode(points) @ A.T <= b).all(axis=1)
    expected = [2 * p["x"] - p["k"] / 3 + p["dose"] >= 3 and p["x"] + p["k"] <= 8 for p in points]
    assert 0 < sum(expected) < 2000
    assert holds.tolist() == expected


def test_uneven_choices_are_not_linear() -> None:
    space = Space(dose=Choice([1, 2, 10], ordered=True), constraints=["dose <= 5"])
    assert space.linear_inequalities()[0].shape == (0, 1)


def test_enumeration_lists_each_feasible_point_once() -> None:
    space = Space(
        k=Integer(1, 7, log=True),
        c=Choice(["a", "b"]),
        s=Sequence("AB", 2),
        constraints=["k % 2 == 1", "s[0] == s[1] or c == 'a'"],
    )
    expected = [
        {"k": k, "c": c, "s": s}
        for k, c, s in itertools.product((1, 3, 5, 7), "ab", ("AA", "AB", "BA", "BB"))
        if s[0] == s[1] or c == "a"
    ]
    assert list(space.enumerate()) == expected
    assert space.size == 7 * 2 * 4
    assert len({space.key(point) for point in expected}) == len(expected)


def test_infinite_space_has_no_size_and_no_list() -> None:
    assert SPACE.size is None
    with pytest.raises(SpaceError, match="infinite"):
        next(SPACE.enumerate())


def test_spec_survives_json() -> None:
    spec = json.loads(json.dumps(SPACE.to_spec()))
    there = Space.from_spec(spec, callables=[short_tail])
    assert there == SPACE
    assert hash(there) == hash(SPACE)
    assert there.to_spec() == SPACE.to_spec()
    assert pickle.loads(pickle.dumps(SPACE)) == SPACE
    assert there != Space.from_spec(spec | {"constraints": []})


def test_missing_function_is_an_error_only_where_a_point_is_checked() -> None:
    space = Space.from_spec(SPACE.to_spec())
    assert space == SPACE
    point = SPACE.sample(1, np.random.default_rng(0))[0]
    space.encode([point])
    with pytest.raises(SpaceError, match=r"short_tail' is a Python function(.|\n)*callables"):
        space.validate(point)


def test_function_that_fails_is_named_with_its_point() -> None:
    def broken(params: dict[str, Any]) -> bool:
        return bool(params["z"])

    with pytest.raises(SpaceError, match="broken' failed with KeyError"):
        Space(x=Real(0, 1), constraints=[broken]).feasible({"x": 0.5})


GOOD = {"x": 1.0, "k": 2, "c": "a"}
SMALL = Space(
    constraints=["x + k <= 4"],
    forbidden=[{"c": "b", "k": 0}],
    x=Real(0, 5),
    k=Integer(0, 5),
    c=Choice(["a", "b"]),
)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (GOOD | {"kk": 1}, "unknown parameter 'kk'(.|\n)*did you mean 'k'"),
        ({"x": 1.0, "k": 2}, "missing parameter 'c'"),
        (GOOD | {"k": 9}, "'k': 9 is above the upper bound 5"),
        (GOOD | {"k": 4}, "{'x': 1.0, 'k': 4} breaks the input constraint 'x \\+ k <= 4'"),
        (GOOD | {"k": 0, "c": "b"}, 'breaks the input constraint "not .*k == 0'),
        (None, "expected a dict"),
    ],
)
def test_wrong_points_are_refused_with_a_reason(params: Any, message: str) -> None:
    assert SMALL.validate(GOOD) == GOOD
    with pytest.raises(ParameterError, match=message):
        SMALL.validate(params)


def named(name: str) -> Space:
    parameters: dict[str, Any] = {name: Real(0, 1)}
    return Space(**parameters)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Space(), "at least one parameter"),
        (lambda: Space(x=3), "expected Real, Integer"),  # type: ignore[arg-type]
        (lambda: named("a b"), "not an identifier"),
        (lambda: named("if"), "not an identifier"),
        (lambda: named("ﬁ"), "normal form"),
        (lambda: Space("x < 1", x=Real(0, 2)), "constraints must be a list"),
        (lambda: Space(Real(0, 1), x=Real(0, 1)), "must be a list"),  # type: ignore[arg-type]
        (lambda: Space([3], x=Real(0, 2)), "a text or a named function"),  # type: ignore[list-item]
        (lambda: Space([lambda p: True, lambda p: False], x=Real(0, 2)), "two constraints"),
        (lambda: Space(forbidden=[{}], x=Real(0, 2)), "expected parameters"),
        (lambda: Space(forbidden=[{"y": 1}], x=Real(0, 2)), "unknown parameter 'y'"),
        (lambda: Space(forbidden=[{"x": 9}], x=Real(0, 2)), "above the upper bound"),
    ],
)
def test_bad_spaces_are_refused(build: Any, message: str) -> None:
    with pytest.raises(SpaceError, match=message):
        build()


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"parameters": {"x": {"type": "real", "low": 0, "hgih": 1}}}, "did you mean 'high'"),
        ({"parameters": {"x": {"type": "real", "low": 0}}}, "'x'.* needs the key 'high'"),
        ({"parameters": {"x": {"type": "rael"}}}, "did you mean 'real'"),
        ({"parameters": {"x": {"low": 0}}}, "'type'"),
        ({"parameters": {"x": {"type": "real", "low": 1, "high": 0}}}, "'x': Real: low must"),
        ({"parameters": {"forbidden": {"type": "real", "low": 0, "high": 1}}}, "reserved"),
        ({"parameters": []}, "must be a table"),
        ({"paramters": {}}, "did you mean 'parameters'"),
        ({"parameters": SMALL.to_spec()["parameters"], "constraints": "x < 1"}, "must be a list"),
        ({"parameters": SMALL.to_spec()["parameters"], "constraints": [{"f": "g"}]}, "'callable'"),
    ],
)
def test_wrong_specs_are_refused_with_a_suggestion(spec: Any, message: str) -> None:
    with pytest.raises(SpaceError, match=message):
        Space.from_spec(spec)


def test_points_of_another_width_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"\(n, 3\), got \(2, 5\)"):
        SMALL.decode(np.zeros((2, 5)))
    with pytest.raises(ParameterError, match="finite"):
        SMALL.decode(np.full((1, 3), np.nan))
