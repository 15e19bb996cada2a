r"""A prepared program: operators on batched blocks, at one number of limbs.

Blocks of nearly one size form a *cone*, a batch of matrices padded by the
identity. Rows that share a psd block form a *cluster*; equal clusters are
batched too, and the Schur complement is block diagonal over clusters. A
*piece* is a batch of blocks whose constraints look alike.

Everything is minimized; ``cost``, ``rhs`` and ``free`` are preconditioned.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import final

import torch
from torch import Tensor

from bosearch.sdp.constraints import Constraints
from bosearch.sdp.multifloat import MultiFloat

Matrices = tuple[MultiFloat, ...]  # one batch per cone
Vector = tuple[MultiFloat, ...]  # one batch per family of clusters


@final
@dataclass(frozen=True, eq=False)
class Layer:
    """Members of a piece that lie in distinct clusters, so that they can be added at once.

    Args:
        members: ``l`` positions in the piece; None for all of them in order.
        places: ``l`` clusters; None for all of them in order.
        rows: ``l x m_b`` rows of the cluster; None for all of them in order.
    """

    members: Tensor | None
    places: Tensor | None
    rows: Tensor | None

    def to(self, device: torch.device | str | None) -> "Layer":
        """The same layer on another device."""
        parts = (self.members, self.places, self.rows)
        return Layer(*(None if part is None else part.to(device) for part in parts))


@final
@dataclass(frozen=True, eq=False)
class Piece:
    """Alike blocks of one cone whose rows lie in one family of clusters.

    Args:
        cone: Position of the cone.
        members: ``g`` blocks of the cone; None for all of them in order.
        family: Position of the family of clusters.
        layers: Where the rows go.
        constraints: Their matrices.
    """

    cone: int
    members: Tensor | None
    family: int
    layers: tuple[Layer, ...]
    constraints: Constraints


@final
@dataclass(frozen=True, eq=False)
class Program:
    """Minimize ``<C, Y> + d . y`` subject to ``A(Y) + B y = c``, all at one number of limbs.

    Args:
        cost: ``C``, per cone ``G x n x n``, zero in the padding.
        masks: Per cone, ``G x n x n`` zeros in the padding and ones elsewhere; None without any.
        order: The number of rows of all blocks together, without padding.
        pieces: The constraints.
        rhs: ``c``, per family ``F x m``.
        free: ``B``, per family ``F x m x k``.
        cost_free: ``d``, ``k``.
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
    def limbs(self) -> int:
        """The number of limbs of all data."""
        return self.cost_free.limbs

    @property
    def device(self) -> torch.device:
        """Where the data live."""
        return self.cost_free.device

    def at(self, limbs: int, device: torch.device | str | None) -> "Program":
        """The same program, rounded and moved."""

        def moved(arrays: Sequence[MultiFloat]) -> tuple[MultiFloat, ...]:
            return tuple(array.with_limbs(limbs).to(device) for array in arrays)

        pieces = tuple(
            replace(
                piece,
                members=None if piece.members is None else piece.members.to(device),
                layers=tuple(layer.to(device) for layer in piece.layers),
                constraints=piece.constraints.at(limbs, device),
            )
            for piece in self.pieces
        )
        return replace(
            self,
            cost=moved(self.cost),
            masks=tuple(None if mask is None else mask.to(device) for mask in self.masks),
            pieces=pieces,
            rhs=moved(self.rhs),
            free=moved(self.free),
            cost_free=self.cost_free.with_limbs(limbs).to(device),
        )

    def masked(self, X: Matrices) -> Matrices:
        """``X`` with zeros in the padding."""
        return tuple(x if mask is None else x * mask for x, mask in zip(X, self.masks, strict=True))

    def apply(self, X: Matrices) -> Vector:
        """Return ``A(X)``."""
        total = [MultiFloat.zeros(c.shape, self.limbs, self.device) for c in self.rhs]
        for piece in self.pieces:
            values = piece.constraints.apply(_taken(X[piece.cone], piece.members))
            for layer in piece.layers:
                _add_rows(total[piece.family], layer, _taken(values, layer.members))
        return tuple(total)

    def adjoint(self, x: Vector) -> Matrices:
        """Return ``A^T(x)``, zero in the padding."""
        total = [MultiFloat.zeros(C.shape, self.limbs, self.device) for C in self.cost]
        for piece in self.pieces:
            seen = [_rows(x[piece.family], layer) for layer in piece.layers]
            if len(piece.layers) == 1 and piece.layers[0].members is None:
                values = seen[0]
            else:
                count = sum(len(part) for part in seen)
                values = MultiFloat.zeros((count, seen[0].shape[-1]), self.limbs, self.device)
                for layer, part in zip(piece.layers, seen, strict=True):
                    values.parts[:, layer.members] = part.parts
            sums = piece.constraints.adjoint(values)
            if piece.members is None:
                total[piece.cone] = sums
            else:
                total[piece.cone].parts[:, piece.members] = sums.parts
        return tuple(total)

    def schur(self, left: Matrices, right: Matrices) -> Vector:
        """Return ``S_ij = tr(A_i Y A_j Z^-1)``, per family ``F x m x m``.

        Args:
            left: Lower factors of ``Y``.
            right: Inverses of the lower factors of ``Z``.
        """
        total = [
            MultiFloat.zeros((*c.shape, c.shape[-1]), self.limbs, self.device) for c in self.rhs
        ]
        for piece in self.pieces:
            values = piece.constraints.schur(
                _taken(left[piece.cone], piece.members), _taken(right[piece.cone], piece.members)
            )
            for layer in piece.layers:
                _add_square(total[piece.family], layer, _taken(values, layer.members))
        return tuple(total)

    def free_adjoint(self, x: Vector) -> MultiFloat:
        """Return ``B^T x``, ``k``."""
        total = MultiFloat.zeros(self.cost_free.shape, self.limbs, self.device)
        for B, part in zip(self.free, x, strict=True):
            total = total + (part.unsqueeze(-2) @ B).sum(0).sum(0)
        return total

    def free_apply(self, y: MultiFloat) -> Vector:
        """Return ``B y``."""
        if not len(y):
            return tuple(c * 0.0 for c in self.rhs)
        return tuple((B @ y.unsqueeze(-1))[..., 0] for B in self.free)


