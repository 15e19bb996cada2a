"""From exact data to a ``Program``: preconditioned, scaled, batched; and the way back.

With the basis ``T`` of a block, row exponents ``e_i``, column exponents ``f_j``
and exponents ``p``, ``q`` of right-hand side and cost, the solver's variables
(primed) are ``Y = 2^p T Y' T^T``, ``y_j = 2^(p + f_j) y'_j``, ``x_i = 2^(q + e_i) x'_i``
and ``Z = 2^q T^-T Z' T^-1``. A program to maximize is solved with cost and ``x`` negated.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from bosearch.sdp.clusters import Clusters, clusters_of
from bosearch.sdp.iterate import norm
from bosearch.sdp.multifloat import MultiFloat, cholesky, tri_inverse
from bosearch.sdp.pieces import Cone, cones_of, pieces_of
from bosearch.sdp.problem import SdpProblem
from bosearch.sdp.program import Matrices, Program, Vector
from bosearch.sdp.result import Errors
from bosearch.sdp.scaling import precondition, rows_scaled
from bosearch.sdp.tables import LIMBS, Tables


@final
@dataclass(frozen=True, eq=False)
class Prepared:
    """A program at full precision, and what leads back to the problem.

    Args:
        problem: The problem.
        tables: The same in 212 bits.
        program: A batch of one, at 212 bits on the CPU; ``program.at`` rounds it.
        cones: How blocks are batched.
        clusters: How rows are.
        bases: ``T`` of each block.
        row_exponents: ``e``, ``m``.
        free_exponents: ``f``, ``k``.
        rhs_exponent: ``p``.
        cost_exponent: ``q``.
    """

    problem: SdpProblem
    tables: Tables
    program: Program
    cones: tuple[Cone, ...]
    clusters: Clusters
    bases: tuple[MultiFloat, ...]
    row_exponents: Tensor
    free_exponents: Tensor
    rhs_exponent: int
    cost_exponent: int

    @property
    def sign(self) -> float:
        """-1 for a program that is maximized, else 1."""
        return self.tables.sign

    @property
    def unit(self) -> float:
        """One unit of the solver's objective in that of the problem, without sign."""
        return 2.0 ** (self.rhs_exponent + self.cost_exponent)

    def objective(self, value: float) -> float:
        """An objective of the solver in the units of the problem."""
        return self.sign * self.unit * value + float(self.tables.constant.to_double())

    def primal(self, Y: Matrices, y: MultiFloat) -> tuple[dict[str, MultiFloat], MultiFloat]:
        """Blocks and free variables of the problem, at 212 bits."""
        names = list(self.problem.blocks)
        blocks: dict[str, MultiFloat] = {}
        for cone, batch in zip(self.cones, Y, strict=True):
            for g, (b, n) in enumerate(zip(cone.blocks, cone.sizes, strict=True)):
                inner = batch[0, g, :n, :n].to("cpu").with_limbs(LIMBS)
                outer = self.bases[b] @ inner @ self.bases[b].mT
                both = (outer + outer.mT) * 0.5
                blocks[names[b]] = _scaled(both, self.rhs_exponent)
        free = y[0].to("cpu").with_limbs(LIMBS)
        return (
            {name: blocks[name] for name in names},
            free.scale_by_power_of_two(self.free_exponents + self.rhs_exponent),
        )

    def duals(self, x: Vector) -> MultiFloat:
        """The ``m`` multipliers of the problem, at 212 bits."""
        flat = MultiFloat.zeros((len(self.problem.rows),), LIMBS)
        for family, part in zip(self.clusters.families, x, strict=True):
            flat.parts[:, family.rows] = part[0].to("cpu").with_limbs(LIMBS).parts
        return flat.scale_by_power_of_two(self.row_exponents + self.cost_exponent) * self.sign

    def errors(self, rows: MultiFloat, free: MultiFloat, slack: Matrices) -> Errors:
        """Relative residuals in the solver's scale.

        Args:
            rows: ``m``, in the terms of the problem.
            free: ``k``, likewise.
            slack: In those of the solver, zero in the padding.
        """
        inner_rows = rows.scale_by_power_of_two(self.row_exponents - self.rhs_exponent)
        inner_free = free.scale_by_power_of_two(self.free_exponents - self.cost_exponent)
        by_rhs = 1.0 + norm(self.program.rhs)
        by_cost = 1.0 + norm((*self.program.cost, self.program.cost_free))
        rows_missed, free_missed = norm([inner_rows.unsqueeze(0)]), norm([inner_free.unsqueeze(0)])
        return Errors(
            float(rows_missed / by_rhs), float(free_missed / by_cost), float(norm(slack) / by_cost)
        )

    def inner_primal(
        self, blocks: Mapping[str, MultiFloat], free: MultiFloat
    ) -> tuple[Matrices, MultiFloat]:
        """The way back of ``primal``; padded by the identity."""
        batches = []
        for cone in self.cones:
            batch = MultiFloat.eye(cone.size, LIMBS, batch=(1, len(cone.blocks)))
            for g, (b, n) in enumerate(zip(cone.blocks, cone.sizes, strict=True)):
                T = _inverse(self.bases[b])
                block = blocks[list(self.problem.blocks)[b]].with_limbs(LIMBS)
                inner = _scaled(T @ block @ T.mT, -self.rhs_exponent)
                batch.parts[:, 0, g, :n, :n] = inner.parts
            batches.append(batch)
        exponents = -(self.free_exponents + self.rhs_exponent)
        inner_free = free.with_limbs(LIMBS).scale_by_power_of_two(exponents)
        return tuple(batches), inner_free.unsqueeze(0)

    def inner_dual(
        self, slacks: Mapping[str, MultiFloat], duals: MultiFloat
    ) -> tuple[Matrices, Vector]:
        """The preconditioned slacks, padded by the identity, and multipliers."""
        batches = []
        for cone in self.cones:
            batch = MultiFloat.eye(cone.size, LIMBS, batch=(1, len(cone.blocks)))
            for g, (b, n) in enumerate(zip(cone.blocks, cone.sizes, strict=True)):
                T = self.bases[b]
                slack = slacks[list(self.problem.blocks)[b]].with_limbs(LIMBS)
                inner = _scaled(T.mT @ slack @ T, -self.cost_exponent)
                batch.parts[:, 0, g, :n, :n] = inner.parts
            batches.append(batch)
        flat = (duals.with_limbs(LIMBS) * self.sign).scale_by_power_of_two(
            -(self.row_exponents + self.cost_exponent)
        )
        return tuple(batches), _by_family(flat, self.clusters)


