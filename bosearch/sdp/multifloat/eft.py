"""Error-free transforms of float64 arrays, and sums of several of them.

A value is held as a few arrays whose exact sum is meant. Every function works
elementwise, broadcasts, and is exact as stated while nothing overflows and no
error term underflows: operands of ``split`` stay below 2^996 in size, and products
stay above 2^-968 so that their 53 trailing bits are normal.

Sources: Dekker (1971), "A floating-point technique for extending the available
precision" (``fast_two_sum``, ``split``, ``product_error``); Knuth, *The Art of
Computer Programming* 2, section 4.2.2, theorem B (``two_sum``); Shewchuk (1997),
"Adaptive precision floating-point arithmetic" (``distil`` is his renormalisation,
carried to a fixed number of terms).
"""

from collections.abc import Sequence

from bosearch.sdp.multifloat.backend import Array, empty, namespace

_SPLITTER = 2.0**27 + 1.0


def two_sum(x: Array, y: Array) -> tuple[Array, Array]:
    """Return ``fl(x + y)`` and its rounding error; their exact sum is ``x + y``."""
    s = x + y
    subtract = namespace(s).subtract
    y_seen = s - x
    error = s - y_seen  # x as the sum saw it
    subtract(x, error, out=error)
    subtract(y, y_seen, out=y_seen)
    error += y_seen
    return s, error


def two_difference(x: Array, y: Array) -> tuple[Array, Array]:
    """Return ``fl(x - y)`` and its rounding error; their exact sum is ``x - y``."""
    s = x - y
    y_seen = s - x  # minus y as the difference saw it
    error = s - y_seen
    namespace(s).subtract(x, error, out=error)
    y_seen += y
    error -= y_seen
    return s, error


def fast_two_sum(x: Array, y: Array, out: Array) -> None:
    """Write ``fl(x + y)`` and its error into two limbs; |x| >= |y| or x = 0."""
    high = out[:1]
    xp = namespace(x)
    xp.add(x, y, out=high)
    seen = high - x
    xp.subtract(y, seen, out=out[1:])


def split(x: Array) -> tuple[Array, Array]:
    """Split 53 bits into halves of at most 26 bits and a sign, ``x = high + low``."""
    high = x * _SPLITTER
    low = high - x
    high -= low
    namespace(x).subtract(x, high, out=low)
    return high, low


def product_error(p: Array, x: tuple[Array, Array], y: tuple[Array, Array]) -> Array:
    """Return ``x y - p`` where ``p = fl(x y)`` and the factors come split.

    Products of halves have at most 53 bits and each partial sum is representable
    (Dekker 1971), so the four steps round nowhere.
    """
    error = x[0] * y[0]
    error -= p
    error += x[0] * y[1]
    error += x[1] * y[0]
    error += x[1] * y[1]
    return error


def distil(terms: Sequence[Array], limbs: int) -> Array:
    """Sum ``1 x *shape`` terms of roughly decreasing size; ``limbs x *shape``, largest first.

    Each pass runs through the remaining terms from the smallest up, and leaves
    their rounded sum in front. Nothing is lost before the last of the terms that
    are kept: the error is a unit of ``2^(-53 limbs)`` of the largest term at most. The
    pass over the result separates limbs that cancellation has brought close.
    """
    work = list(terms)
    for front in range(limbs - 1):
        for i in range(len(work) - 2, front - 1, -1):
            work[i], work[i + 1] = two_sum(work[i], work[i + 1])
    last = work[-1]
    for i in range(len(work) - 2, limbs - 2, -1):
        last = work[i] + last
    result = empty((limbs, *work[0].shape[1:]), work[0])
    for i in range(limbs - 2, -1, -1):
        last, result[i + 1 : i + 2] = two_sum(work[i], last)
    result[:1] = last
    return result
