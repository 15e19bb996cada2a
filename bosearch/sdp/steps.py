"""How far an iterate may move before a matrix stops being positive definite."""

import torch

from bosearch.sdp.multifloat import MultiFloat
from bosearch.sdp.program import Matrices


def longest(inverses: Matrices, direction: Matrices) -> torch.Tensor:
    """The supremum of steps ``t`` that keep ``L L^T + t D`` definite; infinite if none ends it.

    The products are formed at the precision of the operands, since ``L^-1`` undoes
    entries that cancel; their eigenvalues need double precision only.

    Args:
        inverses: Per cone, ``L^-1``.
        direction: Per cone, ``D``.

    Returns:
        ``N`` steps, one per program.
    """
    least = torch.stack(
        [
            torch.linalg.eigvalsh(_congruent(inverse, D)).amin(-1).amin(-1)
            for inverse, D in zip(inverses, direction, strict=True)
        ]
    ).amin(0)
    return torch.where(least < 0.0, -1.0 / least, torch.inf)


def _congruent(inverse: MultiFloat, D: MultiFloat) -> torch.Tensor:
    """``L^-1 D L^-T``; zero where that is not finite, which others report."""
    W = (inverse @ D @ inverse.mT).to_double()
    W = 0.5 * (W + W.mT)
    finite = W.isfinite().all(-1).all(-1)[..., None, None]
    return torch.where(finite, W, torch.zeros_like(W))
