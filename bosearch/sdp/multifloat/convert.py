"""Between limbs and exact numbers: integers, fractions, flint rationals and balls."""

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import torch
from flint import arb, fmpq, fmpz
from torch import Tensor

from bosearch.errors import SdpError

Exact = int | Fraction | Decimal | fmpz | fmpq | arb


def ratio(value: Exact) -> tuple[int, int]:
    """Return numerator and denominator; of a ball, those of its midpoint.

    Raises:
        SdpError: The value is not an exact number, or not finite.
    """
    try:
        if isinstance(value, fmpz):
            return int(value), 1
        if isinstance(value, fmpq):
            return int(value.p), int(value.q)
        if isinstance(value, arb):
            mantissa, exponent = (int(part) for part in value.mid().man_exp())
            return (mantissa << exponent, 1) if exponent >= 0 else (mantissa, 1 << -exponent)
        if isinstance(value, int | Fraction | Decimal):
            return value.as_integer_ratio()
    except (ValueError, OverflowError) as error:
        raise SdpError(f"expected a finite number, got {value}") from error
    raise SdpError(
        f"expected int, Fraction, Decimal, fmpz, fmpq or arb, got {type(value).__name__}",
        hint="floats that are meant exactly enter through MultiFloat.of",
    )


def limbs_of(value: Exact, limbs: int) -> list[float]:
    """Round to ``limbs`` doubles, each the nearest to what its predecessors left."""
    numerator, denominator = ratio(value)
    parts = []
    for _ in range(limbs):
        try:
            part = numerator / denominator  # correctly rounded for integers of any length
        except OverflowError as error:
            raise SdpError("expected a number below 2^1024 in size") from error
        parts.append(part)
        p, q = part.as_integer_ratio()
        numerator, denominator = numerator * q - p * denominator, denominator * q
    return parts


def tensor_of(values: Iterable[Exact], limbs: int, device: torch.device | str | None) -> Tensor:
    """Round a flat list; return ``limbs x n``."""
    rows = [limbs_of(value, limbs) for value in values]
    flat = torch.tensor(rows, dtype=torch.float64, device=device)
    return flat.reshape(len(rows), limbs).T.contiguous()


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
