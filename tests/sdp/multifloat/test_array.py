"""Shapes and memory as torch has them; values are the other tests' concern."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import torch

from bosearch.errors import SdpError, ShapeError
from bosearch.sdp.multifloat import MultiFloat, cat, stack, where
from tests.sdp.multifloat.helpers import numbers, same

INDEX = torch.tensor([3, 0, 3])
MASK = torch.tensor([True, False, True, True])

SHAPED: dict[str, Callable[[Any], Any]] = {
    "integer": lambda x: x[1],
    "slice": lambda x: x[:, 1:3],
    "ellipsis": lambda x: x[..., 0],
    "newaxis": lambda x: x[:, None, ..., None],
    "tensor": lambda x: x[:, INDEX],
    "two tensors": lambda x: x[INDEX % 3, INDEX],
    "separated tensors": lambda x: x[INDEX % 3, :, INDEX],
    "mask": lambda x: x[:, MASK],
    "reshape": lambda x: x.reshape(4, -1),
    "unsqueeze": lambda x: x.unsqueeze(1),
    "unsqueeze last": lambda x: x.unsqueeze(-1),
    "expand": lambda x: x[:, :1].expand(3, 4, 5),
    "expand kept": lambda x: x[0, :1].expand(2, 3, -1),
    "transpose": lambda x: x.mT,
    "negate": lambda x: -x,
    "absolute": lambda x: x.abs(),
    "first of one": lambda x: x[:1].sum(0),
}


@pytest.mark.parametrize("limbs", [1, 3])
@pytest.mark.parametrize("name", SHAPED)
def test_each_limb_is_shaped_as_torch_would(name: str, limbs: int) -> None:
    x = numbers(1, (3, 4, 5), limbs)
    x.parts[:, 0] = x.parts[:, 0].abs()
    x.parts[:, 1:] = x.parts[:, 1:].abs()
    expected = torch.stack([SHAPED[name](limb) for limb in x.parts])
    assert torch.equal(SHAPED[name](x).parts, expected)


def test_shape_and_kind_are_told() -> None:
    x = MultiFloat.zeros((2, 3), 4)
    assert (x.limbs, x.bits, x.shape, x.ndim, len(x)) == (4, 212, torch.Size((2, 3)), 2, 2)
    assert x.device == torch.device("cpu")
    assert "limbs=4" in repr(x)


def test_identity_trace_and_diagonal() -> None:
    x = MultiFloat.eye(3, 2, batch=(2,))
    assert torch.equal(x.to_double(), torch.eye(3, dtype=torch.float64).expand(2, 3, 3))
    assert x.trace().to_double().tolist() == [3.0, 3.0]
    assert x.diagonal().shape == (2, 3)


def test_parts_share_memory_and_clones_do_not() -> None:
    x = MultiFloat.zeros((2, 2), 2)
    y = x.clone()
    x.parts[0, 0, 0] = 5.0
    x[1].parts[0, 1] = 7.0
    assert x.to_double().tolist() == [[5.0, 0.0], [0.0, 7.0]]
    assert (y.parts == 0).all()


def test_limbs_are_appended_and_rounded_away() -> None:
    x = numbers(2, (4,), 3)
    assert same(x.with_limbs(4).with_limbs(3), x)
    assert torch.equal(x.with_limbs(1).to_double(), x.to_double())
    assert (x.with_limbs(4).parts[3] == 0).all()


@pytest.mark.parametrize("dim", [0, 1, -1])
def test_arrays_are_joined_as_torch_would(dim: int) -> None:
    x, y = numbers(3, (2, 3), 2), numbers(4, (2, 3), 2)
    pairs = list(zip(x.parts, y.parts, strict=True))
    assert torch.equal(cat([x, y], dim).parts, torch.stack([torch.cat(p, dim) for p in pairs]))
    assert torch.equal(stack([x, y], dim).parts, torch.stack([torch.stack(p, dim) for p in pairs]))


def test_where_picks_entries_of_either_length() -> None:
    x, y = numbers(5, (2, 3), 2), numbers(6, (2, 3), 3)
    mask = torch.tensor([[True], [False]])
    found = where(mask, x, y)
    assert same(found[0], x[0].with_limbs(3))
    assert same(found[1], y[1])


def test_powers_of_two_scale_exactly_to_the_ends_of_the_range() -> None:
    x = numbers(7, (4,), 2, exponents=(-500, -500))
    exponents = torch.tensor([1400, -300, 0, 1023])
    back = x.scale_by_power_of_two(exponents)
    assert torch.equal(back.to_double(), torch.ldexp(x.to_double() * 2.0**500, exponents - 500))
    assert same(back.scale_by_power_of_two(-exponents), x)


def test_exponents_beyond_the_range_are_refused() -> None:
    with pytest.raises(SdpError, match="2044"):
        numbers(7, (2,), 2).scale_by_power_of_two(torch.tensor([0, 3000]))


def test_scales_broadcast() -> None:
    x = numbers(8, (3, 2), 2)
    found = x.scale_by_power_of_two(torch.tensor([[1], [2], [3]]))
    assert same(found, x * torch.tensor([[2.0], [4.0], [8.0]], dtype=torch.float64))
    assert same(x[0].scale_by_power_of_two(torch.tensor(3)), x[0] * 8.0)


@pytest.mark.parametrize("dim", [0, 1, -1])
def test_segments_are_sums_of_their_entries(dim: int) -> None:
    index, size = torch.tensor([4, 0, 4, 1, 4, 0]), 5
    x = numbers(9, (6, 6), 3, exponents=(-50, 50))
    found = x.segment_sum(dim, index, size)
    for segment in range(size):
        at = (index == segment).nonzero().flatten()
        part = x[at] if dim == 0 else x[:, at]
        row = found[segment] if dim == 0 else found[:, segment]
        assert same(row, part.sum(dim))


def test_segments_may_all_be_empty() -> None:
    none = torch.zeros(0, dtype=torch.long)
    assert MultiFloat.zeros((2, 0), 2).segment_sum(1, none, 3).shape == (2, 3)
    assert MultiFloat.zeros((2, 0), 2).segment_sum(1, none, 0).shape == (2, 0)


@pytest.mark.parametrize("index", [[0, 1], [0, 1, 5], [0, 1, -1]])
def test_bad_segments_are_refused(index: list[int]) -> None:
    with pytest.raises(ShapeError, match="expected"):
        MultiFloat.zeros((3,), 2).segment_sum(0, torch.tensor(index), 5)


def test_numbers_without_dimensions_calculate() -> None:
    x = numbers(10, (3,), 2)
    total = x[0] * x[1] / x[2] + x[0].sqrt() if float(x.to_double()[0]) > 0 else x[0] * x[1]
    assert total.shape == ()
    assert total.to_double().ndim == 0
    assert (x[0] + x).shape == (3,)


def test_copies_and_pickles_are_equal() -> None:
    x = numbers(11, (2, 2), 2)
    assert same(copy.deepcopy(x), x)
    assert same(pickle.loads(pickle.dumps(x)), x)


@pytest.mark.parametrize(
    "parts",
    [
        torch.zeros(5, 2, dtype=torch.float64),
        torch.zeros(0, 2, dtype=torch.float64),
        torch.zeros(2, 2, dtype=torch.float32),
        torch.zeros((), dtype=torch.float64),
    ],
)
def test_other_limbs_are_refused(parts: torch.Tensor) -> None:
    with pytest.raises(ShapeError, match="1 to 4 float64 limbs"):
        MultiFloat(parts)


def test_integers_that_no_double_holds_are_refused() -> None:
    with pytest.raises(SdpError, match="a double holds exactly"):
        numbers(12, (2,), 2) * (2**53 + 1)
