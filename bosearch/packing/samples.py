"""Points at which a polynomial on triples is known from its values: approximate Fekete points.

Of the points of a grid, a QR factorization with column pivoting picks as many as there are
basis polynomials, such that the determinant of the table of values is large: Sommariva and
Vianello (2009). Grids are made of Chebyshev-Lobatto nodes, rounded so that polynomials have
short exact values at them; any points without a common zero would state the same program.
"""

from math import ceil, floor, pi

import numpy as np
import scipy.linalg
from flint import fmpq
from numpy.typing import NDArray

from bosearch.packing.assembly import Which
from bosearch.packing.invariants import chebyshev
from bosearch.packing.triples import Shell, Triple, length, parts, squares

Grid = NDArray[np.float64]  # coordinates, N x 3

_BITS = 14  # of a coordinate, after the point
_UNITS = 2**_BITS
_CANDIDATES = 3  # at least so many per point that is picked


def dyadic(x: float, bits: int = _BITS) -> fmpq:
    """Round to ``bits`` after the point."""
    return fmpq(round(x * 2**bits), 2**bits)


def fekete(shell: Shell, which: Which, degree: int) -> list[Triple]:
    """Return one triple for each invariant polynomial of a total degree, in coordinates."""
    basis = parts(which, degree)[0]
    nodes = degree + 2
    while True:
        grid = _grid(shell, which, nodes)
        if len(grid) >= _CANDIDATES * len(basis.labels):
            break
        nodes += 2
    tables = [chebyshev(column, degree + 1) for column in grid.T]
    values = np.stack([basis.values(tables, label)[0] for label in basis.labels], axis=-1)
    orthonormal, _ = np.linalg.qr(values / np.abs(values).max(axis=0))  # N x K
    _, _, order = scipy.linalg.qr(orthonormal.T, mode="economic", pivoting=True)
    picked = np.sort(order[: len(basis.labels)])
    return [(dyadic(x), dyadic(y), dyadic(z)) for x, y, z in grid[picked].tolist()]


def _grid(shell: Shell, which: Which, nodes: int) -> Grid:
    """Triples of one kind, one of each orbit."""
    rho, outer = float(shell.rho), float(shell.outer)
    line = [float(dyadic(-np.cos(pi * i / (nodes - 1)))) for i in range(nodes)]
    pairs = [(x, y) for i, x in enumerate(line) for y in line[: i + 1]]
    if which == "near":
        grid = np.array([(x, y, z) for x, y in pairs for z in line if z <= y])
        u, v, w = squares("near", tuple(grid.T), rho, outer)
        inside: Grid = grid[4 * u * v >= (u + v - w) ** 2]
        return inside
    made = []
    for x, y in pairs:
        u, v = length(x, rho, outer), length(y, rho, outer)
        # w goes from outer to where the three points lie on a line
        low, high = ((2.0 * t / outer - 1.0) / 3.0 for t in (outer - u - v, 2.0 * (u * v) ** 0.5))
        low, high = ceil(low * _UNITS) / _UNITS, floor(high * _UNITS) / _UNITS
        if low < high:
            made += [(x, y, float(dyadic((low + high + z * (high - low)) / 2.0))) for z in line]
    return np.unique(np.array(made), axis=0)
