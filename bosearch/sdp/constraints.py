"""The matrices of constraints of a batch of alike blocks, in two forms.

Both know the same operators, so the rest of the solver does not ask which it has.
"""

from dataclasses import dataclass, replace
from typing import Protocol, final

import torch
from torch import Tensor

from bosearch.sdp.multifloat import MultiFloat, gram, symmetric


class Constraints(Protocol):
    """The matrices ``A_i`` of ``g`` alike blocks, for the ``m_b`` rows that each of them sees.

    All of it ``N`` times, for as many programs.
    """

    def apply(self, X: MultiFloat) -> MultiFloat:
        """``<A_i, X>``: ``N x g x n x n`` to ``N x g x m_b``."""
        ...

    def adjoint(self, x: MultiFloat) -> MultiFloat:
        """``sum_i x_i A_i``: ``N x g x m_b`` to ``N x g x n x n``."""
        ...

    def schur(self, left: MultiFloat, right: MultiFloat) -> MultiFloat:
        """``tr(A_i L L^T A_j R^T R)`` for ``left`` L and ``right`` R, ``N x g x m_b x m_b``."""
        ...

    def sketch(self, left: Tensor, right: Tensor) -> Tensor:
        """``l^T A_i r`` for the ``s`` columns of ``g x n x s`` doubles; ``N x g x m_b x s``."""
        ...

    def doubles(self) -> Tensor:
        """The matrices in double precision, ``N x g x m_b x n x n``."""
        ...

    def at(self, limbs: int, device: torch.device | str | None) -> "Constraints":
        """The same constraints, rounded."""
        ...

    def taken(self, which: Tensor | slice) -> "Constraints":
        """Those of some of the programs."""
        ...


@final
@dataclass(frozen=True, eq=False)
class SampledConstraints:
    """Row ``i`` is a sum of ``r`` terms ``w v v^T``: the Schur complement costs no ``n^3`` each.

    Args:
        vectors: ``N x g x (m_b r) x n``, the ``r`` samples of a row next to each other.
        weights: ``N x g x (m_b r)``; zero where a row has fewer than ``r`` samples.
        repeats: ``r``.
    """

    vectors: MultiFloat
    weights: MultiFloat
    repeats: int

    def apply(self, X: MultiFloat) -> MultiFloat:
        """See ``Constraints``."""
        values = ((self.vectors @ X) * self.vectors).sum(-1) * self.weights
        return self._summed(values, -1)

    def adjoint(self, x: MultiFloat) -> MultiFloat:
        """See ``Constraints``."""
        if self.repeats > 1:
            x = MultiFloat(x.parts.repeat_interleave(self.repeats, dim=-1))
        return self.vectors.mT @ (self.vectors * (x * self.weights).unsqueeze(-1))

    def schur(self, left: MultiFloat, right: MultiFloat) -> MultiFloat:
        """See ``Constraints``; the Hadamard product of two Gram matrices of samples."""
        F = self.vectors @ left
        G = self.vectors @ right.mT
        weighted = F * self.weights.unsqueeze(-1)

        def made(rows: slice, columns: slice) -> MultiFloat:
            by_Y = weighted[..., rows, :] @ weighted[..., columns, :].mT
            return by_Y * (G[..., rows, :] @ G[..., columns, :].mT)

        H = symmetric(F, made)  # N x g x (m_b r) x (m_b r)
        return self._summed(self._summed(H, -2), -1)

    def sketch(self, left: Tensor, right: Tensor) -> Tensor:
        """See ``Constraints``."""
        V = self.vectors.to_double()
        values = (V @ left) * (V @ right) * self.weights.to_double().unsqueeze(-1)
        *batch, P, s = values.shape
        return values.reshape(*batch, P // self.repeats, self.repeats, s).sum(-2)

    def doubles(self) -> Tensor:
        """See ``Constraints``."""
        *batch, P, n = self.vectors.shape
        V = self.vectors.to_double().reshape(*batch, P // self.repeats, self.repeats, n)
        w = self.weights.to_double().reshape(*batch, P // self.repeats, self.repeats, 1)
        return V.mT @ (V * w)

    def at(self, limbs: int, device: torch.device | str | None) -> "SampledConstraints":
        """See ``Constraints``."""
        return replace(
            self,
            vectors=self.vectors.with_limbs(limbs).to(device),
            weights=self.weights.with_limbs(limbs).to(device),
        )

    def taken(self, which: Tensor | slice) -> "SampledConstraints":
        """See ``Constraints``."""
        return replace(self, vectors=self.vectors[which], weights=self.weights[which])

    def _summed(self, values: MultiFloat, dim: int) -> MultiFloat:
        if self.repeats == 1:
            return values
        shape = list(values.shape)
        at = len(shape) + dim
        shape[at : at + 1] = [shape[at] // self.repeats, self.repeats]
        return values.reshape(*shape).sum(at + 1)


@final
@dataclass(frozen=True, eq=False)
class StackedConstraints:
    """The matrices of all rows, side by side: for many samples on a small block.

    Args:
        matrices: ``N x g x m_b x n x n``.
    """

    matrices: MultiFloat

    @property
    def _flat(self) -> MultiFloat:
        *batch, m, n, _ = self.matrices.shape
        return self.matrices.reshape(*batch, m, n * n)

    def apply(self, X: MultiFloat) -> MultiFloat:
        """See ``Constraints``."""
        *batch, n, _ = X.shape
        return (self._flat @ X.reshape(*batch, n * n, 1))[..., 0]

    def adjoint(self, x: MultiFloat) -> MultiFloat:
        """See ``Constraints``."""
        *batch, _, n, _ = self.matrices.shape
        return (x.unsqueeze(-2) @ self._flat).reshape(*batch, n, n)

    def schur(self, left: MultiFloat, right: MultiFloat) -> MultiFloat:
        """See ``Constraints``; the Gram matrix of the images."""
        return gram(self.images(left, right))

    def images(self, left: MultiFloat, right: MultiFloat) -> MultiFloat:
        """``(right A_i left)^T`` as rows ``N x g x m_b x n^2``; ``A_i`` is symmetric.

        Side by side, for one large product instead of ``m_b`` small ones.
        """
        *batch, m, n, _ = self.matrices.shape
        half = self.matrices.reshape(*batch, m * n, n) @ left
        turned = half.reshape(*batch, m, n, n).mT.reshape(*batch, m * n, n)
        return (turned @ right.mT).reshape(*batch, m, n * n)

    def sketch(self, left: Tensor, right: Tensor) -> Tensor:
        """See ``Constraints``."""
        *batch, _, n, _ = self.matrices.shape
        products = left.unsqueeze(-2) * right.unsqueeze(-3)  # g x n x n x s
        return self._flat.to_double() @ products.reshape(batch[-1], n * n, -1)

    def doubles(self) -> Tensor:
        """See ``Constraints``."""
        return self.matrices.to_double()

    def at(self, limbs: int, device: torch.device | str | None) -> "StackedConstraints":
        """See ``Constraints``."""
        return StackedConstraints(self.matrices.with_limbs(limbs).to(device))

    def taken(self, which: Tensor | slice) -> "StackedConstraints":
        """See ``Constraints``."""
        return StackedConstraints(self.matrices[which])
