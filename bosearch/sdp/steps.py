"""How far an iterate may move before a matrix stops being positive definite."""

import torch

from bosearch.sdp.multifloat import MultiFloat
from bosearch.sdp.program import Matrices


def longest(inverses: Matrices, direction: Matrices) -> float:
    """The supremum of steps ``t`` that keep ``L L^T + t D`` definite; infinite if none ends it.

    The products are formed at the precision of the operands, since ``L^-1`` undoes
    entries that cancel; their eigenvalues need double precision only.

    Args:
        inverses: Per cone, ``L^-1``.
        direction: Per cone, ``D``.
    """
    least = min(
        float(torch.linalg.eigvalsh(_congruent(inverse, D)).min())
        for inverse, D in zip(inverses, direction, strict=True)
    )
    return -1.0 / least if least < 0.0 else float("inf")


def _congruent(inverse: MultiFloat, D: MultiFloat) -> torch.Tensor:
    W = (inverse @ D @ inverse.mT).to_double()
    return 0.5 * (W + W.mT)
