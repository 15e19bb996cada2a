import math

import numpy as np
import pytest
import torch

from bosearch.sdp.multifloat import backend
from bosearch.sdp.multifloat.backend import Array


def doubles(library: str, values: list[float]) -> Array:
    array = np.array(values, dtype=np.float64)
    return array if library == "numpy" else torch.from_numpy(array)


def test_power_below_is_two_to_the_floor_of_the_logarithm(library: str) -> None:
    x = [1.0, 1.5, 2.0 - 2.0**-52, 0.3, 1e200, 1e-300]
    expected = [2.0 ** (math.frexp(v)[1] - 1) for v in x]
    assert backend.power_below(doubles(library, x)).tolist() == expected
    below = backend.power_below(doubles(library, [0.0, 5e-324, math.inf, math.nan]))
    assert below.tolist() == [0.0, 0.0, math.inf, math.inf]


def test_largest_sees_nan_and_is_zero_for_nothing(library: str) -> None:
    x = doubles(library, [1.0, -3.0, 2.0]).reshape(1, 3)
    assert backend.largest(x, -1).tolist() == [[3.0]]
    assert backend.largest(x[:, :0], -1).tolist() == [[0.0]]
    x[0, 1] = math.nan
    assert math.isnan(backend.largest(x, -1)[0, 0])


def test_diagonals_can_be_written(library: str) -> None:
    x = backend.zeros((2, 3, 3), doubles(library, []))
    backend.diagonal(x)[...] = 1.0
    assert x.tolist() == [np.eye(3).tolist()] * 2


@pytest.mark.parametrize("view", [np.broadcast_to(np.ones(1), (3,)), np.arange(3.0)[::-1]])
def test_memory_that_torch_cannot_share_is_copied(view: Array) -> None:
    assert backend.tensor_of(view).tolist() == view.tolist()


def test_memory_is_shared_where_it_can_be() -> None:
    x = torch.zeros(3, dtype=torch.float64)
    backend.tensor_of(backend.native(x))[1] = 2.0
    assert x.tolist() == [0.0, 2.0, 0.0]
