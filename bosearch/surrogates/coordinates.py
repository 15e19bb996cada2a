"""The embedding of encoded points, in torch: differentiable, and part of a model's state."""

from typing import Any, cast, final

import torch
from torch import Tensor, nn

from bosearch.surrogates.embedding import Embedding


@final
class Coordinates(nn.Module):
    """Maps ``batch x d`` encoded points to ``batch x p`` coordinates.

    Agrees with ``Embedding``; categorical codes have no gradient.
    """

    def __init__(self, embedding: Embedding) -> None:
        super().__init__()
        self.embedding = embedding
        for i, table in enumerate(embedding.tables):
            if table is not None:
                self.register_buffer(f"table_{i}", torch.tensor(table, dtype=torch.float64))

    @property
    def count(self) -> int:
        """Number of coordinates, ``p``."""
        return len(self.embedding.scales)

    def forward(self, X: Tensor) -> Tensor:
        """Embed ``batch x d`` points."""
        tables = self.embedding.tables
        if all(table is None for table in tables):
            return X
        columns = []
        for i, table in enumerate(tables):
            if table is None:
                columns.append(X[..., i : i + 1])
            else:
                codes = X[..., i].detach().round().long()
                columns.append(getattr(self, f"table_{i}")[codes].to(X.dtype))
        return torch.cat(columns, dim=-1)

    def __call__(self, X: Tensor) -> Tensor:
        """As ``forward``, typed."""
        return cast("Tensor", cast("Any", super()).__call__(X))