def _taken(values: MultiFloat, members: Tensor | None) -> MultiFloat:
    return values if members is None else values[members]


def _rows(x: MultiFloat, layer: Layer) -> MultiFloat:
    part = _taken(x, layer.places)
    if layer.rows is None:
        return part
    return MultiFloat(part.parts.gather(-1, layer.rows.expand(part.limbs, *layer.rows.shape)))


def _add_rows(total: MultiFloat, layer: Layer, values: MultiFloat) -> None:
    if layer.rows is None:
        _add(total, (_every(layer.places),), values)
    else:
        places = _column(layer, total)
        _add(total, (places, layer.rows), values)


def _add_square(total: MultiFloat, layer: Layer, values: MultiFloat) -> None:
    if layer.rows is None:
        _add(total, (_every(layer.places),), values)
    else:
        places = _column(layer, total).unsqueeze(-1)
        _add(total, (places, layer.rows.unsqueeze(-1), layer.rows.unsqueeze(-2)), values)


def _every(places: Tensor | None) -> Tensor | slice:
    return slice(None) if places is None else places


def _column(layer: Layer, total: MultiFloat) -> Tensor:
    places = layer.places
    if places is None:
        places = torch.arange(len(total), device=total.device)
    return places.unsqueeze(-1)


def _add(total: MultiFloat, index: tuple[Tensor | slice, ...], values: MultiFloat) -> None:
    """Add in place to entries that the index names once each."""
    total.parts[(slice(None), *index)] = (total[index] + values).parts
