from bosearch.sdp.constraints import SampledConstraints, StackedConstraints
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
    assert piece.members is None
    assert [layer.members.tolist() for layer in piece.layers if layer.members is not None] == [
        [0, 2],
        [1, 3],
    ]
    assert all(layer.places is None and layer.rows is None for layer in piece.layers)
