"""An exact Gaussian process with any kernel, in torch: fits, predictions, draws.

Everything is in standardised units, float64. The vector of hyperparameters holds those of
the kernel, then the log variance of the noise, then the constant mean.

Source: Rasmussen and Williams (2006), eqs. 2.25, 2.26, 5.8 and 5.12.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self, cast, final

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Generator, Tensor

from bosearch.surrogates.embedding import Array
from bosearch.surrogates.gaussian.kernels import Functions, Hyper, Kernel, normal
from bosearch.surrogates.gaussian.priors import LogDensity

JITTER = 1e-9  # added to the variance of every observation
_LOG_2PI = math.log(2.0 * math.pi)
_MEAN = Hyper(0.0, -10.0, 10.0)


@final
@dataclass(frozen=True, eq=False)
class ExactProcess:
    """A process with fixed hyperparameters, given its observations.

    Args:
        kernel: The prior covariance.
        theta: Log hyperparameters of the kernel.
        log_noise: Log variance of the noise, where it is inferred.
        mean: Of the prior.
        Z: ``n x p`` coordinates.
        y: ``n`` values.
        known_var: ``n`` variances of the noise; NaN where it is inferred.
        counts: ``n`` numbers of observations that each value is the mean of; ``None``: one.
    """

    kernel: Kernel
    theta: Tensor
    log_noise: Tensor
    mean: Tensor
    Z: Tensor
    y: Tensor
    known_var: Tensor
    counts: Tensor | None = None

    @property
    def noise(self) -> Tensor:
        """``n`` variances of the noise of the values."""
        each = torch.where(self.known_var.isnan(), self.log_noise.exp(), self.known_var) + JITTER
        return each if self.counts is None else each / self.counts

    @property
    def covariance(self) -> Tensor:
        """``n x n`` covariance of the observations, noise included."""
        return self.kernel(self.theta, self.Z, self.Z) + torch.diag(self.noise)

    @cached_property
    def factor(self) -> Tensor:
        """``n x n`` lower Cholesky factor of the noisy covariance.

        Raises:
            ArithmeticError: It is not positive definite, even with jitter.
        """
        return cholesky(self.covariance)

    @cached_property
    def weights(self) -> Tensor:
        """``n`` weights of the kernel's columns in the mean."""
        residual = (self.y - self.mean).unsqueeze(-1)
        return torch.cholesky_solve(residual, self.factor).squeeze(-1)

    @cached_property
    def form_and_log_det(self) -> tuple[Tensor, Tensor]:
        """``r' C^-1 r`` of the residuals, and ``log det C``, for the noisy covariance ``C``.

        Raises:
            ArithmeticError: It is not positive definite, even with jitter.
        """
        return form_and_log_det(self.covariance, self.y - self.mean)

    @property
    def log_evidence(self) -> Tensor:
        """Log marginal likelihood of the observations."""
        form, log_det = self.form_and_log_det
        return -0.5 * (form + log_det + len(self.y) * _LOG_2PI)

    def moments(self, Z: Tensor) -> tuple[Tensor, Tensor]:
        """Means ``batch x q`` and covariances ``batch x q x q`` at ``batch x q x p``."""
        k = self.kernel(self.theta, Z, self.Z)  # batch x q x n
        half = torch.linalg.solve_triangular(self.factor, k.mT, upper=False)
        cov = self.kernel(self.theta, Z, Z) - half.mT @ half
        return self.mean + k @ self.weights, cov

    def leave_one_out(self) -> tuple[Tensor, Tensor]:
        """``n`` means and variances of the observations, noise included, each given the others."""
        inverse = torch.cholesky_inverse(self.factor).diagonal()
        return self.y - self.weights / inverse, 1.0 / inverse

    def draw(self, count: int, generator: Generator) -> Functions:
        """``count`` functions: draws of the prior, moved to the observations.

        As exact as the kernel's prior draws are.

        Source: Wilson et al. (2020), "Efficiently sampling functions from Gaussian process
        posteriors", eq. 10 (Matheron's rule).
        """
        prior = self.kernel.draw(self.theta, self.Z.shape[-1], count, generator)
        noise = self.noise.sqrt() * normal((count, len(self.y)), self.y, generator)
        residual = self.y - self.mean - prior(self.Z) - noise  # S x n
        moves = torch.cholesky_solve(residual.mT, self.factor)  # n x S

        def values(Z: Tensor) -> Tensor:
            return self.mean + prior(Z) + (self.kernel(self.theta, Z, self.Z) @ moves).mT

        return values

    def given(self, Z: Tensor, y: Tensor, known_var: Tensor, counts: Tensor | None = None) -> Self:
        """The same prior, given other observations."""
        return replace(self, Z=Z, y=y, known_var=known_var, counts=counts)


class _FormAndLogDet(torch.autograd.Function):
    """Slopes in closed form, from one inverse: a third of what automatic ones cost.

    Source: Rasmussen and Williams (2006), eq. 5.9, before the trace.
    """

    @staticmethod
    def forward(ctx: Any, covariance: Tensor, residual: Tensor) -> tuple[Tensor, Tensor]:
        factor = cholesky(covariance)
        weights = torch.cholesky_solve(residual.unsqueeze(-1), factor).squeeze(-1)
        ctx.save_for_backward(factor, weights)
        return residual @ weights, 2.0 * factor.diagonal().log().sum()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor]:
        factor, weights = ctx.saved_tensors
        by_form, by_log_det = grads
        by_covariance = by_log_det * torch.cholesky_inverse(factor)
        by_covariance -= by_form * torch.outer(weights, weights)
        return by_covariance, 2.0 * by_form * weights


