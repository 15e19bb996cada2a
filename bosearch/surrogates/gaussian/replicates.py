"""A Gaussian process whose cost grows with different points, not with observations."""

import math
import time
from dataclasses import dataclass, replace
from typing import ClassVar, Self, final

import numpy as np
from torch import Generator

from bosearch.surrogates.embedding import Array, Embedding
from bosearch.surrogates.gaussian.exact import JITTER, fit, normal_log_density
from bosearch.surrogates.gaussian.fitted import FittedExact, scale_indices
from bosearch.surrogates.gaussian.gp import LENGTHSCALE, SIGNAL
from bosearch.surrogates.gaussian.kernels import Stationary
from bosearch.surrogates.gaussian.linear import NOISE
from bosearch.surrogates.gaussian.merging import Merged
from bosearch.surrogates.gaussian.priors import LogNormal
from bosearch.surrogates.interface import FitReport
from bosearch.surrogates.schedule import Data
from bosearch.surrogates.training import TrainingSet


@final
@dataclass(frozen=True, kw_only=True)
class Replicates:
    """Matern-5/2 on the means of repeated measurements, noise by evidence of all of them.

    The same posterior and evidence as the process on all observations; see ``merging``.
    """

    name: ClassVar[str] = "replicates"

    def fit(self, data: Data, embedding: Embedding, *, seed: int) -> "FittedReplicates":
        """Merge, then fit hyperparameters."""
        start_s = time.process_time()
        training = TrainingSet.of(data, embedding)
        merged = Merged.of(training.Z, training.y, training.known_var)
        prior = LogNormal.of_lengthscales(embedding.count)
        lengthscale = replace(LENGTHSCALE, start=prior.loc - 1.0, prior=prior)
        signal = replace(SIGNAL, prior=LogNormal(0.0, 1.0))
        kernel = Stationary("matern52", scale_indices(training), lengthscale, signal)
        found = fit(
            kernel,
            NOISE,
            merged.Z,
            merged.y,
            merged.known_var,
            counts=merged.counts,
            evidence=lambda p: p.log_evidence + merged.correction(p.log_noise),
            starts=2,
            generator=Generator().manual_seed(seed),
        )
        process = found.process
        blank = FittedReplicates(training, process, FitReport(seconds=0.0), merged)
        log_evidence = process.log_evidence + merged.correction(process.log_noise)
        return blank.reported(found, log_evidence, start_s)


@final
@dataclass(frozen=True, eq=False)
class FittedReplicates(FittedExact):
    """A process given means, with the observations that they stand for.

    Args:
        merged: The means.
    """

    merged: Merged

    def update(self, data: Data) -> Self:
        """See ``FittedExact``; all of ``data`` are merged anew."""
        longer = self.training.extended(data)
        merged = Merged.of(longer.Z, longer.y, longer.known_var)
        process = self.process.given(merged.Z, merged.y, merged.known_var, merged.counts)
        return replace(self, training=longer, merged=merged, process=process)

    def leave_one_out(self) -> Array:
        """Closed form: the point's other observations, and all other points, are kept."""
        merged, group = self.merged, self.merged.group
        mean, var = self.process.leave_one_out()  # of the means, without the whole group
        each = self.process.noise * merged.counts
        latent = (var - self.process.noise)[group].clamp_min(JITTER)
        others = (merged.counts - 1.0)[group]
        rest = (merged.counts[group] * merged.y[group] - self.training.y) / others.clamp_min(1.0)
        precision = others / each[group]
        after = 1.0 / (1.0 / latent + precision)
        centre = after * (mean[group] / latent + precision * rest)
        density = normal_log_density(self.training.y, centre, after + each[group])
        return np.asarray(density.numpy() - math.log(self.training.spread))
