"""The few hyperparameters of a process without a mean, by the evidence of its observations."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

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
    """Hyperparameters under which values of mean 0 are most probable.

    Args:
        kernel: The prior covariance.
        noise: Log variance of the noise; it stays at its start where all noise is known.
        training: Observations, less the prior mean if there is one.

    Raises:
        ArithmeticError: The covariance cannot be factored.
    """
    known_var = training.known_var.clamp_min(VAR_FLOOR)  # NaN stays

    def process(theta: Tensor) -> ExactProcess:
        mean = torch.zeros((), dtype=torch.float64)
        return ExactProcess(kernel, theta[:-1], theta[-1], mean, training.Z, training.y, known_var)

    hypers = [*kernel.hypers, inferred(noise, training)]
    start = torch.tensor([hyper.start for hyper in hypers], dtype=torch.float64)
    theta, value, evaluations = most_probable(lambda t: process(t).log_evidence, hypers, start)
    return FoundProcess(process(theta), value, evaluations)


def inferred(noise: Hyper, training: TrainingSet) -> Hyper:
    """The log variance of the noise; fixed at its start where all noise is known."""
    if bool(training.known_var.isnan().any()):
        return noise
    return replace(noise, low=noise.start, high=noise.start)


def most_probable(
    log_likelihood: Callable[[Tensor], Tensor], hypers: Sequence[Hyper], start: Tensor
) -> tuple[Tensor, float, int]:
    """Log hyperparameters of the highest likelihood times prior, by L-BFGS-B.

    Returns:
        Them, the logarithm of that product, and how often it was evaluated.

    Raises:
        ArithmeticError: The likelihood breaks down.
    """
    evaluations = 0

    def objective(theta: Array) -> tuple[float, Array]:
        nonlocal evaluations
        evaluations += 1
        leaf = torch.tensor(theta, requires_grad=True)
        value = log_likelihood(leaf)
        for log_x, hyper in zip(leaf, hypers, strict=True):
            value = value if hyper.prior is None else value + hyper.prior(log_x)
        (slope,) = torch.autograd.grad(value, leaf)
        return -value.item(), -slope.numpy()

    bounds = [(hyper.low, hyper.high) for hyper in hypers]
    end = minimize(objective, start.numpy(), jac=True, method="L-BFGS-B", bounds=bounds)
    return torch.tensor(end.x), -float(end.fun), evaluations
