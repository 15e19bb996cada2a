"""Elementwise arithmetic on limbs: arrays ``L x *shape``, largest limb first.

Shapes broadcast. The operands may have different numbers of limbs (a plain array
of doubles has one); the result has the larger number. With ``u = 2^(-53 L)`` the
error of a product, quotient or root is a few ``u`` of the result, that of a sum
of two limbs too, that of a longer sum a few ``u`` of ``|x| + |y|``.

Sources: Joldes, Muller and Popescu (2017), "Tight and rigorous error bounds for
basic building blocks of double-word arithmetic", algorithms 4 and 6 (sums of two
limbs), 7 and 10 (products) and 17 (quotients). Three and four limbs collect every
error-free term down to the last order and distil.
"""

from collections.abc import Callable

from bosearch.sdp.multifloat.backend import Array, empty, namespace, zeros
from bosearch.sdp.multifloat.eft import (
    distil,
    fast_two_sum,
    product_error,
    split,
    two_difference,
    two_sum,
)


def add(x: Array, y: Array) -> Array:
    """Return ``x + y``."""
    if len(x) == len(y) == 1:
        return x + y
    return _sum(x, y, two_sum) if len(x) >= len(y) else _sum(y, x, two_sum)


def subtract(x: Array, y: Array) -> Array:
    """Return ``x - y``."""
    if len(x) == len(y) == 1:
        return x - y
    return _sum(x, y, two_difference) if len(x) >= len(y) else _sum(-y, x, two_sum)


def _sum(x: Array, y: Array, first: Callable[[Array, Array], tuple[Array, Array]]) -> Array:
    """The sum or difference, from ``first`` of all pairs of limbs; ``x`` has the most."""
    shared = len(y)
    s, e = first(x[:shared], y)
    if len(x) == 2:
        high = s[:1]
        if shared == 2:
            e[:1] += s[1:]
            result = s  # its limbs are read before they are overwritten
            middle = high + e[:1]
            low = e[:1] - (middle - high)
            low += e[1:]
        else:
            result, middle, low = empty((2, *s.shape[1:]), s), high, e
            low += x[1:]
        fast_two_sum(middle, low, result)
        return result
    rest = [x[i : i + 1] for i in range(shared, len(x))]
    terms = [s[:1]]
    for i in range(1, shared):
        terms += [s[i : i + 1], e[i - 1 : i]]
    return distil([*terms, *rest[:1], e[shared - 1 :], *rest[1:]], len(x))


def multiply(x: Array, y: Array) -> Array:
    """Return ``x y``."""
    if len(x) < len(y):
        x, y = y, x
    limbs = len(x)
    if limbs == 1:
        return x * y
    if limbs == 2:
        high = x[:1] * y[:1]
        low = product_error(high, split(x[:1]), split(y[:1]))
        if len(y) == 2:
            low += x[:1] * y[1:]
        low += x[1:] * y[:1]
        result = empty((2, *high.shape[1:]), high)
        fast_two_sum(high, low, result)
        return result
    return _long_product(x, y)


def _long_product(x: Array, y: Array) -> Array:
    """Products of limbs ``i`` and ``j`` have order ``i + j``, their errors one more.

    Orders below ``L - 1`` are added without error, each handing its errors to the
    next; order ``L - 1`` is of the size of the last limb, where doubles suffice.
    """
    limbs = len(x)
    x_high, x_low = split(x[: limbs - 1])
    y_high, y_low = split(y[: limbs - 1])
    orders: list[list[Array]] = [[] for _ in range(limbs)]
    for i in range(limbs):
        for j in range(min(len(y), limbs - i)):
            p = x[i : i + 1] * y[j : j + 1]
            orders[i + j].append(p)
            if i + j < limbs - 1:
                left = x_high[i : i + 1], x_low[i : i + 1]
                right = y_high[j : j + 1], y_low[j : j + 1]
                orders[i + j + 1].append(product_error(p, left, right))
    sums = []
    for order, terms in enumerate(orders):
        total = terms[0]
        for term in terms[1:]:
            if order < limbs - 1:
                total, error = two_sum(total, term)
                orders[order + 1].append(error)
            else:
                total = total + term
        sums.append(total)
    return distil(sums, limbs)


