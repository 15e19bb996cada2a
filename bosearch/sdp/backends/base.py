"""What a solver must do, and the program in plain double matrices for those that want it."""

from dataclasses import dataclass
from typing import Protocol, final

import torch
from torch import Tensor

from bosearch.sdp.infeasible import ray
from bosearch.sdp.iterate import Facts, Iterate, residuals
from bosearch.sdp.multifloat import MultiFloat
from bosearch.sdp.options import Options
from bosearch.sdp.outcome import Accept, Outcome
from bosearch.sdp.prepared import Prepared
from bosearch.sdp.result import Status


class Backend(Protocol):
    """A solver of one prepared program."""

    @property
    def name(self) -> str:
        """As it is asked for."""
        ...

    @property
    def screen(self) -> bool:
        """Whether it works in double precision only."""
        ...

    def version(self) -> str:
        """The version of the solver.

        Raises:
            SdpError: It is not installed.
        """
        ...

    def solve(
        self,
        prepared: Prepared,
        options: Options,
        accept: Accept,
        start: Iterate | None,
    ) -> Outcome:
        """Solve; ``accept`` says which iterates are optimal by the exact data."""
        ...


def judged(
    prepared: Prepared, options: Options, iterate: Iterate, claimed: Status, detail: str
) -> Outcome:
    """The outcome of a foreign solver: an infeasible status only with a ray that shows it.

    ``claimed`` counts if there is none; a claim of infeasibility is then a failure.
    """
    program = prepared.program
    at = iterate.at(program.limbs, None)
    (figures,) = residuals(program, at).figures.tolist()
    found = ray(Facts.of(figures), options.feasibility)
    if found is not None:
        return Outcome(found.status, f"{detail}; {found.detail}", found.of(at).at(1, None))
    if claimed in (Status.primal_infeasible, Status.dual_infeasible):
        claimed = Status.numerical
    return Outcome(claimed, detail, iterate)


@final
@dataclass(frozen=True, eq=False)
class ExplicitBlock:
    """One block: ``cost`` is ``n x n``; ``matrices``, ``m_b x n x n``, belong to ``rows``."""

    cone: int
    member: int
    cost: Tensor
    rows: Tensor
    matrices: Tensor


@final
@dataclass(frozen=True, eq=False)
class Explicit:
    """A prepared program in double precision, rows in the order of the problem."""

    blocks: tuple[ExplicitBlock, ...]
    rhs: Tensor  # m
    free: Tensor  # m x k
    cost_free: Tensor  # k

    @classmethod
    def of(cls, prepared: Prepared) -> "Explicit":
        """Round and unbatch."""
        program, clusters = prepared.program, prepared.clusters
        m, k = len(prepared.problem.rows), program.variables
        rhs = torch.zeros(m, dtype=torch.float64)
        free = torch.zeros(m, k, dtype=torch.float64)
        for family, c, B in zip(clusters.families, program.rhs, program.free, strict=True):
            rhs[family.rows], free[family.rows] = c.to_double()[0], B.to_double()[0]
        seen: dict[tuple[int, int], tuple[Tensor, Tensor]] = {}
        for piece in program.pieces:
            (matrices,) = piece.constraints.doubles()
            of_cone = torch.arange(len(prepared.cones[piece.cone].blocks))[piece.members]
            of_family = clusters.families[piece.family].rows
            for layer in piece.layers:
                members = torch.arange(len(matrices))[layer.members].tolist()
                for at, (g, rows) in enumerate(zip(members, of_family[layer.places], strict=True)):
                    among = layer.rows if isinstance(layer.rows, slice) else layer.rows[at]
                    seen[piece.cone, int(of_cone[g])] = rows[among], matrices[g]
        blocks = []
        for i, cone in enumerate(prepared.cones):
            for g, n in enumerate(cone.sizes):
                none = torch.zeros(0, dtype=torch.int64), torch.zeros(0, n, n, dtype=torch.float64)
                rows, matrices = seen.get((i, g), none)
                cost = program.cost[i].to_double()[0, g, :n, :n]
                blocks.append(ExplicitBlock(i, g, cost, rows, matrices[:, :n, :n]))
        return cls(tuple(blocks), rhs, free, program.cost_free.to_double()[0])

    def iterate(
        self, prepared: Prepared, Y: list[Tensor], Z: list[Tensor], x: Tensor, y: Tensor
    ) -> Iterate:
        """Batch a solution again; matrices in the order of ``blocks``, their psd parts taken.

        So the residuals show what a solver's ``Y`` or ``Z`` lacks of being psd.
        """
        batches = []
        for matrices in (Y, Z):
            batch = [
                torch.eye(cone.size, dtype=torch.float64).repeat(len(cone.blocks), 1, 1)
                for cone in prepared.cones
            ]
            for block, matrix in zip(self.blocks, matrices, strict=True):
                n = len(matrix)
                batch[block.cone][block.member, :n, :n] = _psd_part(matrix)
            batches.append(tuple(MultiFloat.of(part[None], 1) for part in batch))
        vector = tuple(
            MultiFloat.of(x[family.rows][None], 1) for family in prepared.clusters.families
        )
        return Iterate(batches[0], batches[1], vector, MultiFloat.of(y[None], 1))


def _psd_part(matrix: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(matrix)
    part: Tensor = (vectors * values.clamp(min=0.0)) @ vectors.mT
    return part
