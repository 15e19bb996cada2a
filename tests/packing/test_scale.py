"""The search on a bound whose best scale is known."""

import math
from collections.abc import Callable

import pytest

from bosearch.errors import SdpError
from bosearch.packing.densities import PUBLISHED_BOUNDS, ball_volume
from bosearch.packing.scale import best_scale, first_guess, log_diameter, natural_scale


def wavy(dim: int, degree: int, at: float, limit: float) -> Callable[[float, float], float]:
    """Stationary at ``at``, where it has the density of the balls, and oscillating about it."""

    def sound(log_r: float, gap: float) -> float:
        assert 0 < gap <= 1e-4
        phase = (log_r - at) * (degree + dim / 2 + 1) * math.pi / 1.6
        return limit * (1.0 + 1e-3 * (math.cos(phase) - 1.0))

    return sound


@pytest.mark.parametrize("dim", [1, 2, 8, 24])
@pytest.mark.parametrize("degree", [9, 13, 15, 41])
def test_the_natural_scale_is_found_where_the_bound_is_the_density(dim: int, degree: int) -> None:
    at = log_diameter(dim, PUBLISHED_BOUNDS[dim])
    sound = wavy(dim, degree, at, PUBLISHED_BOUNDS[dim])
    assert natural_scale(dim, degree, sound) == pytest.approx(at, abs=1e-4 / degree)


def test_the_best_scale_is_the_minimum_below_for_degrees_4k_plus_1() -> None:
    at = log_diameter(8, PUBLISHED_BOUNDS[8])
    for degree in (5, 9, 13, 17, 41):
        found = best_scale(8, degree, wavy(8, degree, at, PUBLISHED_BOUNDS[8]))
        assert (at - found) * (degree + 5) == pytest.approx(1.6, abs=0.11)
    for degree in (7, 43):
        found = best_scale(8, degree, wavy(8, degree, at, PUBLISHED_BOUNDS[8]))
        assert found == pytest.approx(at, abs=1e-5)


def test_where_there_is_no_bound_larger_balls_are_tried() -> None:
    at = first_guess(8) + 0.3
    wave = wavy(8, 5, at, ball_volume(8, math.exp(at) / 2))
    asked = []

    def sound(log_r: float, gap: float) -> float:
        asked.append(log_r)
        return math.inf if log_r < at - 0.15 else wave(log_r, gap)

    assert natural_scale(8, 5, sound) == pytest.approx(at, abs=1e-3)
    assert asked[:3] == pytest.approx([at - 0.3, at - 0.2, at - 0.1])
    assert at - 0.16 <= best_scale(8, 5, sound) < at - 0.1


def test_degree_one_has_a_closed_form_and_no_natural_scale() -> None:
    def never(log_r: float, gap: float) -> float:
        raise AssertionError

    assert math.exp(2 * best_scale(8, 1, never)) * 2 * math.pi == pytest.approx(10)
    with pytest.raises(SdpError, match="no natural scale"):
        natural_scale(8, 1, never)


def test_the_first_guess_is_within_three_percent_of_the_limit() -> None:
    for dim, bound in PUBLISHED_BOUNDS.items():
        if dim not in range(3, 8):  # there the published bound is lower than linear programming's
            assert first_guess(dim) == pytest.approx(log_diameter(dim, bound), abs=0.03)
    assert all(first_guess(n) < first_guess(n + 1) for n in range(1, 64))


def test_balls_of_the_returned_diameter_have_the_density() -> None:
    for dim in (1, 3, 24):
        assert ball_volume(dim, math.exp(log_diameter(dim, 0.3)) / 2) == pytest.approx(0.3)
