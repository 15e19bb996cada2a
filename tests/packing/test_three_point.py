"""Three-point bounds against published methods, the two-point bound, and each other."""

from decimal import Decimal
from math import pi
from typing import Any

import pytest

from bosearch.errors import SdpError
from bosearch.packing.assembly import Assembly
from bosearch.packing.densities import best_packing, density_per_ratio
from bosearch.packing.three_point import ThreePointBound, three_point
from bosearch.packing.two_point_program import TwoPointProgram
from bosearch.sdp import Iteration, Status, solve
from bosearch.verify import verify

R_GOOD = 1.5  # at which d = 3 gains in dimension 4


def bound(d: int = 3, d2: int = 5, R: float = R_GOOD, **options: Any) -> ThreePointBound:
    return three_point(4, d, d2, 1.2, R, **options)


def value(found: ThreePointBound) -> float:
    assert found.status is Status.optimal, found.result.message
    assert found.dual <= found.density
    return float(found.density)


@pytest.fixture(scope="module")
def standard() -> ThreePointBound:
    return bound()


@pytest.mark.parametrize(
    ("d", "R", "expected"),
    [
        (3, 1.5, 0.646937979552),  # an independent program and two other solvers
        (3, 1.8, 0.6479222770),  # no gain: the two-point bound of the same degree and scale
        (2, 1.6, 0.6479222770),
    ],
)
def test_values_of_dimension_four(d: int, R: float, expected: float) -> None:
    found = bound(d, d2=8, R=R)
    assert value(found) == pytest.approx(expected, abs=2e-9)  # the gap, and ten digits
    assert not found.certified
    assert found.certificate is None
    assert 0.0 < found.result.seconds <= found.seconds


def test_iterates_near_the_boundary_are_centred_and_get_away() -> None:
    """46 iterations; 65 if every direction removes the residuals, whether it centres or not."""
    found = three_point(12, 6, 12, 1.5295, 1.5295 * 1.1, gap=1e-7)
    assert value(found) == pytest.approx(0.08093586, abs=1e-7)
    assert len(found.result.history) <= 55


def test_without_kernels_it_is_the_two_point_bound() -> None:
    bare = Assembly(near=[()], far=[()], kernels=())
    found = bound(d2=8, construction=bare)
    rho = found.program.rho
    ratio = solve(TwoPointProgram(4, 17, rho).problem(), gap=1e-10).value
    # two programs with one optimum: a half line is cut in two, each with squares of its own
    assert value(found) == pytest.approx(float(density_per_ratio(4, rho)) * ratio, abs=2e-9)


def test_bound_improves_with_degree_kernels_and_words(standard: ThreePointBound) -> None:
    full, rounding = value(standard), 2e-9
    S = Assembly.standard(3)
    assert full < value(bound(2)) - 1e-5
    assert value(bound(d2=7)) < full - 1e-5

    def without(**changes: Any) -> float:
        kept = {"near": S.near, "far": S.far, "kernels": S.kernels, **changes}
        return value(bound(construction=Assembly(**kept)))

    empty_only = without(near=[()], far=[()])
    no_gram = without(near=[w for w in S.near if w != ("G",)], far=[(), ("l",), ("q1",), ("q2",)])
    low_angles = without(kernels=S.kernels[:3])
    assert full <= no_gram + rounding
    assert no_gram <= empty_only + rounding
    assert full < empty_only - 1e-6
    assert full <= low_angles + rounding


def test_word_without_effect_is_named(standard: ThreePointBound) -> None:
    S = Assembly.standard(3)
    more = Assembly(near=S.near, far=[*S.far, ("G", "l"), ("G", "q1")], kernels=S.kernels)
    found = bound(construction=more)
    assert value(found) == pytest.approx(value(standard), abs=2e-9)
    assert ("far", ("G", "l")) in found.useless_words
    pruned = Assembly(
        near=[w for w in more.near if ("near", w) not in found.useless_words],
        far=[w for w in more.far if ("far", w) not in found.useless_words],
        kernels=more.kernels,
    )
    assert value(bound(construction=pruned)) == pytest.approx(value(found), abs=2e-9)


def test_more_nodes_for_pairs_change_nothing(standard: ThreePointBound) -> None:
    assert value(bound(pair_nodes=49)) == pytest.approx(value(standard), abs=2e-9)


def test_screen_that_misses_the_identities_is_no_bound(standard: ThreePointBound) -> None:
    """In doubles the residuals are 1e-7, and the objective lies 1e-3 below the optimum."""
    screen = bound(gap=1e-6, backend="clarabel")
    assert screen.result.screen
    assert float(screen.density) > value(standard) - 1e-5


@pytest.mark.parametrize(("dim", "r", "R"), [(2, 1.0746, 1.45), (3, 1.14, 1.45)])
def test_no_packing_is_denser(dim: int, r: float, R: float) -> None:
    found = three_point(dim, 3, 6, r, R)
    packing = best_packing(dim)
    assert packing is not None
    assert value(found) > packing
    if dim == 2:
        assert value(found) > pi / 12**0.5
    rho = found.program.rho
    two = solve(TwoPointProgram(dim, 13, rho).problem(), gap=1e-10).value
    assert value(found) <= float(density_per_ratio(dim, rho)) * two + 2e-9

    proved = three_point(dim, 3, 6, r, R, certify=True)
    assert proved.certified
    assert proved.certificate is not None
    assert verify(proved.certificate).density == str(proved.density)
    assert packing < proved.density
    assert value(proved) == pytest.approx(value(found), abs=2e-9)  # the slack costs little


def test_bound_that_was_not_found_is_not_proved() -> None:
    with pytest.raises(SdpError, match="the bound was not found: limit"):
        bound(d=2, time_s=1e-3, certify=True)


def test_solve_that_ends_early_bounds_by_the_trivial() -> None:
    steps: list[Iteration] = []
    found = bound(d=2, time_s=1e-3, on_iteration=steps.append)
    assert found.status is Status.limit
    assert found.density == Decimal(1)
    assert found.dual <= found.density
    assert found.useless_words == ()
    assert len(steps) <= 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((4, 3, 5, 1.5, 1.2), "expected 0 < r < R"),
        ((4, 3, 5, 1.2, 1.2), "expected 0 < r < R"),
        ((1, 3, 5, 1.2, 1.5), "dim must be an integer from 2"),
        ((4, 0, 5, 1.2, 1.5), "d must be an integer from 1"),
        ((4, 2.5, 5, 1.2, 1.5), "d must be an integer from 1"),
        ((4, 3, 0, 1.2, 1.5), "d2 must be an integer from 1"),
        ((4, 3, 5, -1.2, 1.5), "r must be positive"),
        ((4, 3, 5, float("nan"), 1.5), "r must be positive"),
        ((4, 3, 5, 1.2, float("inf")), "R must be positive and at most 10"),
        ((4, 3, 5, "1.2", 1.5), "r must be a number"),
        ((4, 2, 5, 1.2, 1.5, Assembly.standard(3)), "d = 2 admits 4"),
    ],
)
def test_bad_input_is_refused_with_one_reason(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(SdpError, match=message):
        three_point(*arguments)


def test_options_of_the_solver_are_checked_by_it() -> None:
    with pytest.raises(SdpError, match="gap must lie between 0 and 1"):
        bound(d=1, gap=0.0)
    with pytest.raises(SdpError, match="backend"):
        bound(d=1, backend="simplex")
