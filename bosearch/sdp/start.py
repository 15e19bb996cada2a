"""Where the interior point method starts from.

Multiples of the identity, after Toh, Todd and Tütüncü (1999), SDPT3, section 4,
enlarged beyond the least matrices that satisfy the equations: where a program
needs large multipliers, as sphere packing does in 24 dimensions, a start from
below them takes twice the iterations or never gets away, and one from above
costs one or two (measured at factors of 1 to 1000).
"""

from collections import Counter

import torch

from bosearch.sdp.iterate import Iterate
from bosearch.sdp.multifloat import MultiFloat
from bosearch.sdp.program import Matrices, Program
from bosearch.sdp.schur import BreakdownError, Kkt

_BEYOND_PRIMAL = 10.0  # times the least primal matrix
_BEYOND_DUAL = 100.0  # times the least dual one
_LIMBS = 2  # rows may be closer to dependent than doubles can tell


def initial(program: Program) -> Iterate:
    """The first iterate; the padding is the identity."""
    limbs, device = program.limbs, program.device
    largest = max(float(c.to_double().abs().max()) for c in program.rhs)
    least_primal, least_dual = _least(program)
    Y, Z = [], []
    for C, mask in zip(program.cost, program.masks, strict=True):
        count, n, _ = C.shape
        eye = torch.eye(n, dtype=torch.float64, device=device).expand(count, n, n)
        cost = float(C.to_double().norm(dim=(-2, -1)).amax())
        # After preconditioning all matrices of constraints have size one.
        usual = max(10.0, n**0.5, n * (1.0 + largest) / 2.0)
        primal = max(usual, _BEYOND_PRIMAL * least_primal)
        dual = max(10.0, n**0.5, cost, _BEYOND_DUAL * least_dual)
        inside = eye if mask is None else eye * mask
        Y.append(MultiFloat.of(eye + (primal - 1.0) * inside, limbs))
        Z.append(MultiFloat.of(eye + (dual - 1.0) * inside, limbs))
    x = tuple(MultiFloat.zeros(c.shape, limbs, device) for c in program.rhs)
    return Iterate(tuple(Y), tuple(Z), x, MultiFloat.zeros(program.cost_free.shape, limbs, device))


def _least(program: Program) -> tuple[float, float]:
    """Spectral norms of the least ``Y`` and ``C - A^T(x)`` that satisfy the equations.

    Least in the Frobenius norm and of any sign; zero where rows are too close to dependent.
    """
    program = program.at(max(program.limbs, _LIMBS), program.device)
    eyes = tuple(
        MultiFloat.eye(C.shape[-1], program.limbs, program.device, C.shape[:1])
        for C in program.cost
    )
    try:
        kkt = Kkt.of(program, program.schur(eyes, eyes), Counter())
    except BreakdownError:
        return 0.0, 0.0
    x, _ = kkt.solve(program.rhs, program.cost_free * 0.0)
    primal = program.adjoint(x)
    x, _ = kkt.solve(program.apply(program.cost), program.cost_free)
    dual = tuple(C - a for C, a in zip(program.cost, program.adjoint(x), strict=True))
    return _spectral_norm(primal), _spectral_norm(dual)


def _spectral_norm(matrices: Matrices) -> float:
    return max(float(torch.linalg.eigvalsh(part.to_double()).abs().max()) for part in matrices)
