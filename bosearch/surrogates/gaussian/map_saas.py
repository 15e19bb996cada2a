"""Sparse processes: most length scales are long, and the data say which are not."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, Self, final

import numpy as np
import torch
from torch import Generator, Tensor

from bosearch.errors import SurrogateError
from bosearch.surrogates.embedding import Array, Embedding
from bosearch.surrogates.gaussian.exact import ExactProcess, fit, normal_log_density
from bosearch.surrogates.gaussian.fitted import CAPABILITIES, in_units, noise_var, scale_indices
from bosearch.surrogates.gaussian.gp import SIGNAL
from bosearch.surrogates.gaussian.kernels import Hyper, Stationary
from bosearch.surrogates.gaussian.linear import NOISE
from bosearch.surrogates.gaussian.model import GaussianModel
from bosearch.surrogates.gaussian.priors import HalfCauchyInverse, LogNormal
from bosearch.surrogates.interface import Capability, FitReport, Function
from bosearch.surrogates.options import need_positive
from bosearch.surrogates.schedule import Data
from bosearch.surrogates.training import TrainingSet


@final
@dataclass(frozen=True, kw_only=True)
class MapSaas:
    """A few Matern-5/2 processes, each sparse by a prior of another width, averaged.

    Their mixture is not Gaussian; the model is the normal with its joint means and covariances.

    Args:
        widths: Of the half-Cauchy priors of inverse squared length scales, one per member.

    Source: Eriksson and Jankowiak (2021), "High-Dimensional Bayesian Optimization with Sparse
    Axis-Aligned Subspaces", with maxima of the posterior instead of samples from it, as in
    BoTorch's ensembles.
    """

    name: ClassVar[str] = "map-saas"

    widths: tuple[float, ...] = (0.01, 0.05, 0.2, 1.0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "widths", tuple(self.widths))  # a list in a study file
        if not self.widths:
            raise SurrogateError("surrogate 'map-saas': widths must name at least one, got none")
        for width in self.widths:
            need_positive(self.name, "widths", width)

    def fit(self, data: Data, embedding: Embedding, *, seed: int) -> "FittedMixture":
        """Fit one process for each width."""
        start_s = time.process_time()
        training = TrainingSet.of(data, embedding)
        signal = replace(SIGNAL, prior=LogNormal(0.0, 1.0))
        members, gradients = [], 0
        for width in self.widths:
            prior = HalfCauchyInverse(width)
            start = Hyper(0.0, math.log(0.05), math.log(1e3), prior)
            kernel = Stationary("matern52", scale_indices(training), start, signal)
            found = fit(kernel, NOISE, training.Z, training.y, training.known_var)
            members.append(found.process)
            gradients += found.gradients
        blank = FittedMixture(training, members, FitReport(seconds=0.0))
        evidences = torch.stack([member.log_evidence for member in members])
        report = FitReport(
            seconds=time.process_time() - start_s,
            gradients=gradients,
            log_evidence=float(evidences.logsumexp(0)) - math.log(len(members)),
            loo=float(blank.leave_one_out().mean()),
        )
        return replace(blank, report=report)


@final
@dataclass(frozen=True, eq=False)
class FittedMixture:
    """Processes with equal weights.

    Args:
        training: The observations.
        members: The processes given them, standardised.
        report: What the fit cost.
    """

    training: TrainingSet
    members: Sequence[ExactProcess]
    report: FitReport

    @property
    def capabilities(self) -> frozenset[Capability]:
        """As of one process: the model is Gaussian by its moments."""
        return CAPABILITIES

    @property
    def noise_var(self) -> float:
        """Mean of the members'."""
        log_noises = torch.stack([member.log_noise for member in self.members])
        return noise_var(self.training, log_noises.exp().mean().log())

    @cached_property
    def model(self) -> GaussianModel:
        """As a BoTorch model."""
        return GaussianModel(
            self.training.coordinates,
            self._moments,
            location=self.training.location,
            spread=self.training.spread,
            noise_var=self.noise_var,
        )

    def functions(self, count: int, seed: int) -> Function:
        """Draws of the members in turn: of the mixture itself."""
        generator = Generator().manual_seed(seed)
        k = len(self.members)
        draws = [
            member.draw(len(range(i, count, k)), generator)
            for i, member in enumerate(self.members)
            if i < count
        ]
        order = torch.cat([torch.arange(i, count, k) for i in range(len(draws))]).argsort()

        def values(Z: Tensor) -> Tensor:
            return torch.cat([draw(Z) for draw in draws])[order]

        return in_units(self.training, values)

    def update(self, data: Data) -> Self:
        """Condition every member, with the same hyperparameters and weights.

        Raises:
            SurrogateError: ``data`` do not start with those that were fitted.
            ArithmeticError: A covariance cannot be factored.
        """
        longer = self.training.extended(data)
        members = [m.given(longer.Z, longer.y, longer.known_var) for m in self.members]
        return replace(self, training=longer, members=members)

    def leave_one_out(self) -> Array:
        """Log of the members' mean density, each in closed form."""
        densities = torch.stack(
            [normal_log_density(m.y, *m.leave_one_out()) for m in self.members]
        ).logsumexp(0)
        scale = len(self.members) * self.training.spread
        return np.asarray(densities.numpy() - math.log(scale))

    def _moments(self, Z: Tensor) -> tuple[Tensor, Tensor]:
        """Joint mean and covariance of the mixture: spread within members and between them."""
        pairs = [member.moments(Z) for member in self.members]
        means = torch.stack([mean for mean, _ in pairs])  # k x batch x q
        within = torch.stack([cov for _, cov in pairs]).mean(0)
        mean = means.mean(0)
        away = (means - mean).unsqueeze(-1)
        return mean, within + (away @ away.mT).mean(0)
