"""Matrix products by Chinese remainders: as many float64 products as moduli.

The rows of ``A`` and the columns of ``B`` are scaled by powers of two and rounded to
integers of at most ``2^P``. Modulo ``p`` each is a matrix of doubles in ``+- p / 2``,
and while ``k (p / 2)^2 < 2^53`` their float64 product is an exact integer. The integer
product ``x`` of the scaled matrices then follows from its residues: with
``M = prod p > 8 |x|`` and ``y_p = x (M / p)^-1 mod p``,

    x = sum_p y_p (M / p) - q M,        q = round(sum_p y_p / p)

Changing between limbs and residues is a product with a small table, exact again
because all digits and residues are short. The number of moduli grows linearly with
the bits, that of ``slices`` with their square; the changes cost more.

Sources: Ozaki, Uchino and Imamura (2025), "Ozaki Scheme II: A GEMM-oriented emulation
of floating-point matrix multiplication using an integer modular technique", arXiv
2504.08009; the same idea serves integers in SDPB 3. We fold ``(M / p)^-1`` into the
table for ``A``, and sum digits of ``M / p`` without error, from the largest that
matters down to ``2^(-53 L)`` of the largest possible ``x``.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import final

import numpy as np

from bosearch.sdp.multifloat.backend import (
    Array,
    at_once,
    constant,
    empty,
    largest,
    namespace,
    power_below,
)
from bosearch.sdp.multifloat.eft import distil
from bosearch.sdp.multifloat.slices import cut

_DIGIT = 26  # bits of a digit of M / p: sums over 30 moduli of 23 bits stay exact
_CHUNK = 2**12  # entries whose residues are worked on at a time: 0.6 MB for 20 moduli
_PANEL = 2**18  # entries of A whose residues are held at a time
_ROUND = 1.5 * 2.0**52  # added and subtracted, rounds a double below 2^51 to an integer


@final
@dataclass(frozen=True)
class _Plan:
    """Moduli and tables for one number of limbs and one inner dimension.

    Args:
        bits: Of each slice of an operand.
        moduli: ``N``, pairwise coprime.
        left: ``N x J``: slices of ``A`` to ``(M / p)^-1 A mod p``.
        right: ``N x J``: slices of ``B`` to ``B mod p``.
        digits: ``D x (N + 1)``: ``y_p`` and ``q`` to digits of ``x``, smallest first.
        units: ``D``: the units of these digits.
    """

    bits: int
    moduli: np.ndarray
    left: np.ndarray
    right: np.ndarray
    digits: np.ndarray
    units: tuple[float, ...]


def multiply(a: Array, b: Array) -> Array:
    """Return ``L x ... x n x m``, the product of ``L x ... x n x k`` and ``L x ... x k x m``.

    The error is a few ``2^(-53 L)`` of the largest entry in the row of ``A`` times the
    largest in the column of ``B`` times the root of ``k``.
    """
    if a.ndim > 3 or b.ndim > 3:
        return _batched(a, b)
    limbs, rows, inner = max(len(a), len(b)), a.shape[-2], a.shape[-1]
    plan = _plan(limbs, inner)
    row_scale, column_scale = _scale(a, -1), _scale(b, -2)
    right = _residues(b / column_scale, plan.right, plan)
    result = empty((limbs, rows, b.shape[-1]), a)
    panel = at_once(_PANEL, a) // inner + 1
    for start in range(0, rows, panel):
        part = slice(start, start + panel)
        left = _residues(a[:, part] / row_scale[:, part], plan.left, plan)
        _reconstruct(namespace(a).matmul(left, right), plan, result[:, part])
    result *= row_scale
    result *= column_scale
    return result


def multiply_adds(limbs: int, n: int, k: int, m: int) -> int:
    """How many float64 multiply-adds ``multiply`` issues, the small tables' included."""
    plan = _plan(limbs, k)
    return len(plan.moduli) * n * k * m + plan.left.size * (n + m) * k + plan.digits.size * n * m


def _batched(a: Array, b: Array) -> Array:
    batch = np.broadcast_shapes(a.shape[1:-2], b.shape[1:-2])
    result = empty((max(len(a), len(b)), *batch, a.shape[-2], b.shape[-1]), a)
    xp = namespace(a)
    a = xp.broadcast_to(a, (len(a), *batch, *a.shape[-2:]))
    b = xp.broadcast_to(b, (len(b), *batch, *b.shape[-2:]))
    for index in np.ndindex(*batch):
        at = (slice(None), *index)
        result[at] = multiply(a[at], b[at])
    return result


def _scale(x: Array, dim: int) -> Array:
    """Powers of two above every entry along ``dim``; 1 where there are only zeros."""
    xp = namespace(x)
    top = power_below(largest(x[:1], dim))
    return xp.where(top == 0, 1.0, 2.0 * top)


