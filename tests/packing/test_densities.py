"""Densities that have closed forms."""

import math

import pytest
from flint import arb, ctx, fmpq

from bosearch.packing.densities import (
    PUBLISHED_BOUNDS,
    ball_volume,
    best_packing,
    density_per_ratio,
)


@pytest.mark.parametrize(
    ("dim", "density"),
    [
        (1, 1.0),
        (2, math.pi / math.sqrt(12)),
        (3, math.pi / math.sqrt(18)),  # Kepler
        (4, math.pi**2 / 16),
        (8, math.pi**4 / 384),  # Viazovska
        (24, math.pi**12 / math.factorial(12)),  # Cohn, Kumar, Miller, Radchenko, Viazovska
    ],
)
def test_famous_packings_have_their_densities(dim: int, density: float) -> None:
    assert best_packing(dim) == pytest.approx(density, rel=1e-14)


def test_packings_in_17_to_23_dimensions_have_the_densities_of_the_table() -> None:
    """Laminated lattices have centre density ``1 / sqrt(det)`` at norm 4; the other three are in
    Cohn's table of packing densities, which has ten decimals of all."""
    determinants = {17: 256, 19: 128, 21: 32, 23: 4}  # Conway and Sloane (1999), table 6.1
    for dim, det in determinants.items():
        assert best_packing(dim) == pytest.approx(ball_volume(dim) / math.sqrt(det), rel=1e-14)
    table = {
        17: 0.0088113191,
        18: 0.0061678981,
        19: 0.0041208062,
        20: 0.0033945814,
        21: 0.0024658847,
        22: 0.0024510340,
        23: 0.0019053281,
    }
    for dim, density in table.items():
        assert best_packing(dim) == pytest.approx(density, abs=1e-10)


def test_no_packing_is_denser_than_its_published_bound() -> None:
    for dim, bound in PUBLISHED_BOUNDS.items():
        packing = best_packing(dim)
        assert packing is not None
        if dim in (1, 2, 3, 8, 24):
            assert packing == pytest.approx(bound, rel=1e-12)
        else:
            assert packing < bound
    assert sorted(PUBLISHED_BOUNDS.values(), reverse=True) == list(PUBLISHED_BOUNDS.values())


def test_volumes_are_those_of_school() -> None:
    assert [ball_volume(n) for n in (1, 2, 3, 4)] == pytest.approx(
        [2, math.pi, 4 * math.pi / 3, math.pi**2 / 2]
    )
    assert ball_volume(3, 2.0) == pytest.approx(8 * ball_volume(3))


@pytest.mark.parametrize("dim", range(1, 65, 7))
def test_the_density_of_ratio_one_is_the_volume_of_the_ball(dim: int) -> None:
    rho = fmpq(25, 2)
    with ctx.workprec(200):
        r = (arb(rho) / (2 * arb.pi())).sqrt()
        half = arb(fmpq(dim, 2))
        volume = arb.pi() ** half * (r / 2) ** arb(dim) / (half + 1).gamma()
        assert density_per_ratio(dim, rho).overlaps(volume)
        assert density_per_ratio(dim, rho).rel_accuracy_bits() > 180
