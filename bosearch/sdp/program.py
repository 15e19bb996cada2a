r"""Prepared programs of one shape: operators on batched blocks, at one number of limbs.

``N`` programs are solved side by side; one alone is a batch of one. Within each, blocks
of nearly one size form a *cone*, a batch of matrices padded by the identity. Rows that
share a psd block form a *cluster*; equal clusters are batched too, and the Schur
complement is block diagonal over clusters. A *piece* is a batch of blocks whose
constraints look alike.

Everything is minimized; ``cost``, ``rhs`` and ``free`` are preconditioned.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import final

import torch
from torch import Tensor

from bosearch.sdp.constraints import StackedConstraints
from bosearch.sdp.layers import EVERY, Index, Layer, Piece
from bosearch.sdp.multifloat import MultiFloat, cat, gram

Matrices = tuple[MultiFloat, ...]  # one batch per cone
Vector = tuple[MultiFloat, ...]  # one batch per family of clusters


@final
@dataclass(frozen=True, eq=False)
class Program:
    """Minimize ``<C, Y> + d . y`` subject to ``A(Y) + B y = c``, ``N`` times, at some limbs.

    Args:
        cost: ``C``, per cone ``N x G x n x n``, zero in the padding.
        masks: Per cone, ``G x n x n`` zeros in the padding and ones elsewhere; None without any.
        order: The number of rows of all blocks of a program together, without padding.
        pieces: The constraints.
        rhs: ``c``, per family ``N x F x m``.
        free: ``B``, per family ``N x F x m x k``.
        cost_free: ``d``, ``N x k``.
        augmented: Whether the Schur complement needs the free variables to be definite.
    """

    cost: Matrices
    masks: tuple[Tensor | None, ...]
    order: int
    pieces: tuple[Piece, ...]
    rhs: Vector
    free: Vector
    cost_free: MultiFloat
    augmented: bool = False

    @property
    def count(self) -> int:
        """How many programs these are, ``N``."""
        return len(self.cost_free)

    @property
    def variables(self) -> int:
        """The number of free variables, ``k``."""
        return int(self.cost_free.shape[-1])

    @property
    def limbs(self) -> int:
        """The number of limbs of all data."""
        return self.cost_free.limbs

    @property
    def device(self) -> torch.device:
        """Where the data live."""
        return self.cost_free.device

    def at(self, limbs: int, device: torch.device | str | None) -> "Program":
        """The same programs, rounded and moved."""

        def moved(arrays: Sequence[MultiFloat]) -> tuple[MultiFloat, ...]:
            return tuple(array.with_limbs(limbs).to(device) for array in arrays)

        return replace(
            self,
            cost=moved(self.cost),
            masks=tuple(None if mask is None else mask.to(device) for mask in self.masks),
            pieces=tuple(piece.at(limbs, device) for piece in self.pieces),
            rhs=moved(self.rhs),
            free=moved(self.free),
            cost_free=self.cost_free.with_limbs(limbs).to(device),
        )

    def taken(self, which: Index) -> "Program":
        """Some of the programs, by position."""
        return replace(
            self,
            cost=tuple(C[which] for C in self.cost),
            pieces=tuple(piece.taken(which) for piece in self.pieces),
            rhs=tuple(c[which] for c in self.rhs),
            free=tuple(B[which] for B in self.free),
            cost_free=self.cost_free[which],
        )

    def masked(self, X: Matrices) -> Matrices:
        """``X`` with zeros in the padding."""
        return tuple(x if mask is None else x * mask for x, mask in zip(X, self.masks, strict=True))

    def apply(self, X: Matrices) -> Vector:
        """Return ``A(X)``."""
        total = [MultiFloat.zeros(c.shape, self.limbs, self.device) for c in self.rhs]
        for piece in self.pieces:
            values = piece.constraints.apply(X[piece.cone][:, piece.members])
            for layer in piece.layers:
                _add(total[piece.family], layer.index(1), values[:, layer.members])
        return tuple(total)

    def adjoint(self, x: Vector) -> Matrices:
        """Return ``A^T(x)``, zero in the padding."""
        total = [MultiFloat.zeros(C.shape, self.limbs, self.device) for C in self.cost]
        for piece in self.pieces:
            seen = [layer.seen(x[piece.family]) for layer in piece.layers]
            values = seen[0]
            if len(seen) > 1:
                size = sum(part.shape[1] for part in seen)
                shape = (self.count, size, seen[0].shape[-1])
                values = MultiFloat.zeros(shape, self.limbs, self.device)
                for layer, part in zip(piece.layers, seen, strict=True):
                    values.parts[:, :, layer.members] = part.parts
            sums = piece.constraints.adjoint(values)
            total[piece.cone].parts[:, :, piece.members] = sums.parts
        return tuple(total)

    def schur(self, left: Matrices, right: Matrices) -> Vector:
        """Return ``S_ij = tr(A_i Y A_j Z^-1)``, per family ``N x F x m x m``.

        Args:
            left: Lower factors of ``Y``.
            right: Inverses of the lower factors of ``Z``.
        """
        total = [
            MultiFloat.zeros((*c.shape, c.shape[-1]), self.limbs, self.device) for c in self.rhs
        ]
        images: dict[tuple[int, str], tuple[Layer, list[MultiFloat]]] = {}
        for piece in self.pieces:
            L, M = (X[piece.cone][:, piece.members] for X in (left, right))
            if isinstance(piece.constraints, StackedConstraints):
                U = piece.constraints.images(L, M)
                for layer in piece.layers:
                    _, found = images.setdefault((piece.family, layer.target), (layer, []))
                    found.append(U[:, layer.members])
                continue
            values = piece.constraints.schur(L, M)
            for layer in piece.layers:
                _add(total[piece.family], layer.index(2), values[:, layer.members])
        for (family, _), (layer, found) in images.items():
            # One product for all blocks that see the same rows.
            _add(total[family], layer.index(2), gram(cat(found, -1)))
        return tuple(total)

    def free_adjoint(self, x: Vector) -> MultiFloat:
        """Return ``B^T x``, ``N x k``."""
        total = MultiFloat.zeros(self.cost_free.shape, self.limbs, self.device)
        for B, part in zip(self.free, x, strict=True):
            total = total + (part.unsqueeze(-2) @ B).sum(1).sum(1)
        return total

    def free_apply(self, y: MultiFloat) -> Vector:
        """Return ``B y``."""
        if not self.variables:
            return tuple(c * 0.0 for c in self.rhs)
        column = y.unsqueeze(1).unsqueeze(-1)  # N x 1 x k x 1
        return tuple((B @ column)[..., 0] for B in self.free)


def _add(total: MultiFloat, index: tuple[Index, ...], values: MultiFloat) -> None:
    """Add in place to entries that the index names once each."""
    total.parts[(EVERY, *index)] = (total[index] + values).parts
