"""Inverses of lower triangular matrices, and solutions of systems with them.

Blocks of at most ``columns.BLOCK`` rows are inverted column by column, all of them
as one batch; everything else is products. Only diagonal blocks are inverted for a
solution, so its error grows with their condition, not with that of the whole.

Source: Higham (2002), *Accuracy and Stability of Numerical Algorithms*, sections
8.1 and 14.2; the doubling of blocks is his method 2 on halves.
"""

import torch
from torch import Tensor

from bosearch.sdp.multifloat import columns, newton
from bosearch.sdp.multifloat.array import MultiFloat, cat, stack


def tri_inverse(L: MultiFloat) -> MultiFloat:
    """Return the inverses of ``... x n x n`` lower triangular matrices."""
    n = L.shape[-1]
    if n == 0:
        return L
    if L.limbs == 1:
        eye = torch.eye(n, dtype=torch.float64, device=L.device)
        return MultiFloat(torch.linalg.solve_triangular(L.parts, eye, upper=False))
    scaled, row, column = _equilibrated(L)
    size = _block_size(n)
    padded = _padded(scaled, size)
    inverses = _block_inverses(padded, size)  # ... x count x size x size
    while size < padded.shape[-1]:
        starts = range(0, padded.shape[-1], 2 * size)
        low = stack([padded[..., i + size : i + 2 * size, i : i + size] for i in starts], -3)
        head, tail = inverses[..., 0::2, :, :], inverses[..., 1::2, :, :]
        corner = -(tail @ (low @ head))
        zero = MultiFloat.zeros(corner.shape, L.limbs, L.device)
        inverses = cat([cat([head, zero], -1), cat([corner, tail], -1)], -2)
        size *= 2
    inverse = inverses[..., 0, :n, :n].scale_by_power_of_two(column[..., None])
    return inverse.scale_by_power_of_two(row[..., None, :])


def solve_lower(L: MultiFloat, B: MultiFloat) -> MultiFloat:
    """Solve ``L X = B`` for ``... x n x n`` lower triangular ``L`` and ``... x n x m``."""
    return _solve(L, B, transposed=False)


def solve_lower_t(L: MultiFloat, B: MultiFloat) -> MultiFloat:
    """Solve ``L^T X = B`` for ``... x n x n`` lower triangular ``L`` and ``... x n x m``."""
    return _solve(L, B, transposed=True)


def _solve(L: MultiFloat, B: MultiFloat, *, transposed: bool) -> MultiFloat:
    n, limbs = L.shape[-1], max(L.limbs, B.limbs)
    if n == 0:
        return B.with_limbs(limbs)
    if limbs == 1:
        matrix = L.mT if transposed else L
        return MultiFloat(torch.linalg.solve_triangular(matrix.parts, B.parts, upper=transposed))
    L, row, column = _equilibrated(L.with_limbs(limbs))
    before, after = (column, row) if transposed else (row, column)
    size = _block_size(n)
    inverses = _block_inverses(_padded(L, size), size)

    def solve(B: MultiFloat, first: int, count: int) -> MultiFloat:
        """The unknowns of ``count`` blocks from ``first`` on, of which ``B`` has the rows."""
        start = first * size
        rows = min(count * size, n - start)
        if count == 1:
            inverse = inverses[..., first, :rows, :rows]
            return (inverse.mT if transposed else inverse) @ B
        half = count // 2
        middle = half * size
        if middle >= rows:
            return solve(B, first, half)
        head, tail = B[..., :middle, :], B[..., middle:, :]
        low = L[..., start + middle : start + rows, start : start + middle]
        if transposed:
            tail = solve(tail, first + half, half)
            head = solve(head - low.mT @ tail, first, half)
        else:
            head = solve(head, first, half)
            tail = solve(tail - low @ head, first + half, half)
        return cat([head, tail], -2)

    X = solve(B.scale_by_power_of_two(before[..., None]), 0, inverses.shape[-3])
    return X.scale_by_power_of_two(after[..., None])


def _equilibrated(L: MultiFloat) -> tuple[MultiFloat, Tensor, Tensor]:
    """Largest entries of rows and columns just below 1, and the exponents that led there.

    Products are accurate against the norms of rows and columns, which must not
    hide the small ones behind the large.
    """
    entries = L.to_double().abs()
    row = -torch.frexp(entries.amax(-1)).exponent.long()
    scaled = L.scale_by_power_of_two(row[..., None])
    column = -torch.frexp(scaled.to_double().abs().amax(-2)).exponent.long()
    return scaled.scale_by_power_of_two(column[..., None, :]), row, column


def _block_size(n: int) -> int:
    """The size of 1, 2, 4, ... equal blocks, at most ``columns.BLOCK``, that cover ``n``."""
    count = 1
    while count * columns.BLOCK < n:
        count *= 2
    return -(-n // count) or 1


def _padded(L: MultiFloat, size: int) -> MultiFloat:
    """``L``, and behind it an identity, up to the next power of two of blocks."""
    n, whole = L.shape[-1], size
    while whole < n:
        whole *= 2
    if whole == n:
        return L
    padded = MultiFloat.eye(whole, L.limbs, L.device, L.shape[:-2])
    padded.parts[..., :n, :n] = L.parts
    return padded


def _block_inverses(padded: MultiFloat, size: int) -> MultiFloat:
    """The inverses of the diagonal blocks, ``... x count x size x size``."""
    starts = range(0, padded.shape[-1], size)
    blocks = stack([padded[..., i : i + size, i : i + size] for i in starts], -3)
    if blocks.limbs > 2:  # lifting from two limbs is several times faster than columns of four
        inverses, ok = newton.lift_inverse(blocks, columns.inverse(blocks.with_limbs(2)))
        if ok.all():
            return inverses
    return columns.inverse(blocks)
