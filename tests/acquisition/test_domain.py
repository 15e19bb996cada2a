"""Where candidates may lie: on the grid, feasible, new."""

import numpy as np
import pytest

from bosearch.acquisition.domain import Domain
from bosearch.errors import InfeasibleSpaceError
from bosearch.space import Choice, Integer, Real, Space

MIXED = Space(
    x=Real(0, 10),
    k=Integer(1, 5),
    w=Integer(1, 1000, log=True),
    c=Choice(["a", "b", "c"]),
    constraints=["x + k <= 9"],
)
NOTHING = np.empty((0, 4))


def test_scattered_and_nearby_points_are_points_of_the_space() -> None:
    domain, rng = Domain(MIXED, NOTHING), np.random.default_rng(0)
    scattered = domain.scatter(200, rng)
    near = domain.around(scattered[:3], 100, rng)
    for X in (scattered, near):
        assert len(X) > 30
        points = MIXED.decode(X)
        assert all(MIXED.validate(point) == point for point in points)
        np.testing.assert_allclose(MIXED.encode(points), X, rtol=0, atol=1e-12)


def test_neighbours_are_the_points_one_exchange_away() -> None:
    space = Space(k=Integer(1, 3), c=Choice(["a", "b", "c"]), forbidden=[{"k": 2, "c": "a"}])
    here = space.encode([{"k": 1, "c": "a"}])[0]
    around = space.decode(Domain(space, None).neighbours(here))
    expected = [{"k": 3, "c": "a"}, {"k": 1, "c": "b"}, {"k": 1, "c": "c"}]
    assert sorted(map(str, around)) == sorted(map(str, expected))


def test_chunks_are_all_feasible_points_but_the_known_ones() -> None:
    space = Space(k=Integer(0, 30), c=Choice(["a", "b", "c"]), constraints=["k <= 20"])
    every = list(space.enumerate())
    domain = Domain(space, space.encode(every[:7]))
    found = [point for X in domain.chunks() for point in space.decode(X)]
    assert sorted(map(str, found)) == sorted(map(str, every[7:]))


def test_known_points_are_recognised_after_a_round_trip() -> None:
    points = MIXED.sample(20, np.random.default_rng(1))
    domain = Domain(MIXED, MIXED.encode(points[:10]))
    decoded = MIXED.decode(MIXED.encode(points))
    assert domain.new(MIXED.encode(decoded)).tolist() == [False] * 10 + [True] * 10


def test_rare_feasible_points_are_found_by_sampling() -> None:
    space = Space(x=Real(0, 1), y=Real(0, 1), constraints=["x + y <= 0.003"])
    X = Domain(space, None).scatter(64, np.random.default_rng(2))
    assert len(X) >= 32
    assert (X.sum(1) <= 0.003).all()


def test_impossible_constraints_are_reported() -> None:
    space = Space(x=Real(0, 1), y=Real(0, 1), constraints=["x + y <= 0.5", "x - y >= 0.6"])
    with pytest.raises(InfeasibleSpaceError):
        Domain(space, None).scatter(8, np.random.default_rng(3))
