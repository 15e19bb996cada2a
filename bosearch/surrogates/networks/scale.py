"""How large weights and noise should be: by the evidence of the matching infinite network.

The covariance of values under the prior over weights is that of the last layer's inputs,
averaged over many networks; wide networks are nearly a Gaussian process with it. Its marginal
likelihood chooses the weights' standard deviation and the variance of the noise before any
network is trained: an ensemble whose prior is too smooth is sure of itself, whatever
trains it.

Source: Neal (1996), *Bayesian Learning for Neural Networks*, section 2.1, for the process;
the average over drawn networks, which serves every activation, is ours.
"""

import math
from dataclasses import dataclass, replace
from typing import final

import torch
from torch import Generator, Tensor

from bosearch.surrogates.networks.members import Members
from bosearch.surrogates.networks.mlp import BatchedMLP
from bosearch.surrogates.training import TrainingSet

WEIGHT_STDS = (0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0)
NOISE_VARS = tuple(10.0 ** (k / 2.0) for k in range(-8, 1))  # 1e-4 to 1, standardised
VAR_FLOOR = 1e-4  # least variance of noise that a network is trained with, standardised
_DRAWS = 64  # networks whose features are averaged
_STRENGTH = 4.0  # observations that the evidence's noise counts for, beside residuals


@final
@dataclass(frozen=True, eq=False)
class Scale:
    """What the evidence chose.

    Args:
        mlp: The architecture, with the weights' standard deviation.
        noise_var: Inferred variance of the noise, standardised.
        log_evidence: Of the infinite network.
    """

    mlp: BatchedMLP
    noise_var: float
    log_evidence: float


def choose(
    mlp: BatchedMLP,
    training: TrainingSet,
    generator: Generator,
    *,
    weight_stds: tuple[float, ...] = WEIGHT_STDS,
    noise_vars: tuple[float, ...] = NOISE_VARS,
) -> Scale:
    """The most probable pair, under log-normal priors around 1.4 and exp(-4), spread 1.

    The noise has the prior that BoTorch gives it: what a smooth network cannot follow is
    to be a rough function rather than noise. Where all noise is known, ``noise_vars``
    matter little.

    Raises:
        ArithmeticError: No pair has a covariance that can be factored.
    """
    z = mlp.init(_DRAWS, training.Z.shape[-1], generator)
    found: list[tuple[float, Scale]] = []
    for weight_std in weight_stds:
        candidate = replace(mlp, weight_std=weight_std)
        K = covariance(candidate, z, training.Z)
        for noise_var in noise_vars:
            log_evidence = evidence(K, training.y, variances(training, noise_var))
            prior = -0.5 * math.log(weight_std / 1.4) ** 2
            prior -= 0.5 * (math.log(noise_var) + 4.0) ** 2
            found.append((log_evidence + prior, Scale(candidate, noise_var, log_evidence)))
    finite = [pair for pair in found if math.isfinite(pair[0])]
    if not finite:
        raise ArithmeticError("the prior covariance of networks cannot be factored")
    return max(finite, key=lambda pair: pair[0])[1]


def covariance(mlp: BatchedMLP, z: Tensor, Z: Tensor) -> Tensor:
    """``n x n`` prior covariance of values, by the features of ``S x P`` networks."""
    h = mlp.features(z, Z)  # S x n x w
    products = torch.einsum("snw,smw->nm", h, h) / (h.shape[0] * h.shape[2])
    return mlp.bias_std**2 + mlp.weight_std**2 * products


def variances(training: TrainingSet, noise_var: float) -> Tensor:
    """``n`` variances of noise: known or inferred, at least ``VAR_FLOOR``."""
    known = training.known_var
    return torch.where(known.isnan(), torch.full_like(known, noise_var), known).clamp_min(VAR_FLOOR)


def evidence(K: Tensor, y: Tensor, noise: Tensor) -> float:
    """Log marginal likelihood; minus infinity if the covariance cannot be factored."""
    factor, failed = torch.linalg.cholesky_ex(K + torch.diag(noise))
    if failed:
        return -math.inf
    half = torch.linalg.solve_triangular(factor, y.unsqueeze(-1), upper=False)
    log_det = 2.0 * factor.diagonal().log().sum()
    return float(-0.5 * (half.square().sum() + log_det + len(y) * math.log(2.0 * math.pi)))


def corrected(training: TrainingSet, members: Members, noise_var: float) -> float:
    """One step of expectation-maximisation from ``noise_var``, held back by it.

    Members are draws from the posterior: their mean squared distance from the observations
    is the expectation that the step needs. It also owns up to training that ended early.
    """
    inferred = training.known_var.isnan()
    if not bool(inferred.any()):
        return noise_var
    with torch.no_grad():
        squares = (training.y - members(training.Z)).square().mean(0)[inferred]
    total = _STRENGTH * noise_var + float(squares.sum())
    return max(VAR_FLOOR, total / (_STRENGTH + len(squares)))
