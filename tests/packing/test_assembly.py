"""Assemblies: one canonical form, saved without loss, refused with a reason."""

import json
from typing import Any

import pytest

from bosearch.errors import SdpError
from bosearch.packing.assembly import Assembly, degree, largest_kernel, spelled

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


def test_construction_survives_json() -> None:
    made = build(near=[(), ("s1", "G")], far=[(), ("l", "l")])
    assert Assembly.from_dict(json.loads(json.dumps(made.to_dict()))) == made


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
        ({"kernels": (4,)}, "kernel 0 has size 4, but d = 2 admits 3"),
        ({"kernels": (1, 1, 1, 1, 1, 1)}, "kernel 5 has size 1, but d = 2 admits 0"),
    ],
)
def test_what_exceeds_the_degree_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SdpError, match=message):
        build(**changes).check(2)


@pytest.mark.parametrize("document", [{}, {"near": [[]], "far": 3, "kernels": []}, None])
def test_document_of_something_else_is_refused(document: Any) -> None:
    with pytest.raises(SdpError, match="no assembly"):
        Assembly.from_dict(document)
