from fractions import Fraction

import pytest

from bosearch.errors import SdpError
from bosearch.sdp import Status, solve
from tests.sdp.helpers import pentagon, two_point


def test_a_neighbour_is_reached_in_fewer_iterations_and_to_the_same_value() -> None:
    known = solve(two_point(8, 13))
    problem = two_point(8, 13, r_squared=Fraction(2001, 1000))
    cold, warm = solve(problem), solve(problem, warm=known)
    assert warm.status is Status.optimal
    assert len(warm.history) <= len(cold.history) - 3
    assert warm.value == pytest.approx(cold.value, abs=2e-12)


def test_the_result_of_another_shape_is_refused() -> None:
    with pytest.raises(SdpError, match="the same blocks, rows and free"):
        solve(pentagon(), warm=solve(two_point(8, 5)))
