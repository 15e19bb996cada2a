"""Blocks batched into cones, and their constraints into pieces of one shape."""

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from bosearch.sdp.clusters import Clusters
from bosearch.sdp.constraints import Constraints, SampledConstraints, StackedConstraints
from bosearch.sdp.layers import EVERY, Index, Layer, Piece
from bosearch.sdp.multifloat import MultiFloat, stack
from bosearch.sdp.tables import LIMBS, Block

_PADDING = 1.15  # a block may be padded to this multiple of its size


@final
@dataclass(frozen=True, eq=False)
class Cone:
    """Blocks that are solved as one batch.

    Args:
        blocks: Their positions in the problem.
        sizes: Their sizes without padding.
        size: With padding.
    """

    blocks: tuple[int, ...]
    sizes: tuple[int, ...]
    size: int

    def mask(self) -> Tensor | None:
        """Zeros in the padding and ones elsewhere; None without padding."""
        if all(n == self.size for n in self.sizes):
            return None
        mask = torch.zeros(len(self.sizes), self.size, self.size, dtype=torch.float64)
        for g, n in enumerate(self.sizes):
            mask[g, :n, :n] = 1.0
        return mask

    def batched(self, matrices: list[MultiFloat]) -> MultiFloat:
        """The matrices of its blocks, in order, padded by zeros; ``N x G x n x n``."""
        missing = [self.size - n for n in self.sizes]
        padded = [
            MultiFloat(torch.nn.functional.pad(matrix.parts, (0, more, 0, more)))
            for matrix, more in zip(matrices, missing, strict=True)
        ]
        return stack(padded, 1)


def cones_of(sizes: list[int]) -> tuple[Cone, ...]:
    """Batch blocks of nearly equal sizes, largest first."""
    cones: list[list[int]] = []
    for b in sorted(range(len(sizes)), key=lambda b: -sizes[b]):
        if cones and sizes[cones[-1][0]] <= _PADDING * sizes[b]:
            cones[-1].append(b)
        else:
            cones.append([b])
    return tuple(Cone(tuple(cone), tuple(sizes[b] for b in cone), sizes[cone[0]]) for cone in cones)


def pieces_of(
    c: int, cone: Cone, blocks: list[Block], groups: list[Tensor], clusters: Clusters
) -> list[Piece]:
    """Batch the blocks of a cone whose constraints have one shape.

    Args:
        c: Position of the cone.
        cone: The cone.
        blocks: All blocks, in the basis and scale of the program.
        groups: For each block, the rows that it sees, in order.
        clusters: The partition of the rows.
    """
    alike: dict[tuple[int, int, int, bool], list[int]] = {}
    for g, b in enumerate(cone.blocks):
        block, rows = blocks[b], groups[b]
        if len(rows):
            repeats = int(torch.bincount(block.rows).max()) if len(block.rows) else 0
            sampled = not len(block.matrix_rows) and _worth_sampling(len(rows), repeats, block.size)
            shape = int(clusters.family[rows[0]]), len(rows), repeats, sampled
            alike.setdefault(shape, []).append(g)
    pieces = []
    for (family, _, repeats, sampled), members in alike.items():
        chosen = [blocks[cone.blocks[g]] for g in members]
        seen = [groups[cone.blocks[g]] for g in members]
        constraints: Constraints
        if sampled:
            constraints = _sampled(chosen, seen, repeats, cone.size)
        else:
            constraints = _stacked(chosen, seen, repeats, cone.size)
        pieces.append(
            Piece(
                c,
                index_of(members, len(cone.blocks)),
                family,
                _layers(seen, clusters, family),
                constraints,
            )
        )
    return pieces


def _worth_sampling(rows: int, repeats: int, n: int) -> bool:
    """Compare multiplications of the two forms; Hadamard products cost about 30 each."""
    P = rows * repeats
    return P * P * (2 * n + 30) + 2 * n * n * P <= 2 * rows * n**3 + rows * rows * n * n


