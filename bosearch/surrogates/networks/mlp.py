"""Many small networks as one batched tensor: values, features, slopes by weights.

The ``P`` weights of a network are a flat vector ``z``, whitened: all are standard normal
under the prior. A layer with ``k`` inputs and whitened matrix and vector ``(V, c)`` computes
``weight_std / sqrt(k) * h V + bias_std * c``, so that the variance of a value neither grows
nor shrinks with width, and wide networks are the infinite one with the same two numbers.
``S`` networks are ``S x P``; they run in the dtype of ``z``, to which points are cast.

Source: Neal (1996), *Bayesian Learning for Neural Networks*, section 2.1, for the scaling.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, final

import torch
from torch import Generator, Tensor

Activation = Literal["tanh", "relu", "gelu"]
ACTIVATIONS: tuple[str, ...] = ("tanh", "relu", "gelu")

Tangent = tuple[float, Tensor, Tensor]
"""Of a layer: its factor of whitened weights, ``S x b x k`` inputs, ``S x b x w`` slopes."""


@final
@dataclass(frozen=True, eq=False)
class Hidden:
    """What the hidden layers compute, kept for their slopes.

    Args:
        inputs: Of each hidden layer, then the features: ``S x n x width``.
        derivatives: Of each activation.
        matrices: Whitened, ``S x k x w``.
        factors: Of whitened weights, by layer.
        bias_std: Of a bias.
    """

    inputs: list[Tensor]
    derivatives: list[Tensor]
    matrices: list[Tensor]
    factors: list[float]
    bias_std: float

    @property
    def features(self) -> Tensor:
        """``S x n x w`` outputs of the last hidden layer."""
        return self.inputs[-1]

    def back(self, by_features: Tensor) -> Tensor:
        """``S x Q`` slopes by hidden weights, of what has ``S x n x w`` slopes by features."""
        parts, by_output = [by_features.new_zeros(len(by_features), 0)], by_features
        for i in reversed(range(len(self.matrices))):
            by_sum = by_output * self.derivatives[i]
            by_matrix = self.factors[i] * torch.bmm(self.inputs[i].mT, by_sum)
            parts += [self.bias_std * by_sum.sum(-2), by_matrix.flatten(1)]
            if i:
                by_output = self.factors[i] * torch.bmm(by_sum, self.matrices[i].mT)
        return torch.cat(parts[::-1], dim=-1)


@final
@dataclass(frozen=True)
class BatchedMLP:
    """A fully connected network with one output; no widths make it linear.

    Args:
        widths: Of the hidden layers.
        activation: Of the hidden layers; ``gelu`` is the exact one, by the error function.
        weight_std: Prior standard deviation of a weight, times the root of its fan-in.
        bias_std: Of a bias.
    """

    widths: tuple[int, ...] = (64, 64)
    activation: Activation = "tanh"
    weight_std: float = 1.5
    bias_std: float = 1.0

    def count(self, p: int) -> int:
        """Number of weights and biases, ``P``, for ``p`` coordinates."""
        return sum((k + 1) * w for k, w in self._shapes(p))

    def is_weight(self, p: int) -> Tensor:
        """``P`` flags: true for weights, false for biases."""
        parts = [torch.arange((k + 1) * w) < k * w for k, w in self._shapes(p)]
        return torch.cat(parts)

    def stds(self, p: int) -> Tensor:
        """``P`` prior standard deviations of the weights and biases, before whitening."""
        parts = [
            torch.full(((k + 1) * w,), self.bias_std, dtype=torch.float64).index_fill_(
                0, torch.arange(k * w), self._factor(k)
            )
            for k, w in self._shapes(p)
        ]
        return torch.cat(parts)

    def init(
        self, count: int, p: int, generator: Generator, dtype: torch.dtype = torch.float64
    ) -> Tensor:
        """``count x P`` draws from the prior; the same up to rounding in every ``dtype``."""
        shape = (count, self.count(p))
        return torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)

    def forward(self, z: Tensor, Z: Tensor) -> Tensor:
        """``S x b`` values of ``S x P`` networks at ``b x p`` points, or at ``S x b x p``."""
        *_, last = self._layers(z, Z.shape[-1])
        return self._apply(last, self.features(z, Z)).squeeze(-1)

    def features(self, z: Tensor, Z: Tensor) -> Tensor:
        """``S x b x w`` outputs of the last hidden layer; centred coordinates if there is none."""
        *hidden, _ = self._layers(z, Z.shape[-1])
        h = self._centred(z, Z)
        for layer in hidden:
            h = self._activate(self._apply(layer, h))
        return h

    def hidden(self, z: Tensor, Z: Tensor) -> Hidden:
        """The hidden layers at ``n x p`` points; ``z`` needs no weights of the last layer."""
        p, start = Z.shape[-1], 0
        h = self._centred(z, Z)
        inputs, derivatives, matrices, factors = [h], [], [], []
        for k, w in list(self._shapes(p))[:-1]:
            middle, stop = start + k * w, start + (k + 1) * w
            matrix = z[:, start:middle].reshape(-1, k, w)
            a = self._apply((matrix, z[:, None, middle:stop]), h)
            start, h = stop, self._activate(a)
            inputs.append(h)
            derivatives.append(self._derivative(a, h))
            matrices.append(matrix)
            factors.append(self._factor(k))
        return Hidden(inputs, derivatives, matrices, factors, self.bias_std)

    def value_and_back(self, z: Tensor, Z: Tensor) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
        """``S x b`` values, and from slopes by them to ``S x P`` slopes by weights.

        Written out: automatic differentiation takes longer.
        """
        hidden = self.hidden(z, Z)
        *_, (matrix, vector) = self._layers(z, Z.shape[-1])
        features, factor = hidden.features, self._factor(matrix.shape[-2])

        def back(by_value: Tensor) -> Tensor:
            column = by_value.unsqueeze(-1)
            by_matrix = factor * torch.bmm(features.mT, column).flatten(1)
            by_bias = self.bias_std * by_value.sum(-1, keepdim=True)
            by_hidden = hidden.back(factor * column * matrix.mT)
            return torch.cat([by_hidden, by_matrix, by_bias], dim=-1)

        return self._apply((matrix, vector), features).squeeze(-1), back

    def tangents(self, z: Tensor, Z: Tensor) -> list[Tangent]:
        """What derivatives of the values by all weights are made of, layer by layer.

        The derivative of the value at point ``i`` by the whitened weight from input ``j`` to
        output ``k`` of a layer is ``factor * inputs[i, j] * slopes[i, k]``; by the whitened
        bias, ``bias_std * slopes[i, k]``. Can be differentiated by ``Z``.
        """
        layers = list(self._layers(z, Z.shape[-1]))
        h = self._centred(z, Z)
        inputs, derivatives = [h], []
        for layer in layers[:-1]:
            a = self._apply(layer, h)
            h = self._activate(a)
            inputs.append(h)
            derivatives.append(self._derivative(a, h))
        slopes = torch.ones_like(h[..., :1])
        found: list[Tangent] = []
        for i in reversed(range(len(layers))):
            matrix = layers[i][0]
            factor = self._factor(matrix.shape[-2])
            found.append((factor, inputs[i], slopes))
            if i:
                slopes = factor * (slopes @ matrix.mT) * derivatives[i - 1]
        return found[::-1]

    def jacobian(self, z: Tensor, Z: Tensor) -> Tensor:
        """``S x b x P`` derivatives of the values by the whitened weights of each network."""
        parts = []
        for factor, inputs, slopes in self.tangents(z, Z):
            outer = factor * inputs.unsqueeze(-1) * slopes.unsqueeze(-2)  # S x b x k x w
            parts += [outer.flatten(-2), self.bias_std * slopes]
        return torch.cat(parts, dim=-1)

    def along(self, z: Tensor, directions: Tensor, Z: Tensor) -> Tensor:
        """``S x b`` products of the Jacobian at ``1 x P`` weights with ``S x P`` directions."""
        S, parts = len(directions), []
        layers = self._layers(directions, Z.shape[-1])
        for layer, (_, inputs, slopes) in zip(layers, self.tangents(z, Z), strict=True):
            moved = self._apply(layer, inputs.expand(S, -1, -1))
            parts.append((moved * slopes).sum(-1))
        return torch.stack(parts).sum(0)

    def tangent_kernel(self, left: list[Tangent], right: list[Tangent]) -> Tensor:
        """``S x b x c``: the product of two Jacobians over weights, without forming either.

        Source: Jacot, Gabriel and Hongler (2018), "Neural tangent kernel", for the sum over
        layers of products of inputs' and slopes' inner products; here at finite width.
        """
        return torch.stack(
            [
                (factor**2 * (h @ g.mT) + self.bias_std**2) * (s @ t.mT)
                for (factor, h, s), (_, g, t) in zip(left, right, strict=True)
            ]
        ).sum(0)

    def _shapes(self, p: int) -> Iterator[tuple[int, int]]:
        """Inputs and outputs of each layer."""
        yield from zip((p, *self.widths), (*self.widths, 1), strict=True)

    def _layers(self, z: Tensor, p: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Whitened matrices ``S x k x w`` and vectors ``S x 1 x w``."""
        start = 0
        for k, w in self._shapes(p):
            middle, stop = start + k * w, start + (k + 1) * w
            yield z[:, start:middle].reshape(-1, k, w), z[:, None, middle:stop]
            start = stop

    def _factor(self, fan_in: int) -> float:
        return self.weight_std / math.sqrt(fan_in)

    def _centred(self, z: Tensor, Z: Tensor) -> Tensor:
        """``S x b x p`` coordinates in [-1, 1]."""
        h = 2.0 * Z.to(z.dtype) - 1.0
        return h if h.ndim == 3 else h.expand(len(z), *h.shape)

    def _apply(self, layer: tuple[Tensor, Tensor], h: Tensor) -> Tensor:
        matrix, vector = layer
        factor = self._factor(matrix.shape[-2])
        return torch.baddbmm(vector, h, matrix, beta=self.bias_std, alpha=factor)

    def _activate(self, a: Tensor) -> Tensor:
        if self.activation == "tanh":
            return a.tanh()
        return a.relu() if self.activation == "relu" else torch.nn.functional.gelu(a)

    def _derivative(self, a: Tensor, h: Tensor) -> Tensor:
        """Of the activation at ``a``, where its value is ``h``."""
        if self.activation == "tanh":
            return 1.0 - h.square()
        if self.activation == "relu":
            return (a > 0.0).to(a.dtype)
        slope: Tensor = torch.ops.aten.gelu_backward(torch.ones_like(a), a)  # in one pass
        return slope
