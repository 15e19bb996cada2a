"""One spelling of every kernel, run by numpy on the host and by torch on accelerators.

A call of numpy on a matrix of 20 x 20 takes 0.4 us where torch takes 1.3 us, and
batches of such matrices are the daily bread of an interior point; torch knows the
accelerators. Kernels are therefore written in what both share: operators, slices,
``matmul``, and functions of ``namespace(x)`` with ``out=``. Limbs come as one
array ``L x *shape``, and ``x[i : i + 1]`` rather than ``x[i]`` is one limb, because
numpy turns arrays of no dimensions into scalars.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache, wraps
from typing import Any, TypeVar, cast

import numpy as np
import torch
from torch import Tensor

Array = Any  # float64, np.ndarray or torch.Tensor; never mixed within a call

Function = TypeVar("Function", bound=Callable[..., Any])

_EXPONENT = 0x7FF0000000000000  # the bits of a double that hold its exponent


_QUIET: ContextVar[bool] = ContextVar("_QUIET", default=False)


@contextmanager
def quietly() -> Iterator[None]:
    """Warn of nothing inside: NaN and infinity show in the results."""
    token = _QUIET.set(True)
    try:
        with np.errstate(all="ignore"):
            yield
    finally:
        _QUIET.reset(token)


def quiet(function: Function) -> Function:
    """Run ``function`` quietly; at no cost where its caller does so already."""

    @wraps(function)
    def silenced(*args: Any, **options: Any) -> Any:
        if _QUIET.get():
            return function(*args, **options)
        with quietly():
            return function(*args, **options)

    return cast(Function, silenced)


def namespace(x: Array) -> Any:
    """The library that works on ``x``."""
    return np if isinstance(x, np.ndarray) else torch


def native(tensor: Tensor) -> Array:
    """The memory of ``tensor`` as the kernels want it."""
    return tensor.detach().numpy() if tensor.device.type == "cpu" else tensor.detach()


def tensor_of(x: Array) -> Tensor:
    """The memory of ``x`` as a tensor; a copy where torch cannot share it."""
    if not isinstance(x, np.ndarray):
        return x  # type: ignore[no-any-return]
    if not x.flags.writeable or any(stride < 0 for stride in x.strides):
        x = x.copy()
    return torch.from_numpy(x)


def empty(shape: Sequence[int], like: Array) -> Array:
    """Uninitialised float64, on the device of ``like``."""
    if isinstance(like, np.ndarray):
        return np.empty(shape)
    return torch.empty(tuple(shape), dtype=torch.float64, device=like.device)


def zeros(shape: Sequence[int], like: Array) -> Array:
    """Zeros, on the device of ``like``."""
    if isinstance(like, np.ndarray):
        return np.zeros(shape)
    return torch.zeros(tuple(shape), dtype=torch.float64, device=like.device)


def constant(values: Any, like: Array) -> Array:
    """A small table, on the device of ``like``; do not write to it."""
    table = np.asarray(values, dtype=np.float64)
    if isinstance(like, np.ndarray):
        return table
    return _uploaded(table.tobytes(), table.shape, like.device)


@lru_cache(maxsize=256)
def _uploaded(memory: bytes, shape: tuple[int, ...], device: torch.device) -> Tensor:
    return torch.from_numpy(np.frombuffer(memory).reshape(shape).copy()).to(device)


def scalar(value: float, like: Array) -> Array:
    """A number with as many dimensions as ``like``, made where it is needed."""
    shape = (1,) * like.ndim
    if isinstance(like, np.ndarray):
        return np.full(shape, value)
    return torch.full(shape, value, dtype=torch.float64, device=like.device)


def at_hand(x: Tensor) -> bool:
    """Whether looking at the numbers of ``x`` costs nothing: an accelerator has to be waited for.

    There, loops have a fixed length, and a failure shows in flags that are read later.
    """
    return x.device.type == "cpu"


def at_once(entries: int, like: Array) -> int:
    """How many entries to work on at a time: ``entries`` of cache, or much of a GPU's memory."""
    return entries if isinstance(like, np.ndarray) else 2**22


def largest(x: Array, dim: int) -> Array:
    """The largest absolute value along ``dim``, which is kept; 0 along an empty one."""
    if x.shape[dim] == 0:
        shape = list(x.shape)
        shape[dim] = 1
        return zeros(shape, x)
    if isinstance(x, np.ndarray):
        return np.abs(x).max(dim, keepdims=True)
    return x.abs().amax(dim, keepdim=True)


def power_below(x: Array) -> Array:
    """The largest power of two up to each non-negative entry; 0 below 2^-1022."""
    xp = namespace(x)
    return (x.view(xp.int64) & _EXPONENT).view(xp.float64)


def diagonal(x: Array) -> Array:
    """The diagonals of ``... x n x n``, as memory that may be written."""
    if isinstance(x, np.ndarray):
        return np.einsum("...ii->...i", x)
    return x.diagonal(dim1=-2, dim2=-1)
