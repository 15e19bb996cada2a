"""Where constraints add to a program: pieces of alike blocks, in layers that do not collide."""

from dataclasses import dataclass, replace
from typing import final

import torch
from torch import Tensor

from bosearch.sdp.constraints import Constraints
from bosearch.sdp.multifloat import MultiFloat

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
            at = torch.arange(len(rows), device=rows.device)
            places = (places.start or 0) + (places.step or 1) * at
        if times == 1:
            return EVERY, places[:, None], rows
        return EVERY, places[:, None, None], rows[:, :, None], rows[:, None, :]

    def seen(self, x: MultiFloat) -> MultiFloat:
        """Its rows, ``N x l x m_b``, of vectors ``N x F x m``."""
        part = x[:, self.places]
        if isinstance(self.rows, slice):
            return part[..., self.rows]
        rows = self.rows.expand(part.limbs, len(part), *self.rows.shape)
        return MultiFloat(part.parts.gather(-1, rows))


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

    def at(self, limbs: int, device: torch.device | str | None) -> "Piece":
        """The same piece, rounded and moved."""
        return replace(
            self,
            members=_moved(self.members, device),
            layers=tuple(layer.to(device) for layer in self.layers),
            constraints=self.constraints.at(limbs, device),
        )

    def taken(self, which: Index) -> "Piece":
        """That of some of the programs, by position."""
        return replace(self, constraints=self.constraints.taken(which))


def _moved(index: Index, device: torch.device | str | None) -> Index:
    return index if isinstance(index, slice) else index.to(device)
