r"""One iteration of the primal-dual predictor-corrector method.

The direction is that of Helmberg, Rendl, Vanderbei and Wolkowicz, Kojima, Shindoh
and Hara, and Monteiro (HKM):

.. math:: dZ = R_d - A^T(dx), \quad
          dY = -Y + \sigma\mu Z^{-1} - \mathrm{sym}((Y\,dZ + dY_a\,dZ_a)\,Z^{-1}),

where the affine direction :math:`dY_a, dZ_a` has :math:`\sigma = 0` and no second
order term. A direction that centres more than it advances (:math:`\sigma > 1/2`) wants residuals
:math:`\sigma` times what they were, as it does with complementarity: forcing feasibility as
well leaves iterates near the boundary no step at all. Any other removes them. Sources: Toh,
Todd and Tütüncü (1999), SDPT3, whose directions always remove them; Mehrotra (1992); that they
may shrink with :math:`\mu` instead: Vandenberghe (2010), "The CVXOPT linear and quadratic cone
program solvers", section 5.3. The threshold is ours: always so, solutions keep residuals in
proportion to their gap, where an exact proof wants none.
"""

from collections import Counter
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from bosearch.sdp.iterate import Iterate, Residuals, each, inner
from bosearch.sdp.multifloat import MultiFloat
from bosearch.sdp.program import Matrices, Program, Vector
from bosearch.sdp.schur import Kkt, factor
from bosearch.sdp.steps import longest

_CENTRES = 0.5  # sigma above which a direction leaves residuals, as it leaves complementarity

BREAKDOWNS = (  # by the number in ``Steps.broken``
    "",
    "the primal matrix is not positive definite",
    "the dual matrix is not positive definite",
    "the schur matrix is not positive definite",
    "the search direction overflows",
)


@final
@dataclass(frozen=True, eq=False)
class Steps:
    """How an iteration moved; ``N`` each.

    Args:
        primal: Step length of ``Y`` and ``y``.
        dual: Step length of ``Z`` and ``x``.
        kept: Share of the residuals that a step of one leaves.
        broken: Position in ``BREAKDOWNS``: what could not be done at the present precision.
    """

    primal: Tensor
    dual: Tensor
    kept: Tensor
    broken: Tensor


@final
@dataclass(frozen=True, eq=False)
class _System:
    """Factors of the present ``Y``, ``Z`` and Schur complement.

    Args:
        Y_inverse: Inverse of the lower factor.
        Z_inverse: Likewise.
        W: ``Z^-1``.
        kkt: The factored system.
    """

    Y_inverse: Matrices
    Z_inverse: Matrices
    W: Matrices
    kkt: Kkt


@final
@dataclass(frozen=True, eq=False)
class _Direction:
    """``dx, dy, dY, dZ``, and for which programs they are finite."""

    x: Vector
    y: MultiFloat
    Y: Matrices
    Z: Matrices
    finite: Tensor


def advance(
    program: Program, at: Iterate, lack: Residuals, tally: Counter[str]
) -> tuple[Iterate, Steps]:
    """Return the next iterates: one Cholesky each of ``Y``, ``Z``, ``S`` and ``Q``.

    Where one of them breaks down, the next iterate is meaningless.

    Args:
        program: The programs, with as many limbs as ``at``.
        at: Iterates with ``Y`` and ``Z`` positive definite.
        lack: Their residuals.
        tally: Where factorizations are counted.
    """
    system, broken = _factored(program, at, tally)
    zero = torch.zeros_like(lack.mu)
    affine = _direction(program, at, lack, system, zero, None, zero)
    primal = longest(system.Y_inverse, affine.Y).clamp(max=1.0)
    dual = longest(system.Z_inverse, affine.Z).clamp(max=1.0)
    ahead = _mu_after(program, at, lack, affine, primal, dual)
    power = (3.0 * torch.minimum(primal, dual).square()).clamp(min=2.0)
    sigma = (ahead.clamp(min=0.0) / lack.mu).pow(power).clamp(1e-6, 1.0)
    second = tuple(a @ b for a, b in zip(affine.Y, affine.Z, strict=True))
    kept = torch.where(sigma > _CENTRES, sigma, 0.0)
    d = _direction(program, at, lack, system, sigma, second, kept)
    longest_primal = longest(system.Y_inverse, d.Y)
    longest_dual = longest(system.Z_inverse, d.Z)
    fraction = 0.9 + 0.09 * torch.minimum(longest_primal, longest_dual).clamp(max=1.0)
    primal = (fraction * longest_primal).clamp(max=1.0)
    dual = (fraction * longest_dual).clamp(max=1.0)
    moved = Iterate(
        Y=_moved(at.Y, d.Y, primal),
        Z=_moved(at.Z, d.Z, dual),
        x=_moved(at.x, d.x, dual),
        y=at.y + d.y * each(primal, d.y),
    )
    fine = affine.finite & d.finite
    broken = torch.where((broken == 0) & ~fine, len(BREAKDOWNS) - 1, broken)
    return moved, Steps(primal, dual, kept, broken)


