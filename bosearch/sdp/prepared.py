"""Prepared programs, and the way back to the problems they came from.

With the basis ``T`` of a block, row exponents ``e_i``, column exponents ``f_j``
and exponents ``p``, ``q`` of right-hand side and cost, the solver's variables
(primed) are ``Y = 2^p T Y' T^T``, ``y_j = 2^(p + f_j) y'_j``, ``x_i = 2^(q + e_i) x'_i``
and ``Z = 2^q T^-T Z' T^-1``. A program to maximize is solved with cost and ``x`` negated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import final

import torch
from torch import Tensor

from bosearch.sdp.clusters import Clusters
from bosearch.sdp.iterate import each, norm
from bosearch.sdp.layers import Index
from bosearch.sdp.multifloat import MultiFloat, cholesky, tri_inverse
from bosearch.sdp.pieces import Cone
from bosearch.sdp.problem import SdpProblem
from bosearch.sdp.program import Matrices, Program, Vector
from bosearch.sdp.result import Errors
from bosearch.sdp.tables import LIMBS, Tables


@final
@dataclass(frozen=True)
class Units:
    """What one unit of the solver's objective is in that of the problem.

    Args:
        sign: -1 for a program that is maximized, else 1.
        size: Without sign.
        constant: Of the problem.
    """

    sign: float
    size: float
    constant: float

    def objective(self, value: float) -> float:
        """An objective of the solver in the units of the problem."""
        return self.sign * self.size * value + self.constant


@final
@dataclass(frozen=True, eq=False)
class Prepared:
    """Programs of one arrangement at full precision, and what leads back to the problems.

    Args:
        problems: ``N`` problems.
        tables: The same in 212 bits.
        program: At 212 bits on the CPU; ``program.at`` rounds it.
        cones: How blocks are batched.
        clusters: How rows are.
        bases: ``T`` of each block, ``N x n x n``.
        row_exponents: ``e``, ``N x m``.
        free_exponents: ``f``, ``N x k``.
        rhs_exponents: ``p``, ``N``.
        cost_exponents: ``q``, ``N``.
    """

    problems: tuple[SdpProblem, ...]
    tables: Tables
    program: Program
    cones: tuple[Cone, ...]
    clusters: Clusters
    bases: tuple[MultiFloat, ...]
    row_exponents: Tensor
    free_exponents: Tensor
    rhs_exponents: Tensor
    cost_exponents: Tensor

    @property
    def problem(self) -> SdpProblem:
        """The problem of a batch of one."""
        (problem,) = self.problems
        return problem

    @property
    def units(self) -> list[Units]:
        """The units of each program."""
        sizes = (self.rhs_exponents + self.cost_exponents).double().exp2().tolist()
        constants = self.tables.constant.to_double().tolist()
        return [Units(self.tables.sign, *pair) for pair in zip(sizes, constants, strict=True)]

    def taken(self, which: Sequence[int]) -> "Prepared":
        """Some of the programs, by position; all of them are not copied."""
        if list(which) == list(range(len(self.problems))):
            return self
        at: Index = slice(which[0], which[0] + 1) if len(which) == 1 else torch.tensor(which)
        return replace(
            self,
            problems=tuple(self.problems[place] for place in which),
            tables=self.tables.taken(at),
            program=self.program.taken(at),
            bases=tuple(T[at] for T in self.bases),
            row_exponents=self.row_exponents[at],
            free_exponents=self.free_exponents[at],
            rhs_exponents=self.rhs_exponents[at],
            cost_exponents=self.cost_exponents[at],
        )

    def primals(self, Y: Matrices, y: MultiFloat) -> tuple[list[MultiFloat], MultiFloat]:
        """Blocks, ``N x n x n`` each, and free variables, ``N x k``, at 212 bits."""
        found: dict[int, MultiFloat] = {}
        for cone, batch in zip(self.cones, Y, strict=True):
            inner = batch.to("cpu").with_limbs(LIMBS)
            for g, (b, n) in enumerate(zip(cone.blocks, cone.sizes, strict=True)):
                outer = self.bases[b] @ inner[:, g, :n, :n] @ self.bases[b].mT
                found[b] = scaled((outer + outer.mT) * 0.5, self.rhs_exponents)
        exponents = self.free_exponents + self.rhs_exponents[:, None]
        free = y.to("cpu").with_limbs(LIMBS).scale_by_power_of_two(exponents)
        return [found[b] for b in range(len(found))], free

    def primal(self, Y: Matrices, y: MultiFloat) -> tuple[dict[str, MultiFloat], MultiFloat]:
        """Blocks by name, and free variables, of a batch of one."""
        blocks, free = self.primals(Y, y)
        names = self.problem.blocks
        return {name: block[0] for name, block in zip(names, blocks, strict=True)}, free[0]

    def duals(self, x: Vector) -> MultiFloat:
        """The multipliers of the problems, ``N x m``, at 212 bits."""
        flat = MultiFloat.zeros(self.row_exponents.shape, LIMBS)
        for family, part in zip(self.clusters.families, x, strict=True):
            flat.parts[:, :, family.rows] = part.to("cpu").with_limbs(LIMBS).parts
        exponents = self.row_exponents + self.cost_exponents[:, None]
        return flat.scale_by_power_of_two(exponents) * self.tables.sign

    def errors(self, rows: MultiFloat, free: MultiFloat, slack: Matrices) -> list[Errors]:
        """Relative residuals in the solver's scale, for each program.

        Args:
            rows: ``N x m``, in the terms of the problems.
            free: ``N x k``, likewise.
            slack: In those of the solver, zero in the padding.
        """
        by_row = self.row_exponents - self.rhs_exponents[:, None]
        by_free = self.free_exponents - self.cost_exponents[:, None]
        by_rhs = 1.0 + norm(self.program.rhs)
        by_cost = 1.0 + norm((*self.program.cost, self.program.cost_free))
        figures = (
            norm([rows.scale_by_power_of_two(by_row)]) / by_rhs,
            norm([free.scale_by_power_of_two(by_free)]) / by_cost,
            norm(slack) / by_cost,
        )
        return [Errors(*row) for row in torch.stack(figures, -1).tolist()]

    def inner_primal(
        self, blocks: Mapping[str, MultiFloat], free: MultiFloat
    ) -> tuple[Matrices, MultiFloat]:
        """The way back of ``primal``; padded by the identity."""
        bases = [_inverse(T).mT for T in self.bases]
        matrices = [blocks[name].with_limbs(LIMBS).unsqueeze(0) for name in self.problem.blocks]
        exponents = -(self.free_exponents + self.rhs_exponents[:, None])
        inner = free.with_limbs(LIMBS).unsqueeze(0).scale_by_power_of_two(exponents)
        return self._inner(bases, matrices, self.rhs_exponents), inner

    def inner_dual(
        self, slacks: Mapping[str, MultiFloat], duals: MultiFloat
    ) -> tuple[Matrices, Vector]:
        """The preconditioned slacks, padded by the identity, and multipliers; of a batch of one."""
        matrices = [slacks[name].with_limbs(LIMBS).unsqueeze(0) for name in self.problem.blocks]
        exponents = -(self.row_exponents + self.cost_exponents[:, None])
        flat = (duals.with_limbs(LIMBS) * self.tables.sign).unsqueeze(0)
        inner = flat.scale_by_power_of_two(exponents)
        return self.inner_slacks(matrices), by_family(inner, self.clusters)

    def inner_slacks(self, slacks: Sequence[MultiFloat]) -> Matrices:
        """The preconditioned slacks, of ``N x n x n`` by block; padded by the identity."""
        return self._inner(self.bases, slacks, self.cost_exponents)

    def _inner(
        self, bases: Sequence[MultiFloat], matrices: Sequence[MultiFloat], exponents: Tensor
    ) -> Matrices:
        """``2^-exponent T^T X T`` by cone."""
        batches = []
        for cone in self.cones:
            shape = len(self.problems), len(cone.blocks)
            batch = MultiFloat.eye(cone.size, LIMBS, batch=shape)
            for g, (b, n) in enumerate(zip(cone.blocks, cone.sizes, strict=True)):
                inner = scaled(bases[b].mT @ matrices[b] @ bases[b], -exponents)
                batch.parts[:, :, g, :n, :n] = inner.parts
            batches.append(batch)
        return tuple(batches)


def by_family(rows: MultiFloat, clusters: Clusters) -> Vector:
    """``N x m ...`` rows, batched by clusters."""
    return tuple(rows[:, family.rows] for family in clusters.families)


def scaled(values: MultiFloat, exponents: Tensor) -> MultiFloat:
    """Multiply what belongs to each program by a power of two of its own, ``N`` exponents."""
    return values.scale_by_power_of_two(each(exponents, values))


def _inverse(T: MultiFloat) -> MultiFloat:
    """The inverses of bases, by the factor of ``T^T T``."""
    factor, _ = cholesky(T.mT @ T)
    inverse = tri_inverse(factor)
    return inverse.mT @ (inverse @ T.mT)
