"""What data taught a Gaussian process: the ``Fitted`` of all exact kernels."""

import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self, final

import numpy as np
import torch
from torch import Generator, Tensor

from bosearch.surrogates.embedding import Array
from bosearch.surrogates.gaussian.exact import ExactProcess, FoundProcess, normal_log_density
from bosearch.surrogates.gaussian.model import GaussianModel
from bosearch.surrogates.interface import Capability, FitReport, Function
from bosearch.surrogates.schedule import Data
from bosearch.surrogates.training import TrainingSet

CAPABILITIES = frozenset({Capability.GAUSSIAN, Capability.GRADIENT, Capability.UPDATE})


@dataclass(frozen=True, eq=False)
class FittedExact(ABC):
    """An exact process with the units of the observations behind it.

    Args:
        training: All observations.
        process: The process given them, standardised.
        report: What the fit cost.
    """

    training: TrainingSet
    process: ExactProcess
    report: FitReport

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Gaussian, differentiable, updated in closed form."""
        return CAPABILITIES

    @property
    def noise_var(self) -> float:
        """Inferred variance of the noise of one observation, or the mean of the known ones."""
        return noise_var(self.training, self.process.log_noise)

    @cached_property
    def model(self) -> GaussianModel:
        """As a BoTorch model."""
        return GaussianModel(
            self.training.coordinates,
            self.process.moments,
            location=self.training.location,
            spread=self.training.spread,
            noise_var=self.noise_var,
        )

    def functions(self, count: int, seed: int) -> Function:
        """Draws by Matheron's rule: see ``ExactProcess.draw``."""
        return in_units(self.training, self.process.draw(count, Generator().manual_seed(seed)))

    @abstractmethod
    def update(self, data: Data) -> Self:
        """Condition on all of ``data`` with the same hyperparameters.

        Raises:
            SurrogateError: ``data`` do not start with those that were fitted.
            ArithmeticError: The covariance cannot be factored.
        """

    @abstractmethod
    def leave_one_out(self) -> Array:
        """Closed form, with these hyperparameters."""

    def reported(self, found: FoundProcess, log_evidence: Tensor, start_s: float) -> Self:
        """With what the fit cost, begun at ``start_s`` of the process's CPU time."""
        report = FitReport(
            seconds=time.process_time() - start_s,
            gradients=found.gradients,
            log_evidence=float(log_evidence),
            loo=float(self.leave_one_out().mean()),
        )
        return replace(self, report=report)


@final
@dataclass(frozen=True, eq=False)
class FittedProcess(FittedExact):
    """A process given each of its observations."""

    @classmethod
    def of(cls, training: TrainingSet, found: FoundProcess, start_s: float) -> Self:
        """What ``found`` says; the fit began at ``start_s`` of the process's CPU time."""
        blank = cls(training, found.process, FitReport(seconds=0.0))
        return blank.reported(found, found.process.log_evidence, start_s)

    def update(self, data: Data) -> Self:
        """See ``FittedExact``."""
        longer = self.training.extended(data)
        process = self.process.given(longer.Z, longer.y, longer.known_var)
        return replace(self, training=longer, process=process)

    def leave_one_out(self) -> Array:
        """See ``FittedExact``."""
        mean, var = self.process.leave_one_out()
        density = normal_log_density(self.process.y, mean, var)
        return np.asarray(density.numpy() - np.log(self.training.spread))


def noise_var(training: TrainingSet, log_noise: Tensor) -> float:
    """Inferred variance of the noise, or the mean of the known ones, in units of observations."""
    known = training.known_var
    inferred = log_noise.exp() if bool(known.isnan().any()) else known.mean()
    return float(inferred) * training.spread**2


def in_units(training: TrainingSet, standardised: Function) -> Function:
    """A function of coordinates as one of encoded points, in units of the observations."""

    def values(X: Tensor) -> Tensor:
        return training.location + training.spread * standardised(training.coordinates(X))

    return values


def scale_indices(training: TrainingSet) -> Tensor:
    """``p`` indices of the length scales that coordinates use."""
    return torch.from_numpy(np.asarray(training.coordinates.embedding.scales, dtype=np.int64))
