import torch

from bosearch.sdp.constraints import SampledConstraints, StackedConstraints
from bosearch.sdp.layers import EVERY
from bosearch.sdp.pieces import index_of
from bosearch.sdp.prepare import prepare
from tests.sdp.helpers import mixed, two_point


def test_blocks_are_padded_and_rows_clustered() -> None:
    prepared = prepare(mixed())
    assert [cone.sizes for cone in prepared.cones] == [(8, 7, 7), (2,), (1,)]
    assert [tuple(f.rows.shape) for f in prepared.clusters.families] == [(1, 1), (1, 2), (1, 4)]
    kinds = {type(piece.constraints) for piece in prepared.program.pieces}
    assert kinds == {SampledConstraints, StackedConstraints}


def test_equal_blocks_and_clusters_are_one_piece_without_any_indices() -> None:
    """Two-point: four blocks in one batch, in two layers of one block for each cluster."""
    prepared = prepare(two_point(8, 9))
    (piece,) = prepared.program.pieces
    assert piece.members == EVERY
    assert [list(range(4))[layer.members] for layer in piece.layers] == [[0, 2], [1, 3]]
    assert all(layer.places == layer.rows == EVERY for layer in piece.layers)


def test_evenly_spaced_positions_are_a_slice() -> None:
    for positions in ([3], [0, 1, 2], [2, 3, 4], [1, 4, 7]):
        index = index_of(positions, 9)
        assert isinstance(index, slice)
        assert list(range(9))[index] == positions
    assert index_of([0, 1, 2], 3) == EVERY
    for positions in ([0, 1, 3], [2, 1], [1, 1]):
        found = index_of(positions, 9)
        assert isinstance(found, torch.Tensor)
        assert found.tolist() == positions
