"""From exact data to a ``Program``: preconditioned, scaled, batched."""

from collections.abc import Sequence

import torch
from torch import Tensor

from bosearch.sdp.clusters import clusters_of
from bosearch.sdp.pieces import cones_of, pieces_of
from bosearch.sdp.prepared import Prepared, by_family, scaled
from bosearch.sdp.problem import SdpProblem
from bosearch.sdp.program import Program
from bosearch.sdp.scaling import precondition, rows_scaled
from bosearch.sdp.tables import Tables


def prepare(problem: SdpProblem, *, augmented: bool = False) -> Prepared:
    """Precondition, scale and batch a problem.

    Args:
        problem: The problem.
        augmented: For rows that only the free variables make independent: one
            cluster, to which the interior point adds ``B B^T``.
    """
    return prepare_many([problem], Tables.of(problem), augmented=augmented)


def prepare_many(
    problems: Sequence[SdpProblem], tables: Tables, *, augmented: bool = False
) -> Prepared:
    """As ``prepare``, for problems of one arrangement and their tables."""
    sign, B = tables.sign, tables.free_matrix
    blocks, bases, row_exponents = precondition(tables.blocks, B)
    B = B.scale_by_power_of_two(row_exponents[..., None])
    free_exponents = -_exponents(B.to_double().mT)
    B = B.scale_by_power_of_two(free_exponents[:, None])
    rhs = tables.rhs.scale_by_power_of_two(row_exponents)
    cost_free = tables.cost_free.scale_by_power_of_two(free_exponents) * sign
    rhs_exponents = _exponents(rhs.to_double())
    costs = [block.cost.to_double().flatten(1) for block in blocks]
    cost_exponents = _exponents(torch.cat([cost_free.to_double(), *costs], -1))
    groups = [torch.unique(torch.cat([block.rows, block.matrix_rows])) for block in blocks]
    clusters = clusters_of(rhs.shape[-1], groups, merged=augmented)
    cones = cones_of([block.size for block in blocks])
    rhs, cost_free = scaled(rhs, -rhs_exponents), scaled(cost_free, -cost_exponents)
    blocks = [rows_scaled(block, row_exponents) for block in blocks]
    cost = [scaled(block.cost, -cost_exponents) * sign for block in blocks]
    program = Program(
        cost=tuple(cone.batched([cost[b] for b in cone.blocks]) for cone in cones),
        masks=tuple(cone.mask() for cone in cones),
        order=sum(block.size for block in blocks),
        pieces=tuple(
            piece
            for c, cone in enumerate(cones)
            for piece in pieces_of(c, cone, blocks, groups, clusters)
        ),
        rhs=by_family(rhs, clusters),
        free=by_family(B, clusters),
        cost_free=cost_free,
        augmented=augmented,
    )
    return Prepared(
        tuple(problems),
        tables,
        program,
        cones,
        clusters,
        tuple(bases),
        row_exponents,
        free_exponents,
        rhs_exponents,
        cost_exponents,
    )


def _exponents(values: Tensor) -> Tensor:
    """Binary exponents of the largest absolute values along the last dimension; 0 for zeros."""
    sizes = values.abs().amax(-1)
    return torch.where(sizes > 0, sizes, torch.ones_like(sizes)).log2().round().long()
