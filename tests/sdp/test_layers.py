"""Where the rows of a layer lie, against plain loops over members, places and rows."""

import pytest
import torch

from bosearch.sdp.layers import EVERY, Index, Layer
from bosearch.sdp.multifloat import MultiFloat

N, F, M = 2, 5, 6  # programs, clusters, rows of a cluster


def positions(index: Index, size: int) -> list[int]:
    return list(range(size))[index] if isinstance(index, slice) else index.tolist()


LAYERS = [
    Layer(EVERY, torch.tensor([3, 0, 4]), torch.tensor([[0, 5], [2, 1], [3, 4]]), "a"),
    Layer(EVERY, slice(0, 5, 2), torch.tensor([[0, 5], [2, 1], [3, 4]]), "b"),
    Layer(EVERY, torch.tensor([4, 1]), slice(1, 6, 2), "c"),
    Layer(EVERY, slice(1, 4), EVERY, "d"),
]


def expected(layer: Layer, x: torch.Tensor) -> list[list[list[float]]]:
    """``N x l x m_b``."""
    places = positions(layer.places, F)
    if isinstance(layer.rows, slice):
        rows = [positions(layer.rows, M)] * len(places)
    else:
        rows = layer.rows.tolist()
    return [
        [[float(x[n, f, i]) for i in r] for f, r in zip(places, rows, strict=True)]
        for n in range(N)
    ]


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.target)
def test_a_layer_sees_its_rows_in_order(layer: Layer) -> None:
    x = torch.arange(N * F * M, dtype=torch.float64).reshape(N, F, M)
    assert layer.seen(MultiFloat.of(x, 2)).to_double().tolist() == expected(layer, x)
    assert x[layer.index(1)].tolist() == expected(layer, x)


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.target)
def test_squares_are_indexed_by_the_same_rows_twice(layer: Layer) -> None:
    x = torch.arange(N * F * M, dtype=torch.float64).reshape(N, F, M)
    seen = torch.tensor(expected(layer, x), dtype=torch.float64)
    outer = x[..., :, None] * x[..., None, :]
    assert torch.equal(outer[layer.index(2)], seen[..., :, None] * seen[..., None, :])
