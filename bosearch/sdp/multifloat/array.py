"""Tensors of numbers with 53 to 212 bits: ``MultiFloat``.

A number is the exact sum of ``L`` float64 limbs, largest first, each at most half
a unit in the last place of its predecessor. The limb dimension leads, so that each
limb is contiguous and ``L = 1`` is plain float64.

Range: leading limbs of 1e-200 to 1e200 in size (and 0), results too, keep all
bits of up to four limbs. Nearer to the ends of float64 trailing bits underflow, or
Dekker's splitting overflows to NaN. Infinity and NaN come out as infinity or NaN
in the leading limb, never as a number.
"""

import math
from collections.abc import Sequence
from typing import Any, Self, final

import numpy as np
import torch
from flint import arb, arb_mat, fmpq_mat, fmpz_mat
from torch import Tensor

from bosearch.errors import SdpError, ShapeError
from bosearch.sdp.multifloat import arithmetic, convert
from bosearch.sdp.multifloat.backend import (
    Array,
    at_hand,
    diagonal,
    namespace,
    native,
    quiet,
    scalar,
    tensor_of,
)
from bosearch.sdp.multifloat.product import product

MAX_LIMBS = 4
Device = torch.device | str | None


@final
class MultiFloat:
    """Numbers of ``L`` limbs: elementwise arithmetic and products of matrices.

    Operators broadcast, and accept doubles as exact numbers. Operands of different
    ``L`` give the larger one. On the host the limbs live in a numpy array, see
    ``backend``, whose memory ``parts`` shares.

    Args:
        parts: float64 limbs, ``L x *shape``, normalised, largest first.

    Attributes:
        data: The same limbs as the kernels of this package take them.

    Raises:
        ShapeError: These are not 1 to 4 limbs of float64.
    """

    __slots__ = ("data",)
    __array_ufunc__ = None  # numpy leaves mixed operators to us
    data: Array

    def __init__(self, parts: Tensor) -> None:
        if parts.dtype != torch.float64 or parts.ndim < 1 or not 1 <= len(parts) <= MAX_LIMBS:
            raise ShapeError(
                f"expected 1 to {MAX_LIMBS} float64 limbs in the leading dimension,"
                f" got {parts.dtype} of shape {tuple(parts.shape)}"
            )
        self.data = native(parts)

    @classmethod
    def wrapping(cls, data: Array) -> Self:
        """Take limbs as the kernels of this package return them."""
        self = object.__new__(cls)
        self.data = data
        return self

    @classmethod
    def zeros(cls, shape: Sequence[int], limbs: int, device: Device = None) -> Self:
        """Zeros of ``shape``."""
        return cls(torch.zeros((limbs, *shape), dtype=torch.float64, device=device))

    @classmethod
    def eye(cls, n: int, limbs: int, device: Device = None, batch: Sequence[int] = ()) -> Self:
        """``*batch x n x n`` identities."""
        result = cls.zeros((*batch, n, n), limbs, device)
        result.parts[0].diagonal(dim1=-2, dim2=-1).fill_(1.0)
        return result

    @classmethod
    def of(cls, tensor: Tensor, limbs: int) -> Self:
        """The exact values of a tensor of doubles, copied."""
        parts = torch.zeros((limbs, *tensor.shape), dtype=torch.float64, device=tensor.device)
        parts[0] = tensor
        return cls(parts)

    @classmethod
    def from_flint(
        cls, matrix: fmpq_mat | fmpz_mat | arb_mat, limbs: int, device: Device = None
    ) -> Self:
        """Round a flint matrix, or the midpoints of its balls; ``n x m``.

        Raises:
            SdpError: An entry is not finite, or beyond the range of doubles.
        """
        flat = convert.tensor_of(matrix.entries(), limbs, device)
        return cls(flat.reshape(limbs, matrix.nrows(), matrix.ncols()))

    @classmethod
    def from_exact(cls, values: Any, limbs: int, device: Device = None) -> Self:
        """Round nested lists of int, Fraction, Decimal, fmpz, fmpq or arb (midpoints).

        Raises:
            SdpError: A value is a float or not finite, or the lists are ragged.
        """
        flat, shape = convert.flattened(values)
        return cls(convert.tensor_of(flat, limbs, device).reshape(limbs, *shape))

    @property
    def parts(self) -> Tensor:
        """The limbs, ``L x *shape``, in the memory of this array."""
        return tensor_of(self.data)

    @property
    def limbs(self) -> int:
        """The number of limbs, ``L``."""
        return len(self.data)

    @property
    def bits(self) -> int:
        """The nominal precision, ``53 L``."""
        return 53 * len(self.data)

    @property
    def shape(self) -> torch.Size:
        """The shape without the dimension of limbs."""
        return torch.Size(self.data.shape[1:])

    @property
    def ndim(self) -> int:
        """The number of dimensions without that of limbs."""
        return int(self.data.ndim) - 1

    @property
    def device(self) -> torch.device:
        """Where the limbs live."""
        return torch.device("cpu") if isinstance(self.data, np.ndarray) else self.data.device

    def __repr__(self) -> str:
        return f"MultiFloat({self.to_double()!r}, limbs={self.limbs})"

    def __len__(self) -> int:
        return int(self.data.shape[1])

    def to_double(self) -> Tensor:
        """The leading limb, which normalisation makes the nearest double."""
        return self.parts[0]

    def to_fmpq(self) -> Any:
        """The exact values as nested lists of fmpq.

        Raises:
            SdpError: An entry is infinite or NaN; so do the next two.
        """
        return convert.nested(convert.rationals(self.parts), tuple(self.shape))

    def to_fmpq_mat(self) -> fmpq_mat:
        """The exact values of an ``n x m`` matrix."""
        rows, columns = self.shape
        return fmpq_mat(rows, columns, convert.rationals(self.parts))

    def to_arb_mat(self) -> arb_mat:
        """The exact values of an ``n x m`` matrix, as balls of radius 0."""
        balls = [arb((q.p, 1 - q.q.bit_length())) for q in convert.rationals(self.parts)]
        rows, columns = self.shape
        return arb_mat(rows, columns, balls)

    def with_limbs(self, limbs: int) -> Self:
        """Append zero limbs, or round to fewer; may share memory."""
        return self.wrapping(arithmetic.with_limbs(self.data, limbs))

    def to(self, device: Device) -> Self:
        """The same values on another device; may share memory."""
        return type(self)(self.parts.to(device))

    def clone(self) -> Self:
        """A copy that shares no memory."""
        return type(self)(self.parts.clone())

    def __neg__(self) -> Self:
        return self.wrapping(-self.data)

    @quiet
    def __add__(self, other: "Operand") -> Self:
        return self.wrapping(arithmetic.add(*self._pair(other)))

    __radd__ = __add__

    @quiet
    def __sub__(self, other: "Operand") -> Self:
        return self.wrapping(arithmetic.subtract(*self._pair(other)))

    @quiet
    def __rsub__(self, other: "Operand") -> Self:
        x, y = self._pair(other)
        return self.wrapping(arithmetic.subtract(y, x))

    @quiet
    def __mul__(self, other: "Operand") -> Self:
        if not isinstance(other, MultiFloat | Tensor):
            factor = _exact_double(other)
            if abs(math.frexp(factor)[0]) == 0.5:  # a power of two
                return self.wrapping(self.data * factor)
        return self.wrapping(arithmetic.multiply(*self._pair(other)))

    __rmul__ = __mul__

    @quiet
    def __truediv__(self, other: "Operand") -> Self:
        return self.wrapping(arithmetic.divide(*self._pair(other)))

    @quiet
    def __rtruediv__(self, other: "Operand") -> Self:
        x, y = self._pair(other)
        return self.wrapping(arithmetic.divide(y, x))

    @quiet
    def __matmul__(self, other: "MultiFloat") -> Self:
        ndim = max(self.ndim, other.ndim) if min(self.ndim, other.ndim) > 1 else 0
        return self.wrapping(product(_aligned(self.data, ndim), _aligned(other.data, ndim)))

    @quiet
    def sqrt(self) -> Self:
        """Square roots; NaN for negative entries."""
        return self.wrapping(arithmetic.square_root(self.data))

    def abs(self) -> Self:
        """Absolute values."""
        x = self.data
        return self.wrapping(namespace(x).where(x[:1] < 0, -x, x))

    @quiet
    def scale_by_power_of_two(self, exponents: Tensor) -> Self:
        """Multiply by ``2^exponents`` (integers, broadcast): exact while limbs stay normal.

        Raises:
            SdpError: An exponent on the host exceeds 2044 in size.
        """
        if at_hand(exponents) and exponents.numel() and int(exponents.abs().max()) > 2044:
            raise SdpError(f"expected exponents within +-2044, got {exponents.tolist()}")
        x, e = self.data, _aligned(native(exponents.long())[None], self.ndim)
        x = _aligned(x, e.ndim - 1)
        half = e // 2
        for part in (half, e - half):  # 2^e itself may leave the range where x 2^e does not
            x = x * ((part + 1023) << 52).view(namespace(x).float64)
        return self.wrapping(x)

    @property
    def mT(self) -> Self:  # noqa: N802 - as torch spells it
        """The transposed matrices; shares memory."""
        return self.wrapping(self.data.swapaxes(-1, -2))

    def __getitem__(self, index: Any) -> Self:
        x = self.data
        items = index if isinstance(index, tuple) else (index,)
        if not any(isinstance(item, Tensor | np.ndarray | list) for item in items):
            return self.wrapping(x[(slice(None), *items)])
        if isinstance(x, np.ndarray):
            items = tuple(native(i) if isinstance(i, Tensor) else i for i in items)
        gathered = [limb[items] for limb in x]
        return self.wrapping(namespace(x).stack(gathered))

    def reshape(self, *shape: int) -> Self:
        """As ``torch.reshape``."""
        return self.wrapping(self.data.reshape(self.limbs, *shape))

    def unsqueeze(self, dim: int) -> Self:
        """As ``torch.unsqueeze``."""
        at = dim if dim >= 0 else dim + self.ndim + 1
        return self.wrapping(self.data[(slice(None),) * (at + 1) + (None,)])

    def expand(self, *shape: int) -> Self:
        """As ``torch.expand``, -1 included; shares memory, so do not write to it."""
        x = _aligned(self.data, len(shape))
        whole = [old if new == -1 else new for old, new in zip(x.shape[1:], shape, strict=True)]
        return self.wrapping(namespace(x).broadcast_to(x, (len(x), *whole)))

    def diagonal(self) -> Self:
        """``... x n`` diagonals of ``... x n x n`` matrices; shares memory."""
        return self.wrapping(diagonal(self.data))

    def trace(self) -> Self:
        """The sum of each diagonal."""
        return self.diagonal().sum(-1)

    @quiet
    def sum(self, dim: int) -> Self:
        """Sum along ``dim`` by halves, each partial sum rounded to all limbs."""
        return self.wrapping(arithmetic.total(self.data, self._from_right(dim)))

    @quiet
    def segment_sum(self, dim: int, index: Tensor, size: int) -> Self:
        """Sum the entries along ``dim`` that share an ``index`` in ``0 .. size - 1``.

        Raises:
            ShapeError: There is not one index per entry, or one is out of range.
        """
        at = self._from_right(dim)
        if index.shape != (self.data.shape[at],):
            raise ShapeError(
                f"expected {self.data.shape[at]} indices, got shape {tuple(index.shape)}"
            )
        place, used = (native(table.to(self.device)) for table in _places(index.cpu(), size))
        behind = (slice(None),) * (-at - 1)
        gathered = self.data[(..., place, *behind)]
        used = used.reshape(*used.shape, *[1] * len(behind))
        gathered = namespace(gathered).where(used, gathered, 0.0)
        return self.wrapping(arithmetic.total(gathered, at))

    def _from_right(self, dim: int) -> int:
        return dim if dim < 0 else dim - self.ndim

    def _pair(self, other: "Operand") -> tuple[Array, Array]:
        """Limbs of both operands, dimensions aligned from the right."""
        x = self.data
        if isinstance(other, MultiFloat):
            y = other.data
        elif isinstance(other, Tensor):
            y = native(other.to(dtype=torch.float64, device=self.device))[None]
        else:
            y = scalar(_exact_double(other), x)
        if x.ndim == y.ndim:
            return x, y
        ndim = max(x.ndim, y.ndim) - 1
        return _aligned(x, ndim), _aligned(y, ndim)