def _moved(
    X: tuple[MultiFloat, ...], D: tuple[MultiFloat, ...], steps: Tensor
) -> tuple[MultiFloat, ...]:
    return tuple(x + d * each(steps, d) for x, d in zip(X, D, strict=True))


def _factored(program: Program, at: Iterate, tally: Counter[str]) -> tuple[_System, Tensor]:
    """The factors, and the number of the first breakdown of each program."""
    Y, Y_inverse, Z_inverse, W = [], [], [], []
    primal_ok = dual_ok = torch.ones(program.count, dtype=torch.bool, device=program.device)
    for y, z in zip(at.Y, at.Z, strict=True):
        lower, inverse, ok = factor(y, "primal", tally)
        primal_ok = primal_ok & ok
        Y.append(lower)
        Y_inverse.append(inverse)
        _, inverse, ok = factor(z, "dual", tally)
        dual_ok = dual_ok & ok
        Z_inverse.append(inverse)
        W.append(inverse.mT @ inverse)
    kkt = Kkt.of(program, program.schur(tuple(Y), tuple(Z_inverse)), tally)
    broken = torch.where(kkt.ok, 0, 3)
    broken = torch.where(dual_ok, broken, 2)
    broken = torch.where(primal_ok, broken, 1)
    return _System(tuple(Y_inverse), tuple(Z_inverse), tuple(W), kkt), broken


def _direction(
    program: Program,
    at: Iterate,
    lack: Residuals,
    system: _System,
    sigma: Tensor,
    second: Matrices | None,
    kept: Tensor,
) -> _Direction:
    """Solve for a direction; ``second`` is the product of affine directions."""
    target, removed = sigma * lack.mu, 1.0 - kept
    slack = tuple(R * each(removed, R) for R in lack.slack)
    known = _complement(at, system.W, slack, target, second)
    seen = program.apply(program.masked(known))
    rows = (R * each(removed, R) for R in lack.rows)
    right = tuple(a - b for a, b in zip(rows, seen, strict=True))
    dx, dy = system.kkt.solve(right, lack.free * each(removed, lack.free))
    dZ = tuple(R - a for R, a in zip(slack, program.adjoint(dx), strict=True))
    dY = program.masked(_complement(at, system.W, dZ, target, second))
    finite = [_finite(part) for part in (*dY, *dZ, *dx, dy)]
    return _Direction(dx, dy, dY, dZ, torch.stack(finite).all(0))


def _finite(part: MultiFloat) -> Tensor:
    return part.to_double().isfinite().reshape(len(part), -1).all(-1)


def _complement(
    at: Iterate, W: Matrices, dZ: Matrices, target: Tensor, second: Matrices | None
) -> Matrices:
    """``-Y + target Z^-1 - sym((Y dZ + second) Z^-1)``: ``dY`` as complementarity wants it."""
    made = []
    for i, (Y, inverse, d) in enumerate(zip(at.Y, W, dZ, strict=True)):
        product = Y @ d
        if second is not None:
            product = product + second[i]
        product = product @ inverse
        made.append(inverse * each(target, inverse) - Y - (product + product.mT) * 0.5)
    return tuple(made)


def _mu_after(
    program: Program, at: Iterate, lack: Residuals, d: _Direction, primal: Tensor, dual: Tensor
) -> Tensor:
    """``mu`` after affine steps, from ``<dY, Z> + <Y, dZ> = -<Y, Z>``."""
    total = lack.mu * program.order
    across = inner(program.masked(at.Y), d.Z).to_double()
    both = inner(d.Y, d.Z).to_double()
    ahead = total + primal * (-total - across) + dual * across + primal * dual * both
    return ahead / program.order
