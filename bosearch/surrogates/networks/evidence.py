"""The few hyperparameters of a process without a mean, by the evidence of its observations."""

import math

import torch
from scipy.optimize import minimize
from torch import Tensor

from bosearch.surrogates.embedding import Array
from bosearch.surrogates.gaussian.exact import ExactProcess, FoundProcess
from bosearch.surrogates.gaussian.kernels import Hyper, Kernel
from bosearch.surrogates.gaussian.priors import LogNormal
from bosearch.surrogates.networks.scale import VAR_FLOOR
from bosearch.surrogates.training import TrainingSet

NOISE = Hyper(math.log(1e-2), math.log(VAR_FLOOR), 0.0, LogNormal(-4.0, 1.0))
"""Log variance of the noise of standardised observations."""


def fixed(value: float) -> Hyper:
    """A hyperparameter that is known."""
    return Hyper(math.log(value), math.log(value), math.log(value))


def most_evidence(kernel: Kernel, noise: Hyper, training: TrainingSet) -> FoundProcess:
    """Hyperparameters under which values of mean 0 are most probable, by L-BFGS-B.

    Args:
        kernel: The prior covariance.
        noise: Log variance of the noise; it stays at its start where all noise is known.
        training: Observations, less the prior mean if there is one.

    Raises:
        ArithmeticError: The covariance cannot be factored.
    """
    known_var = training.known_var.clamp_min(VAR_FLOOR)  # NaN stays
    hypers = [*kernel.hypers, noise]
    evaluations = 0

    def process(theta: Tensor) -> ExactProcess:
        mean = torch.zeros((), dtype=torch.float64)
        return ExactProcess(kernel, theta[:-1], theta[-1], mean, training.Z, training.y, known_var)

    def objective(theta: Array) -> tuple[float, Array]:
        nonlocal evaluations
        evaluations += 1
        leaf = torch.tensor(theta, requires_grad=True)
        value = process(leaf).log_evidence
        for log_x, hyper in zip(leaf, hypers, strict=True):
            value = value if hyper.prior is None else value + hyper.prior(log_x)
        (slope,) = torch.autograd.grad(value, leaf)
        return -value.item(), -slope.numpy()

    bounds = [(hyper.low, hyper.high) for hyper in hypers]
    if not bool(known_var.isnan().any()):
        bounds[-1] = (noise.start, noise.start)
    start = [hyper.start for hyper in hypers]
    end = minimize(objective, start, jac=True, method="L-BFGS-B", bounds=bounds)
    return FoundProcess(process(torch.tensor(end.x)), -float(end.fun), evaluations)
