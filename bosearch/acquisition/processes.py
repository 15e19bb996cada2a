"""Fitted surrogates with Gaussian predictions as processes that closed forms can use.

A process with a stationary kernel is predicted in NumPy, whose slopes are written down; any
other Gaussian model by one joint posterior of the candidates and of what is pending, whose
slopes are automatic. Both agree with the BoTorch model of the surrogate to rounding.
"""

from dataclasses import dataclass, replace
from typing import Self, cast, final

import numpy as np
import torch
from torch import Tensor

from bosearch.acquisition.value import Array, Process
from bosearch.surrogates.fit import JITTER, Recipe
from bosearch.surrogates.gaussian.exact import ExactProcess, cholesky
from bosearch.surrogates.gaussian.fitted import FittedProcess
from bosearch.surrogates.gaussian.kernels import Stationary
from bosearch.surrogates.gaussian.model import GaussianModel
from bosearch.surrogates.gp import GaussianProcess, Prediction
from bosearch.surrogates.interface import Capability, Fitted
from bosearch.surrogates.likelihood import Hyperparameters
from bosearch.surrogates.training import TrainingSet

_AT_ONCE = 64  # candidates in one joint posterior: its cost is cubic in them at worst


def process_of(fitted: Fitted) -> Process | None:
    """What the surrogate predicts, as a process; ``None`` unless it is Gaussian."""
    if Capability.GAUSSIAN not in fitted.capabilities:
        return None
    if isinstance(fitted, FittedProcess) and isinstance(fitted.process.kernel, Stationary):
        return _stationary(fitted.training, fitted.process, fitted.process.kernel)
    assert isinstance(fitted.model, GaussianModel)
    return JointProcess.of(fitted.model)


def _stationary(
    training: TrainingSet, process: ExactProcess, kernel: Stationary
) -> GaussianProcess:
    """The same process in NumPy, with the factor that torch has computed."""
    embedding = training.coordinates.embedding
    theta = process.theta.numpy()
    signal = 0.0 if kernel.signal is None else float(theta[-1])
    scales = theta if kernel.signal is None else theta[:-1]
    log_noise, mean = float(process.log_noise), float(process.mean)
    factor = process.factor
    residual = (process.y - process.mean).unsqueeze(-1)
    return GaussianProcess(
        Recipe.of(embedding, kernel.profile),
        Hyperparameters(scales, signal, log_noise, mean),
        training.location,
        training.spread,
        training.Z.numpy() * np.exp(-scales)[embedding.scales],
        np.asfortranarray(factor.numpy()),
        torch.linalg.solve_triangular(factor, residual, upper=False).numpy(),
    )


@final
@dataclass(frozen=True, eq=False)
class JointProcess:
    """A Gaussian model, and ``S`` draws of its values at ``m`` points.

    Args:
        model: Of one output.
        given: ``m x p`` coordinates of those points.
        root: ``m x m`` lower factor of their standardised covariance.
        white: ``m x S`` standardised deviations there, solved by ``root``.
    """

    model: GaussianModel
    given: Tensor
    root: Tensor
    white: Tensor

    @classmethod
    def of(cls, model: GaussianModel) -> Self:
        """The model alone: one column."""
        p = len(model.coordinates.embedding.scales)
        empty = torch.empty(0, dtype=torch.float64)
        return cls(model, empty.reshape(0, p), empty.reshape(0, 0), empty.reshape(0, 1))

    def predict(self, X: Array) -> Prediction:
        """Marginal predictions at ``b x d`` encoded points."""
        points = torch.tensor(X, dtype=torch.float64, requires_grad=True)
        parts = [self._marginals(some) for some in torch.split(points, _AT_ONCE)]
        mean, var = (torch.cat(part) for part in zip(*parts, strict=True))
        location, spread = self.model.location, self.model.spread

        def pull_back(by_mean: Array, by_var: Array) -> Array:
            weights = torch.tensor(by_mean * spread), torch.tensor(by_var * spread**2)
            (slopes,) = torch.autograd.grad((mean, var), points, weights)
            return cast("Array", slopes.numpy())

        return Prediction(
            location + spread * mean.detach().numpy(), spread**2 * var.detach().numpy(), pull_back
        )

    def sample(self, X: Array, normals: Array) -> Array:
        """Joint draws of the model at ``m x d`` points from ``m x S`` normals; ``m x S``."""
        Z = self._coordinates(X)
        with torch.no_grad():
            mean, cov = self.model.moments(Z)
            draws = mean[:, None] + cholesky(_raised(cov)) @ torch.tensor(normals)
        return self.model.location + self.model.spread * draws.numpy()

    def extended(self, X: Array, values: Array) -> Self:
        """The model given ``m x S`` exact ``values`` at ``m x d`` points, and nothing before."""
        Z = self._coordinates(X)
        with torch.no_grad():
            mean, cov = self.model.moments(Z)
            root = cholesky(_raised(cov))
            residual = torch.tensor((values - self.model.location) / self.model.spread)
            white = torch.linalg.solve_triangular(root, residual - mean[:, None], upper=False)
        return replace(self, given=Z, root=root, white=white)

    def _coordinates(self, X: Array) -> Tensor:
        return self.model.coordinates(torch.tensor(X, dtype=torch.float64))

    def _marginals(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Standardised means ``b x S`` and variances ``b`` at ``b x d`` points."""
        Z, b = self.model.coordinates(points), len(points)
        mean, cov = self.model.moments(torch.cat([Z, self.given]))
        var = cov.diagonal()[:b] + JITTER
        if not len(self.given):
            return mean[:, None], var.clamp_min(JITTER)
        share = torch.linalg.solve_triangular(self.root, cov[b:, :b], upper=False)  # m x b
        var = var - share.square().sum(0)
        return mean[:b, None] + share.mT @ self.white, var.clamp_min(JITTER)


def _raised(cov: Tensor) -> Tensor:
    return cov + JITTER * torch.eye(len(cov), dtype=cov.dtype)