def subtract_product(x: Array, y: Array, z: Array) -> None:
    """Replace ``x`` by ``x - y z``; all have equally many limbs, ``y z`` has the shape of ``x``.

    Two limbs save a third of the work by not rounding the product first; where the
    difference cancels, its error is a few ``u`` of ``|x| + |y z|``.
    """
    if len(x) != 2:
        x[...] = subtract(x, multiply(y, z))
        return
    p = y[:1] * z[:1]
    low = product_error(p, split(y[:1]), split(z[:1]))
    low += y[:1] * z[1:]
    low += y[1:] * z[:1]
    high, error = two_difference(x[:1], p)
    error -= low
    error += x[1:]
    fast_two_sum(high, error, x)


def divide(x: Array, y: Array) -> Array:
    """Return ``x / y`` by long division, one double per limb.

    Each step leaves a remainder 2^-53 as large, which needs one limb fewer; that of
    two limbs fits a double.
    """
    limbs = max(len(x), len(y))
    quotients = [x[:1] / y[:1]]
    if limbs == 2:
        product = quotients[0] * y[:1]
        last = x[:1] - product  # exact, as the two are close
        last -= product_error(product, split(quotients[0]), split(y[:1]))
        if len(x) == 2:
            last += x[1:]
        if len(y) == 2:
            last -= quotients[0] * y[1:]
        last /= y[:1]
        return _gathered([*quotients, last])
    remainder = with_limbs(x, limbs)
    for left in range(limbs, 1, -1):
        remainder = subtract(remainder[:left], multiply(with_limbs(y, left), quotients[-1]))
        quotients.append(remainder[:1] / y[:1])
    return _gathered(quotients)


def square_root(x: Array) -> Array:
    """Return the square root: 0 at 0, NaN below.

    The schoolbook's method with doubles for digits: ``x - (r + d)^2`` is the last
    remainder ``x - r^2`` less ``d (2 r + d)``, and needs one limb fewer.
    """
    xp = namespace(x)
    roots = [xp.sqrt(x[:1])]
    twice = xp.where(roots[0] == 0, 1.0, 2.0 * roots[0])
    known, remainder = roots[0], x
    for left in range(len(x), 1, -1):
        remainder = subtract(remainder[:left], multiply(with_limbs(known, left), roots[-1]))
        roots.append(remainder[:1] / twice)
        known = xp.concatenate([2.0 * root for root in roots[:-1]] + roots[-1:])
    return _gathered(roots)


def _gathered(terms: list[Array]) -> Array:
    """The sum of as many terms as limbs, each about 2^-53 of the one before."""
    if len(terms) == 1:
        return terms[0]
    if len(terms) > 2:
        return distil(terms, len(terms))
    result = empty((2, *terms[0].shape[1:]), terms[0])
    fast_two_sum(terms[0], terms[1], result)
    return result


def with_limbs(x: Array, limbs: int) -> Array:
    """Append zero limbs, or drop the last ones."""
    if len(x) >= limbs:
        return x[:limbs]
    longer = zeros((limbs, *x.shape[1:]), x)
    longer[: len(x)] = x
    return longer


def total(x: Array, dim: int) -> Array:
    """Sum along ``dim`` (negative) by halves, each partial sum rounded to all limbs."""
    behind = (slice(None),) * (-dim - 1)

    def part(start: int, stop: int) -> Array:
        return x[(..., slice(start, stop), *behind)]

    if x.shape[dim] == 0:
        return zeros(part(0, 0).sum(dim).shape, x)
    while (n := x.shape[dim]) > 1:
        half = n // 2
        sums = add(part(0, half), part(half, 2 * half))
        if n % 2:
            first = sums[(..., slice(0, 1), *behind)]
            first[...] = add(first, part(n - 1, n))
        x = sums
    return x[(..., 0, *behind)]
