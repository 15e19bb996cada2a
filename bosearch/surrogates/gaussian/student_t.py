r"""A process whose scale is unknown: the posterior is a multivariate t, in closed form.

With :math:`\sigma^2 \sim IG(a, b)` and :math:`y | \sigma^2 \sim N(m, \sigma^2 (K + s I))`, where
:math:`q = (y - m)' (K + s I)^{-1} (y - m)`, predictions are t with :math:`2 a + n` degrees of
freedom, located at the Gaussian mean, with :math:`(2 b + q) / (2 a + n)` times the Gaussian
covariance. After some fifty observations that is nearly Gaussian: what it gives is honest
tails for the first twenty. All observations share one scale, so it is not robust to outliers.

Source: Shah, Wilson and Ghahramani (2014), "Student-t processes as alternatives to Gaussian
processes", lemma 3; Lee, Yun, Nam, Fong and Lee (2022), "Scale mixtures of neural network
Gaussian processes". Known noise is inside the scale too, such that its expected variance is the
known one.
"""

import math
import time
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, Literal, Self, final, get_args

import numpy as np
import torch
from scipy.optimize import brentq
from torch import Generator, Tensor

from bosearch.surrogates.embedding import Array, Embedding
from bosearch.surrogates.gaussian.exact import ExactProcess, fit
from bosearch.surrogates.gaussian.fitted import in_units, scale_indices
from bosearch.surrogates.gaussian.gp import LENGTHSCALE
from bosearch.surrogates.gaussian.infinite import InfiniteNetwork
from bosearch.surrogates.gaussian.kernels import Kernel, Stationary
from bosearch.surrogates.gaussian.linear import NOISE
from bosearch.surrogates.gaussian.priors import LogNormal
from bosearch.surrogates.gaussian.t_model import StudentTModel
from bosearch.surrogates.interface import Capability, FitReport, Function
from bosearch.surrogates.options import need_positive, need_word
from bosearch.surrogates.schedule import Data
from bosearch.surrogates.training import TrainingSet

KernelName = Literal["matern52", "ibnn"]
_LOG_2PI = math.log(2.0 * math.pi)
_LARGEST = 20.0  # log scale, of standardised observations


@final
@dataclass(frozen=True, kw_only=True)
class StudentT:
    """A scale mixture of processes with one kernel.

    Args:
        kernel: ``matern52``, or ``ibnn`` for an infinitely wide network.
        shape: Of the inverse-gamma prior of the scale, ``a``; above 0.5, so that one
            observation has a variance.
        rate: Of that prior, ``b``, for standardised observations.
    """

    name: ClassVar[str] = "student-t"

    kernel: KernelName = "matern52"
    shape: float = 2.0
    rate: float = 2.0

    def __post_init__(self) -> None:
        need_word(self.name, "kernel", self.kernel, get_args(KernelName))
        need_positive(self.name, "rate", self.rate)
        need_positive(self.name, "shape less 0.5", self.shape - 0.5)

    def fit(self, data: Data, embedding: Embedding, *, seed: int) -> "FittedT":
        """Fit the kernel's hyperparameters and the share of noise by the evidence of the t."""
        start_s = time.process_time()
        training = TrainingSet.of(data, embedding)
        generator = Generator().manual_seed(seed)
        process, gradients = self._found(training, training.known_var, generator)
        if bool((training.known_var > 0.0).any()):  # again, with the scale that this one found
            process, more = self._found(training, process.known_var, generator)
            gradients += more
        blank = FittedT(training, process, self.shape, self.rate, FitReport(seconds=0.0))
        report = FitReport(
            seconds=time.process_time() - start_s,
            gradients=gradients,
            log_evidence=float(log_evidence(process, self.shape, self.rate)),
            loo=float(blank.leave_one_out().mean()),
        )
        return replace(blank, report=report)

    def _found(
        self, training: TrainingSet, relative_var: Tensor, generator: Generator
    ) -> tuple[ExactProcess, int]:
        """A fit given the noise inside the scale, and the gradients that it took."""
        found = fit(
            self._kernel(training),
            NOISE,
            training.Z,
            training.y,
            relative_var,
            starts=2,
            generator=generator,
            evidence=lambda p: log_evidence(p, self.shape, self.rate),
        )
        process = honouring(found.process, training.known_var, self.shape, self.rate)
        return process, found.gradients

    def _kernel(self, training: TrainingSet) -> Kernel:
        if self.kernel == "ibnn":
            return InfiniteNetwork().kernel
        prior = LogNormal.of_lengthscales(training.coordinates.embedding.count)
        lengthscale = replace(LENGTHSCALE, start=prior.loc - 1.0, prior=prior)
        return Stationary("matern52", scale_indices(training), lengthscale, None)


def log_evidence(process: ExactProcess, a: float, b: float) -> Tensor:
    """Log marginal likelihood of the observations, the scale integrated out."""
    n = len(process.y)
    q, log_det = process.form_and_log_det
    after = a + 0.5 * n
    constant = math.lgamma(after) - math.lgamma(a) + a * math.log(b) - 0.5 * n * _LOG_2PI
    return constant - after * (b + 0.5 * q).log() - 0.5 * log_det


