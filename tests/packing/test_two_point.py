"""Known bounds in all their digits, closed forms, and theorems proved by the checker."""

import math
from decimal import Decimal
from typing import Any

import pytest

from bosearch.errors import SdpError
from bosearch.packing import best_packing, two_point
from bosearch.packing.scale import log_diameter
from bosearch.sdp import Iteration, Status
from bosearch.verify import verify


@pytest.mark.parametrize(("dim", "degree"), [(2, 17), (8, 21), (24, 13)])
def test_the_best_scale_beats_the_natural_one_and_no_packing(dim: int, degree: int) -> None:
    best = two_point(dim, degree, gap=1e-10)
    natural = two_point(dim, degree, r="natural", gap=1e-10)
    packing = best_packing(dim)
    assert packing is not None
    assert packing - 1e-12 < best.density <= natural.density + Decimal("1e-12")
    # f(0) = f^(0): the balls of diameter r have the density of the bound
    assert math.log(natural.r) == pytest.approx(log_diameter(dim, float(natural.density)), abs=1e-4)


def test_the_natural_bounds_of_degrees_4k_minus_1_and_4k_plus_1_agree() -> None:
    eleven, thirteen = (two_point(8, D, r="natural", gap=1e-11).density for D in (11, 13))
    assert float(eleven) == pytest.approx(float(thirteen), rel=1e-9)


def test_bounds_improve_with_the_degree_towards_the_leech_and_e8_packings() -> None:
    for dim, degrees in ((8, (1, 5, 11, 21)), (24, (1, 3, 11, 21))):
        bounds = [two_point(dim, D, gap=1e-9).density for D in degrees]
        assert bounds == sorted(bounds, reverse=True)
        packing = best_packing(dim)
        assert packing is not None
        assert packing < bounds[-1] < 1.08 * packing


@pytest.mark.parametrize("dim", [1, 2, 3, 8, 24, 48, 64])
def test_degree_one_is_its_closed_form(dim: int) -> None:
    # f^ = (1 + a s) e^(-s/2), a = 1 / (rho - dim), and rho = dim + 2 is best.
    expected = ((dim + 2) / 8) ** (dim / 2) / math.gamma(dim / 2 + 1) * (dim + 2) / 2
    bound = two_point(dim, 1, certify=True)
    assert float(bound.density) == pytest.approx(expected, rel=1e-9)
    assert 2 * math.pi * bound.r**2 == pytest.approx(dim + 2, rel=1e-6)


@pytest.mark.parametrize(
    ("dim", "degree", "most"),
    [
        (8, 57, 0.25366956),
        (1, 17, 1 + 1e-9),
        (2, 25, 0.90690),
        (3, 41, 0.779747),  # Cohn and Elkies (2003), table 3
        (5, 25, 0.5250114),
        (24, 41, 0.0019332),
        (23, 9, 0.0046),
    ],
)
def test_bounds_are_proved(dim: int, degree: int, most: float) -> None:
    bound = two_point(dim, degree, certify=True)
    assert bound.certified
    assert bound.certificate is not None
    proof = verify(bound.certificate)
    assert proof.density == str(bound.density)
    assert proof.dim == dim
    packing = best_packing(dim)
    assert (packing or 0.0) <= float(bound.density) <= most


def test_a_numerical_bound_says_so_and_carries_its_figures() -> None:
    seen: list[Iteration] = []
    bound = two_point(3, 5, r=1.0, gap=1e-8, on_iteration=seen.append)
    assert not bound.certified
    assert bound.certificate is None
    assert bound.status is Status.optimal
    assert bound.gap <= 1e-8
    assert bound.seconds >= bound.result.seconds > 0
    assert seen
    assert bound.r == pytest.approx(1.0, abs=1e-6)
    assert bound.rho.denominator <= 2**20
    assert float(bound.density) == pytest.approx(
        bound.result.value * math.pi / 6 * bound.r**3, rel=1e-12
    )


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((0, 9), {}, "dim must be"),
        ((65, 9), {}, "dim must be"),
        ((8, 8), {}, "degree must be odd"),
        ((8, 0), {}, "degree must be"),
        ((8, 9), {"r": "worst"}, "r must be a number, 'best' or 'natural'"),
        ((8, 9), {"r": 0.0}, "r must be between"),
        ((8, 9), {"r": -1}, "r must be between"),
        ((8, 9), {"r": math.nan}, "r must be between"),
        ((8, 9), {"r": math.inf}, "r must be between"),
        ((8, 9), {"r": None}, "r must be a number"),
        ((8, 9), {"r": [1]}, "r must be a number"),
        ((8, 1), {"r": "natural"}, "no natural scale"),
        ((8, 1), {"r": 1.0}, "the bound was not found"),  # rho < dim: nothing is feasible
        ((8, 41), {"r": 1.4, "time_s": 0.01}, "the bound was not found: limit"),
    ],
)
def test_what_cannot_be_served_is_refused(
    arguments: tuple[int, int], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(SdpError, match=message):
        two_point(*arguments, **options)