Operand = MultiFloat | Tensor | float


def _aligned(data: Array, ndim: int) -> Array:
    """Give ``data`` dimensions of size 1, behind that of limbs, up to ``ndim`` others."""
    missing = ndim + 1 - data.ndim
    return data.reshape(len(data), *[1] * missing, *data.shape[1:]) if missing > 0 else data


def _exact_double(value: float) -> float:
    double = float(value)
    if double != value and not math.isnan(double):
        raise SdpError(
            f"expected a number that a double holds exactly, got {value}",
            hint="convert it with MultiFloat.from_exact",
        )
    return double


def _places(index: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Where each of ``size`` segments finds its entries, ``size x most``, and which are real."""
    if len(index) and not 0 <= int(index.min()) <= int(index.max()) < size:
        raise ShapeError(f"expected indices from 0 to {size - 1}, got {index.tolist()}")
    counts = torch.bincount(index, minlength=size)
    order = torch.argsort(index, stable=True)
    most = int(counts.max()) if size else 0
    column = torch.arange(most)
    place = (counts.cumsum(0) - counts)[:, None] + column
    used = column < counts[:, None]
    return order[place.where(used, torch.zeros(()).long())], used


def matmul(A: MultiFloat, B: MultiFloat) -> MultiFloat:
    """``A @ B``: products of ``... x n x k`` and ``... x k x m``, batches broadcast."""
    return A @ B


def stack(arrays: Sequence[MultiFloat], dim: int = 0) -> MultiFloat:
    """As ``torch.stack``; all arrays have equally many limbs."""
    data = [x.data for x in arrays]
    return MultiFloat.wrapping(namespace(data[0]).stack(data, dim if dim < 0 else dim + 1))


def cat(arrays: Sequence[MultiFloat], dim: int = 0) -> MultiFloat:
    """As ``torch.cat``; all arrays have equally many limbs."""
    data = [x.data for x in arrays]
    return MultiFloat.wrapping(namespace(data[0]).concatenate(data, dim if dim < 0 else dim + 1))


def where(mask: Tensor, a: MultiFloat, b: MultiFloat) -> MultiFloat:
    """Entries of ``a`` where ``mask`` holds, of ``b`` elsewhere."""
    x, y = a._pair(b)
    limbs = max(len(x), len(y))
    x, y = arithmetic.with_limbs(x, limbs), arithmetic.with_limbs(y, limbs)
    return MultiFloat.wrapping(namespace(x).where(native(mask), x, y))
