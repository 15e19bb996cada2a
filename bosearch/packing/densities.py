"""Densities of sphere packings: the best known, the best proved bounds, and units.

The density is the fraction of space that the balls cover. Conway and Sloane (1999),
tables 1.2 and 1.5, list centre densities: density / volume of the unit ball.
"""

import math
from fractions import Fraction

from flint import arb, fmpq

# Squares of the centre densities: hexagonal, fcc, D4, D5, E6, E7, E8, Lambda9, P10c, P11a,
# K12, P13a, Lambda14, Lambda15, Barnes-Wall, then Lambda17, 19, 21 and 23 with the packings of
# Bierbrauer and Edel (18), Vardy (20), Conway and Sloane (22) between them, Leech.
_CENTRE_DENSITY_SQUARED = {
    1: Fraction(1, 4),
    2: Fraction(1, 12),
    3: Fraction(1, 32),
    4: Fraction(1, 64),
    5: Fraction(1, 128),
    6: Fraction(1, 192),
    7: Fraction(1, 256),
    8: Fraction(1, 256),
    9: Fraction(1, 512),
    10: Fraction(5, 128) ** 2,
    11: Fraction(9, 256) ** 2,
    12: Fraction(1, 27) ** 2,
    13: Fraction(9, 256) ** 2,
    14: Fraction(1, 768),
    15: Fraction(1, 512),
    16: Fraction(1, 256),
    17: Fraction(1, 256),
    18: Fraction(3, 4) ** 18,
    19: Fraction(1, 128),
    20: Fraction(7**10, 2**31) ** 2,
    21: Fraction(1, 32),
    22: Fraction(11**22, 2**46 * 3**21),
    23: Fraction(1, 4),
    24: Fraction(1),
}

# Upper bounds as of November 2025: exact in 1, 2, 3, 8 and 24; Cohn, de Laat and Salmon (2022)
# in 4 to 7 and 9 to 16; linear programming in 17 to 23. From Cohn's table, hdl 1721.1/153311.
PUBLISHED_BOUNDS = {
    1: 1.0,
    2: 0.9068996821171089,
    3: 0.7404804896930610,
    4: 0.6361073321551329,
    5: 0.5126451306253027,
    6: 0.4103032818801865,
    7: 0.3211471056675559,
    8: 0.2536695079010480,
    9: 0.1911204152968963,
    10: 0.1434100871082547,
    11: 0.1067252934567631,
    12: 0.0797117710668987,
    13: 0.0601644380983860,
    14: 0.0450612211935181,
    15: 0.0337564432797899,
    16: 0.0249944093845237,
    17: 0.0184640903350649,
    18: 0.0134853404450862,
    19: 0.0098179551395438,
    20: 0.0071270536033763,
    21: 0.0051596603948176,
    22: 0.0037259419689206,
    23: 0.0026842798864291,
    24: 0.0019295743094039,
}


def ball_volume(dim: int, radius: float = 1.0) -> float:
    """Return the volume of a ball."""
    volume: float = math.pi ** (dim / 2) / math.gamma(dim / 2 + 1) * radius**dim
    return volume


def best_packing(dim: int) -> float | None:
    """Return the density of the densest packing known, or None if none is on record here."""
    squared = _CENTRE_DENSITY_SQUARED.get(dim)
    return None if squared is None else math.sqrt(squared) * ball_volume(dim)


def density_per_ratio(dim: int, rho: fmpq) -> arb:
    """Enclose the density bound that a ratio ``f(0) / f^(0)`` of one gives.

    It is the volume of a ball of diameter ``r`` where ``rho = 2 pi r^2``, in which pi cancels.
    """
    half = fmpq(dim, 2)
    return (arb(rho) / 8) ** arb(half) / (arb(half) + 1).gamma()