def _residues(x: Array, table: np.ndarray, plan: _Plan) -> Array:
    """Return ``N x rows x columns`` residues of scaled entries, below 1 in size."""
    rows, columns = x.shape[1:]
    count = table.shape[1]
    anchors = [1.5 * 2.0 ** (52 - plan.bits - i * (plan.bits + 1)) for i in range(count)]
    matrix, moduli = constant(table, x), constant(plan.moduli, x)[:, None]
    result = empty((len(table), rows, columns), x)
    step = at_once(_CHUNK, x) // max(columns, 1) + 1
    for start in range(0, rows, step):
        part = x[:, start : start + step]
        digits = empty((count, *part.shape[1:]), x)
        cut(part, anchors, plan.bits, [digits[i : i + 1] for i in range(count)], [None] * count)
        values = matrix @ digits.reshape(count, -1)
        _reduce(values, moduli)
        result[:, start : start + step] = values.reshape(len(table), *part.shape[1:])
    return result


def _reduce(values: Array, moduli: Array) -> None:
    """Replace integers by their balanced residues."""
    quotients = values * (1.0 / moduli)
    quotients += _ROUND
    quotients -= _ROUND
    quotients *= moduli
    values -= quotients


def _reconstruct(residues: Array, plan: _Plan, out: Array) -> None:
    """Write the limbs of ``x 2^(-2 P)`` from ``N x rows x columns`` residues times cofactors."""
    _, rows, columns = residues.shape
    moduli, table = constant(plan.moduli, out)[:, None], constant(plan.digits, out)
    places = len(plan.units)
    step = at_once(_CHUNK, out) // max(columns, 1) + 1
    for start in range(0, rows, step):
        part = residues[:, start : start + step].reshape(len(residues), -1)
        y = empty((len(part) + 1, part.shape[1]), out)
        y[:-1] = part
        _reduce(y[:-1], moduli)
        y[-1] = (1.0 / moduli[:, 0]) @ y[:-1]
        y[-1] += _ROUND
        y[-1] -= _ROUND
        digits = table @ y
        for j in range(places - 1):  # carry, so that digits are balanced and pairs fit a double
            anchor = _ROUND * plan.units[j + 1]
            carry = digits[j] + anchor
            carry -= anchor
            digits[j] -= carry
            digits[j + 1] += carry
        terms = [digits[j : j + 1] + digits[j - 1 : j] for j in range(places - 1, 0, -2)]
        if places % 2:
            terms.append(digits[:1])
        out[:, start : start + step] = distil(terms, len(out)).reshape(len(out), -1, columns)


@lru_cache
def _plan(limbs: int, inner: int) -> _Plan:
    half = math.isqrt((2**53 - 1) // inner) - 1  # of a modulus; rounding may exceed it by 1
    bound = min(2**24, 2 * half)

    def cost(width: int) -> tuple[int, int]:
        """Moduli and slices."""
        count = -(-(53 * limbs - 3) // width)
        return math.ceil((2 * count * width + math.log2(inner)) / math.log2(bound)), count

    width = min(range(18, 27), key=cost)
    _, count = cost(width)
    precision = count * width - 1  # P
    size = 2 * precision + math.ceil(math.log2(inner))  # |x| <= 2^size
    moduli = _moduli(bound, size + 3)
    product = math.prod(moduli)
    cofactors = [product // p for p in moduli]
    shifts = [width * (count - 1 - i) for i in range(count)]
    scales = [2.0 ** (width * (i + 1) - 1) for i in range(count)]  # a slice times this is integer

    def table(factors: list[int]) -> np.ndarray:
        rows = [
            [_balanced(f << shift, p) * scale for shift, scale in zip(shifts, scales, strict=True)]
            for f, p in zip(factors, moduli, strict=True)
        ]
        return np.array(rows)

    low = max(0, size - 53 * limbs - 32)  # 27 bits below 2^(-53 L - 5) of the largest x
    places = -(-(product.bit_length() + 1 - low) // _DIGIT)
    columns = [_digits(c >> low, places) for c in [*cofactors, -product]]
    units = [2.0 ** (low + _DIGIT * j - 2 * precision) for j in range(places)]
    return _Plan(
        bits=width - 1,
        moduli=np.array(moduli, dtype=np.float64),
        left=table([pow(c, -1, p) for c, p in zip(cofactors, moduli, strict=True)]),
        right=table([1] * len(moduli)),
        digits=np.array(columns, dtype=np.float64).T * np.array(units)[:, None],
        units=tuple(units),
    )


def _moduli(bound: int, bits: int) -> list[int]:
    """The largest pairwise coprime integers up to ``bound`` whose product exceeds ``2^bits``."""
    product, moduli = 1, []
    candidate = bound
    while product.bit_length() <= bits:
        if math.gcd(candidate, product) == 1:
            moduli.append(candidate)
            product *= candidate
        candidate -= 1
    return moduli


def _balanced(value: int, p: int) -> int:
    return (value + p // 2) % p - p // 2


def _digits(value: int, places: int) -> list[int]:
    """Balanced digits in base ``2^_DIGIT``, smallest first."""
    digits = []
    for _ in range(places - 1):
        digits.append(_balanced(value, 1 << _DIGIT))
        value = (value - digits[-1]) >> _DIGIT
    return [*digits, value]
