r"""Infinitely wide networks with normal weights, which are Gaussian processes.

With variances :math:`s_w^2` of the weights (divided by the width) and :math:`s_b^2` of the
biases, the covariance of a layer follows from that of the layer before it:

    K_0 = s_b^2 + s_w^2 u . u' / p,    K_{l+1} = s_b^2 + s_w^2 E[phi(f) phi(f')].

Sources: Cho and Saul (2009), "Kernel methods for deep learning", eq. 6 (ReLU); Williams
(1997), "Computing with infinite networks", eq. 11 (erf); Lee et al. (2018), "Deep neural
networks as Gaussian processes", eq. 5.
"""

import itertools
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, Self, cast, final, get_args

import torch
from torch import Generator, Tensor

from bosearch.surrogates.embedding import Embedding
from bosearch.surrogates.gaussian.exact import fit
from bosearch.surrogates.gaussian.fitted import FittedProcess
from bosearch.surrogates.gaussian.kernels import Functions, Hyper, Kernel, normal
from bosearch.surrogates.gaussian.linear import NOISE
from bosearch.surrogates.gaussian.priors import LogNormal
from bosearch.surrogates.options import need_count, need_positive, need_word
from bosearch.surrogates.schedule import Data
from bosearch.surrogates.training import TrainingSet

Activation = Literal["relu", "erf"]
Learn = Literal["variances", "scale", "nothing"]

_WIDTH = 2048  # of the finite network whose last weights are drawn for each function


