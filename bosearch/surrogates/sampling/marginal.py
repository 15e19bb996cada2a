"""The posterior over the hidden weights of a network, with its last layer integrated out.

Given the features ``F`` that the hidden layers compute, scaled so that the last layer's
weights ``v`` are standard normal, ``y = F v + noise`` is linear regression. With the
variances ``V`` of the noise, ``C = F F' + V`` and ``a = C^-1 y``,

    log p(y) = -(y' a + log det C) / 2,
    slopes: by features a (F' a)' - C^-1 F, by variances (a^2 - diag C^-1) / 2,

and ``v + F' C^-1 (y - F v - noise)`` with ``v`` and noise from the prior is a draw given the
observations. What is left to be sampled is less stiff: a hidden layer can move, and the last
one follows.

Source: Rasmussen and Williams (2006), *Gaussian Processes for Machine Learning*, eqs. 2.30,
5.9 and A.9; Matheron's rule as in Wilson et al. (2020), "Efficiently sampling functions
from Gaussian process posteriors", eq. 9.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import final

import torch
from torch import Generator, Tensor

from bosearch.surrogates.networks.mlp import Hidden
from bosearch.surrogates.sampling.density import Draws
from bosearch.surrogates.sampling.target import Target

PACE = 0.3  # of the scale: its posterior is narrow, since it moves all weights at once


@final
@dataclass(frozen=True, eq=False)
class Marginal:
    """A log density of ``chains x (Q + 2)`` states: hidden weights, noise, scale.

    The last coordinate is the target's over ``PACE``, so that one step size suits all.

    Args:
        target: The posterior over all weights.
    """

    target: Target

    @property
    def dtype(self) -> torch.dtype:
        """Of states."""
        return self.target.dtype

    @property
    def size(self) -> int:
        """Coordinates of a state."""
        return self.target.size - self._features - 1

    @property
    def _features(self) -> int:
        return (self.target.network.widths or self.target.Z.shape[-1:])[-1]

    def __call__(self, state: Tensor) -> tuple[Tensor, Tensor]:
        """``chains`` log densities, up to the prior's constant, and their slopes.

        Not finite where ``C`` cannot be factored.
        """
        target, growth = self.target, self._growth(state)
        hidden, stretch = self._hidden(state, growth)
        features, factor = self._head(hidden.features, growth)
        excess = target.noise.excess(state[:, -2:-1].double())
        found = _regression(features, target.var(excess), target.y.double())
        by_features = found.by_features
        by_weights = (by_features * features)[..., :-1].sum((-1, -2)).unsqueeze(-1)
        by_var = target.inferred * found.by_var
        by_noise = by_var.sum(-1, keepdim=True) * excess * target.noise.spread
        slopes = hidden.back(by_features[..., :-1] * factor)  # chains x Q
        z = state[:, :-2]
        along = (slopes * z * self._scaled).sum(-1, keepdim=True) * growth
        by_scale = (along + by_weights) * (PACE * target.scale_spread)
        pull = torch.cat([z, state[:, -2:-1], PACE**2 * state[:, -1:]], dim=-1)
        by_rest = [by_noise.to(state), by_scale.to(state)]
        slope = torch.cat([slopes * stretch, *by_rest], dim=-1) - pull
        prior = -0.5 * (state * pull).sum(-1, dtype=torch.float64)
        return found.value + prior, slope

    def slope(self, state: Tensor) -> Tensor:
        """Slopes alone."""
        return self(state)[1]

    def completed(self, state: Tensor, generator: Generator) -> Tensor:
        """``chains x (P + 2)`` states of ``target``: with a last layer drawn for each.

        Raises:
            ArithmeticError: A last layer cannot be drawn.
        """
        target, growth = self.target, self._growth(state)
        hidden, _ = self._hidden(state, growth)
        features, _ = self._head(hidden.features, growth)
        var, y = target.var(target.noise.excess(state[:, -2:-1].double())), target.y.double()
        solved = _regression(features, var, y).solved.double()
        prior = torch.randn(features.shape[::2], generator=generator, dtype=torch.float64)
        noise = var.sqrt() * torch.randn(var.shape, generator=generator, dtype=torch.float64)
        values = torch.bmm(features.double(), prior.unsqueeze(-1)).squeeze(-1)
        away = (y - values - noise).unsqueeze(-1)
        drawn = prior + torch.bmm(solved.mT, away).squeeze(-1)
        if not bool(torch.isfinite(drawn).all()):
            raise ArithmeticError("the last layer of a network cannot be drawn")
        parts = [state[:, :-2], drawn.to(state), state[:, -2:-1], PACE * state[:, -1:]]
        return torch.cat(parts, dim=-1)

    def drawn(self, draws: Draws, generator: Generator) -> Draws:
        """Draws of this posterior as draws of ``target``; see ``completed``."""
        states = torch.stack([self.completed(state, generator) for state in draws.states])
        return replace(draws, states=states)

    def _growth(self, state: Tensor) -> Tensor:
        """``chains x 1`` factors of all weights."""
        return (self.target.scale_spread * PACE * state[:, -1:]).exp()

    @cached_property
    def _unit(self) -> Tensor:
        return self.target.unit[: self.size - 2]

    @cached_property
    def _scaled(self) -> Tensor:
        return self.target.scaled[: self.size - 2] * self._unit

    def _hidden(self, state: Tensor, growth: Tensor) -> tuple[Hidden, Tensor]:
        """The hidden layers, and the ``chains x Q`` factors of the state that are their weights."""
        stretch = self._unit + (growth - 1.0) * self._scaled
        return self.target.network.hidden(state[:, :-2] * stretch, self.target.Z), stretch

    def _head(self, h: Tensor, growth: Tensor) -> tuple[Tensor, Tensor]:
        """``chains x n x (w + 1)`` features, the last constant; their factor of the hidden."""
        network = self.target.network
        unit = network.weight_std * h.shape[-1] ** -0.5 * float(self.target.unit[self.size - 2])
        factor = unit * growth.unsqueeze(-1)
        biases = h.new_full((*h.shape[:2], 1), network.bias_std)
        return torch.cat([h * factor, biases], dim=-1), factor


@final
@dataclass(frozen=True, eq=False)
class _Regression:
    """On features with standard normal weights; in their dtype where not float64.

    Args:
        value: ``chains`` log densities of the values, up to a constant; float64.
        weights: ``chains x (w + 1)`` means of the weights, ``F' a``.
        dual: ``chains x n``, ``a``; float64.
        solved: ``chains x n x (w + 1)``, ``C^-1 F``.
        diagonal: ``chains x n``, of ``C^-1``; float64.
    """

    value: Tensor
    weights: Tensor
    dual: Tensor
    solved: Tensor
    diagonal: Tensor

    @property
    def by_features(self) -> Tensor:
        """``chains x n x (w + 1)`` slopes of the density."""
        dual = self.dual.to(self.weights).unsqueeze(-1)
        return torch.baddbmm(self.solved, dual, self.weights.unsqueeze(-2), beta=-1.0)

    @property
    def by_var(self) -> Tensor:
        """``chains x n`` slopes of the density by variances of the noise."""
        return 0.5 * (self.dual.square() - self.diagonal)


def _regression(features: Tensor, var: Tensor, y: Tensor) -> _Regression:
    """Of ``n`` values with noise of ``chains x n`` variances.

    Factors ``C`` or, where observations outnumber features, ``A = I + F' V^-1 F``:
    ``C^-1 F = V^-1 F A^-1``.
    """
    F = features.double()
    if F.shape[-2] <= F.shape[-1]:
        C = torch.bmm(F, F.mT)
        C.diagonal(dim1=-2, dim2=-1).add_(var)
        factor = _cholesky(C)
        inverse = torch.cholesky_inverse(factor)
        dual = (inverse @ y.unsqueeze(-1)).squeeze(-1)
        solved = torch.bmm(inverse.to(features), features)
        diagonal = inverse.diagonal(dim1=-2, dim2=-1)
        half_log_det = factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)
    else:
        weighed = F / var.unsqueeze(-1)
        A = torch.bmm(F.mT, weighed)
        A.diagonal(dim1=-2, dim2=-1).add_(1.0)
        factor = _cholesky(A)
        inverse = torch.cholesky_inverse(factor)
        mean = inverse @ (weighed.mT @ y.unsqueeze(-1))
        dual = (y - torch.bmm(F, mean).squeeze(-1)) / var
        solved = torch.bmm(weighed.to(features), inverse.to(features))
        diagonal = (1.0 - (solved * features).sum(-1)) / var
        half_log_det = factor.diagonal(dim1=-2, dim2=-1).log().sum(-1) + 0.5 * var.log().sum(-1)
    value = -0.5 * (y * dual).sum(-1) - half_log_det
    weights = torch.bmm(features.mT, dual.to(features).unsqueeze(-1)).squeeze(-1)
    return _Regression(value, weights, dual, solved, diagonal)


def _cholesky(matrix: Tensor) -> Tensor:
    """Lower factors; not finite where there is none."""
    factor, failed = torch.linalg.cholesky_ex(matrix)
    return torch.where((failed > 0)[:, None, None], torch.nan, factor)
