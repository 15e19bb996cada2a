import math

import pytest
import torch
from flint import fmpq

from bosearch.sdp.multifloat import MultiFloat
from bosearch.sdp.steps import longest


def batch(rows: list[list[float]]) -> MultiFloat:
    return MultiFloat.of(torch.tensor([[rows]], dtype=torch.float64), 2)


def test_the_step_ends_where_the_first_eigenvalue_vanishes() -> None:
    eye = batch([[1.0, 0.0], [0.0, 1.0]])
    # Eigenvalues of the direction are 3 and -1: I + t D is definite for t < 1.
    assert float(longest((eye,), (batch([[1.0, 2.0], [2.0, 1.0]]),))) == pytest.approx(1.0)
    # All cones count: 1 - 4 t.
    both = (batch([[1.0, 2.0], [2.0, 1.0]]), batch([[-4.0, 0.0], [0.0, 0.0]]))
    assert float(longest((eye, eye), both)) == pytest.approx(0.25)


def test_a_direction_inside_the_cone_has_no_end() -> None:
    eye = batch([[1.0, 0.0], [0.0, 1.0]])
    assert float(longest((eye,), (batch([[2.0, 1.0], [1.0, 2.0]]),))) == math.inf


def test_the_step_is_right_where_doubles_see_a_singular_matrix() -> None:
    """``M = [[1, 1], [1, 1 + e]]`` with e = 2^-80; ``M + t diag(0, -e)`` ends at t = 1."""
    e = fmpq(1, 2**80)
    root = 2.0**-40
    inverse = batch([[1.0, 0.0], [-1.0 / root, 1.0 / root]])  # of [[1, 0], [1, root]]
    direction = MultiFloat.from_exact([[[[0, 0], [0, -e]]]], 2)
    assert float(longest((inverse,), (direction,))) == pytest.approx(1.0, rel=1e-12)
    # The same in a direction that cancels: -(1 - 2^-70) of the matrix itself.
    shrink = fmpq(-1) + fmpq(1, 2**70)
    itself = MultiFloat.from_exact([[[[shrink, shrink], [shrink, shrink * (1 + e)]]]], 3)
    assert float(longest((inverse,), (itself,))) == pytest.approx(1.0, rel=1e-12)
