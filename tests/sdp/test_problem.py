import subprocess
import sys
from fractions import Fraction
from typing import Any

import pytest
from flint import arb, fmpq

from bosearch.errors import SdpError
from bosearch.sdp.multifloat import MultiFloat
from bosearch.sdp.problem import Dense, Entries, Sampled, SdpProblem
from tests.sdp.helpers import complementary, pentagon, two_point

GOOD: dict[str, Any] = {
    "blocks": {"a": 2},
    "rows": ["r"],
    "rhs": [1],
    "terms": [Entries("a", "r", {(0, 0): 1})],
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"blocks": {}}, "it has no psd block"),
        ({"rows": [], "rhs": [], "terms": []}, "it has no rows"),
        ({"blocks": {"a": 0}}, "'a' must have a positive integer size, got 0"),
        ({"blocks": {"a": 2.0}}, "'a' must have a positive integer size"),
        ({"rows": ["r", "r"]}, "row 'r' is named twice"),
        ({"rows": [3]}, "a row must have a name, got 3"),
        ({"rhs": [1, 2]}, "rhs: expected 1"),
        ({"rhs": [0.5]}, r"rhs\[0\] must be exact"),
        ({"rhs": [arb("nan")]}, r"rhs\[0\] must be finite"),
        ({"sense": "min"}, "'minimize' or 'maximize'"),
        ({"free": ["y"]}, "free_matrix is missing: expected 1 x 1"),
        ({"free": ["y"], "free_matrix": [[1, 2]]}, "row 0 must have 1 entries, got 2"),
        ({"free": ["y"], "free_matrix": [[1], [2]]}, "rows of free_matrix: expected 1"),
        ({"free": ["y"], "free_matrix": [[1]], "cost_free": [1, 2]}, "cost_free: expected 1"),
        ({"terms": [Entries("a", "x", {(0, 0): 1})]}, "unknown row 'x'"),
        ({"terms": [Entries("a", 1, {(0, 0): 1})]}, "row 1 lies outside the 1 rows"),
        ({"terms": [Entries("a", None, {(0, 0): 1})]}, "by position or by name, got None"),
        ({"terms": [Entries("a", 0, {(0, 2): 1})]}, "size 2 reach to 2"),
        ({"terms": [Sampled("a", [[1, 2, 3]], [1], [0])]}, "has size 2, but a Sampled term"),
        ({"terms": [Sampled("a", [[1, 2]], [1])]}, "samples on block 'a' name no rows"),
        ({"terms": [Dense("a", 0, [[1]])]}, "has size 2, but a Dense term on it has size 1"),
        ({"terms": []}, "row 'r' constrains nothing: it reads 0 = 1"),
        ({"terms": [Entries("a", 0, {(0, 0): 0})]}, "row 'r' constrains nothing"),
        ({"terms": ["x"]}, "must be Sampled, Entries or Dense"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(change: dict[str, Any], message: str) -> None:
    with pytest.raises(SdpError, match=message):
        SdpProblem(**{**GOOD, **change})


def test_an_unknown_block_comes_with_a_suggestion() -> None:
    with pytest.raises(SdpError, match=r"unknown block 'sigma_0'\n  hint: did you mean 'sigma0'"):
        SdpProblem(
            blocks={"sigma0": 1},
            rows=["r"],
            rhs=[0],
            terms=[Entries("sigma_0", "r", {(0, 0): 1})],
        )


def test_a_row_of_free_variables_alone_is_used() -> None:
    problem = SdpProblem(
        **{**GOOD, "rows": ["r", "f"], "rhs": [1, 2], "free": ["y"], "free_matrix": [[0], [1]]}
    )
    assert problem.cost_free == (fmpq(0),)


def test_rows_may_be_named_or_numbered() -> None:
    by_name = SdpProblem(**GOOD)
    by_number = SdpProblem(**{**GOOD, "terms": [Entries("a", 0, {(0, 0): 1})]})
    assert by_name == by_number
    assert hash(by_name) == hash(by_number)


@pytest.mark.parametrize("change", [{"rhs": [2]}, {"constant": 1}, {"sense": "maximize"}])
def test_problems_differ_by_any_content(change: dict[str, Any]) -> None:
    assert SdpProblem(**GOOD) != SdpProblem(**{**GOOD, **change})


def test_a_program_comes_back_from_json_unchanged() -> None:
    limbs = MultiFloat.from_exact([[Fraction(1, 3), 2]], 4)
    mixed = SdpProblem(
        blocks={"a": 2, "b": 1},
        rows=["r", "s"],
        rhs=[Fraction(1, 3), arb.pi()],
        free=["y"],
        free_matrix=[[arb(2).sqrt()], [0]],
        cost_free=[Fraction(-2, 7)],
        cost_blocks=[Dense("a", None, [[1, 2], [2, 5]])],
        sense="maximize",
        constant=arb(3).sqrt(),
        terms=[
            Sampled("a", limbs, [1], ["r"]),
            Sampled("a", [[1, 2], [arb(2).sqrt(), 0]], [1, -1], ["r", "s"]),
            Entries("b", "s", {(0, 0): Fraction(1, 7)}),
        ],
    )
    for problem in (mixed, pentagon(), two_point(8, 5), complementary(0)[0]):
        again = SdpProblem.from_json(problem.to_json())
        assert again.to_json() == problem.to_json()
        assert again == problem


@pytest.mark.parametrize("text", ["", "{}", '{"format": "other"}', "[1]"])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(SdpError):
        SdpProblem.from_json(text)


def test_stating_a_program_does_not_import_torch() -> None:
    code = "import sys; from bosearch.sdp import SdpProblem; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
