"""A trust region bounds numbers, limits changes of categories, and the search respects it."""

import numpy as np
import pytest
from numpy.typing import NDArray

from bosearch.acquisition.ascent import ascend
from bosearch.acquisition.domain import Domain
from bosearch.acquisition.optimize import EFFORTS, best_candidate
from bosearch.acquisition.region import Region
from bosearch.space import Choice, Integer, Real, Space

Array = NDArray[np.float64]
SPACE = Space(
    x=Real(0, 1),
    y=Real(0, 1),
    k=Integer(0, 4),
    a=Choice(["p", "q", "r"]),
    b=Choice(["p", "q", "r"]),
    constraints=["x + y <= 1.5"],
)
CENTRE = np.array([0.9, 0.3, 0.5, 2.0, 0.0])


class Slope:
    """Rises with every number, and with every category's code."""

    def value(self, X: Array) -> Array:
        return np.asarray(X.sum(1))

    def value_and_gradient(self, X: Array) -> tuple[Array, Array]:
        return self.value(X), np.broadcast_to([1.0, 1.0, 0.0, 0.0, 0.0], X.shape)


def test_sides_are_cut_at_the_bounds_and_grids_keep_their_neighbours() -> None:
    region = Region.around(CENTRE, 0.4, SPACE.factors)
    assert region.lower == pytest.approx([0.7, 0.1, 0.25, 0.0, 0.0])
    assert region.upper == pytest.approx([1.0, 0.5, 0.75, 1.0, 1.0])
    assert region.changes == 1


def test_points_within_have_near_numbers_and_few_other_categories() -> None:
    region = Region.around(CENTRE, 0.4, SPACE.factors)
    X = np.array(
        [
            CENTRE,
            [0.7, 0.5, 0.75, 2.0, 1.0],
            [0.9, 0.3, 0.5, 1.0, 1.0],  # both categories changed
            [0.6, 0.3, 0.5, 2.0, 0.0],
        ]
    )
    assert region.holds(X).tolist() == [True, True, False, False]


def test_all_points_that_a_domain_makes_lie_within() -> None:
    region = Region.around(CENTRE, 0.2, SPACE.factors)
    domain = Domain(SPACE, None, region)
    rng = np.random.default_rng(0)
    made = [domain.scatter(200, rng), domain.around(CENTRE[None], 200, rng)]
    made.append(domain.neighbours(CENTRE))
    for X in made:
        assert len(X) > 4
        assert region.holds(X).all()
        assert SPACE.feasible_encoded(X).all()


@pytest.mark.parametrize("slopes", [True, False])
def test_the_search_ends_at_the_edge_of_the_region(slopes: bool) -> None:
    region = Region.around(CENTRE, 0.2, SPACE.factors)
    found = best_candidate(
        Slope(),
        Domain(SPACE, None, region),
        CENTRE[None],
        effort=EFFORTS["standard"],
        rng=np.random.default_rng(0),
        slopes=slopes,
    )
    assert found.x == pytest.approx([1.0, 0.4, 0.75, 2.0, 2.0], abs=1e-2)


def test_climbing_leaves_categories_alone() -> None:
    """Codes are no coordinates: a category of 2 is not clipped to 1."""
    starts = np.array([[0.2, 0.2, 0.5, 2.0, 2.0]])
    free = np.array([True, True, False, False, False])
    X, values = ascend(Slope().value_and_gradient, starts, free, rounds=20)
    assert X[0] == pytest.approx([1.0, 1.0, 0.5, 2.0, 2.0])
    assert values == pytest.approx([6.5])
