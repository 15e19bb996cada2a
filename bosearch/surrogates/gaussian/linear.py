"""Bayesian linear models: the cheapest strong baseline in hundreds of dimensions."""

import math
import time
from dataclasses import dataclass
from typing import ClassVar, final

from torch import Generator

from bosearch.surrogates.embedding import Embedding
from bosearch.surrogates.gaussian.exact import fit
from bosearch.surrogates.gaussian.fitted import FittedProcess
from bosearch.surrogates.gaussian.kernels import Hyper, LinearKernel
from bosearch.surrogates.gaussian.priors import LogNormal
from bosearch.surrogates.schedule import Data
from bosearch.surrogates.training import TrainingSet

_VARIANCE = Hyper(0.0, math.log(1e-4), math.log(1e4), LogNormal(0.0, 2.0))
_RADIUS = Hyper(0.0, math.log(0.05), math.log(20.0), LogNormal(0.0, 1.0))
NOISE = Hyper(math.log(1e-2), math.log(1e-6), math.log(10.0), LogNormal(-4.0, 2.0))


@final
@dataclass(frozen=True, kw_only=True)
class Linear:
    """A plane: variances of slopes, intercept and noise by marginal likelihood.

    Source: Rasmussen and Williams (2006), section 2.1; solved for observations, not weights,
    so that a thousand coordinates cost no more than ten.
    """

    name: ClassVar[str] = "linear"

    def fit(self, data: Data, embedding: Embedding, *, seed: int) -> FittedProcess:
        """Fit three variances."""
        return _fit(LinearKernel(_VARIANCE, _VARIANCE), data, embedding, seed)


@final
@dataclass(frozen=True, kw_only=True)
class SphericalLinear:
    """A plane through the cube bent onto a sphere, where corners lose their pull.

    Source: Doumont et al. (2025), "We Still Don't Understand High-Dimensional Bayesian
    Optimization", arXiv 2512.00170. Ours: one radius for all coordinates, fitted.
    """

    name: ClassVar[str] = "spherical-linear"

    def fit(self, data: Data, embedding: Embedding, *, seed: int) -> FittedProcess:
        """Fit three variances and the radius."""
        return _fit(LinearKernel(_VARIANCE, _VARIANCE, _RADIUS), data, embedding, seed)


def _fit(kernel: LinearKernel, data: Data, embedding: Embedding, seed: int) -> FittedProcess:
    start_s = time.process_time()
    training = TrainingSet.of(data, embedding)
    found = fit(
        kernel,
        NOISE,
        training.Z,
        training.y,
        training.known_var,
        starts=2,
        generator=Generator().manual_seed(seed),
    )
    return FittedProcess.of(training, found, start_s)
