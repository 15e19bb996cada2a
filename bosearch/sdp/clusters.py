"""Which rows share a psd block: the blocks of the Schur complement."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor


@final
@dataclass(frozen=True, eq=False)
class Family:
    """Clusters of equally many rows: ``F x m`` row numbers."""

    rows: Tensor


@final
@dataclass(frozen=True, eq=False)
class Clusters:
    """The partition of the rows.

    Args:
        families: Clusters, batched by their number of rows.
        family: Family of each row.
        place: Cluster of each row in its family.
        local: Position of each row in its cluster.
    """

    families: tuple[Family, ...]
    family: Tensor
    place: Tensor
    local: Tensor


def clusters_of(m: int, groups: Sequence[Tensor], *, merged: bool = False) -> Clusters:
    """Partition ``m`` rows such that each of ``groups`` lies in one cluster.

    Args:
        m: The number of rows.
        groups: For each block, the rows that it sees.
        merged: Put all rows in one cluster.
    """
    leader = list(range(m))

    def find(i: int) -> int:
        while leader[i] != i:
            leader[i] = leader[leader[i]]
            i = leader[i]
        return i

    for group in [torch.arange(m)] if merged else groups:
        first = find(int(group[0])) if len(group) else 0
        for i in group.tolist():
            leader[find(i)] = first
    members: dict[int, list[int]] = {}
    for i in range(m):
        members.setdefault(find(i), []).append(i)
    sizes = sorted({len(rows) for rows in members.values()})
    families = tuple(
        Family(torch.tensor([rows for rows in members.values() if len(rows) == size]))
        for size in sizes
    )
    family, place, local = (torch.zeros(m, dtype=torch.int64) for _ in range(3))
    for f, clusters in enumerate(families):
        count, size = clusters.rows.shape
        family[clusters.rows] = f
        place[clusters.rows] = torch.arange(count)[:, None].expand(count, size)
        local[clusters.rows] = torch.arange(size).expand(count, size)
    return Clusters(families, family, place, local)
