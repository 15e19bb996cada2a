"""A CUDA device that is none: host memory behind the rules that a device imposes.

``pretended()`` makes ``device="cuda"`` work without one. Tensors made there claim to be
on ``cuda:0``, and every function of torch that meets one

- refuses to mix it with host tensors that have dimensions, as CUDA does,
- refuses to hand its memory to numpy,
- counts what would wait for the device: numbers, truth values and copies that go to the
  host, and results whose shape depends on data,
- counts what is copied to the device.

This proves that each tensor of a computation is where it has to be, and how often the
host waits. It proves nothing about kernels of CUDA: their rounding, their speed, their
memory, or functions that torch lacks there.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

DEVICE = torch.device("cuda", 0)

_TO_HOST = {"item", "tolist", "cpu", "__bool__", "__float__", "__int__", "__index__", "equal"}
_SHAPE_FROM_DATA = {"nonzero", "unique", "bincount", "masked_select", "argwhere"}
_WAITING = _TO_HOST | _SHAPE_FROM_DATA
_INDEXING = {"__getitem__", "__setitem__"}
_MEMORY = {"numpy", "__array__", "data_ptr"}
_PLAIN = {"__len__", "size", "dim", "numel", "stride", "is_contiguous", "element_size"}


class PretendTensor(Tensor):
    """A tensor whose numbers only ``PretendDevice`` can reach."""

    host: Tensor

    @staticmethod
    def holding(host: Tensor) -> "PretendTensor":
        """Claim that ``host`` lies on the device; shares memory."""
        # Kernels that bypass the mode below find a tensor without any numbers.
        made: PretendTensor = Tensor._make_wrapper_subclass(
            PretendTensor, host.shape, dtype=host.dtype, device=torch.device("meta")
        )
        made.host = host
        return made

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]  # torch's own stub takes no function
        cls, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        raise AssertionError(f"{function} reached a pretended tensor behind our back")


class PretendDevice(TorchFunctionMode):
    """Runs functions on host memory and keeps the books.

    Attributes:
        to_host: Names of functions after which the host has waited, counted.
        to_device: Copies to the device.
        calls: All functions that ran on the device.
    """

    def __init__(self) -> None:
        super().__init__()
        self.to_host: Counter[str] = Counter()
        self.to_device = 0
        self.calls = 0

    @property
    def waits(self) -> int:
        """How often the host has waited."""
        return self.to_host.total()

    def __torch_function__(
        self, function: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        leaves = [*_leaves(args), *_leaves(kwargs.values())]
        here = [leaf for leaf in leaves if isinstance(leaf, PretendTensor)]
        name = getattr(function, "__name__", "")
        if not here:
            return self._made_or_moved(function, name, args, kwargs)
        if name == "__get__" and function.__self__ is Tensor.device:  # type: ignore[attr-defined]
            return DEVICE
        self._check(name, args, kwargs, leaves)
        target = _target(name, args, kwargs)
        result = function(*_mapped(_host, args), **_without_device(_mapped(_host, kwargs)))
        self.calls += name not in _PLAIN and name != "__get__"
        if target is not None and target.type == "cpu":
            return result
        return _mapped(_wrapped, result)

    def _made_or_moved(
        self, function: Callable[..., Any], name: str, args: Any, kwargs: dict[str, Any]
    ) -> Any:
        """Functions of host tensors, or of none: some make tensors on the device."""
        target = _target(name, args, kwargs)
        if target is None or target.type != "cuda":
            return function(*args, **kwargs)
        if name in ("to", "cuda"):
            self.to_device += 1
            args = tuple(a for a in args if not _names_device(a))
            result = (
                args[0].clone() if len(args) == 1 else function(*args, **_without_device(kwargs))
            )
        else:
            self.to_device += name in ("tensor", "as_tensor")
            self.calls += 1
            result = function(*args, **_without_device(kwargs))
        return _mapped(_wrapped, result)

    def _check(self, name: str, args: Any, kwargs: dict[str, Any], leaves: list[Any]) -> None:
        hosts = [x for x in leaves if isinstance(x, Tensor) and not isinstance(x, PretendTensor)]
        if any(host.ndim for host in hosts):
            raise RuntimeError(f"{name}: expected all tensors on one device, found cuda:0 and cpu")
        if name in _MEMORY:
            raise TypeError(f"{name}: cannot give memory of cuda:0 to the host; use Tensor.cpu()")
        masks = name in _INDEXING and any(_is_mask(x) for x in leaves[1:])
        target = _target(name, args, kwargs) if name == "to" else None
        leaving = target is not None and target.type == "cpu"
        if name in _WAITING or masks or leaving:
            self.to_host[name] += 1


@contextmanager
def pretended() -> Iterator[PretendDevice]:
    """Have one CUDA device inside."""
    device = PretendDevice()
    with mock.patch("torch.cuda.is_available", return_value=True), device:
        yield device


def _host(x: Any) -> Any:
    return x.host if isinstance(x, PretendTensor) else x


def _wrapped(x: Any) -> Any:
    if isinstance(x, Tensor) and not isinstance(x, PretendTensor):
        return PretendTensor.holding(x)
    return x


def _is_mask(x: Any) -> bool:
    return isinstance(x, PretendTensor) and x.host.dtype == torch.bool


def _leaves(x: Any) -> Iterator[Any]:
    for item in x:
        if isinstance(item, tuple | list):
            yield from _leaves(item)
        else:
            yield item


def _mapped(function: Callable[[Any], Any], x: Any) -> Any:
    """``x`` with tensors in tuples, named ones too, lists and mappings replaced."""
    if isinstance(x, Tensor):
        return function(x)
    if isinstance(x, dict):
        return {key: _mapped(function, value) for key, value in x.items()}
    if isinstance(x, tuple | list):
        items = [_mapped(function, item) for item in x]
        return items if isinstance(x, list) else tuple(items) if _plain(x) else type(x)(items)
    return x


def _plain(x: Any) -> bool:
    return type(x) in (tuple, torch.Size)


def _names_device(x: Any) -> bool:
    return isinstance(x, torch.device | str)


def _target(name: str, args: Any, kwargs: dict[str, Any]) -> torch.device | None:
    """The device that a call asks for."""
    if kwargs.get("device") is not None:
        return torch.device(kwargs["device"])
    if name == "cpu":
        return torch.device("cpu")
    if name == "to":
        return next((torch.device(a) for a in args[1:] if _names_device(a)), None)
    return None


def _without_device(kwargs: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in kwargs.items() if key != "device"}
