"""Matrix products on limbs, by whichever method is faster."""

from types import ModuleType

from bosearch.errors import ShapeError
from bosearch.sdp.multifloat import residues, slices
from bosearch.sdp.multifloat.backend import Array, namespace

# From this size on residues beat slices (one core of an AMD Zen 4, OpenBLAS, square
# matrices). With two limbs both take ten products, and slices convert for less.
_CROSS_OVER = {3: 410, 4: 250}


def product(a: Array, b: Array) -> Array:
    """Return ``L x ... x n x m``; batch dimensions broadcast.

    Raises:
        ShapeError: An operand is not a matrix, or the inner dimensions differ.
    """
    if a.ndim < 3 or b.ndim < 3 or a.shape[-1] != b.shape[-2]:
        raise ShapeError(
            f"expected n x k times k x m, got {tuple(a.shape[1:])} times {tuple(b.shape[1:])}"
        )
    limbs = max(len(a), len(b))
    if limbs == 1:
        return namespace(a).matmul(a, b)
    return _method(limbs, a.shape[-2], a.shape[-1], b.shape[-1]).multiply(a, b)


def multiply_adds(limbs: int, n: int, k: int, m: int) -> int:
    """How many float64 multiply-adds the products within one product issue."""
    if limbs == 1:
        return n * k * m
    count: int = _method(limbs, n, k, m).multiply_adds(limbs, n, k, m)
    return count


def _method(limbs: int, n: int, k: int, m: int) -> ModuleType:
    """The module of the faster method, by the harmonic mean of the dimensions."""
    if limbs not in _CROSS_OVER or min(n, k, m) <= 64:
        return slices
    return residues if 3 / (1 / n + 1 / k + 1 / m) >= _CROSS_OVER[limbs] else slices
