"""A Gaussian process on a few features of a trained network."""

import math
import time
from dataclasses import dataclass
from typing import ClassVar, final, get_args

import torch
from torch import Generator

from bosearch.surrogates.embedding import Embedding
from bosearch.surrogates.gaussian.fitted import FittedProcess
from bosearch.surrogates.gaussian.kernels import Hyper, Profile, Stationary
from bosearch.surrogates.gaussian.priors import LogNormal
from bosearch.surrogates.networks.architecture import need_architecture
from bosearch.surrogates.networks.features import FeatureKernel, trained
from bosearch.surrogates.networks.mlp import Activation, BatchedMLP
from bosearch.surrogates.options import need_count, need_positive, need_word
from bosearch.surrogates.schedule import Data
from bosearch.surrogates.training import TrainingSet

SIGNAL = Hyper(0.0, math.log(0.05), math.log(20.0), LogNormal(0.0, 1.0))


@final
@dataclass(frozen=True, kw_only=True)
class DeepKernel:
    """Matern-5/2 in a space of few features, with a length scale each.

    Few features, weights held near a draw from their prior, a prior of length scales that
    grow with the number of features, and training that stops where held-out densities say
    so: without, thousands of weights make all observations agree (see ``features``).

    Source: Wilson, Hu, Salakhutdinov and Xing (2016), "Deep kernel learning", eq. 5; Ober,
    Rasmussen and van der Wilk (2021), "The promises and pitfalls of deep kernel learning".

    Args:
        widths: Of the hidden layers before the features.
        features: Number of features.
        activation: ``tanh``, ``relu`` or ``gelu``, of the features too.
        kernel: ``matern52`` or ``rbf``.
        steps: Of training, at most.
        rate: Largest step of a whitened weight.
        decay: Inverse variance of the distance of a whitened weight from its start.
        patience: Looks at held-out densities, ten steps apart, without a better one; with 0,
            nothing is held out, and all steps are taken.
        weight_std: Prior standard deviation of a weight, times the root of its fan-in.
        bias_std: Of a bias.
    """

    name: ClassVar[str] = "dkl"
    widths: tuple[int, ...] = (64,)
    features: int = 8
    activation: Activation = "gelu"
    kernel: Profile = "matern52"
    steps: int = 400
    rate: float = 0.02
    decay: float = 1.0
    patience: int = 10
    weight_std: float = 0.6
    bias_std: float = 0.1

    def __post_init__(self) -> None:
        need_architecture(self)
        need_count(self.name, "features", self.features)
        need_word(self.name, "kernel", self.kernel, get_args(Profile))
        need_count(self.name, "steps", self.steps)
        need_count(self.name, "patience", self.patience, least=0)
        need_positive(self.name, "rate", self.rate)
        need_positive(self.name, "decay", self.decay)

    def fit(self, data: Data, embedding: Embedding, *, seed: int) -> FittedProcess:
        """Train features in single precision, with the algebra of the process in double."""
        start_s = time.process_time()
        training = TrainingSet.of(data, embedding)
        generator = Generator().manual_seed(seed)
        mlp = BatchedMLP(
            (*self.widths, self.features), self.activation, self.weight_std, self.bias_std
        )
        prior = LogNormal.of_lengthscales(self.features)
        mode = prior.loc - prior.scale**2
        lengthscale = Hyper(max(mode, 0.0), math.log(0.05), math.log(1e3), prior)
        inner = Stationary(self.kernel, torch.arange(self.features), lengthscale, SIGNAL)
        found = trained(
            FeatureKernel(mlp, mlp.init(1, training.Z.shape[-1], generator), inner),
            training,
            steps=self.steps,
            rate=self.rate,
            decay=self.decay,
            patience=self.patience,
            generator=generator,
        )
        return FittedProcess.of(training, found, start_s)
