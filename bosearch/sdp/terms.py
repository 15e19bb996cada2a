"""The ways to state a symmetric matrix of constraints or costs on one block.

A term adds to the matrix ``A_i`` of a row ``i`` on its block; several terms
may add to the same. In the cost a term names no row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from flint import arb, fmpq

from bosearch.errors import SdpError
from bosearch.sdp import exact
from bosearch.sdp.exact import Scalar

Row = int | str  # a row by position or by name


@final
@dataclass(frozen=True, eq=False)
class Sampled:
    """Adds ``w_p v_p v_p^T`` to the matrix of row ``rows[p]``: a polynomial identity at samples.

    Several samples may share a row, so the rank is not limited to one.

    Args:
        block: Name of the block, of size ``n``.
        vectors: ``P x n`` table; the vectors are its rows.
        weights: ``P`` exact numbers of any sign.
        rows: ``P`` rows; empty in the cost.
    """

    block: str
    vectors: Any
    weights: Any
    rows: Sequence[Row] = ()

    def __post_init__(self) -> None:
        vectors = exact.table(self.vectors, f"vectors on block {self.block!r}")
        weights = exact.vector(self.weights, f"weights on block {self.block!r}")
        count = exact.shape(vectors)[0]
        rows = tuple(self.rows)
        if len(weights) != count or len(rows) not in (0, count):
            raise SdpError(
                f"samples on block {self.block!r}: expected one weight and one row per vector,"
                f" got {count} vectors, {len(weights)} weights, {len(rows)} rows"
            )
        object.__setattr__(self, "vectors", vectors)
        object.__setattr__(self, "weights", weights)
        object.__setattr__(self, "rows", rows)

    @property
    def size(self) -> int:
        """The size of the block that this term expects."""
        return exact.shape(self.vectors)[1]


@final
@dataclass(frozen=True, eq=False)
class Entries:
    """Adds a sparse symmetric matrix: each value at ``(i, j)`` and at ``(j, i)``.

    Args:
        block: Name of the block.
        row: The row; None in the cost.
        entries: Values by position; a position and its mirror may not both be given.
    """

    block: str
    row: Row | None
    entries: Mapping[tuple[int, int], Any]

    def __post_init__(self) -> None:
        made: dict[tuple[int, int], Scalar] = {}
        for position, value in self.entries.items():
            try:
                i, j = (int.__index__(k) for k in position)
            except (TypeError, ValueError):
                raise SdpError(
                    f"entries on block {self.block!r}: a position must be two integers,"
                    f" got {position!r}"
                ) from None
            if i < 0 or j < 0:
                raise SdpError(f"entries on block {self.block!r}: negative position {position}")
            if (i, j) in made or (j, i) in made:
                raise SdpError(
                    f"entries on block {self.block!r}: ({i}, {j}) is given twice",
                    hint="the matrix is symmetric: state a value at (i, j) or at (j, i), not both",
                )
            made[i, j] = exact.scalar(value, f"entry {position} on block {self.block!r}")
        object.__setattr__(self, "entries", made)

    @property
    def least_size(self) -> int:
        """The smallest size of a block that holds all positions."""
        return 1 + max((max(position) for position in self.entries), default=-1)


@final
@dataclass(frozen=True, eq=False)
class Dense:
    """Adds a symmetric ``n x n`` matrix to one row, or to the cost if ``row`` is None."""

    block: str
    row: Row | None
    matrix: Any

    def __post_init__(self) -> None:
        what = f"matrix on block {self.block!r}, row {self.row!r}"
        matrix = exact.table(self.matrix, what)
        rows, columns = exact.shape(matrix)
        if rows != columns:
            raise SdpError(f"{what}: expected a square matrix, got {rows} x {columns}")
        _check_symmetric(matrix, what)
        object.__setattr__(self, "matrix", matrix)

    @property
    def size(self) -> int:
        """The size of the block that this term expects."""
        return exact.shape(self.matrix)[0]


Term = Sampled | Entries | Dense


def _check_symmetric(matrix: Any, what: str) -> None:
    if exact.is_multifloat(matrix):
        wrong = (matrix.parts != matrix.parts.mT).any(0).nonzero()
        positions = [(int(i), int(j)) for i, j in wrong[:1]]
    else:
        n = matrix.nrows()
        positions = [
            (i, j) for i in range(n) for j in range(i) if not _same(matrix[i, j], matrix[j, i])
        ][:1]
    for i, j in positions:
        raise SdpError(
            f"{what} must be symmetric, but its entries ({i}, {j}) and ({j}, {i}) differ",
            hint="give (M + M^T)/2: it is the same constraint on a symmetric block",
        )


def _same(a: fmpq | arb, b: fmpq | arb) -> bool:
    """Equal rationals; for balls, that they may be equal."""
    if isinstance(a, fmpq) and isinstance(b, fmpq):
        return a == b
    return arb(a).overlaps(arb(b))
