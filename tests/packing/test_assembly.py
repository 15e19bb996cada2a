"""Assemblies: one canonical form, saved without loss, refused with a reason."""

import json
from typing import Any

import pytest

from bosearch.errors import SdpError
from bosearch.packing.assembly import (
    Assembly,
    degree,
    largest_half_degree,
    largest_kernel,
    spelled,
)

STANDARD = Assembly.standard(4)


def build(**changes: Any) -> Assembly:
    return Assembly(**{"near": [()], "far": [()], "kernels": (2, 1), **changes})


def test_standard_construction_has_the_seven_base_polynomials() -> None:
    assert STANDARD.near == ((), ("G",), ("s1",), ("s2",), ("s3",))
    assert STANDARD.far == ((), ("G",), ("l",), ("q1",), ("q2",))
    assert STANDARD.kernels == (5, 4, 4, 3, 3, 2, 2, 1, 1)  # floor((8 - k)/2) + 1


def test_standard_construction_leaves_out_what_a_low_degree_does_not_admit() -> None:
    assert Assembly.standard(2).near == ((), ("G",), ("s1",), ("s2",))  # s3 has degree 6
    assert Assembly.standard(1).far == ((), ("G",), ("l",), ("q1",))
    for d in range(1, 8):
        Assembly.standard(d).check(d)


def test_words_commute_and_their_order_does_not_matter() -> None:
    one = build(near=[(), ("s1", "G"), ("s2",)])
    other = build(near=[("s2",), ("G", "s1"), ()])
    assert one == other
    assert hash(one) == hash(other)
    assert one.words("near") == ((), ("s2",), ("G", "s1"))


def test_kernels_of_size_zero_at_the_end_are_no_kernels() -> None:
    assert build(kernels=(2, 0, 1, 0, 0)).kernels == (2, 0, 1)
    assert build(kernels=(0, 0)) == build(kernels=())


def test_words_that_are_lowered_by_nothing_are_not_lowered() -> None:
    words = {"near": [(), ("s1", "G"), ("s2",)], "far": [(), ("l",)]}
    one = build(**words, lowered=[("far", ("l",), 1), ("near", ("s1", "G"), 2), ("near", (), 0)])
    other = build(**words, lowered=[("near", ("G", "s1"), 2), ("far", ("l",), 1)])
    assert one == other != build(**words)
    assert hash(one) == hash(other)
    assert one.lowered == (("near", ("G", "s1"), 2), ("far", ("l",), 1))


def test_construction_survives_json() -> None:
    for lowered in ([], [("near", ("G", "s1"), 1), ("far", ("l", "l"), 2)]):
        made = build(near=[(), ("s1", "G")], far=[(), ("l", "l")], lowered=lowered)
        assert Assembly.from_dict(json.loads(json.dumps(made.to_dict()))) == made


def test_older_document_lowers_nothing() -> None:
    document = {"near": [[], ["G"]], "far": [[]], "kernels": [2, 1]}
    assert Assembly.from_dict(document) == build(near=[(), ("G",)])


@pytest.mark.parametrize("d", [3, 4, 8])
def test_largest_half_degree_reaches_degree_two_d_and_not_beyond(d: int) -> None:
    for word in STANDARD.far:
        reached = degree("far", word) + 2 * largest_half_degree("far", word, d)
        assert 2 * d - 1 <= reached <= 2 * d


def test_half_degrees_are_the_largest_unless_lowered() -> None:
    made = build(near=[(), ("s1",)], far=[(), ("l",)], lowered=[("near", ("s1",), 2)])
    assert [made.half_degree("near", word, 4) for word in made.near] == [4, 1]  # 3 - 2
    assert [made.half_degree("far", word, 4) for word in made.far] == [4, 3]
    assert STANDARD.lowered == ()


def test_degrees_add_up_and_words_are_spelled() -> None:
    assert degree("near", ("G", "s1", "s3")) == 10
    assert degree("far", ("l", "l", "q2")) == 6
    assert degree("near", ()) == 0
    assert spelled(("G", "s1")) == "G*s1"
    assert spelled(()) == "1"


@pytest.mark.parametrize("d", [1, 2, 5])
def test_largest_kernel_reaches_degree_two_d_and_not_beyond(d: int) -> None:
    for k in range(2 * d + 1):
        reached = k + 2 * (largest_kernel(d, k) - 1)
        assert 2 * d - 1 <= reached <= 2 * d
    assert largest_kernel(d, 2 * d + 2) == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"near": [(), ("q1",)]}, "unknown letter 'q1' in a near word"),
        ({"far": [(), ("s1",)]}, "unknown letter 's1' in a far word"),
        ({"near": [(), "s1"]}, "a word must be a tuple"),
        ({"near": [(), ("s1", "G"), ("G", "s1")]}, r"G\*s1 is given twice"),
        ({"far": [("l",)]}, "the far words lack the empty word"),
        ({"kernels": (2, -1)}, "kernels must be integers"),
        ({"kernels": (2, 1.5)}, "kernels must be integers"),
        ({"kernels": (True,)}, "kernels must be integers"),
        ({"lowered": [("near", ("s1",), 1)]}, "lowered must be a word, got 'near' s1"),
        ({"lowered": [("nowhere", (), 1)]}, "lowered must be a word, got 'nowhere' 1"),
        ({"lowered": [("far", (), 1), ("far", (), 2)]}, "the far word 1 is lowered twice"),
        ({"lowered": [("far", (), -1)]}, "lowered by an integer from 0, got -1"),
        ({"lowered": [("far", (), True)]}, "lowered by an integer from 0, got True"),
        ({"lowered": [("far", (), 0.5)]}, "lowered by an integer from 0, got 0.5"),
    ],
)
def test_bad_construction_is_refused_with_one_reason(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SdpError, match=message):
        build(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"near": [(), ("s1", "s2")]}, r"the near word s1\*s2 has degree 6, but d = 2 admits 4"),
        ({"far": [(), ("l",) * 5]}, "has degree 5"),
        ({"lowered": [("far", (), 3)]}, "the far word 1 is at most 2 for d = 2, and lowered below"),
        ({"kernels": (4,)}, "kernel 0 has size 4, but d = 2 admits 3"),
        ({"kernels": (1, 1, 1, 1, 1, 1)}, "kernel 5 has size 1, but d = 2 admits 0"),
    ],
)
def test_what_exceeds_the_degree_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SdpError, match=message):
        build(**changes).check(2)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"near": [[]], "far": 3, "kernels": []},
        {"near": [[]], "far": [[]], "kernels": [], "lowered": [["near", []]]},
        {"near": [[]], "far": [[]], "kernels": [], "lowered": 1},
        None,
    ],
)
def test_document_of_something_else_is_refused(document: Any) -> None:
    with pytest.raises(SdpError, match="no assembly"):
        Assembly.from_dict(document)