def prepare(problem: SdpProblem, *, augmented: bool = False) -> Prepared:
    """Precondition, scale and batch a problem.

    Args:
        problem: The problem.
        augmented: For rows that only the free variables make independent: one
            cluster, to which the interior point adds ``B B^T``.
    """
    tables = Tables.of(problem)
    sign, B = tables.sign, tables.free_matrix
    blocks, bases, row_exponents = precondition(list(tables.blocks), B)
    B = B.scale_by_power_of_two(row_exponents[:, None])
    free_exponents = -_exponents(B.to_double())
    B = B.scale_by_power_of_two(free_exponents)
    rhs = tables.rhs.scale_by_power_of_two(row_exponents)
    cost_free = tables.cost_free.scale_by_power_of_two(free_exponents) * sign
    rhs_exponent = int(_exponents(rhs.to_double()))
    sizes = [cost_free.to_double().abs(), *(b.cost.to_double().abs().flatten() for b in blocks)]
    cost_exponent = int(_exponents(torch.cat(sizes)))
    groups = [torch.unique(torch.cat([block.rows, block.matrix_rows])) for block in blocks]
    clusters = clusters_of(len(problem.rows), groups, merged=augmented)
    cones = cones_of([block.size for block in blocks])
    rhs, cost_free = _scaled(rhs, -rhs_exponent), _scaled(cost_free, -cost_exponent)
    blocks = [rows_scaled(block, row_exponents) for block in blocks]
    costs = [_scaled(block.cost, -cost_exponent) * sign for block in blocks]
    program = Program(
        cost=tuple(cone.batched([costs[b] for b in cone.blocks]) for cone in cones),
        masks=tuple(cone.mask() for cone in cones),
        order=sum(block.size for block in blocks),
        pieces=tuple(
            piece
            for c, cone in enumerate(cones)
            for piece in pieces_of(c, cone, blocks, groups, clusters)
        ),
        rhs=_by_family(rhs, clusters),
        free=_by_family(B, clusters),
        cost_free=cost_free.unsqueeze(0),
        augmented=augmented,
    )
    return Prepared(
        problem,
        tables,
        program,
        cones,
        clusters,
        tuple(bases),
        row_exponents,
        free_exponents,
        rhs_exponent,
        cost_exponent,
    )


def _by_family(rows: MultiFloat, clusters: Clusters) -> Vector:
    return tuple(rows[family.rows].unsqueeze(0) for family in clusters.families)


def _scaled(values: MultiFloat, exponent: int) -> MultiFloat:
    return values.scale_by_power_of_two(torch.tensor(exponent))


def _exponents(values: Tensor) -> Tensor:
    """Binary exponents of the largest absolute values along the first dimension; 0 for zeros."""
    sizes = values.abs().amax(0)
    return torch.where(sizes > 0, sizes, torch.ones_like(sizes)).log2().round().long()


def _inverse(T: MultiFloat) -> MultiFloat:
    """The inverse of a basis, by the factor of ``T^T T``."""
    factor, _ = cholesky((T.mT @ T).unsqueeze(0))
    inverse = tri_inverse(factor)[0]
    return inverse.mT @ (inverse @ T.mT)
