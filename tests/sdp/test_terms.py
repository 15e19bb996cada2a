from typing import Any

import pytest
import torch
from flint import arb, fmpq

from bosearch.errors import SdpError
from bosearch.sdp.multifloat import MultiFloat
from bosearch.sdp.terms import Dense, Entries, Sampled


@pytest.mark.parametrize(
    "matrix",
    [
        [[1, 2], [3, 1]],
        [[arb(1), arb(2)], [arb(3), arb(1)]],
        MultiFloat.of(torch.tensor([[1.0, 2.0], [3.0, 1.0]], dtype=torch.float64), 2),
    ],
)
def test_an_asymmetric_matrix_is_refused_by_its_entries(matrix: Any) -> None:
    with pytest.raises(SdpError, match=r"must be symmetric, but its entries \(\d, \d\)"):
        Dense("b", 0, matrix)


def test_balls_that_may_be_equal_are_symmetric() -> None:
    Dense("b", 0, [[arb(1), arb(2, 0.1)], [arb(2), arb(1)]])


def test_a_matrix_that_is_not_square_is_refused() -> None:
    with pytest.raises(SdpError, match="square matrix, got 1 x 2"):
        Dense("b", 0, [[1, 2]])


def test_a_position_and_its_mirror_may_not_both_be_given() -> None:
    with pytest.raises(SdpError, match=r"\(1, 0\) is given twice"):
        Entries("b", 0, {(0, 1): 1, (1, 0): 1})


@pytest.mark.parametrize("position", [(0,), (0.0, 1), (-1, 0), "ab"])
def test_a_position_that_is_no_pair_of_indices_is_refused(position: Any) -> None:
    with pytest.raises(SdpError, match="position"):
        Entries("b", 0, {position: 1})


def test_each_sample_has_one_weight_and_one_row() -> None:
    with pytest.raises(SdpError, match="got 2 vectors, 1 weights, 2 rows"):
        Sampled("b", [[1], [2]], [1], [0, 0])


def test_terms_hold_exact_numbers() -> None:
    term = Sampled("b", [[1, 2]], [3], [0])
    assert term.weights == (fmpq(3),)
    assert term.size == 2
