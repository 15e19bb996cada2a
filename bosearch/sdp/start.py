"""Where the interior point method starts from.

Multiples of the identity, after Toh, Todd and Tütüncü (1999), SDPT3, section 4,
enlarged beyond the least matrices that satisfy the equations: where a program
needs large multipliers, as sphere packing does in 24 dimensions, a start from
below them takes twice the iterations or never gets away, and one from above
costs one or two (measured at factors of 1 to 1000). From primal matrices of ten times
the least ones, three points of degree 16 in 20 dimensions creep by 2 percent per
iteration at any precision; from a thousand times, they take a hundred iterations.
"""

from collections import Counter

import torch
from torch import Tensor

from bosearch.sdp.iterate import Iterate, each, norm
from bosearch.sdp.multifloat import MultiFloat
from bosearch.sdp.program import Matrices, Program
from bosearch.sdp.schur import Kkt

_BEYOND_DUAL = 100.0  # times the least dual one
_LIMBS = 2  # rows may be closer to dependent than doubles can tell
_SOLVED = 1e-3  # relative residual of a least matrix whose size can be trusted


def initial(program: Program, beyond: float = 10.0) -> Iterate:
    """The first iterates, primal ones ``beyond`` the least matrix; the padding is the identity."""
    limbs, device = program.limbs, program.device
    largest = torch.stack([_largest(c) for c in program.rhs]).amax(0)
    least_primal, least_dual = _least(program)
    Y, Z = [], []
    for C, mask in zip(program.cost, program.masks, strict=True):
        n = C.shape[-1]
        eye = torch.eye(n, dtype=torch.float64, device=device).expand(C.shape)
        cost = C.to_double().norm(dim=(-2, -1)).amax(-1)
        # After preconditioning all matrices of constraints have size one.
        usual = (n * (1.0 + largest) / 2.0).clamp(min=max(10.0, n**0.5))
        primal = torch.maximum(usual, beyond * least_primal)
        dual = torch.maximum(cost, _BEYOND_DUAL * least_dual).clamp(min=max(10.0, n**0.5))
        inside = eye if mask is None else eye * mask
        Y.append(MultiFloat.of(eye + each(primal - 1.0, C) * inside, limbs))
        Z.append(MultiFloat.of(eye + each(dual - 1.0, C) * inside, limbs))
    x = tuple(MultiFloat.zeros(c.shape, limbs, device) for c in program.rhs)
    return Iterate(tuple(Y), tuple(Z), x, MultiFloat.zeros(program.cost_free.shape, limbs, device))


def _least(program: Program) -> tuple[Tensor, Tensor]:
    """Spectral norms of the least ``Y`` and ``C - A^T(x)`` that satisfy the equations, ``N`` each.

    Least in the Frobenius norm and of any sign; zero where rows are too close to dependent.
    """
    eyes = tuple(
        MultiFloat.eye(C.shape[-1], program.limbs, program.device, C.shape[:2])
        for C in program.cost
    )
    kkt = Kkt.of(program, program.schur(eyes, eyes), Counter())
    x, y = kkt.solve(program.rhs, program.cost_free * 0.0)
    primal = program.adjoint(x)
    seen = zip(program.rhs, program.apply(primal), program.free_apply(y), strict=True)
    missed = norm([c - a - b for c, a, b in seen])
    solved = kkt.ok & (missed <= _SOLVED * norm(program.rhs))
    if program.limbs < _LIMBS and not bool(solved.all()):
        return _least(program.at(_LIMBS, program.device))
    x, _ = kkt.solve(program.apply(program.cost), program.cost_free)
    dual = tuple(C - a for C, a in zip(program.cost, program.adjoint(x), strict=True))
    sizes = (torch.where(solved, _spectral_norm(part), 0.0) for part in (primal, dual))
    return next(sizes), next(sizes)


def _spectral_norm(matrices: Matrices) -> Tensor:
    """The largest absolute eigenvalue; zero where a matrix is not finite."""
    sizes = []
    for part in matrices:
        X = part.to_double()
        finite = X.isfinite().reshape(len(X), -1).all(-1)
        X = torch.where(each(finite, part), X, 0.0)
        sizes.append(torch.linalg.eigvalsh(X).abs().reshape(len(X), -1).amax(-1))
    return torch.stack(sizes).amax(0)


def _largest(part: MultiFloat) -> Tensor:
    return part.to_double().abs().reshape(len(part), -1).amax(-1)
