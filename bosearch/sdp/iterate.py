"""Points of the interior point method, and how far they are from optimal.

One point for each of the ``N`` programs of a batch, with one entry per program in
every figure; figures are tensors of doubles on the device of the programs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from bosearch.sdp.layers import Index
from bosearch.sdp.multifloat import MultiFloat, cat
from bosearch.sdp.program import Matrices, Program, Vector


@final
@dataclass(frozen=True, eq=False)
class Iterate:
    """Primal ``Y``, ``y`` and dual ``x``, ``Z``; the padding of ``Y`` and ``Z`` is the identity."""

    Y: Matrices
    Z: Matrices
    x: Vector
    y: MultiFloat

    @property
    def limbs(self) -> int:
        """The number of limbs of all parts."""
        return self.y.limbs

    def at(self, limbs: int, device: torch.device | str | None) -> "Iterate":
        """The same points with more limbs, or rounded to fewer."""

        def moved(arrays: tuple[MultiFloat, ...]) -> tuple[MultiFloat, ...]:
            return tuple(array.with_limbs(limbs).to(device) for array in arrays)

        return Iterate(
            moved(self.Y), moved(self.Z), moved(self.x), self.y.with_limbs(limbs).to(device)
        )

    def taken(self, which: Index) -> "Iterate":
        """The points of some of the programs, by position."""

        def of(arrays: tuple[MultiFloat, ...]) -> tuple[MultiFloat, ...]:
            return tuple(array[which] for array in arrays)

        return Iterate(of(self.Y), of(self.Z), of(self.x), self.y[which])

    @staticmethod
    def joined(several: Sequence["Iterate"]) -> "Iterate":
        """The points of all programs of several batches, with equally many limbs."""
        if len(several) == 1:
            return several[0]
        return Iterate(
            tuple(map(cat, zip(*(at.Y for at in several), strict=True))),
            tuple(map(cat, zip(*(at.Z for at in several), strict=True))),
            tuple(map(cat, zip(*(at.x for at in several), strict=True))),
            cat([at.y for at in several]),
        )


@final
@dataclass(frozen=True, kw_only=True)
class Facts:
    """What one iterate lacks, in plain numbers; norms are relative to the data.

    Args:
        mu: ``<Y, Z>`` by the order of the program.
        primal: ``<C, Y> + d . y``.
        dual: ``c . x``.
        primal_error: Norm of ``rows``.
        dual_error: Norm of ``free`` and ``slack``.
        gap: ``|primal - dual|``, or ``<Y, Z>`` if that is larger.
        rise: Norm of ``A^T(x) + Z`` and ``B^T x``, absolute: small for a ray ``x``.
        fall: Norm of ``A(Y) + B y``, absolute: small for a ray ``Y``.
    """

    mu: float
    primal: float
    dual: float
    primal_error: float
    dual_error: float
    gap: float
    rise: float
    fall: float

    @classmethod
    def of(cls, row: Sequence[float]) -> "Facts":
        """Name the figures of one program."""
        mu, primal, dual, primal_error, dual_error, gap, rise, fall = row
        return cls(
            mu=mu,
            primal=primal,
            dual=dual,
            primal_error=primal_error,
            dual_error=dual_error,
            gap=gap,
            rise=rise,
            fall=fall,
        )


@final
@dataclass(frozen=True, eq=False)
class Residuals:
    """What iterates lack of feasibility and optimality.

    Args:
        rows: ``c - A(Y) - B y``.
        free: ``d - B^T x``.
        slack: ``C - A^T(x) - Z``, zero in the padding.
        mu: ``<Y, Z>`` by the order of the program, ``N``.
        figures: ``N x 8``, in the order of ``Facts``.
    """

    rows: Vector
    free: MultiFloat
    slack: Matrices
    mu: Tensor
    figures: Tensor

    def taken(self, which: Index) -> "Residuals":
        """Those of some of the programs, by position."""
        return Residuals(
            tuple(part[which] for part in self.rows),
            self.free[which],
            tuple(part[which] for part in self.slack),
            self.mu[which],
            self.figures[which],
        )


def inner(X: tuple[MultiFloat, ...], W: tuple[MultiFloat, ...]) -> MultiFloat:
    """The sums of all products of entries, one per program."""
    parts = [(x * w).reshape(len(x), -1).sum(-1) for x, w in zip(X, W, strict=True)]
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def norm(X: Sequence[MultiFloat]) -> Tensor:
    """The roots of the sums of squares, in double precision, one per program."""
    squares = [x.to_double().reshape(len(x), -1).square().sum(-1) for x in X]
    return torch.stack(squares).sum(0).sqrt()


def each(figures: Tensor, like: MultiFloat) -> Tensor:
    """One number per program, shaped to multiply ``like``."""
    return figures.reshape(-1, *[1] * (like.ndim - 1))


def residuals(program: Program, at: Iterate) -> Residuals:
    """Measure iterates against the programs they belong to."""
    covered = zip(program.rhs, program.apply(at.Y), program.free_apply(at.y), strict=True)
    rows = tuple(c - a - b for c, a, b in covered)
    free = program.cost_free - program.free_adjoint(at.x)
    slack = program.masked(
        tuple(C - a - z for C, a, z in zip(program.cost, program.adjoint(at.x), at.Z, strict=True))
    )
    complementarity = inner(program.masked(at.Y), at.Z).to_double()
    primal = inner((*program.cost, program.cost_free), (*at.Y, at.y))
    dual = inner(program.rhs, at.x)
    mu = complementarity / program.order
    apart = (primal - dual).to_double().abs()
    figures = [
        mu,
        primal.to_double(),
        dual.to_double(),
        norm(rows) / (1.0 + norm(program.rhs)),
        norm((*slack, free)) / (1.0 + norm((*program.cost, program.cost_free))),
        torch.maximum(apart, complementarity),
        norm(_less((*program.cost, program.cost_free), (*slack, free))),
        norm(_less(program.rhs, rows)),
    ]
    return Residuals(rows, free, slack, mu, torch.stack(figures, -1))


def _less(data: Sequence[MultiFloat], missed: Sequence[MultiFloat]) -> list[MultiFloat]:
    """The differences, in double precision, which is enough for their sizes."""
    pairs = zip(data, missed, strict=True)
    return [MultiFloat((a.to_double() - b.to_double())[None]) for a, b in pairs]