def _layers(seen: list[Tensor], clusters: Clusters, family: int) -> tuple[Layer, ...]:
    """Distribute members such that no two of a layer lie in one cluster."""
    count, size = clusters.families[family].rows.shape
    places = [int(clusters.place[rows[0]]) for rows in seen]
    layers: list[list[int]] = []
    for g, place in enumerate(places):
        free = [layer for layer in layers if place not in (places[h] for h in layer)]
        if free:
            free[0].append(g)
        else:
            layers.append([g])
    made = []
    for layer in layers:
        local = [clusters.local[seen[g]].tolist() for g in layer]
        alike = all(rows == local[0] for rows in local)
        rows = index_of(local[0], size) if alike else torch.tensor(local)
        at = [places[g] for g in layer]
        made.append(
            Layer(
                index_of(layer, len(seen)),
                index_of(at, count),
                rows if isinstance(rows, slice) else torch.tensor(local),
                f"{at} {local}",
            )
        )
    return tuple(made)


def index_of(positions: list[int], size: int) -> Index:
    """A slice where the positions, out of ``size``, are evenly spaced; it is a view."""
    step = positions[1] - positions[0] if len(positions) > 1 else 1
    if step < 1 or positions != list(range(positions[0], positions[-1] + 1, step)):
        return torch.tensor(positions)
    if len(positions) == size:
        return EVERY
    return slice(positions[0], positions[-1] + 1, step)


def _sampled(
    blocks: list[Block], seen: list[Tensor], repeats: int, size: int
) -> SampledConstraints:
    pairs = [
        _arranged(block, rows, repeats, size) for block, rows in zip(blocks, seen, strict=True)
    ]
    vectors, weights = zip(*pairs, strict=True)
    return SampledConstraints(stack(vectors, 1), stack(weights, 1), repeats)


def _stacked(
    blocks: list[Block], seen: list[Tensor], repeats: int, size: int
) -> StackedConstraints:
    made = []
    for block, rows in zip(blocks, seen, strict=True):
        total = MultiFloat.zeros((len(block.cost), len(rows), size, size), LIMBS)
        if repeats:
            v, w = _arranged(block, rows, repeats, size)
            v = v.reshape(len(v), len(rows), repeats, size)
            total = v.mT @ (v * w.reshape(len(v), len(rows), repeats, 1))
        if len(block.matrix_rows):
            local = torch.searchsorted(rows, block.matrix_rows)
            n = block.size
            sums = block.matrices.segment_sum(1, local, len(rows))
            total.parts[..., :n, :n] = (total[..., :n, :n] + sums).parts
        made.append(total)
    return StackedConstraints(stack(made, 1))


def _arranged(block: Block, rows: Tensor, repeats: int, size: int) -> tuple[MultiFloat, MultiFloat]:
    """Samples by row, ``repeats`` places each: padded vectors and weights of size one.

    ``N x (m_b r) x n`` and ``N x (m_b r)``. Vectors are scaled to match, so that no row
    of a product dwarfs another.
    """
    order = torch.argsort(block.rows, stable=True)
    local = torch.searchsorted(rows, block.rows[order])
    counts = torch.bincount(local, minlength=len(rows))
    slots = local * repeats + torch.arange(len(order)) - (counts.cumsum(0) - counts)[local]
    sizes = block.weights.to_double().abs()
    shift = (torch.where(sizes > 0, sizes, torch.ones_like(sizes)).log2() / 2).round().long()
    vectors = block.vectors.scale_by_power_of_two(shift[..., None])
    weights = block.weights.scale_by_power_of_two(-2 * shift)
    shape = len(weights), len(rows) * repeats
    v, w = MultiFloat.zeros((*shape, size), LIMBS), MultiFloat.zeros(shape, LIMBS)
    v.parts[:, :, slots, : block.size] = vectors.parts[:, :, order]
    w.parts[:, :, slots] = weights.parts[:, :, order]
    return v, w
