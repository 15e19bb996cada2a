"""Networks that each solved a randomised version of the problem: an approximate posterior."""

import math
import time
from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Generator, Tensor

from bosearch.surrogates.embedding import Embedding
from bosearch.surrogates.interface import FitReport
from bosearch.surrogates.networks.architecture import need_architecture, need_optional, need_share
from bosearch.surrogates.networks.descent import descend
from bosearch.surrogates.networks.fitted import FittedMembers
from bosearch.surrogates.networks.members import NetworkMembers
from bosearch.surrogates.networks.mlp import Activation, BatchedMLP
from bosearch.surrogates.networks.scale import (
    NOISE_VARS,
    WEIGHT_STDS,
    Scale,
    choose,
    corrected,
    variances,
)
from bosearch.surrogates.options import need_count, need_positive
from bosearch.surrogates.schedule import Data
from bosearch.surrogates.training import TrainingSet


@final
@dataclass(frozen=True, eq=False)
class Problems:
    """What each of ``S`` networks minimises: squared residuals and a squared distance.

    Args:
        mlp: The architecture.
        Z: ``n x p`` coordinates.
        targets: ``S x n`` values to fit.
        precisions: ``S x n``, inverse variances; 0 for observations that a network does not see.
        anchors: ``S x P`` weights from which distance is measured.
        stiffness: ``P`` inverse prior variances of whitened weights.
    """

    mlp: BatchedMLP
    Z: Tensor
    targets: Tensor
    precisions: Tensor
    anchors: Tensor
    stiffness: Tensor

    def loss(self, z: Tensor) -> Tensor:
        """``S`` negative log posterior densities, up to constants."""
        residuals = self.targets - self.mlp.forward(z, self.Z)
        distance = (self.stiffness * (z - self.anchors).square()).sum(-1)
        return 0.5 * ((self.precisions * residuals.square()).sum(-1) + distance)

    def slope(self, z: Tensor) -> Tensor:
        """Of the losses, ``S x P``."""
        values, back = self.mlp.value_and_back(z, self.Z)
        by_value = self.precisions * (values - self.targets)
        return back(by_value).addcmul_(self.stiffness, z - self.anchors)

    def to(self, dtype: torch.dtype) -> "Problems":
        """The same in another precision."""
        tensors = (self.Z, self.targets, self.precisions, self.anchors, self.stiffness)
        return Problems(self.mlp, *(t.to(dtype) for t in tensors))


@final
@dataclass(frozen=True, kw_only=True)
class Ensemble:
    """Randomised maxima a posteriori: exact draws where the network is linear.

    Each member fits observations to which noise was added once more, and is pulled towards
    its own draw from the prior, where its training starts. Scale of weights and noise come
    from the evidence of the infinite network; one step of expectation-maximisation with the
    members' residuals then corrects the noise.

    Source: Pearce, Leibfried and Brintrup (2020), "Uncertainty in neural networks:
    approximately Bayesian ensembling", eqs. 9 and 10; Li, Rudner and Wilson (2024), "A Study
    of Bayesian Neural Network Surrogates for Bayesian Optimization", for the settings that
    ``flat_prior_var`` and ``subset`` reproduce. Ours: the prior scaled by fan-in, the evidence.

    Args:
        widths: Of the hidden layers.
        activation: ``tanh``, ``relu`` or ``gelu``.
        members: Number of networks.
        steps: Of training, all observations each.
        rate: Largest step of a whitened weight.
        weight_std: Prior standard deviation of a weight, times the root of its fan-in; ``None``:
            by evidence.
        bias_std: Of a bias.
        noise_var: Variance of the noise of standardised observations; ``None``: by evidence.
        flat_prior_var: Prior variance of all weights alike, towards 0, nothing randomised but
            where training starts and ``subset``; ``None``: as above.
        subset: Share of the observations that each member sees.
    """

    name: ClassVar[str] = "ensemble"
    widths: tuple[int, ...] = (64, 64)
    activation: Activation = "gelu"
    members: int = 16
    steps: int = 800
    rate: float = 0.02
    weight_std: float | None = None
    bias_std: float = 1.0
    noise_var: float | None = None
    flat_prior_var: float | None = None
    subset: float = 1.0

    def __post_init__(self) -> None:
        need_architecture(self)
        need_count(self.name, "members", self.members, least=2)
        need_count(self.name, "steps", self.steps)
        need_positive(self.name, "rate", self.rate)
        need_optional(self.name, "noise_var", self.noise_var)
        need_optional(self.name, "flat_prior_var", self.flat_prior_var)
        need_share(self.name, "subset", self.subset)

    def fit(self, data: Data, embedding: Embedding, *, seed: int) -> FittedMembers:
        """Train all members as one batch: in single precision, to predict in double."""
        start_s = time.process_time()
        training = TrainingSet.of(data, embedding)
        generator = Generator().manual_seed(seed)
        scale = self.scale(training, generator)
        problems, start = self.problems(training, scale, generator)
        single = problems.to(torch.float32)
        found = descend(single.slope, start.float(), steps=self.steps, rate=self.rate)
        members = NetworkMembers(scale.mlp, found.double())
        noise_var = scale.noise_var
        if self.noise_var is None:
            noise_var = corrected(training, members, noise_var)
        report = FitReport(
            seconds=time.process_time() - start_s,
            gradients=self.steps * self.members,
            log_evidence=scale.log_evidence,
        )
        return FittedMembers.of(training, members, noise_var, report)

    def scale(self, training: TrainingSet, generator: Generator) -> Scale:
        """Scale of weights and noise, by evidence where they are not given."""
        return choose(
            BatchedMLP(self.widths, self.activation, bias_std=self.bias_std),
            training,
            generator,
            weight_stds=WEIGHT_STDS if self.weight_std is None else (self.weight_std,),
            noise_vars=NOISE_VARS if self.noise_var is None else (self.noise_var,),
        )

    def problems(
        self, training: TrainingSet, scale: Scale, generator: Generator
    ) -> tuple[Problems, Tensor]:
        """What the members minimise, and the ``S x P`` weights they start from."""
        S, n, p = self.members, len(training.y), training.Z.shape[-1]
        drawn = scale.mlp.init(S, p, generator)
        var = variances(training, scale.noise_var)
        noise = torch.randn((S, n), generator=generator, dtype=torch.float64)
        precisions = (1.0 / var).expand(S, n)
        if self.subset < 1.0:
            kept = math.ceil(self.subset * n)
            ranks = torch.rand((S, n), generator=generator).argsort(-1).argsort(-1)
            precisions = precisions * (ranks < kept)
        if self.flat_prior_var is None:
            targets, anchors = training.y + var.sqrt() * noise, drawn
            stiffness = torch.ones(drawn.shape[-1], dtype=torch.float64)
        else:
            targets, anchors = training.y.expand(S, n), torch.zeros_like(drawn)
            stiffness = scale.mlp.stds(p).square() / self.flat_prior_var
        return Problems(scale.mlp, training.Z, targets, precisions, anchors, stiffness), drawn
