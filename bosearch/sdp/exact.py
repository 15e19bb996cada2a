"""Exact numbers, and tables of them: the data of a semidefinite program.

A scalar is a rational (``fmpq``) or a ball (``arb``: a midpoint and a radius
that encloses an irrational number). A table is a ``fmpq_mat``, an ``arb_mat``
or a two-dimensional ``MultiFloat``, whose limbs are rationals too. Doubles are
refused: 0.1 is not a tenth, and nobody can tell later which of them was meant.
"""

import math
import sys
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from operator import index
from typing import TYPE_CHECKING, Any

from flint import arb, arb_mat, ctx, fmpq, fmpq_mat, fmpz, fmpz_mat

from bosearch.errors import SdpError

if TYPE_CHECKING:
    from typing_extensions import TypeIs

    from bosearch.sdp.multifloat import MultiFloat

Scalar = fmpq | arb
Exact = int | Fraction | Decimal | fmpz | fmpq | arb  # what callers may write for a scalar

_MIXED_BITS = 1024  # of a rational that shares a table with balls
_MAG_BITS = 30  # of the radius of a ball


def scalar(value: Any, what: str) -> Scalar:
    """Return the exact number that ``value`` states; ``what`` names it in errors.

    Raises:
        SdpError: It is a double, not finite, or no number.
    """
    match value:
        case fmpq():
            return value
        case arb():
            if not value.is_finite():
                raise SdpError(f"{what} must be finite, got {value}")
            return value
        case fmpz():
            return fmpq(value)
        case float():
            raise _double(value, what)
        case Fraction():
            return fmpq(value.numerator, value.denominator)
        case Decimal():
            if not value.is_finite():
                raise SdpError(f"{what} must be finite, got {value}")
            return fmpq(*value.as_integer_ratio())
        case bool():
            raise SdpError(f"{what} must be a number, got {value}")
    try:
        return fmpq(index(value))
    except TypeError:
        kind = f"{type(value).__module__}.{type(value).__name__}"
        if any(word in kind for word in ("numpy", "torch")):
            raise _double(value, what) from None
        raise SdpError(f"{what} must be an exact number, got {value!r}") from None


def _double(value: object, what: str) -> SdpError:
    if isinstance(value, float) and not math.isfinite(value):
        return SdpError(f"{what} must be finite, got {value}")
    return SdpError(
        f"{what} must be exact, got the double {value}",
        hint="write int, Fraction('0.1') or Decimal('0.1'), a flint.arb ball for an irrational"
        " number, or Fraction(x) if the double x is meant to the last bit",
    )


def is_zero(value: Scalar) -> bool:
    """Say whether a scalar is certainly zero; a ball around zero is not."""
    return bool(value == 0)


def vector(values: Iterable[Any], what: str) -> tuple[Scalar, ...]:
    """Return exact numbers as a tuple; a one-dimensional ``MultiFloat`` is taken exactly."""
    if is_multifloat(values):
        if values.ndim != 1:
            raise SdpError(f"{what} must be a vector, got shape {tuple(values.shape)}")
        values = values.to_fmpq()
    return tuple(scalar(value, f"{what}[{i}]") for i, value in enumerate(values))


def table(
    values: Any, what: str, *, columns: int | None = None
) -> "fmpq_mat | arb_mat | MultiFloat":
    """Return a table from nested sequences, a flint matrix or a ``MultiFloat``.

    Args:
        values: ``r x c`` exact numbers.
        what: Its name in errors.
        columns: The expected ``c``; any if not given.

    Raises:
        SdpError: Ragged, not of two dimensions, of another width, or not exact and finite.
    """
    made: fmpq_mat | arb_mat | MultiFloat
    if is_multifloat(values):
        if values.ndim != 2:
            raise SdpError(f"{what} must have two dimensions, got shape {tuple(values.shape)}")
        if not bool(values.parts.isfinite().all()):
            raise SdpError(f"{what} must be finite, got nan or inf")
        made = values
    elif isinstance(values, fmpz_mat):
        made = fmpq_mat(values)
    elif isinstance(values, fmpq_mat):
        made = values
    elif isinstance(values, arb_mat):
        if not all(entry.is_finite() for entry in values.entries()):
            raise SdpError(f"{what} must be finite, got nan or inf")
        made = values
    else:
        made = _from_rows(values, what, columns)
    if columns is not None and shape(made)[1] != columns:
        raise SdpError(f"{what} must have {columns} columns, got shape {shape(made)}")
    return made


