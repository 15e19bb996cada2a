"""Predicted seconds follow the sizes of the programs that are really solved."""

from collections import Counter

import pytest
from flint import fmpq

from bosearch.packing.cost import FEATURES, SHIPPED, features, shape
from bosearch.packing.game import edits
from bosearch.packing.three_point_program import ThreePointProgram
from bosearch.sdp.problem import Sampled

ASSEMBLIES = (
    ["end"],
    ["drop", "near s3", "add", "near G*s1", "shorter", "thinner", "end"],
    ["drop", "near G", "drop", "far G", *["shorter"] * 4, *["thinner"] * 3, "end"],
    ["lower", "near G", "lower", "far l", "add", "near G*s1", "lower", "near G*s1", "end"],
)


@pytest.mark.parametrize("tokens", ASSEMBLIES, ids=["complete", "mixed", "slender", "lowered"])
@pytest.mark.parametrize(("d", "d2"), [(1, 3), (3, 5), (4, 5)])
def test_shape_is_that_of_the_program(tokens: list[str], d: int, d2: int) -> None:
    assembly = edits(tokens).assembly(d)
    problem = ThreePointProgram(4, d, d2, fmpq(9), fmpq(17), assembly).problem()
    vectors: Counter[str] = Counter()
    for term in problem.terms:
        assert isinstance(term, Sampled)
        vectors[term.block] += len(term.weights)
    rows, blocks = shape(d, d2, assembly)
    assert rows == len(problem.rows)
    assert sorted(blocks) == sorted((problem.blocks[name], vectors[name]) for name in vectors)


def test_higher_degrees_and_more_pieces_never_cost_less() -> None:
    costs = [
        [SHIPPED.seconds(4, d, d2, edits(tokens).assembly(d)) for tokens in ASSEMBLIES[:3:2]]
        for d, d2 in [(3, 8), (3, 12), (5, 12), (9, 12)]
    ]
    for complete, slender in costs:
        assert 0 < slender < complete
    for column in zip(*costs, strict=True):
        assert list(column) == sorted(column)


def test_features_have_names() -> None:
    assert len(features(4, 3, 8, edits(["end"]).assembly(3))) == len(FEATURES)
    assert len(SHIPPED.coefficients) == len(FEATURES)
    assert min(SHIPPED.coefficients) > 0  # a fit scales them, so that none may be lost
