"""Matrix products as a handful of exact float64 products of slices.

Each row of ``A`` (column of ``B``) is cut on a grid of its own, given by the power
of two ``2^e`` just above its largest entry: slice ``i`` holds multiples of
``2^(e - b - i (b + 1))``, integers of at most ``2^b`` in size on that grid, because
rounding to the previous grid left at most half of its unit. With slices ``q_i``,
``r_j`` and tails ``S_j = B - r_0 - ... - r_(j-1)``

    A B = sum_(t < c) sum_(i + j = t) q_i r_j  +  sum_(i < c) q_i S_(c-i)  +  R_c B

where ``R_c`` is the tail of ``A``. All products in one diagonal ``t`` have one unit
per entry of the result, so while ``k (t + 1) 2^(2b) <= 2^53`` every partial sum is an
integer below ``2^53`` on it and the float64 product is exact, in any order, fused
or not. The remainder is below ``2^(-c (b + 1))`` of the largest entries; it needs
only doubles, which is why ``c (b + 1)`` need cover all limbs but one. Each diagonal
is one product, with the slices of ``A`` side by side and those of ``B`` in reverse.

Source: Ozaki, Ogita, Oishi and Rump (2012), "Error-free transformations of matrix
multiplication by using fast routines of matrix multiplication". The tails, which
merge all of their discarded and inexact products into one, are ours.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

from bosearch.sdp.multifloat.backend import (
    Array,
    at_once,
    empty,
    largest,
    namespace,
    power_below,
)
from bosearch.sdp.multifloat.eft import distil, two_sum

_PANEL = 2**17  # entries of an operand or result that are worked on at a time, 1 MB per array


def multiply(a: Array, b: Array) -> Array:
    """Return ``L x ... x n x m``, the product of ``L x ... x n x k`` and ``L x ... x k x m``.

    Per entry the error is a few ``2^(-53 L)`` of the largest entry in the row of
    ``A`` times the largest in the column of ``B`` times the root of ``k``.
    """
    limbs = max(len(a), len(b))
    inner, rows = a.shape[-1], a.shape[-2]
    count, bits = _plan(limbs, inner)
    right = _right(b, count, bits)
    panel = at_once(_PANEL, a) // max(inner, b.shape[-1], 1) + 1
    if a.ndim > 3 or rows <= 2 * panel:
        return _collect(_left(a, count, bits), right, count, limbs)
    result = empty((limbs, rows, b.shape[-1]), a)
    for start in range(0, rows, panel):
        left = _left(a[:, start : start + panel], count, bits)
        result[:, start : start + panel] = _collect(left, right, count, limbs)
    return result


def multiply_adds(limbs: int, n: int, k: int, m: int) -> int:
    """How many float64 multiply-adds ``multiply`` issues: the diagonals, and the remainder."""
    count, _ = _plan(limbs, k)
    return (count + 1) * (count + 2) // 2 * n * k * m


@lru_cache
def _plan(limbs: int, inner: int) -> tuple[int, int]:
    """Return the fewest slices, and the bits of each, that leave the remainder to doubles."""
    count = 1
    while True:
        bits = int(53 - math.log2(max(inner, 1) * count)) // 2
        if count * (bits + 1) >= 53 * (limbs - 1) + 4:
            return count, bits
        count += 1


def _left(a: Array, count: int, bits: int) -> Array:
    """Slices of ``a`` side by side, and behind them the last tail."""
    k = a.shape[-1]
    buffer = empty((1, *a.shape[1:-1], (count + 1) * k), a)
    blocks = [buffer[..., i * k : (i + 1) * k] for i in range(count + 1)]
    cut(a, _grids(a, -1, bits, count), bits, blocks[:count], [None] * count + blocks[count:])
    return buffer


def _right(b: Array, count: int, bits: int) -> Array:
    """Slices of ``b`` below each other, last first, then its tails, last first."""
    k = b.shape[-2]
    buffer = empty((1, *b.shape[1:-2], (2 * count + 1) * k, b.shape[-1]), b)
    blocks = [buffer[..., i * k : (i + 1) * k, :] for i in range(2 * count + 1)]
    slices, tails = blocks[count - 1 :: -1], blocks[: count - 1 : -1]
    cut(b, _grids(b, -2, bits, count), bits, slices, tails)
    return buffer


def _grids(x: Array, dim: int, bits: int, count: int) -> list[Array]:
    """What to add to round to each grid: its unit times 1.5 2^52, for the lines along ``dim``."""
    top = power_below(largest(x[:1], dim))  # 2^(e - 1)
    return [top * (1.5 * 2.0 ** (53 - bits - i * (bits + 1))) for i in range(count)]


def cut(
    x: Array,
    anchors: Sequence[Array | float],
    bits: int,
    slices: Sequence[Array],
    tails: Sequence[Array | None],
) -> None:
    """Write the slices of ``x`` on the grids of ``anchors``, and its tails where wanted.

    ``rest`` sums to what the slices so far have left. A slice may round a sum of
    two of its limbs, as only the subtraction must be exact, and is: the difference
    is a multiple of the lesser unit of both, and small. Once the slices have passed
    the end of a limb, that limb is folded into the next without error.
    """
    add = namespace(x).add
    rest = [x[i : i + 1] for i in range(len(x))]
    folded = 1
    for i, tail in enumerate(tails):
        if i * (bits + 1) > 53 * folded and len(rest) > 2:
            rest, folded = _fold(rest), folded + 1
        if tail is None:
            tail = rest[0] + rest[1] if len(rest) > 1 else rest[0]
        elif len(rest) > 1:
            add(rest[0], rest[1], out=tail)
        else:
            tail[...] = rest[0]
        if i < len(slices):
            add(tail, anchors[i], out=slices[i])  # rounds to the grid: 52 bits below the anchor
            slices[i][...] -= anchors[i]
            rest[0] = rest[0] - slices[i]


def _fold(rest: list[Array]) -> list[Array]:
    """The same sum in one limb fewer, now that cancellation has shortened the first."""
    folded = list(rest)
    for i in range(len(rest) - 2):
        folded[i], folded[i + 1] = two_sum(folded[i], folded[i + 1])
    return [*folded[:-2], folded[-2] + folded[-1]]


def _collect(left: Array, right: Array, count: int, limbs: int) -> Array:
    """Multiply diagonal by diagonal, and sum."""
    k = left.shape[-1] // (count + 1)
    matmul = namespace(left).matmul
    diagonals = [
        matmul(left[..., : (t + 1) * k], right[..., (count - 1 - t) * k : count * k, :])
        for t in range(count)
    ]
    rest = matmul(left, right[..., count * k :, :])
    if limbs > 2:
        return distil([*diagonals, rest], limbs)
    high = diagonals.pop()
    while diagonals:
        high, error = two_sum(diagonals.pop(), high)
        rest += error
    result = empty((2, *high.shape[1:]), high)
    result[:1], result[1:] = two_sum(high, rest)
    return result
