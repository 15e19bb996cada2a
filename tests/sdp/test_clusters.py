import torch

from bosearch.sdp.clusters import clusters_of


def test_rows_that_share_a_block_form_a_cluster_and_equal_clusters_a_family() -> None:
    groups = [
        torch.tensor([0, 2]),
        torch.tensor([1, 3]),
        torch.tensor([3, 4]),
        torch.tensor([2, 5]),
    ]
    clusters = clusters_of(7, groups)
    found = {tuple(rows) for family in clusters.families for rows in family.rows.tolist()}
    assert found == {(0, 2, 5), (1, 3, 4), (6,)}
    assert [family.rows.shape for family in clusters.families] == [(1, 1), (2, 3)]
    for row in range(7):
        family = clusters.families[clusters.family[row]]
        assert family.rows[clusters.place[row], clusters.local[row]] == row


def test_merged_rows_form_one_cluster() -> None:
    clusters = clusters_of(3, [torch.tensor([0])], merged=True)
    assert [family.rows.tolist() for family in clusters.families] == [[[0, 1, 2]]]
