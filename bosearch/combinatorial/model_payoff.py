"""Payoffs from any BoTorch model or acquisition function, by asking it for every action.

Slower than tables, but nothing is assumed of the model: embeddings of whole sequences,
deep models, acquisition functions by Monte Carlo, whose joint payoffs average over
posterior draws at pending points. A point is given to the model once: values are kept
by key, as long as the payoff lives.
"""

from collections.abc import Callable
from copy import deepcopy
from typing import Any, Self, final

import numpy as np
import torch
from torch import Tensor

from bosearch.combinatorial.payoff import Array
from bosearch.combinatorial.space import Codes, Sites, deviations

_AT_ONCE = 4_096  # points in one call of the model

Scorer = Callable[[Tensor], Tensor]
"""Maps ``b x 1 x d`` points to ``b`` values, as BoTorch's acquisition functions do."""


@final
class ModelPayoff:
    """What ``score`` says of points, as a payoff.

    Args:
        score: From ``b x 1 x d`` points to ``b`` values.
        sites: Where the points live.
        encode: From ``S x L`` codes to ``S x d`` points of the model; the codes by default.
    """

    def __init__(
        self,
        score: Scorer,
        sites: Sites,
        encode: Callable[[Codes], Tensor] | None = None,
    ) -> None:
        self.counts = sites.counts
        self.evaluations = 0
        self._score, self._sites = score, sites
        self._encode = encode if encode is not None else torch_rows
        self._values: dict[Any, float] = {}

    def values(self, X: Codes) -> Array:
        """Payoffs of ``S x L`` points; ``S``. New points are counted, and valued together."""
        keys = self._sites.keys(X).tolist()
        first = {key: row for row, key in enumerate(keys) if key not in self._values}
        rows = np.array(list(first.values()), dtype=np.intp)
        self.evaluations += len(rows)
        with torch.no_grad():
            for start in range(0, len(rows), _AT_ONCE):
                part = rows[start : start + _AT_ONCE]
                scores = self._score(self._encode(X[part]).unsqueeze(-2))  # b
                found = scores.double().cpu().tolist()
                self._values.update(zip((keys[row] for row in part), found, strict=True))
        return np.array([self._values[key] for key in keys])

    def bounds(self, X: Codes) -> Array:
        """The values themselves: nothing cheaper is known."""
        return self.values(X)

    def player(self, X: Codes, i: int, *, above: Array | None = None) -> Array:
        """Payoffs of all actions of player ``i``; ``S x counts[i]``."""
        del above  # a model says nothing cheaper than its value
        return self.values(deviations(X, i, self.counts[i])).reshape(len(X), -1)

    def players(self, X: Codes) -> list[Array]:
        """``player`` for each player."""
        return [self.player(X, i) for i in range(len(self.counts))]

    def conditioned(self, x: Codes) -> Self:
        """The payoff once ``x`` is pending or measured as predicted, where the score knows how.

        A score without a method ``conditioned`` stays as it is; known points are then
        all that keeps a batch apart.
        """
        score = self._score
        if isinstance(score, UpperBound):
            score = score.conditioned(self._encode(x[None]))
        elif hasattr(score, "set_X_pending"):  # BoTorch's acquisition functions by Monte Carlo
            score = _with_pending(score, self._encode(x[None]))
        return type(self)(score, self._sites, self._encode)


@final
class UpperBound:
    """``mean + beta * std`` of any BoTorch model of one output, in the units of its outcome.

    Points in ``fantasies`` count as measured as predicted: the variance is that of the
    joint posterior given them.

    Args:
        model: A BoTorch ``Model``.
        beta: Multiplies the standard deviation.
        noise_var: Variance of the noise of a fantasy.
        fantasies: ``m x d`` points.
    """

    def __init__(
        self, model: Any, *, beta: float, noise_var: float = 0.0, fantasies: Tensor | None = None
    ) -> None:
        self.model, self.beta, self.noise_var = model, beta, noise_var
        self.fantasies = fantasies

    def __call__(self, X: Tensor) -> Tensor:
        """``b`` upper bounds at ``b x 1 x d`` points."""
        if self.fantasies is None:
            posterior = self.model.posterior(X)
            return self._bound(posterior.mean[:, 0, 0], posterior.variance[:, 0, 0])
        given = self.fantasies.expand(len(X), *self.fantasies.shape)
        posterior = self.model.posterior(torch.cat([X, given], dim=-2))
        cov = posterior.distribution.covariance_matrix  # b x (1 + m) x (1 + m)
        eye = torch.eye(given.shape[-2], dtype=cov.dtype, device=cov.device)
        factor = torch.linalg.cholesky(cov[:, 1:, 1:] + max(self.noise_var, 1e-10) * eye)
        half = torch.linalg.solve_triangular(factor, cov[:, 1:, :1], upper=False)  # b x m x 1
        var = cov[:, 0, 0] - half.square().sum((-2, -1))
        return self._bound(posterior.mean[:, 0, 0], var)

    def _bound(self, mean: Tensor, var: Tensor) -> Tensor:
        return mean + self.beta * var.clamp_min(0.0).sqrt()

    def conditioned(self, x: Tensor) -> "UpperBound":
        """With one more fantasy, ``1 x d``."""
        there = x if self.fantasies is None else torch.cat([self.fantasies, x])
        return UpperBound(self.model, beta=self.beta, noise_var=self.noise_var, fantasies=there)


def _with_pending(acquisition: Any, x: Tensor) -> Any:
    acquisition = deepcopy(acquisition)
    pending = acquisition.X_pending
    acquisition.set_X_pending(x if pending is None else torch.cat([pending, x]))
    return acquisition


def torch_rows(X: Codes | Array) -> Tensor:
    """``S x d`` numbers as a tensor in double precision."""
    return torch.as_tensor(X, dtype=torch.float64)
