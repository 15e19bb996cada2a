"""Half Newton polytopes that are known by hand, and against an exhaustive search."""

import itertools

import pytest

from bosearch.errors import SdpError
from bosearch.sdp.newton import half_newton_polytope, in_hull


def test_motzkins_polynomial_needs_four_monomials() -> None:
    # Reznick (1978): 1, xy, x^2 y, x y^2; not x or y, whose squares lie outside the triangle.
    support = [(4, 2), (2, 4), (2, 2), (0, 0)]
    assert half_newton_polytope(support) == [(0, 0), (1, 1), (1, 2), (2, 1)]


def test_a_dense_polynomial_needs_all_monomials_of_half_its_degree() -> None:
    support = [m for m in itertools.product(range(5), repeat=3) if sum(m) <= 4]
    expected = [m for m in itertools.product(range(3), repeat=3) if sum(m) <= 2]
    assert half_newton_polytope(support) == expected


def test_a_form_needs_a_form() -> None:
    support = [(6, 0, 0), (0, 6, 0), (0, 0, 6), (2, 2, 2)]
    made = half_newton_polytope(support)
    assert all(sum(m) == 3 for m in made)
    assert len(made) == 10


def test_a_monomial_whose_square_cannot_be_cancelled_is_dropped() -> None:
    # 2 (1, 1) is inside the square's hull but appears neither in p nor as another product
    # once (0, 2) and (2, 0) are gone: x^4 y^4 + 1 needs 1 and x^2 y^2, and x y for (2, 2).
    assert half_newton_polytope([(4, 4), (0, 0)]) == [(0, 0), (1, 1), (2, 2)]
    assert half_newton_polytope([(2, 0), (0, 2)]) == [(0, 1), (1, 0)]
    assert half_newton_polytope([(8,), (2,)]) == [(1,), (2,), (3,), (4,)]


def test_the_hull_of_a_triangle_is_decided_exactly() -> None:
    corners = [(0, 0), (4, 2), (2, 4)]
    for x, y in itertools.product(range(6), repeat=2):
        inside = 2 * y - x >= 0 and 2 * x - y >= 0 and x + y <= 6
        assert in_hull((x, y), corners) == inside


def test_pure_powers_span_a_corner() -> None:
    corner = [(0, 0, 0), (4, 0, 0), (0, 2, 0), (0, 0, 6)]
    for m in itertools.product(range(7), repeat=3):
        assert in_hull(m, corner) == (m[0] / 4 + m[1] / 2 + m[2] / 6 <= 1 + 1e-12)


def test_too_many_candidates_are_refused() -> None:
    support = [tuple(40 * (i == j) for j in range(8)) for i in range(8)]
    with pytest.raises(SdpError, match="too large"):
        half_newton_polytope([*support, (0,) * 8])
