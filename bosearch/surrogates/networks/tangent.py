"""A network linearised in its weights: a Gaussian process, exactly.

With weights ``w ~ N(0, s I)`` (whitened) and the network linear around ``w0``,

    f(x) = f(x; w0) + J(x) (w - w0),    J = df/dw at w0,

``f`` is a Gaussian process with mean ``f(x; w0) - J(x) w0`` and kernel ``s J(x) J(x')^T``.
Conditioning it on observations is the Laplace approximation with the exact generalised
Gauss-Newton matrix, in ``n x n`` instead of ``P x P`` algebra, and at the mode its mean is
``f(x; w0)`` itself. Away from the mode, and after new observations, the mean is that of the
linear model. The Jacobian is never formed: the kernel is a sum over layers of products of
inner products.

Source: Khan, Immer, Abedi and Korzepa (2019), "Approximate inference turns deep networks
into Gaussian processes"; Immer, Korzepa and Bauer (2021), "Improving predictions of Bayesian
neural nets via local linearization", section 3, for the linear model.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self, cast, final

import torch
from torch import Generator, Tensor

from bosearch.surrogates.embedding import Array
from bosearch.surrogates.gaussian.exact import ExactProcess
from bosearch.surrogates.gaussian.fitted import FittedProcess, in_units
from bosearch.surrogates.gaussian.kernels import Functions, Hyper, normal
from bosearch.surrogates.gaussian.model import GaussianModel
from bosearch.surrogates.interface import Capability, FitReport, Function
from bosearch.surrogates.networks.mlp import BatchedMLP, Tangent
from bosearch.surrogates.schedule import Data
from bosearch.surrogates.training import TrainingSet


@final
@dataclass(frozen=True, eq=False)
class TangentKernel:
    """``s J(x) J(x')^T``; ``theta`` holds ``log s``.

    Args:
        mlp: The network.
        z: ``1 x P`` whitened weights around which it is linear, float64.
        anchor: ``n x p`` points whose slopes are kept: those of the observations.
        scale: Prior of ``log s``.
        flat: Whether ``s`` is the variance of every weight as it is, not whitened.
    """

    mlp: BatchedMLP
    z: Tensor
    anchor: Tensor
    scale: Hyper
    flat: bool = False

    @property
    def hypers(self) -> Sequence[Hyper]:
        """The scale."""
        return [self.scale]

    def __call__(self, theta: Tensor, A: Tensor, B: Tensor) -> Tensor:
        """Covariances of ``... x n x p`` with ``... x m x p`` coordinates."""
        if A is self.anchor and B is self.anchor:
            return theta[0].exp() * self._gram
        return theta[0].exp() * self._products(self._tangents(A), self._tangents(B))

    @cached_property
    def _gram(self) -> Tensor:
        return self._products(self._anchored, self._anchored)

    def _products(self, left: list[Tangent], right: list[Tangent]) -> Tensor:
        mlp = replace(self.mlp, bias_std=1.0) if self.flat else self.mlp
        return mlp.tangent_kernel(left, right)

    @cached_property
    def _anchored(self) -> list[Tangent]:
        return self._at(self.anchor)

    def _tangents(self, Z: Tensor) -> list[Tangent]:
        return self._anchored if Z is self.anchor else self._at(Z)

    def _at(self, Z: Tensor) -> list[Tangent]:
        """Tangents whose tensors are ``... x n x width``."""
        flat = self.mlp.tangents(self.z, Z.reshape(-1, Z.shape[-1]))
        shape = Z.shape[:-1]
        return [
            (
                1.0 if self.flat else factor,
                h.reshape(*shape, h.shape[-1]),
                s.reshape(*shape, s.shape[-1]),
            )
            for factor, h, s in flat
        ]

    def draw(self, theta: Tensor, p: int, count: int, generator: Generator) -> Functions:
        """Exact: a vector of weights each."""
        spread = (0.5 * theta[0]).exp()
        w = spread * normal((count, self.mlp.count(p)), self.z, generator)
        if self.flat:
            w = w / self.mlp.stds(p)
        return lambda Z: self.mlp.along(self.z, w, Z)


@final
@dataclass(frozen=True, eq=False)
class FittedTangent:
    """A linearised network with the units of its observations.

    Args:
        training: The observations.
        mlp: The network.
        z: ``1 x P`` whitened weights around which it is linear, float64.
        residual: What they taught the process without its mean, of values less the mean.
    """

    training: TrainingSet
    mlp: BatchedMLP
    z: Tensor
    residual: FittedProcess

    @property
    def report(self) -> FitReport:
        """What the fit cost, and how far it may be trusted."""
        return self.residual.report

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Gaussian, differentiable, updated in closed form."""
        return self.residual.capabilities

    @property
    def noise_var(self) -> float:
        """Inferred variance of the noise, or the mean of the known ones."""
        return self.residual.noise_var

    @cached_property
    def model(self) -> GaussianModel:
        """As a BoTorch model."""
        return GaussianModel(
            self.training.coordinates,
            self.moments,
            location=self.training.location,
            spread=self.training.spread,
            noise_var=self.noise_var,
        )

    def moments(self, Z: Tensor) -> tuple[Tensor, Tensor]:
        """Means ``batch x q`` and covariances ``batch x q x q`` at ``batch x q x p``."""
        mean, cov = self.residual.process.moments(Z)
        return mean + prior_mean(self.mlp, self.z, Z), cov

    def functions(self, count: int, seed: int) -> Function:
        """Exact draws: weights from the prior, moved to the observations."""
        draws = self.residual.process.draw(count, Generator().manual_seed(seed))
        return in_units(self.training, lambda Z: prior_mean(self.mlp, self.z, Z) + draws(Z))

    def update(self, data: Data) -> Self:
        """Condition on all of ``data``, linear around the same weights.

        Raises:
            SurrogateError: ``data`` do not start with those that were fitted.
            ArithmeticError: The covariance cannot be factored.
        """
        longer = self.training.extended(data)
        less = without_mean(self.mlp, self.z, longer)
        process = self.residual.process
        kernel = replace(cast("TangentKernel", process.kernel), anchor=less.Z)
        process = replace(process, kernel=kernel).given(less.Z, less.y, less.known_var)
        residual = replace(self.residual, training=less, process=process)
        return replace(self, training=longer, residual=residual)

    def leave_one_out(self) -> Array:
        """Closed form, linear around the same weights."""
        return self.residual.leave_one_out()


def prior_mean(mlp: BatchedMLP, z: Tensor, Z: Tensor) -> Tensor:
    """``f(x; w0) - J(x) w0`` at ``... x p`` coordinates; 0 for a linear network."""
    flat = Z.reshape(-1, Z.shape[-1])
    return (mlp.forward(z, flat) - mlp.along(z, z, flat)).reshape(Z.shape[:-1])


def without_mean(mlp: BatchedMLP, z: Tensor, training: TrainingSet) -> TrainingSet:
    """The observations less the prior mean of the linearised network."""
    with torch.no_grad():
        return replace(training, y=training.y - prior_mean(mlp, z, training.Z))


def linearised(
    mlp: BatchedMLP, z: Tensor, training: TrainingSet, scale: Hyper, theta: Tensor, noise: Tensor
) -> ExactProcess:
    """The process of the values less the prior mean, given the observations.

    Args:
        mlp: The network.
        z: ``1 x P`` weights around which it is linear, float64.
        training: The observations.
        scale: Prior of ``log s``.
        theta: ``log s``, one number in a vector.
        noise: Log variance of the noise that is not known.
    """
    less = without_mean(mlp, z, training)
    kernel = TangentKernel(mlp, z, less.Z, scale)
    mean = torch.zeros((), dtype=torch.float64)
    return ExactProcess(kernel, theta, noise, mean, less.Z, less.y, less.known_var)