@final
@dataclass(frozen=True, kw_only=True)
class InfiniteKernel:
    """The kernel of a network; ``theta`` as ``fitted`` says.

    Args:
        activation: ``relu`` or ``erf``.
        depth: Hidden layers.
        weight_var: Variance of the weights, or the median of its prior.
        bias_var: Of the biases, likewise.
        fitted: ``variances``: log variances of weights and biases; ``scale``: one log factor
            of the kernel; ``nothing``.
        centred: Whether the cube is centred first; else its corner 0 is a special place.
    """

    activation: Activation
    depth: int
    weight_var: float
    bias_var: float
    fitted: Learn
    centred: bool

    @property
    def hypers(self) -> Sequence[Hyper]:
        """What is fitted."""
        if self.fitted == "nothing":
            return []
        if self.fitted == "scale":
            return [Hyper(-4.0, -12.0, 6.0, LogNormal(-4.0, 3.0))]
        weight, bias = math.log(self.weight_var), math.log(self.bias_var)
        return [
            Hyper(weight - 1.0, math.log(0.01), math.log(1e3), LogNormal(weight, 1.0)),
            Hyper(bias - 1.0, math.log(1e-4), math.log(1e3), LogNormal(bias, 1.0)),
        ]

    def __call__(self, theta: Tensor, A: Tensor, B: Tensor) -> Tensor:
        """Covariances of the network's outputs."""
        w, b, scale = self._variances(theta)
        U, V = self._inputs(A), self._inputs(B)
        p = U.shape[-1]
        K = b + w * (U @ V.mT) / p
        left = b + w * U.square().sum(-1) / p  # variances at A and B
        right = b + w * V.square().sum(-1) / p
        for _ in range(self.depth):
            K, left, right = self._layer(K, left, right, w, b)
        return scale * K

    def draw(self, theta: Tensor, p: int, count: int, generator: Generator) -> Functions:
        """Functions of one wide finite network, each with last weights of its own.

        Their covariance differs from the kernel by a few hundredths, as the inverse root
        of the width.
        """
        w, b, scale = self._variances(theta)
        sizes = [p, *[_WIDTH] * self.depth]
        layers = [
            (
                (w / fan_in).sqrt() * normal((fan_in, fan_out), theta, generator),
                b.sqrt() * normal((fan_out,), theta, generator),
            )
            for fan_in, fan_out in itertools.pairwise(sizes)
        ]
        last = (w / _WIDTH).sqrt() * normal((count, _WIDTH), theta, generator)
        bias = b.sqrt() * normal((count, 1), theta, generator)

        def values(Z: Tensor) -> Tensor:
            h = self._inputs(Z)
            for W, c in layers:
                h = h @ W + c
                h = h.clamp_min(0.0) if self.activation == "relu" else torch.erf(h)
            return scale.sqrt() * (last @ h.mT + bias)

        return values

    def scale(self, theta: Tensor) -> Tensor:
        """Factor of the kernel, 1 unless it is fitted."""
        return theta[0].exp() if self.fitted == "scale" else torch.ones((), dtype=theta.dtype)

    def _inputs(self, Z: Tensor) -> Tensor:
        return 2.0 * Z - 1.0 if self.centred else Z

    def _variances(self, theta: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Of the weights, of the biases, and the factor of the kernel."""
        one = torch.ones((), dtype=theta.dtype)
        if self.fitted == "variances":
            return theta[0].exp(), theta[1].exp(), one
        return self.weight_var * one, self.bias_var * one, self.scale(theta)

    def _layer(
        self, K: Tensor, left: Tensor, right: Tensor, w: Tensor, b: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Covariances and variances of the next layer."""
        if self.activation == "relu":
            size = left.sqrt().unsqueeze(-1) * right.sqrt().unsqueeze(-2)
            K = b + w / (2.0 * math.pi) * size * arc_cosine(K / size)
            return K, b + 0.5 * w * left, b + 0.5 * w * right
        size = ((1.0 + 2.0 * left).unsqueeze(-1) * (1.0 + 2.0 * right).unsqueeze(-2)).sqrt()
        share = 2.0 * w / math.pi
        return (
            b + share * (2.0 * K / size).arcsin(),
            b + share * (2.0 * left / (1.0 + 2.0 * left)).arcsin(),
            b + share * (2.0 * right / (1.0 + 2.0 * right)).arcsin(),
        )


class _ArcCosine(torch.autograd.Function):
    """``sin a + (pi - a) cos a`` of ``a = arccos c``, whose slope in ``c`` is ``pi - a``.

    Automatic differentiation would divide 0 by 0 where two points coincide.
    """

    @staticmethod
    def forward(ctx: Any, cosine: Tensor) -> Tensor:
        cosine = cosine.clamp(-1.0, 1.0)
        left = math.pi - cosine.arccos()
        ctx.save_for_backward(left)
        return ((1.0 - cosine) * (1.0 + cosine)).sqrt() + left * cosine

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        (left,) = ctx.saved_tensors
        return cast("Tensor", grads[0] * left)


def arc_cosine(cosine: Tensor) -> Tensor:
    """Cho and Saul's first-order angular function of a cosine, rounding errors included."""
    return cast("Tensor", _ArcCosine.apply(cosine))  # type: ignore[no-untyped-call]


@final
@dataclass(frozen=True, kw_only=True)
class InfiniteNetwork:
    """A process with the kernel of an infinitely wide network.

    A prior with fixed variances is mis-scaled for standardised values by a factor of hundreds;
    with ``learn = "scale"`` the whole kernel is scaled, with ``"variances"`` both are fitted.

    Args:
        activation: ``relu`` or ``erf``.
        depth: Hidden layers.
        weight_var: Variance of the weights, or the median of its prior.
        bias_var: Of the biases, likewise.
        learn: ``variances``, ``scale`` or ``nothing``.
        centred: Whether the cube is centred first.

    Source: Li, Rudner and Wilson (2024), arXiv 2305.20028, with variances 10 and 1.3, depth 3.
    """

    name: ClassVar[str] = "ibnn"

    activation: Activation = "relu"
    depth: int = 3
    weight_var: float = 10.0
    bias_var: float = 1.3
    learn: Learn = "variances"
    centred: bool = True

    def __post_init__(self) -> None:
        need_word(self.name, "activation", self.activation, get_args(Activation))
        need_word(self.name, "learn", self.learn, get_args(Learn))
        need_count(self.name, "depth", self.depth)
        need_positive(self.name, "weight_var", self.weight_var)
        need_positive(self.name, "bias_var", self.bias_var)

    @property
    def kernel(self) -> InfiniteKernel:
        """The kernel that is fitted."""
        return InfiniteKernel(
            activation=self.activation,
            depth=self.depth,
            weight_var=self.weight_var,
            bias_var=self.bias_var,
            fitted=self.learn,
            centred=self.centred,
        )

    def fit(self, data: Data, embedding: Embedding, *, seed: int) -> FittedProcess:
        """Fit what is to be fitted, noise and mean."""
        start_s = time.process_time()
        training = TrainingSet.of(data, embedding)
        kernel: Kernel = self.kernel
        if self.learn != "variances":
            kernel = _Tabled.of(self.kernel, training.Z)
        found = fit(kernel, NOISE, training.Z, training.y, training.known_var)
        found = replace(found, process=replace(found.process, kernel=self.kernel))
        return FittedProcess.of(training, found, start_s)


@final
@dataclass(frozen=True, eq=False)
class _Tabled:
    """A kernel whose variances are fixed, at the observations only: computed once for a fit."""

    kernel: InfiniteKernel
    table: Tensor  # n x n

    @classmethod
    def of(cls, kernel: InfiniteKernel, Z: Tensor) -> Self:
        none = torch.empty(0, dtype=Z.dtype)
        return cls(kernel, replace(kernel, fitted="nothing")(none, Z, Z))

    @property
    def hypers(self) -> Sequence[Hyper]:
        return self.kernel.hypers

    def __call__(self, theta: Tensor, A: Tensor, B: Tensor) -> Tensor:
        return self.kernel.scale(theta) * self.table

    def draw(self, theta: Tensor, p: int, count: int, generator: Generator) -> Functions:
        return self.kernel.draw(theta, p, count, generator)
