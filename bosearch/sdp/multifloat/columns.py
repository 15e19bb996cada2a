"""Factorization and inversion of small matrices, column by column.

These are the only recurrences over single columns, for blocks of up to ``BLOCK``
rows; everything larger is products. Each step is a handful of elementwise calls
over all matrices of the batch; one that fails fills with NaN and disturbs no other.
"""

import torch
from torch import Tensor

from bosearch.sdp.multifloat import arithmetic
from bosearch.sdp.multifloat.array import MultiFloat
from bosearch.sdp.multifloat.backend import diagonal, namespace, quiet, zeros

BLOCK = 32  # below, the calls of a column cost more than its arithmetic


@quiet
def cholesky(A: MultiFloat) -> tuple[MultiFloat, MultiFloat, Tensor]:
    """Return the lower factors, their inverses, and ``...`` whether all pivots were positive.

    Eliminates in ``[A | I]`` without roots, so that row ``j`` ends as ``d_j`` times
    row ``j`` of the unit factor transposed, beside row ``j`` of its inverse; dividing
    both by the root of ``d_j`` gives what is wanted.
    """
    a, n = A.data, A.shape[-1]
    work = zeros((*a.shape[:-1], 2 * n), a)
    work[..., :n] = a
    diagonal(work[:1, ..., n:])[...] = 1.0
    for j in range(n - 1):
        row = work[..., j, j + 1 : n + j + 1]  # to the right all entries are 0
        multipliers = arithmetic.divide(row[..., : n - j - 1], work[..., j, j, None])
        rest = work[..., j + 1 :, j + 1 : n + j + 1]
        arithmetic.subtract_product(rest, multipliers[..., None], row[..., None, :])
    pivots = diagonal(work[..., :n])
    xp = namespace(a)
    ok = ((pivots[0] > 0) & xp.isfinite(pivots[0])).all(-1)
    work = arithmetic.divide(work, arithmetic.square_root(pivots)[..., None])
    lower, inverse = xp.triu(work[..., :n]).swapaxes(-1, -2), xp.tril(work[..., n:])
    return MultiFloat.wrapping(lower), MultiFloat.wrapping(inverse), torch.as_tensor(ok)


@quiet
def inverse(L: MultiFloat) -> MultiFloat:
    """Return inverses of lower triangular matrices."""
    lower, n = L.data, L.shape[-1]
    pivots = diagonal(lower)
    unit = arithmetic.divide(lower, pivots[..., None, :])
    result = zeros(lower.shape, lower)
    diagonal(result[:1])[...] = 1.0
    for j in range(n - 1):
        rest = result[..., j + 1 :, : j + 1]
        column, row = unit[..., j + 1 :, j, None], result[..., j, None, : j + 1]
        arithmetic.subtract_product(rest, column, row)
    return MultiFloat.wrapping(arithmetic.divide(result, pivots[..., None]))
