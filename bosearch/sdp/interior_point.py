r"""One iteration of the primal-dual predictor-corrector method.

The direction is that of Helmberg, Rendl, Vanderbei and Wolkowicz, Kojima, Shindoh
and Hara, and Monteiro (HKM):

.. math:: dZ = R_d - A^T(dx), \quad
          dY = -Y + \sigma\mu Z^{-1} - \mathrm{sym}((Y\,dZ + dY_a\,dZ_a)\,Z^{-1}),

where the affine direction :math:`dY_a, dZ_a` has :math:`\sigma = 0` and no second
order term. Source: Toh, Todd and Tütüncü (1999), SDPT3; Mehrotra (1992).
"""

from collections import Counter
from dataclasses import dataclass
from typing import final

from bosearch.sdp.iterate import Iterate, Residuals, inner
from bosearch.sdp.multifloat import MultiFloat
from bosearch.sdp.program import Matrices, Program, Vector
from bosearch.sdp.schur import BreakdownError, Kkt, factor
from bosearch.sdp.steps import longest


@final
@dataclass(frozen=True)
class Steps:
    """How an iteration moved.

    Args:
        primal: Step length of ``Y`` and ``y``.
        dual: Step length of ``Z`` and ``x``.
        centring: ``sigma``.
    """

    primal: float
    dual: float
    centring: float


@final
@dataclass(frozen=True, eq=False)
class _Factors:
    """Factors of the present ``Y`` and ``Z``, their inverses, and ``Z^-1``."""

    Y: Matrices
    Y_inverse: Matrices
    Z_inverse: Matrices  # of the factor
    W: Matrices  # Z^-1


def advance(
    program: Program, at: Iterate, lack: Residuals, tally: Counter[str]
) -> tuple[Iterate, Steps]:
    """Return the next iterate: one Cholesky each of ``Y``, ``Z``, ``S`` and ``Q``.

    Args:
        program: The program, with as many limbs as ``at``.
        at: An iterate with ``Y`` and ``Z`` positive definite.
        lack: Its residuals.
        tally: Where factorizations are counted.

    Raises:
        BreakdownError: The precision does not suffice.
    """
    factors = _factored(at, tally)
    kkt = Kkt.of(program, program.schur(factors.Y, factors.Z_inverse), tally)
    dx, dy, dY, dZ = _direction(program, at, lack, factors, kkt, 0.0, None)
    primal = min(1.0, longest(factors.Y_inverse, dY))
    dual = min(1.0, longest(factors.Z_inverse, dZ))
    ahead = _mu_after(program, at, lack, dY, dZ, primal, dual)
    power = max(2.0, 3.0 * min(primal, dual) ** 2)
    sigma = min(1.0, max(1e-6, (max(ahead, 0.0) / lack.mu) ** power))
    second = tuple(a @ b for a, b in zip(dY, dZ, strict=True))
    dx, dy, dY, dZ = _direction(program, at, lack, factors, kkt, sigma, second)
    longest_primal, longest_dual = longest(factors.Y_inverse, dY), longest(factors.Z_inverse, dZ)
    fraction = 0.9 + 0.09 * min(1.0, longest_primal, longest_dual)
    primal, dual = min(1.0, fraction * longest_primal), min(1.0, fraction * longest_dual)
    moved = Iterate(
        Y=tuple(Y + d * primal for Y, d in zip(at.Y, dY, strict=True)),
        Z=tuple(Z + d * dual for Z, d in zip(at.Z, dZ, strict=True)),
        x=tuple(x + d * dual for x, d in zip(at.x, dx, strict=True)),
        y=at.y + dy * primal,
    )
    return moved, Steps(primal, dual, sigma)


def _factored(at: Iterate, tally: Counter[str]) -> _Factors:
    Y, Y_inverse, Z_inverse, W = [], [], [], []
    for y, z in zip(at.Y, at.Z, strict=True):
        lower, inverse = factor(y, "primal", tally)
        Y.append(lower)
        Y_inverse.append(inverse)
        _, inverse = factor(z, "dual", tally)
        Z_inverse.append(inverse)
        W.append(inverse.mT @ inverse)
    return _Factors(tuple(Y), tuple(Y_inverse), tuple(Z_inverse), tuple(W))


def _direction(
    program: Program,
    at: Iterate,
    lack: Residuals,
    factors: _Factors,
    kkt: Kkt,
    sigma: float,
    second: Matrices | None,
) -> tuple[Vector, MultiFloat, Matrices, Matrices]:
    """Solve for ``dx, dy, dY, dZ``; ``second`` is the product of affine directions."""
    known = _complement(at, factors, lack.slack, sigma * lack.mu, second)
    seen = program.apply(program.masked(known))
    right = tuple(a - b for a, b in zip(lack.rows, seen, strict=True))
    dx, dy = kkt.solve(right, lack.free)
    dZ = tuple(R - a for R, a in zip(lack.slack, program.adjoint(dx), strict=True))
    dY = program.masked(_complement(at, factors, dZ, sigma * lack.mu, second))
    if not all(bool(part.to_double().isfinite().all()) for part in (*dY, *dZ, *dx, dy)):
        raise BreakdownError("the search direction overflows")
    return dx, dy, dY, dZ


def _complement(
    at: Iterate, factors: _Factors, dZ: Matrices, target: float, second: Matrices | None
) -> Matrices:
    """``-Y + target Z^-1 - sym((Y dZ + second) Z^-1)``: ``dY`` as complementarity wants it."""
    made = []
    for i, (Y, W, d) in enumerate(zip(at.Y, factors.W, dZ, strict=True)):
        product = Y @ d
        if second is not None:
            product = product + second[i]
        product = product @ W
        made.append(W * target - Y - (product + product.mT) * 0.5)
    return tuple(made)


def _mu_after(
    program: Program,
    at: Iterate,
    lack: Residuals,
    dY: Matrices,
    dZ: Matrices,
    primal: float,
    dual: float,
) -> float:
    """``mu`` after affine steps, from ``<dY, Z> + <Y, dZ> = -<Y, Z>``."""
    total = lack.mu * program.order
    across = float(inner(program.masked(at.Y), dZ).to_double())
    both = float(inner(dY, dZ).to_double())
    ahead = total + primal * (-total - across) + dual * across + primal * dual * both
    return ahead / program.order