def honouring(process: ExactProcess, known_var: Tensor, a: float, b: float) -> ExactProcess:
    """The process in which noise is expected to have the ``n`` variances that are known.

    Inside the scale they are ``known_var / tau``, with ``tau`` the posterior mean of the scale.
    That mean is a concave function of ``tau``, positive at 0: one ``tau`` agrees with it.

    Raises:
        ArithmeticError: The covariance cannot be factored.
    """
    if not bool((known_var > 0.0).any()):
        return process
    divisor = 2.0 * a + len(known_var) - 2.0

    def at(log_tau: float) -> ExactProcess:
        return replace(process, known_var=known_var * math.exp(-log_tau))

    def excess(log_tau: float) -> float:
        form, _ = at(log_tau).form_and_log_det
        return math.log((2.0 * b + float(form)) / divisor) - log_tau

    low = math.log(2.0 * b / divisor)  # the scale if there were no residuals
    high = max(low, 0.0) + 1.0
    while excess(high) > 0.0:
        if high > _LARGEST:  # repeats differ by more than their noise allows
            return at(high)
        high += 2.0
    return at(float(brentq(excess, low, high, xtol=1e-10)))


@final
@dataclass(frozen=True, eq=False)
class FittedT:
    """A process of unit scale, and what the observations say of the scale.

    Args:
        training: The observations.
        process: Given them, standardised, for a scale of 1; known noise is relative to it.
        shape: Of the prior of the scale.
        rate: Likewise.
        report: What the fit cost.
    """

    training: TrainingSet
    process: ExactProcess
    shape: float
    rate: float
    report: FitReport

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Student-t, differentiable, updated in closed form."""
        return frozenset({Capability.STUDENT_T, Capability.GRADIENT, Capability.UPDATE})

    @property
    def dof(self) -> float:
        """Degrees of freedom of predictions."""
        return 2.0 * self.shape + len(self.training.y)

    @cached_property
    def factor(self) -> float:
        """What the Gaussian covariance is multiplied by: the scale matrix, standardised."""
        process = self.process
        q = float((process.y - process.mean) @ process.weights)
        return (2.0 * self.rate + q) / self.dof

    @property
    def noise_var(self) -> float:
        """Posterior mean of the variance of the noise, or the mean of the known ones."""
        known = self.process.known_var
        inside = self.process.log_noise.exp() if bool(known.isnan().any()) else known.mean()
        variance = self.factor * self.dof / (self.dof - 2.0) * float(inside)
        return variance * self.training.spread**2

    @cached_property
    def model(self) -> StudentTModel:
        """As a BoTorch model."""
        return StudentTModel(
            self.training.coordinates,
            self.moments,
            dof=self.dof,
            location=self.training.location,
            spread=self.training.spread,
            noise_var=self.noise_var,
        )

    def moments(self, Z: Tensor) -> tuple[Tensor, Tensor]:
        """Locations ``batch x q`` and scale matrices ``batch x q x q`` at ``batch x q x p``."""
        mean, cov = self.process.moments(Z)
        return mean, self.factor * cov

    def functions(self, count: int, seed: int) -> Function:
        """Gaussian draws, each with a scale of its own from the scale's posterior."""
        generator = Generator().manual_seed(seed)
        draw = self.process.draw(count, generator)
        rng = np.random.default_rng(seed)
        chi2 = rng.chisquare(self.dof, size=(count, 1))
        size = torch.from_numpy(np.sqrt(self.factor * self.dof / chi2))

        def values(Z: Tensor) -> Tensor:
            k = self.process.kernel(self.process.theta, Z, self.process.Z)
            mean = self.process.mean + k @ self.process.weights
            return mean + size * (draw(Z) - mean)

        return in_units(self.training, values)

    def update(self, data: Data) -> Self:
        """Condition on all of ``data``: the scale learns too.

        Raises:
            SurrogateError: ``data`` do not start with those that were fitted.
            ArithmeticError: The covariance cannot be factored.
        """
        longer = self.training.extended(data)
        process = self.process.given(longer.Z, longer.y, longer.known_var)
        process = honouring(process, longer.known_var, self.shape, self.rate)
        return replace(self, training=longer, process=process)

    def leave_one_out(self) -> Array:
        """Closed form: t with one degree of freedom less."""
        mean, var = self.process.leave_one_out()
        residual = self.process.y - mean
        q = self.factor * self.dof - 2.0 * self.rate
        dof = self.dof - 1.0
        scale = (2.0 * self.rate + q - residual.square() / var) / dof * var
        constant = math.lgamma(0.5 * (dof + 1.0)) - math.lgamma(0.5 * dof)
        density = (
            constant
            - 0.5 * (math.pi * dof * scale).log()
            - 0.5 * (dof + 1.0) * (residual.square() / (dof * scale)).log1p()
        )
        return np.asarray(density.numpy() - math.log(self.training.spread))
