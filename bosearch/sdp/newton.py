"""Which monomials can occur in a sum of squares: half the Newton polytope.

If ``p = sum q_i^2`` then every monomial ``x^a`` of a ``q_i`` has ``2 a`` in the convex
hull of the exponents of ``p`` (Reznick 1978, theorem 1).
"""

from collections.abc import Collection
from fractions import Fraction
from itertools import combinations_with_replacement, product
from math import prod

import numpy as np
from scipy.optimize import linprog

from bosearch.errors import SdpError

Monomial = tuple[int, ...]

MAX_CANDIDATES = 10**6


def half_newton_polytope(support: Collection[Monomial]) -> list[Monomial]:
    """Return the monomials that a sum of squares with this support may use, sorted.

    Beyond the polytope, a monomial goes if its square is not in the support and no other
    product can cancel it: its diagonal entry in the Gram matrix would have to be zero.
    """
    inside = [m for m in _candidates(support) if in_hull(tuple(2 * e for e in m), support)]
    known = set(support)
    while True:
        products: dict[Monomial, int] = {}
        for a, b in combinations_with_replacement(inside, 2):
            total = tuple(x + y for x, y in zip(a, b, strict=True))
            products[total] = products.get(total, 0) + 1
        kept = [
            m
            for m in inside
            if (square := tuple(2 * x for x in m)) in known or products[square] > 1
        ]
        if len(kept) == len(inside):
            return kept
        inside = kept


def in_hull(point: Monomial, support: Collection[Monomial]) -> bool:
    """Say whether a point lies in the convex hull of the support; ties count as inside."""
    if point in support:
        return True
    if _in_corner(point, support):
        return True
    points = np.array(sorted(support), dtype=float)
    found = linprog(
        np.zeros(len(points)),
        A_eq=np.vstack([points.T, np.ones(len(points))]),
        b_eq=[*point, 1.0],
        method="highs",
    )
    return bool(found.status == 0)


def _in_corner(point: Monomial, support: Collection[Monomial]) -> bool:
    """Whether the origin and the pure powers in the support already span the point.

    Nearly always they do, and no linear program is needed.
    """
    n = len(point)
    if (0,) * n not in support:
        return False
    pure = [0] * n
    for monomial in support:
        if monomial.count(0) == n - 1:
            i = next(i for i, e in enumerate(monomial) if e)
            pure[i] = max(pure[i], monomial[i])
    used = [(e, d) for e, d in zip(point, pure, strict=True) if e]
    return all(d for _, d in used) and sum(Fraction(e, d) for e, d in used) <= 1


def _candidates(support: Collection[Monomial]) -> list[Monomial]:
    """Monomials within the bounds of half the support, in every exponent and in degree."""
    columns = list(zip(*support, strict=True))
    degrees = [sum(monomial) for monomial in support]
    ranges = [range((min(c) + 1) // 2, max(c) // 2 + 1) for c in columns]
    if prod(map(len, ranges)) > MAX_CANDIDATES:
        raise SdpError(
            f"the polynomial is too large: more than {MAX_CANDIDATES} monomials could occur"
        )
    return [m for m in product(*ranges) if min(degrees) <= 2 * sum(m) <= max(degrees)]
