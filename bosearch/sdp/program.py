r"""Prepared programs of one shape: operators on batched blocks, at one number of limbs.

``N`` programs are solved side by side; one alone is a batch of one. Within each, blocks
of nearly one size form a *cone*, a batch of matrices padded by the identity. Rows that
share a psd block form a *cluster*; equal clusters are batched too, and the Schur
complement is block diagonal over clusters. A *piece* is a batch of blocks whose
constraints look alike.

Everything is minimized; ``cost``, ``rhs`` and ``free`` are preconditioned.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import final

import torch
from torch import Tensor

from bosearch.sdp.constraints import Constraints, StackedConstraints
from bosearch.sdp.multifloat import MultiFloat, cat, gram

Matrices = tuple[MultiFloat, ...]  # one batch per cone
Vector = tuple[MultiFloat, ...]  # one batch per family of clusters
Index = Tensor | slice  # a slice of consecutive positions is a view

EVERY = slice(None)


@final
@dataclass(frozen=True, eq=False)
class Layer:
    """Members of a piece that lie in distinct clusters, so that they can be added at once.

    Args:
        members: ``l`` positions in the piece.
        places: ``l`` clusters.
        rows: ``l x m_b`` rows of the cluster, or one slice for all members.
        target: Equal for layers that add to the same rows of the same family.
    """

    members: Index
    places: Index
    rows: Index
    target: str

    def to(self, device: torch.device | str | None) -> "Layer":
        """The same layer on another device."""
        return Layer(
            _moved(self.members, device),
            _moved(self.places, device),
            _moved(self.rows, device),
            self.target,
        )

    def index(self, times: int) -> tuple[Index, ...]:
        """Where its rows lie in vectors (1) or squares (2) ``N x F x m [x m]``."""
        places, rows = self.places, self.rows
        if isinstance(rows, slice):
            return (EVERY, places, *[rows] * times)
        if isinstance(places, slice):
            places = torch.arange(len(rows), device=rows.device)
        if times == 1:
            return EVERY, places[:, None], rows
        return EVERY, places[:, None, None], rows[:, :, None], rows[:, None, :]


@final
@dataclass(frozen=True, eq=False)
class Piece:
    """Alike blocks of one cone whose rows lie in one family of clusters.

    Args:
        cone: Position of the cone.
        members: ``g`` blocks of the cone.
        family: Position of the family of clusters.
        layers: Where the rows go.
        constraints: Their matrices.
    """

    cone: int
    members: Index
    family: int
    layers: tuple[Layer, ...]
    constraints: Constraints


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
    def layout(self) -> Hashable:
        """Equal for programs that can be joined to one batch."""
        pieces = [
            (
                piece.cone,
                str(piece.members),
                piece.family,
                piece.constraints.layout,
                *(f"{layer.members} {layer.target}" for layer in piece.layers),
            )
            for piece in self.pieces
        ]
        masks = [None if mask is None else tuple(mask.flatten().tolist()) for mask in self.masks]
        shapes = [tuple(X.shape[1:]) for X in (*self.cost, *self.free, self.cost_free)]
        return tuple(pieces), tuple(masks), tuple(shapes), self.augmented

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

        pieces = tuple(
            replace(
                piece,
                members=_moved(piece.members, device),
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

    def taken(self, which: Tensor) -> "Program":
        """Some of the programs, by position."""
        return replace(
            self,
            cost=tuple(C[which] for C in self.cost),
            pieces=tuple(
                replace(piece, constraints=piece.constraints.taken(which)) for piece in self.pieces
            ),
            rhs=tuple(c[which] for c in self.rhs),
            free=tuple(B[which] for B in self.free),
            cost_free=self.cost_free[which],
        )

    @staticmethod
    def joined(programs: Sequence["Program"]) -> "Program":
        """All programs of several batches of one layout."""
        first = programs[0]
        if len(programs) == 1:
            return first
        pieces = [
            replace(
                alike[0], constraints=alike[0].constraints.joined([p.constraints for p in alike])
            )
            for alike in zip(*(program.pieces for program in programs), strict=True)
        ]
        return replace(
            first,
            cost=tuple(map(cat, zip(*(program.cost for program in programs), strict=True))),
            pieces=tuple(pieces),
            rhs=tuple(map(cat, zip(*(program.rhs for program in programs), strict=True))),
            free=tuple(map(cat, zip(*(program.free for program in programs), strict=True))),
            cost_free=cat([program.cost_free for program in programs]),
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
            seen = [_rows(x[piece.family], layer) for layer in piece.layers]
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


def _moved(index: Index, device: torch.device | str | None) -> Index:
    return index if isinstance(index, slice) else index.to(device)


def _rows(x: MultiFloat, layer: Layer) -> MultiFloat:
    part = x[:, layer.places]
    if isinstance(layer.rows, slice):
        return part[..., layer.rows]
    rows = layer.rows.expand(part.limbs, len(part), *layer.rows.shape)
    return MultiFloat(part.parts.gather(-1, rows))


def _add(total: MultiFloat, index: tuple[Index, ...], values: MultiFloat) -> None:
    """Add in place to entries that the index names once each."""
    total.parts[(EVERY, *index)] = (total[index] + values).parts