def form_and_log_det(covariance: Tensor, residual: Tensor) -> tuple[Tensor, Tensor]:
    """``r' C^-1 r`` and ``log det C`` of an ``n x n`` covariance and ``n`` residuals.

    Differentiable once.

    Raises:
        ArithmeticError: The covariance is not positive definite, even with jitter.
    """
    found = _FormAndLogDet.apply(covariance, residual)  # type: ignore[no-untyped-call]
    return cast("tuple[Tensor, Tensor]", found)


def normal_log_density(y: Tensor, mean: Tensor, var: Tensor) -> Tensor:
    """Log densities of independent normals, elementwise."""
    return -0.5 * ((y - mean).square() / var + var.log() + _LOG_2PI)


def cholesky(K: Tensor) -> Tensor:
    """Lower factor; with more jitter, up to 1e-4 of the largest variance, where it is needed.

    Raises:
        ArithmeticError: Even that is not enough, or some entries are not finite.
    """
    scale = float(K.detach().diagonal().max())
    for jitter in (0.0, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4):
        eye = jitter * scale * torch.eye(len(K), dtype=K.dtype)
        factor: Tensor
        factor, failed = torch.linalg.cholesky_ex(K + eye)
        if not failed and bool(torch.isfinite(factor).all()):
            return factor
    raise ArithmeticError("a covariance is not positive definite, even with jitter 1e-4")


@final
@dataclass(frozen=True, eq=False)
class FoundProcess:
    """A process at the maximum of its posterior density.

    Args:
        process: The process.
        value: Log posterior density of the hyperparameters.
        gradients: Evaluations that it took.
    """

    process: ExactProcess
    value: float
    gradients: int


def fit(
    kernel: Kernel,
    noise: Hyper,
    Z: Tensor,
    y: Tensor,
    known_var: Tensor,
    *,
    starts: int = 1,
    generator: Generator | None = None,
    counts: Tensor | None = None,
    evidence: Callable[[ExactProcess], Tensor] | None = None,
    max_gradients: int = 200,
) -> FoundProcess:
    """Climb the log posterior density of the hyperparameters, by L-BFGS-B.

    Args:
        kernel: The prior covariance.
        noise: Log variance of the noise; it stays at its start where all noise is known.
        Z: ``n x p`` coordinates.
        y: ``n`` values.
        known_var: ``n`` variances of the noise; NaN where it is inferred.
        starts: Climbs: one from the start of each hyperparameter, others around it.
        generator: Of the other starts.
        counts: As of the process.
        evidence: Log marginal likelihood, if it is not that of the process.
        max_gradients: Of one climb.

    Raises:
        ArithmeticError: The covariance cannot be factored at any start.
    """
    hypers = [*kernel.hypers, noise, _MEAN]
    priors: dict[LogDensity, list[int]] = {}  # which hyperparameters have them
    for i, hyper in enumerate(hypers):
        if hyper.prior is not None:
            priors.setdefault(hyper.prior, []).append(i)
    fixed = not bool(known_var.isnan().any())
    evaluations = 0

    def process(theta: Tensor) -> ExactProcess:
        return ExactProcess(kernel, theta[:-2], theta[-2], theta[-1], Z, y, known_var, counts)

    def density(theta: Tensor) -> Tensor:
        here = process(theta)
        value = here.log_evidence if evidence is None else evidence(here)
        for prior, rows in priors.items():
            value = value + prior(theta[rows]).sum()
        return value

    def objective(theta: Array) -> tuple[float, Array]:
        nonlocal evaluations
        evaluations += 1
        leaf = torch.tensor(theta, requires_grad=True)
        try:
            with torch.enable_grad():  # a caller may have switched it off
                value = density(leaf)
            (slope,) = torch.autograd.grad(value, leaf)
        except ArithmeticError:
            return 1e10, np.zeros_like(theta)
        if not (torch.isfinite(value) and torch.isfinite(slope).all()):
            return 1e10, np.zeros_like(theta)
        return -value.item() / len(y), -slope.numpy() / len(y)

    bounds = [(hyper.low, hyper.high) for hyper in hypers]
    if fixed:
        bounds[-2] = (noise.start, noise.start)
    best = min(
        (
            minimize(
                objective,
                start,
                jac=True,
                method="L-BFGS-B",
                bounds=bounds,
                options={"maxfun": max_gradients, "maxiter": max_gradients, "ftol": 1e-8},
            )
            for start in _starts(hypers, bounds, starts, generator)
        ),
        key=lambda end: float(end.fun),
    )
    if best.fun >= 1e10:
        raise ArithmeticError("the covariance of the observations cannot be factored")
    return FoundProcess(process(torch.tensor(best.x)), -float(best.fun) * len(y), evaluations)


def _starts(
    hypers: Sequence[Hyper],
    bounds: Sequence[tuple[float, float]],
    count: int,
    generator: Generator | None,
) -> list[Array]:
    start = torch.tensor([hyper.start for hyper in hypers], dtype=torch.float64)
    others = [
        start + normal(start.shape, start, generator or Generator()) for _ in range(count - 1)
    ]
    low, high = np.transpose(bounds)
    return [np.clip(s.numpy(), low, high) for s in (start, *others)]
