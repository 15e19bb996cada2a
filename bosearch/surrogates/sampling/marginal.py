"""The posterior over the hidden weights of a network, with its last layer integrated out.

Given the features ``F`` that the hidden layers compute, scaled so that the last layer's
weights ``v`` are standard normal, ``y = F v + noise`` is linear regression. With the
precisions ``W`` of the noise, ``A = I + F' W F`` and ``m = A^-1 F' W y``,

    log p(y) = -(r' W r + m' m + log det A - log det W) / 2,   r = y - F m,

and ``v ~ N(m, A^-1)`` given the observations. Slopes are expectations over ``v`` of the slopes
with ``v`` known. What is left to be sampled is less stiff: a hidden layer can move, and the last
one follows.

Source: Bishop (2006), *Pattern Recognition and Machine Learning*, eqs. 3.49 to 3.51 and 3.86;
Dempster, Laird and Rubin (1977), eq. 3.15, for slopes as expectations.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import final

import torch
from torch import Generator, Tensor

from bosearch.surrogates.networks.mlp import Hidden
from bosearch.surrogates.sampling.density import Draws
from bosearch.surrogates.sampling.target import Target


@final
@dataclass(frozen=True, eq=False)
class Marginal:
    """A log density of ``chains x (Q + 2)`` states: hidden weights, noise, scale.

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

        Not finite where ``A`` cannot be factored.
        """
        target, hidden = self.target, self._hidden(state)
        head = self._head(state, hidden.features)
        precision, residual = head.precision, head.residual
        fit = precision * residual.square() - precision.log()
        value = -0.5 * (fit.sum(-1) + head.mean.square().sum((-1, -2))) - head.half_log_det
        left = torch.cat([head.features, residual.unsqueeze(-1).to(state.dtype)], dim=-1)
        right = torch.cat([-torch.cholesky_inverse(head.factor), head.mean.mT], dim=-2)
        by_features = torch.bmm(left * precision.unsqueeze(-1).to(state.dtype), right.to(state))
        products = by_features * head.features
        by_weights = products[..., :-1].sum(-1)  # chains x n
        explained = (by_weights + products[..., -1]) / precision
        squares = residual.square() + residual * head.fitted - explained  # expected
        by_var = 0.5 * target.inferred * (squares * precision - 1.0) * precision
        by_noise = by_var.sum(-1, keepdim=True) * head.excess * target.noise.spread
        slopes = hidden.back(by_features[..., :-1] * head.stretch)  # chains x Q
        z, growth = state[:, :-2], self._growth(state)
        along = (slopes * z * self._scaled).sum(-1, keepdim=True) * growth
        by_scale = (along + by_weights.sum(-1, keepdim=True)) * target.scale_spread
        prior = -0.5 * state.square().sum(-1, dtype=torch.float64)
        by_hidden = slopes * (self._unit + (growth - 1.0) * self._scaled)
        slope = torch.cat([by_hidden, by_noise.to(state), by_scale.to(state)], dim=-1) - state
        return value + prior, slope

    def slope(self, state: Tensor) -> Tensor:
        """Slopes alone."""
        return self(state)[1]

    def completed(self, state: Tensor, generator: Generator) -> Tensor:
        """``chains x (P + 2)`` states of ``target``: with a last layer drawn for each.

        Raises:
            ArithmeticError: A last layer cannot be drawn.
        """
        head = self._head(state, self._hidden(state).features)
        normal = torch.randn(head.mean.shape, generator=generator, dtype=torch.float64)
        drawn = head.mean + torch.linalg.solve_triangular(head.factor.mT, normal, upper=True)
        if not bool(torch.isfinite(drawn).all()):
            raise ArithmeticError("the last layer of a network cannot be drawn")
        return torch.cat([state[:, :-2], drawn.squeeze(-1).to(state), state[:, -2:]], dim=-1)

    def drawn(self, draws: Draws, generator: Generator) -> Draws:
        """Draws of this posterior as draws of ``target``; see ``completed``."""
        states = torch.stack([self.completed(state, generator) for state in draws.states])
        return replace(draws, states=states)

    def _growth(self, state: Tensor) -> Tensor:
        """``chains x 1`` factors of all weights."""
        return (self.target.scale_spread * state[:, -1:]).exp()

    @cached_property
    def _unit(self) -> Tensor:
        return self.target.unit[: self.size - 2]

    @cached_property
    def _scaled(self) -> Tensor:
        return self.target.scaled[: self.size - 2] * self._unit

    def _hidden(self, state: Tensor) -> Hidden:
        stretch = self._unit + (self._growth(state) - 1.0) * self._scaled
        return self.target.network.hidden(state[:, :-2] * stretch, self.target.Z)

    def _head(self, state: Tensor, h: Tensor) -> "_Head":
        network, target = self.target.network, self.target
        factor = network.weight_std * h.shape[-1] ** -0.5 * float(target.unit[self.size - 2])
        stretch = factor * self._growth(state).unsqueeze(-1)  # chains x 1 x 1
        biases = h.new_full((*h.shape[:2], 1), network.bias_std)
        features = torch.cat([h * stretch, biases], dim=-1)
        excess = target.noise.excess(state[:, -2:-1].double())
        precision = 1.0 / target.var(excess)
        root = precision.sqrt()
        weighed = features.double() * root.unsqueeze(-1)
        y = target.y.double()
        A = torch.bmm(weighed.mT, weighed)
        A.diagonal(dim1=-2, dim2=-1).add_(1.0)
        lower, failed = torch.linalg.cholesky_ex(A)
        lower = torch.where((failed > 0)[:, None, None], torch.nan, lower)
        projected = torch.bmm(weighed.mT, (root * y).unsqueeze(-1))
        mean = torch.cholesky_solve(projected, lower)
        fitted = torch.bmm(weighed, mean).squeeze(-1) / root
        return _Head(features, stretch, precision, excess, lower, mean, fitted, y - fitted)


@final
@dataclass(frozen=True, eq=False)
class _Head:
    """The last layer given the hidden ones; float64 but for the features and their stretch.

    Args:
        features: ``chains x n x (w + 1)``, the last of them constant.
        stretch: ``chains x 1 x 1`` factors from outputs of the hidden layers to features.
        precision: ``chains x n``, of the noise.
        excess: ``chains x 1``, of the inferred noise above its floor.
        factor: ``chains x (w + 1) x (w + 1)`` lower factors of ``A``.
        mean: ``chains x (w + 1) x 1``.
        fitted: ``chains x n`` means of the values.
        residual: ``chains x n``.
    """

    features: Tensor
    stretch: Tensor
    precision: Tensor
    excess: Tensor
    factor: Tensor
    mean: Tensor
    fitted: Tensor
    residual: Tensor

    @property
    def half_log_det(self) -> Tensor:
        """Of ``A``, ``chains``."""
        return self.factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)
