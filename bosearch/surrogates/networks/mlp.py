"""Many perceptrons of one shape as one batched tensor, on whitened weights.

All ``P`` weights of a network are one vector ``z``, standard normal under the prior. Layer
``l`` of fan-in ``h`` has weights ``weight_std / sqrt(h) * z`` and biases ``bias_std * z``, so
that the spread of a function does not depend on its widths (Neal 1996, *Bayesian Learning
for Neural Networks*, chapter 2). ``S`` networks are ``S x P``; inputs in [0, 1] are centred to
[-1, 1]; the one output is linear. Everything follows the dtype of ``z``.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import final

import torch
from torch import Generator, Tensor

from bosearch.errors import SurrogateError

ACTIVATIONS = ("tanh", "relu", "gelu")


@final
@dataclass(frozen=True, kw_only=True)
class BatchedMLP:
    """The shape of a network, and the scales of its prior.

    Args:
        widths: Of the hidden layers; none makes a linear model.
        activation: One of ``ACTIVATIONS``.
        weight_std: Prior standard deviation of a weight, times the root of its fan-in.
        bias_std: Prior standard deviation of a bias.
    """

    widths: tuple[int, ...]
    activation: str = "tanh"
    weight_std: float = 1.5
    bias_std: float = 1.0

    def __post_init__(self) -> None:
        if self.activation not in ACTIVATIONS:
            raise SurrogateError(
                f"activation must be one of {', '.join(ACTIVATIONS)}, got {self.activation!r}"
            )

    def sizes(self, p: int) -> list[tuple[int, int]]:
        """Inputs and outputs of each layer, for ``p`` coordinates."""
        ends = [p, *self.widths, 1]
        return list(pairwise(ends))

    def count(self, p: int) -> int:
        """Number of weights and biases, ``P``, for ``p`` coordinates."""
        return sum((inputs + 1) * outputs for inputs, outputs in self.sizes(p))

    def init(
        self, S: int, p: int, generator: Generator, dtype: torch.dtype = torch.float32
    ) -> Tensor:
        """``S x P`` draws from the prior."""
        z = torch.randn(S, self.count(p), generator=generator, dtype=torch.float64)
        return z.to(dtype)

    def is_weight(self, p: int) -> Tensor:
        """``P`` flags: whether a coordinate is a weight, not a bias."""
        parts = [
            torch.cat([torch.ones(h * k, dtype=torch.bool), torch.zeros(k, dtype=torch.bool)])
            for h, k in self.sizes(p)
        ]
        return torch.cat(parts)

    def layers(self, z: Tensor, p: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Per layer, weights ``S x inputs x outputs`` and biases ``S x 1 x outputs``."""
        start = 0
        for h, k in self.sizes(p):
            W = z[:, start : start + h * k].reshape(-1, h, k)
            b = z[:, start + h * k : start + (h + 1) * k].unsqueeze(1)
            yield W * (self.weight_std / math.sqrt(h)), b * self.bias_std
            start += (h + 1) * k

    def forward(self, z: Tensor, Z: Tensor) -> Tensor:
        """``S x b`` values of ``S x P`` networks at points.

        Args:
            z: ``S x P`` whitened weights.
            Z: ``b x p`` coordinates, or ``S x b x p`` of each network.
        """
        *_, values = self.preactivations(z, Z)
        return values.squeeze(-1)

    def hidden(self, z: Tensor, Z: Tensor) -> Tensor:
        """``S x b x h`` features that the last layer adds up; the centred inputs if linear."""
        *_, features = self.activations(z, Z)
        return features

    def preactivations(self, z: Tensor, Z: Tensor) -> list[Tensor]:
        """``S x b x outputs`` of each layer, before its nonlinearity; the last is the value."""
        a, found = self._centred(z, Z), []
        for W, b in self.layers(z, Z.shape[-1]):
            found.append(torch.baddbmm(b, a, W))
            a = self._activate(found[-1])
        return found

    def activations(self, z: Tensor, Z: Tensor) -> list[Tensor]:
        """``S x b x inputs`` of each layer."""
        hidden = self.preactivations(z, Z)[:-1]
        return [self._centred(z, Z), *(self._activate(u) for u in hidden)]

    def _centred(self, z: Tensor, Z: Tensor) -> Tensor:
        return (2.0 * Z.to(z.dtype) - 1.0).expand(len(z), *Z.shape[-2:])

    def _activate(self, u: Tensor) -> Tensor:
        if self.activation == "tanh":
            return u.tanh()
        if self.activation == "relu":
            return u.relu()
        return torch.nn.functional.gelu(u)

    def _slope(self, u: Tensor) -> Tensor:
        """Derivative of the nonlinearity."""
        if self.activation == "tanh":
            return 1.0 - u.tanh().square()
        if self.activation == "relu":
            return (u > 0.0).to(u.dtype)
        normal = torch.exp(-0.5 * u.square()) / math.sqrt(2.0 * math.pi)
        slope: Tensor = torch.special.ndtr(u) + u * normal
        return slope

    def factors(self, z: Tensor, Z: Tensor) -> list[tuple[Tensor, Tensor]]:
        """What the slopes of the values in the weights are made of, layer by layer.

        Returns:
            Per layer ``S x b x inputs`` inputs ``a`` and ``S x b x outputs`` slopes ``d`` of
            the value in the preactivations: the slope in weight ``i, j`` is ``a_i d_j``, in
            bias ``j`` it is ``d_j`` (both before whitening). They can be differentiated.
        """
        u = self.preactivations(z, Z)
        slope = torch.ones_like(u[-1])
        slopes = [slope]
        weights = [W for W, _ in self.layers(z, Z.shape[-1])]
        for W, before in zip(weights[:0:-1], u[-2::-1], strict=True):
            slope = slope @ W.mT * self._slope(before)
            slopes.append(slope)
        inputs = [self._centred(z, Z), *(self._activate(v) for v in u[:-1])]
        return list(zip(inputs, slopes[::-1], strict=True))

    def jacobian(self, z: Tensor, Z: Tensor) -> Tensor:
        """``S x b x P`` slopes of the values in the whitened weights."""
        parts = []
        for a, d in self.factors(z, Z):
            scale = self.weight_std / math.sqrt(a.shape[-1])
            outer = a.unsqueeze(-1) * d.unsqueeze(-2)  # S x b x inputs x outputs
            parts += [scale * outer.flatten(-2), self.bias_std * d]
        return torch.cat(parts, dim=-1)