def _from_rows(values: Any, what: str, columns: int | None) -> fmpq_mat | arb_mat:
    try:
        rows = [list(row) for row in values]
    except TypeError:
        raise SdpError(f"{what} must be a table of exact numbers, got {values!r}") from None
    width = columns if columns is not None else len(rows[0]) if rows else 0
    for i, row in enumerate(rows):
        if len(row) != width:
            raise SdpError(f"{what}: row {i} must have {width} entries, got {len(row)}")
    exact = [
        scalar(value, f"{what}[{i}, {j}]")
        for i, row in enumerate(rows)
        for j, value in enumerate(row)
    ]
    if any(isinstance(value, arb) for value in exact):
        with ctx.workprec(_MIXED_BITS):
            return arb_mat(len(rows), width, [arb(value) for value in exact])
    return fmpq_mat(len(rows), width, [value for value in exact if isinstance(value, fmpq)])


def shape(values: "fmpq_mat | arb_mat | MultiFloat") -> tuple[int, int]:
    """Return rows and columns."""
    if is_multifloat(values):
        rows, columns = values.shape
        return int(rows), int(columns)
    return values.nrows(), values.ncols()


def is_multifloat(value: object) -> "TypeIs[MultiFloat]":
    """Say whether ``value`` is a ``MultiFloat``, without importing torch to find out."""
    module = sys.modules.get("bosearch.sdp.multifloat")
    return module is not None and isinstance(value, module.MultiFloat)


def encode_scalar(value: Scalar) -> str:
    """Write a scalar as ``p/q``, or a ball as ``m*2^e +/- m*2^e``: text, without loss."""
    if isinstance(value, fmpq):
        return str(value)
    (mid, e), (radius, f) = value.mid().man_exp(), value.rad().man_exp()
    return f"{mid}*2^{e} +/- {radius}*2^{f}"


def decode_scalar(text: str) -> Scalar:
    """Read what ``encode_scalar`` wrote."""
    if "^" not in text:
        return _rational(text)
    mid, radius = (
        (fmpz(mantissa), fmpz(exponent))
        for mantissa, exponent in (part.split("*2^") for part in text.split(" +/- "))
    )
    return _ball(arb(mid), *radius)


def _rational(text: str) -> fmpq:
    return fmpq(*(fmpz(part) for part in text.split("/")))


def _ball(mid: arb, mantissa: fmpz, exponent: fmpz) -> arb:
    """The ball of exactly this radius: flint rounds up a radius given to it by one unit."""
    if mantissa == 0:
        return mid
    shift = _MAG_BITS - int(mantissa).bit_length()
    mantissa, exponent = mantissa << shift, exponent - shift
    if mantissa > 1 << (_MAG_BITS - 1):
        below = (mantissa - 1, exponent)
    else:
        below = (fmpz((1 << _MAG_BITS) - 1), exponent - 1)
    return arb(mid, arb(below))


def encode_table(values: "fmpq_mat | arb_mat | MultiFloat") -> dict[str, Any]:
    """Write a table as JSON data without loss; limbs as hexadecimal doubles."""
    rows, columns = shape(values)
    document: dict[str, Any] = {"rows": rows, "columns": columns}
    if is_multifloat(values):
        flat = values.parts.reshape(values.limbs, -1).tolist()
        return document | {"limbs": [[part.hex() for part in limb] for limb in flat]}
    kind = "rational" if isinstance(values, fmpq_mat) else "ball"
    return document | {kind: [encode_scalar(value) for value in values.entries()]}


def decode_table(document: dict[str, Any]) -> "fmpq_mat | arb_mat | MultiFloat":
    """Read what ``encode_table`` wrote."""
    size = (document["rows"], document["columns"])
    if "limbs" in document:
        import torch  # only where a problem holds limbs

        from bosearch.sdp.multifloat import MultiFloat

        limbs = [[float.fromhex(part) for part in limb] for limb in document["limbs"]]
        return MultiFloat(torch.tensor(limbs, dtype=torch.float64).reshape(len(limbs), *size))
    if "rational" in document:
        return fmpq_mat(*size, [_rational(text) for text in document["rational"]])
    return arb_mat(*size, [decode_scalar(text) for text in document["ball"]])
