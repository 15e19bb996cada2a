"""Symmetric results, made from their lower halves in panels of rows that fit into cache."""

from collections.abc import Callable

from bosearch.sdp.multifloat.array import MultiFloat
from bosearch.sdp.multifloat.backend import at_once, empty

_PANEL = 2**16  # entries of a result that are worked on at a time
_LEAST = 64  # rows of a panel


def gram(A: MultiFloat) -> MultiFloat:
    """Return ``A A^T`` for ``... x n x k``."""
    return symmetric(A, lambda rows, columns: A[..., rows, :] @ A[..., columns, :].mT)


def symmetric(like: MultiFloat, made: Callable[[slice, slice], MultiFloat]) -> MultiFloat:
    """Return ``... x n x n`` symmetric matrices.

    Args:
        like: ``... x n x k``, what they are made from.
        made: Makes the entries in a range of rows and a range of columns.
    """
    n = like.shape[-2]
    step = max(_LEAST, at_once(_PANEL, like.data) // max(n, 1))
    if like.limbs == 1 or n <= step:  # one limb is left to BLAS, which sees the symmetry
        return made(slice(0, n), slice(0, n))
    result = empty((like.limbs, *like.shape[:-2], n, n), like.data)
    for start in range(0, n, step):
        part = slice(start, min(start + step, n))
        block = made(part, slice(0, part.stop)).data
        result[..., part, : part.stop] = block
        result[..., :start, part] = block[..., :start].swapaxes(-1, -2)
    return MultiFloat.wrapping(result)
