"""A point of the interior point method, and how far it is from optimal."""

from dataclasses import dataclass
from typing import final

import torch

from bosearch.sdp.multifloat import MultiFloat
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
        """The same point with more limbs, or rounded to fewer."""

        def moved(arrays: tuple[MultiFloat, ...]) -> tuple[MultiFloat, ...]:
            return tuple(array.with_limbs(limbs).to(device) for array in arrays)

        return Iterate(
            moved(self.Y), moved(self.Z), moved(self.x), self.y.with_limbs(limbs).to(device)
        )


@final
@dataclass(frozen=True, eq=False)
class Residuals:
    """What an iterate lacks of feasibility and optimality; norms are relative to the data.

    Args:
        rows: ``c - A(Y) - B y``.
        free: ``d - B^T x``.
        slack: ``C - A^T(x) - Z``, zero in the padding.
        mu: ``<Y, Z>`` by the order of the program.
        primal: ``<C, Y> + d . y``.
        dual: ``c . x``.
        primal_error: Norm of ``rows``.
        dual_error: Norm of ``free`` and ``slack``.
        gap: ``|primal - dual|``, or ``<Y, Z>`` if that is larger.
    """

    rows: Vector
    free: MultiFloat
    slack: Matrices
    mu: float
    primal: MultiFloat
    dual: MultiFloat
    primal_error: float
    dual_error: float
    gap: float


def inner(X: tuple[MultiFloat, ...], W: tuple[MultiFloat, ...]) -> MultiFloat:
    """The sum of all products of entries."""
    parts = [(x * w).reshape(-1).sum(0) for x, w in zip(X, W, strict=True)]
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def norm(X: tuple[MultiFloat, ...]) -> float:
    """The root of the sum of squares, in double precision."""
    squares = [x.to_double().square().sum() for x in X]
    return float(torch.stack(squares).sum().sqrt())


def residuals(program: Program, at: Iterate) -> Residuals:
    """Measure an iterate against the program it belongs to."""
    covered = zip(program.rhs, program.apply(at.Y), program.free_apply(at.y), strict=True)
    rows = tuple(c - a - b for c, a, b in covered)
    free = program.cost_free - program.free_adjoint(at.x)
    slack = program.masked(
        tuple(C - a - z for C, a, z in zip(program.cost, program.adjoint(at.x), at.Z, strict=True))
    )
    product = inner(program.masked(at.Y), at.Z)
    primal = inner(program.cost, at.Y)
    if len(at.y):
        primal = primal + inner((program.cost_free,), (at.y,))
    dual = inner(program.rhs, at.x)
    complementarity = float(product.to_double())
    return Residuals(
        rows=rows,
        free=free,
        slack=slack,
        mu=complementarity / program.order,
        primal=primal,
        dual=dual,
        primal_error=norm(rows) / (1.0 + norm(program.rhs)),
        dual_error=norm((*slack, free)) / (1.0 + norm((*program.cost, program.cost_free))),
        gap=max(abs(float((primal - dual).to_double())), complementarity),
    )
