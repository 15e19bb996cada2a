"""Gaussian processes with stationary kernels: today's priors, and those of before 2024."""

import math
import time
from dataclasses import dataclass
from typing import ClassVar, final, get_args

import numpy as np
import torch
from torch import Generator

from bosearch.surrogates.embedding import Embedding
from bosearch.surrogates.fit import Recipe
from bosearch.surrogates.gaussian.exact import ExactProcess, FoundProcess, fit
from bosearch.surrogates.gaussian.fitted import FittedProcess, scale_indices
from bosearch.surrogates.gaussian.kernels import Hyper, Profile, Stationary
from bosearch.surrogates.gaussian.priors import Gamma
from bosearch.surrogates.options import need_word
from bosearch.surrogates.schedule import Data, train
from bosearch.surrogates.training import TrainingSet

LENGTHSCALE = Hyper(0.0, math.log(0.01), math.log(1e3))
SIGNAL = Hyper(0.0, math.log(0.01), math.log(100.0))


@final
@dataclass(frozen=True, kw_only=True)
class Gp:
    """The default: length scales that grow with the dimension, fitted by closed-form gradients.

    The model that strategy ``bayes`` uses without a surrogate, but for its memory of earlier fits.

    Args:
        kernel: ``matern52`` or ``rbf``.

    Source: Hvarfner, Hellsten and Nardi (2024), "Vanilla Bayesian Optimization Performs Great
    in High Dimensions"; priors of signal and noise as in ``likelihood.Priors``.
    """

    name: ClassVar[str] = "gp"

    kernel: Profile = "matern52"

    def __post_init__(self) -> None:
        need_word(self.name, "kernel", self.kernel, get_args(Profile))

    def fit(self, data: Data, embedding: Embedding, *, seed: int) -> FittedProcess:
        """Fit hyperparameters; the starts depend on the number of observations alone."""
        start_s = time.process_time()
        training = TrainingSet.of(data, embedding)
        trained = train(data, Recipe.of(embedding, self.kernel), None)
        hyper, found = trained.memory.hyper, trained.fit
        assert found is not None  # without a memory there is a fit
        kernel = Stationary(self.kernel, scale_indices(training), LENGTHSCALE, SIGNAL)
        theta = np.append(hyper.log_lengthscales, hyper.log_signal)
        process = ExactProcess(
            kernel,
            torch.tensor(theta, dtype=torch.float64),
            torch.tensor(hyper.log_noise, dtype=torch.float64),
            torch.tensor(hyper.mean, dtype=torch.float64),
            training.Z,
            training.y,
            training.known_var,
        )
        gradients = found.gradients + found.thrifty_gradients
        return FittedProcess.of(training, FoundProcess(process, found.value, gradients), start_s)


@final
@dataclass(frozen=True, kw_only=True)
class GpGamma:
    """Matern-5/2 with Gamma priors, BoTorch's default before 2024 and the study's baseline.

    Source: Balandat et al. (2020), "BoTorch: A Framework for Efficient Monte-Carlo Bayesian
    Optimization": length scales Gamma(3, 6), signal Gamma(2, 0.15), noise Gamma(1.1, 0.05).
    """

    name: ClassVar[str] = "gp-gamma"

    def fit(self, data: Data, embedding: Embedding, *, seed: int) -> FittedProcess:
        """Fit hyperparameters from the priors' modes and one start near them."""
        start_s = time.process_time()
        training = TrainingSet.of(data, embedding)
        lengthscale = Hyper(math.log(2.0 / 6.0), math.log(0.01), math.log(1e3), Gamma(3.0, 6.0))
        signal = Hyper(math.log(1.0), math.log(1e-3), math.log(1e3), Gamma(2.0, 0.15))
        noise = Hyper(math.log(1e-2), math.log(1e-4), math.log(10.0), Gamma(1.1, 0.05))
        kernel = Stationary("matern52", scale_indices(training), lengthscale, signal)
        found = fit(
            kernel,
            noise,
            training.Z,
            training.y,
            training.known_var,
            starts=2,
            generator=Generator().manual_seed(seed),
        )
        return FittedProcess.of(training, found, start_s)
