"""The Laplace approximation of one network, in function space, with the exact curvature."""

import math
import time
from dataclasses import dataclass, replace
from typing import ClassVar, final

import torch
from torch import Generator, Tensor

from bosearch.surrogates.embedding import Embedding
from bosearch.surrogates.gaussian.exact import FoundProcess
from bosearch.surrogates.gaussian.fitted import FittedProcess
from bosearch.surrogates.gaussian.kernels import Hyper
from bosearch.surrogates.gaussian.priors import LogNormal
from bosearch.surrogates.networks.architecture import need_architecture, need_optional
from bosearch.surrogates.networks.descent import descend
from bosearch.surrogates.networks.ensemble import Problems
from bosearch.surrogates.networks.evidence import NOISE, fixed, most_evidence
from bosearch.surrogates.networks.mlp import Activation, BatchedMLP
from bosearch.surrogates.networks.scale import (
    NOISE_VARS,
    WEIGHT_STDS,
    choose,
    variances,
)
from bosearch.surrogates.networks.tangent import FittedTangent, TangentKernel, without_mean
from bosearch.surrogates.options import need_count, need_positive
from bosearch.surrogates.schedule import Data
from bosearch.surrogates.training import TrainingSet

SCALE = Hyper(0.0, math.log(1e-2), math.log(1e2), LogNormal(0.0, 1.0))


@final
@dataclass(frozen=True, kw_only=True)
class Laplace:
    """One network at the maximum of its posterior, linear around it in its weights.

    Rounds of training alternate with evidence: the marginal likelihood of the linearised
    network chooses the scale of all weights and the noise, with which training goes on.

    Source: MacKay (1992), "A practical Bayesian framework for backpropagation networks",
    section 3; Immer et al. (2021), "Scalable marginal likelihood estimation for model
    selection in deep learning", algorithm 1, for rounds. Ours: function space, whitened weights
    whose prior is scaled by fan-in, the mean of the linear model (see ``tangent``).

    Args:
        widths: Of the hidden layers.
        activation: ``tanh``, ``relu`` or ``gelu``.
        steps: Of training, in each round.
        rounds: Of training and evidence.
        rate: Largest step of a whitened weight.
        weight_std: Prior standard deviation of a weight, times the root of its fan-in; ``None``:
            by evidence of the infinite network, before training.
        bias_std: Of a bias.
        noise_var: Variance of the noise of standardised observations; ``None``: by evidence.
        fit_scale: Whether evidence scales the prior of all weights.
        flat_prior_var: Prior variance of all weights alike, whatever their fan-in, fixed; the
            scales above then say where training starts; ``None``: as above.
    """

    name: ClassVar[str] = "laplace"
    widths: tuple[int, ...] = (64, 64)
    activation: Activation = "gelu"
    steps: int = 350
    rounds: int = 3
    rate: float = 0.1
    weight_std: float | None = None
    bias_std: float = 1.0
    noise_var: float | None = None
    fit_scale: bool = True
    flat_prior_var: float | None = None

    def __post_init__(self) -> None:
        need_architecture(self)
        need_count(self.name, "steps", self.steps)
        need_count(self.name, "rounds", self.rounds)
        need_positive(self.name, "rate", self.rate)
        need_optional(self.name, "noise_var", self.noise_var)
        need_optional(self.name, "flat_prior_var", self.flat_prior_var)

    def fit(self, data: Data, embedding: Embedding, *, seed: int) -> FittedTangent:
        """Train in single precision, take slopes and the evidence in double."""
        start_s = time.process_time()
        training = TrainingSet.of(data, embedding)
        generator = Generator().manual_seed(seed)
        chosen = choose(
            BatchedMLP(self.widths, self.activation, bias_std=self.bias_std),
            training,
            generator,
            weight_stds=WEIGHT_STDS if self.weight_std is None else (self.weight_std,),
            noise_vars=NOISE_VARS if self.noise_var is None else (self.noise_var,),
        )
        mlp, noise_var, scale = chosen.mlp, chosen.noise_var, 1.0
        z = mlp.init(1, training.Z.shape[-1], generator)
        for _ in range(self.rounds):
            z = self.trained(mlp, z, training, noise_var, scale)
            less = without_mean(mlp, z, training)
            found = self.evidence(mlp, z, less)
            process = found.process
            scale, noise_var = float(process.theta[0].exp()), float(process.log_noise.exp())
        residual = FittedProcess.of(less, found, start_s)
        report = replace(
            residual.report,
            seconds=time.process_time() - start_s,
            gradients=self.rounds * self.steps,
        )
        return FittedTangent(training, mlp, z, replace(residual, report=report))

    def trained(
        self, mlp: BatchedMLP, z: Tensor, training: TrainingSet, noise_var: float, scale: float
    ) -> Tensor:
        """``1 x P`` weights nearer the maximum of the posterior density."""
        stiffness = torch.full_like(z[0], 1.0 / scale)
        if self.flat_prior_var is not None:
            stiffness = mlp.stds(training.Z.shape[-1]).square() / self.flat_prior_var
        problem = Problems(
            mlp,
            training.Z,
            training.y.expand(1, -1),
            1.0 / variances(training, noise_var).expand(1, -1),
            torch.zeros_like(z),
            stiffness,
        ).to(torch.float32)
        return descend(problem.slope, z.float(), steps=self.steps, rate=self.rate).double()

    def evidence(self, mlp: BatchedMLP, z: Tensor, less: TrainingSet) -> FoundProcess:
        """Scale and noise of the most evidence; those that are given stay."""
        scale = SCALE if self.fit_scale else fixed(1.0)
        if self.flat_prior_var is not None:
            scale = fixed(self.flat_prior_var)
        noise = NOISE if self.noise_var is None else fixed(self.noise_var)
        flat = self.flat_prior_var is not None
        return most_evidence(TangentKernel(mlp, z, less.Z, scale, flat), noise, less)
