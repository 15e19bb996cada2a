"""Cholesky factors of batches, cold by recursion on halves, or warm by Newton's method.

Both halves of a recursion meet in products: the corner is ``L21 = A21 L11^-T`` by the
inverse that the first half returns, corrected once by its own residual, which makes
the solution as accurate as by substitution (Higham 2002, *Accuracy and Stability of
Numerical Algorithms*, section 12.1). Matrices are symmetric, and all of them is read.
"""

import torch
from torch import Tensor

from bosearch.sdp.multifloat import columns, newton
from bosearch.sdp.multifloat.array import MultiFloat, cat, where
from bosearch.sdp.multifloat.backend import at_hand
from bosearch.sdp.multifloat.triangular import tri_inverse

Warm = tuple[MultiFloat, MultiFloat]


def cholesky(A: MultiFloat, *, warm: Warm | None = None) -> tuple[MultiFloat, Tensor]:
    """Return lower factors of ``... x n x n`` matrices, and ``...`` where there is one.

    A matrix that is not positive definite, or not finite, gets the identity and False.

    Args:
        A: Symmetric matrices.
        warm: Factor and inverse factor of matrices nearby, from which a few products
            lead to the new ones. Where that does not converge, as if there were none.
    """
    if warm is not None:
        factor, _, ok = cholesky_inverse(A, warm=warm)
        return factor, ok
    scaled, exponents = _equilibrated(A)
    factor, _, ok = _cold(scaled, inverse=False)
    return _or_identity(factor.scale_by_power_of_two(-exponents[..., None]), ok), ok


def cholesky_inverse(
    A: MultiFloat, *, warm: Warm | None = None
) -> tuple[MultiFloat, MultiFloat, Tensor]:
    """Return what ``cholesky`` does, with the inverse factors in between."""
    scaled, exponents = _equilibrated(A)
    rows, columns = exponents[..., None], exponents[..., None, :]
    if warm is None or A.limbs == 1:
        factor, inverse, ok = _cold(scaled, inverse=True)
    else:
        near, near_inverse = warm[0].scale_by_power_of_two(rows), warm[1]
        factor, inverse, ok = _warm(scaled, near, near_inverse.scale_by_power_of_two(-columns))
    factor = factor.scale_by_power_of_two(-rows)
    inverse = inverse.scale_by_power_of_two(columns)
    return _or_identity(factor, ok), _or_identity(inverse, ok), ok


def _equilibrated(A: MultiFloat) -> tuple[MultiFloat, Tensor]:
    """``D A D`` with a diagonal from 1/2 to 2, and the exponents of ``D``.

    Products are accurate against the norms of rows and columns, which must not
    hide a small row of ``A`` behind a large one.
    """
    diagonal = A.diagonal().to_double()
    usable = (diagonal > 0) & diagonal.isfinite()
    exponents = -(torch.frexp(torch.where(usable, diagonal, 1.0)).exponent // 2).long()
    scaled = A.scale_by_power_of_two(exponents[..., None])
    return scaled.scale_by_power_of_two(exponents[..., None, :]), exponents


def _warm(A: MultiFloat, L: MultiFloat, X: MultiFloat) -> tuple[MultiFloat, MultiFloat, Tensor]:
    """Newton's method, and elimination of those matrices where it does not converge."""
    factor, inverse, ok = newton.warm(A, L, X)
    if ok.all():
        return factor, inverse, ok
    if A.ndim == 2:
        return _cold(A, inverse=True)
    left = ~ok
    cold_factor, cold_inverse, ok[left] = _cold(A[left], inverse=True)
    factor.parts[:, left] = cold_factor.parts
    inverse.parts[:, left] = cold_inverse.parts
    return factor, inverse, ok


def _cold(A: MultiFloat, *, inverse: bool) -> tuple[MultiFloat, MultiFloat, Tensor]:
    """Factor, inverse (of the leading half only, unless asked for) and success."""
    n = A.shape[-1]
    if A.limbs == 1:
        lower, info = torch.linalg.cholesky_ex(A.parts[0])
        factor = MultiFloat(lower[None])
        ok = (info == 0) & lower.isfinite().all(-1).all(-1)
        return factor, tri_inverse(factor) if inverse else factor, ok
    if n <= columns.BLOCK:
        return _block(A)
    half = (n + 1) // 2
    head, head_inverse, head_ok = _cold(A[..., :half, :half], inverse=True)
    low = A[..., half:, :half] @ head_inverse.mT
    low = low + (A[..., half:, :half] - low @ head.mT) @ head_inverse.mT
    tail, tail_inverse, tail_ok = _cold(A[..., half:, half:] - low @ low.mT, inverse=inverse)
    factor = _corners(head, low, tail)
    if inverse:
        head_inverse = _corners(head_inverse, -(tail_inverse @ (low @ head_inverse)), tail_inverse)
    return factor, head_inverse, head_ok & tail_ok


def _block(A: MultiFloat) -> tuple[MultiFloat, MultiFloat, Tensor]:
    """Eliminate; longer limbs first with two, which is several times faster, then lift.

    What cannot be lifted is eliminated on the host, and has no factor on an accelerator.
    """
    if A.limbs <= 2:
        return columns.cholesky(A)
    lower, inverse, ok = columns.cholesky(A.with_limbs(2))
    if not at_hand(ok):
        lower, inverse, lifted = newton.lift(A, lower, inverse)
        return lower, inverse, ok & lifted
    if ok.all():
        lower, inverse, ok = newton.lift(A, lower, inverse)
        if ok.all():
            return lower, inverse, ok
    return columns.cholesky(A)


def _corners(head: MultiFloat, low: MultiFloat, tail: MultiFloat) -> MultiFloat:
    zero = MultiFloat.zeros(low.mT.shape, head.limbs, head.device)
    return cat([cat([head, zero], -1), cat([low, tail], -1)], -2)


def _or_identity(X: MultiFloat, ok: Tensor) -> MultiFloat:
    if at_hand(ok) and ok.all():
        return X
    return where(ok[..., None, None], X, MultiFloat.eye(X.shape[-1], X.limbs, X.device))
