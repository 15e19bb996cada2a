"""Between limbs and exact numbers: integers, fractions, flint rationals and balls."""

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import torch
from flint import arb, fmpq, fmpz
from numpy.typing import NDArray
from torch import Tensor

from bosearch.errors import SdpError
from bosearch.sdp.multifloat.eft import distil

Exact = int | Fraction | Decimal | fmpz | fmpq | arb

_TOO_LARGE = "expected a number below 2^1024 in size"
_WORD = 48  # bits that are exact in a double, and whole shorts
_SPARE = 64  # bits behind the last limb, for gaps between limbs


def ratio(value: Exact) -> tuple[int, int]:
    """Return numerator and denominator.

    Raises:
        SdpError: The value is no rational number, or not finite.
    """
    try:
        if isinstance(value, fmpq):
            return int(value.p), int(value.q)
        if isinstance(value, fmpz):
            return int(value), 1
        if isinstance(value, int | Fraction | Decimal):
            return value.as_integer_ratio()
    except (ValueError, OverflowError) as error:
        raise SdpError(f"expected a finite number, got {value}") from error
    raise SdpError(
        f"expected int, Fraction, Decimal, fmpz, fmpq or arb, got {type(value).__name__}",
        hint="floats that are meant exactly enter through MultiFloat.of",
    )


def leading(value: Exact, size: int) -> tuple[int, int]:
    """Return ``w`` of about ``size`` bits and ``e``, with ``w 2^e`` next to the value towards zero.

    Raises:
        SdpError: The value is not an exact number, or not finite.
    """
    if isinstance(value, arb):  # at its midpoint; a power of two needs no division
        if not value.is_finite():
            raise SdpError(f"expected a finite number, got {value}")
        mantissa, power = value.mid().man_exp()
        excess = int(mantissa.bit_length()) - size
        cut = abs(mantissa) >> excess if excess > 0 else abs(mantissa) << -excess
        return int(cut if mantissa > 0 else -cut), int(power) + excess
    numerator, denominator = ratio(value)
    exponent = numerator.bit_length() - denominator.bit_length() - size + 1
    if exponent <= 0:
        whole = (abs(numerator) << -exponent) // denominator
    else:
        whole = abs(numerator) // (denominator << exponent)
    return whole if numerator > 0 else -whole, exponent


def tensor_of(values: Iterable[Exact], limbs: int, device: torch.device | str | None) -> Tensor:
    """Round a flat list; return ``limbs x n``.

    The leading bits of each number become one integer, with some to spare for gaps between
    limbs; numpy makes limbs of all these integers at once.

    Raises:
        SdpError: A number is no exact number, not finite, or beyond the range of doubles.
    """
    flat = list(values)
    result = np.zeros((limbs, len(flat)))
    size = -(-(53 * limbs + _SPARE) // _WORD) * _WORD  # bits
    places: list[int] = []
    exponents: list[int] = []
    signs: list[float] = []
    integers: list[bytes] = []
    for place, value in enumerate(flat):
        whole, exponent = leading(value, size)
        if whole:
            places.append(place)
            exponents.append(exponent)
            signs.append(1.0 if whole > 0 else -1.0)
            integers.append(abs(whole).to_bytes(size // 8, "little"))
    if places:
        words = np.frombuffer(b"".join(integers), dtype="<u2").reshape(len(places), -1, _WORD // 16)
        made = _limbs_of_words(words, limbs) * np.array(signs)
        with np.errstate(over="ignore", under="ignore"):
            result[:, places] = np.ldexp(made, exponents)
        if not np.isfinite(result).all():
            raise SdpError(_TOO_LARGE)
    return torch.from_numpy(result).to(device)


def _limbs_of_words(words: NDArray[np.uint16], limbs: int) -> NDArray[np.float64]:
    """Limbs of ``n x words x 3`` integers, least digits first."""
    values = words @ (2.0 ** (16 * np.arange(words.shape[-1])))  # n x words, exact
    terms = [values[None, :, i] * 2.0 ** (_WORD * i) for i in range(values.shape[1])]
    made: NDArray[np.float64] = distil(terms[::-1], limbs)
    return made


def rationals(parts: Tensor) -> list[fmpq]:
    """The exact values of ``L x *shape`` limbs, flattened.

    Raises:
        SdpError: An entry is infinite or NaN.
    """
    if not parts.isfinite().all():
        raise SdpError("expected finite entries, found infinity or NaN")
    columns = parts.reshape(parts.shape[0], -1).T.tolist()
    return [sum((fmpq(*x.as_integer_ratio()) for x in column), fmpq(0)) for column in columns]


def nested(flat: list[Any], shape: tuple[int, ...]) -> Any:
    """Fold a flat list into lists of lists; a scalar for the empty shape."""
    if not shape:
        return flat[0]
    step = len(flat) // shape[0] if shape[0] else 0
    return [nested(flat[i * step : (i + 1) * step], shape[1:]) for i in range(shape[0])]


def flattened(values: Any) -> tuple[list[Any], tuple[int, ...]]:
    """Unfold lists of lists into a flat list and its shape.

    Raises:
        SdpError: The lists are ragged.
    """
    if not isinstance(values, list | tuple):
        return [values], ()
    pairs = [flattened(value) for value in values]
    shapes = {shape for _, shape in pairs}
    if len(shapes) > 1:
        raise SdpError(f"expected lists of equal lengths, got shapes {sorted(shapes)}")
    inner = shapes.pop() if shapes else ()
    return [x for flat, _ in pairs for x in flat], (len(values), *inner)
