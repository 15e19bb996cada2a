"""Cholesky factors and inverses from approximate ones, in products alone.

Let ``L`` be close to the factor of ``A`` and ``X`` to its inverse, let ``R = A - L L^T``
and ``low`` the lower triangle of ``E = X R X^T`` with half its diagonal. Then
``L (I + low)`` is off by the order of ``E^2``. Only ``R`` takes a product at all limbs,
because it is what cancels; half of them are enough for everything made from it. As in
iterative refinement, the last ``R`` is a backward error, and the test of success.

There are two sources of approximate factors. The same matrix with fewer limbs is one
(``lift``). A matrix nearby is the other (``warm``): with its factor ``L0`` the matrix
``K = L0^-1 A L0^-T`` is well conditioned, and its factor in double does.

On a GPU these few products replace ``n`` dependent columns. On one CPU core ``warm`` is
no faster than elimination with two limbs; lifting four limbs from two is.
"""

import torch
from torch import Tensor

from bosearch.sdp.multifloat.array import MultiFloat
from bosearch.sdp.multifloat.backend import at_hand

_STEPS = 6  # of quadratic convergence: 2^-8 becomes 2^-512
_FIXED = 4  # where nobody looks: 2^-30 becomes 2^-240 in three, and the fourth shows it
_SLACK = 2.0**7  # how many units of the precision count as converged
_SLACK_UNSEEN = 2.0**30  # where nobody can turn to elimination instead

Factors = tuple[MultiFloat, MultiFloat, Tensor]


def warm(A: MultiFloat, L: MultiFloat, X: MultiFloat) -> Factors:
    """Return factors, inverse factors and ``...`` whether Newton's method converged.

    Args:
        A: ``... x n x n`` symmetric matrices, with diagonals of about 1.
        L: Lower factors of matrices nearby.
        X: Their inverses.
    """
    K = (X @ A @ X.mT).to_double()
    C, info = torch.linalg.cholesky_ex(K)
    eye = torch.eye(K.shape[-1], dtype=K.dtype, device=K.device)
    C = torch.where((info == 0)[..., None, None], C, eye)
    D = torch.linalg.solve_triangular(C, eye, upper=False)
    half = X.with_limbs(_half(A))
    return lift(A, L @ MultiFloat.of(C, 1), MultiFloat.of(D, 1) @ half)


def lift(A: MultiFloat, L: MultiFloat, X: MultiFloat) -> Factors:
    """As ``warm``, from approximate factors of ``A`` itself, of any number of limbs."""
    half = _half(A)
    eye = torch.eye(A.shape[-1], dtype=torch.float64, device=A.device)
    halved = eye.new_ones(eye.shape).tril() - eye / 2
    L, X = L.with_limbs(A.limbs), X.with_limbs(half)
    gap = torch.full(A.shape[:-2], torch.inf, dtype=torch.float64, device=A.device)
    enough = (_SLACK if at_hand(gap) else _SLACK_UNSEEN) * 2.0**-A.bits
    for _ in range(_STEPS if at_hand(gap) else _FIXED):
        R = A - L @ L.mT
        last, gap = gap, _size(R)
        if at_hand(gap) and not ((gap > enough) & (gap < last / 2)).any():
            break
        E = X @ R.with_limbs(half) @ X.mT
        L = L + L.with_limbs(half) @ MultiFloat(E.parts * halved)
        X, _ = _schulz(L.with_limbs(half), X)
    X, inverted = lift_inverse(L, X)
    return L, X, (gap <= enough) & inverted


def lift_inverse(L: MultiFloat, X: MultiFloat) -> tuple[MultiFloat, Tensor]:
    """Return inverses of ``L`` from approximate ones, and ``...`` whether that converged."""
    enough, X = 2.0 ** (-L.bits / 2), X.with_limbs(L.limbs)
    gap = torch.full(L.shape[:-2], 0.5, dtype=torch.float64, device=L.device)
    for _ in range(_STEPS if at_hand(gap) else _FIXED):
        X, E = _schulz(L, X)
        last, gap = gap, _size(E)
        if at_hand(gap) and not ((gap > enough) & (gap < last / 2)).any():
            break
    return X, gap <= enough


def _schulz(L: MultiFloat, X: MultiFloat) -> tuple[MultiFloat, MultiFloat]:
    """Return inverses of ``L`` with the square of the errors of ``X``, and these errors.

    Source: Schulz (1933), "Iterative Berechnung der reziproken Matrix".
    """
    half = _half(L)
    E = MultiFloat.eye(L.shape[-1], 1, L.device) - L @ X
    return X + X.with_limbs(half) @ E.with_limbs(half), E


def _half(A: MultiFloat) -> int:
    return (A.limbs + 1) // 2


def _size(E: MultiFloat) -> Tensor:
    """The largest entry of each matrix; not finite where one is not."""
    x = E.to_double().abs().flatten(-2)
    return x.amax(-1) if x.shape[-1] else x.sum(-1)
