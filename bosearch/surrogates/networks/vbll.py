"""A Bayesian last layer on a trained network."""

import time
from dataclasses import dataclass
from typing import ClassVar, final

from torch import Generator

from bosearch.surrogates.embedding import Embedding
from bosearch.surrogates.gaussian.fitted import FittedProcess
from bosearch.surrogates.networks.architecture import need_architecture, need_optional
from bosearch.surrogates.networks.evidence import NOISE, fixed
from bosearch.surrogates.networks.features import FeatureKernel, LastLayerKernel, trained
from bosearch.surrogates.networks.laplace import SCALE
from bosearch.surrogates.networks.mlp import Activation, BatchedMLP
from bosearch.surrogates.networks.scale import NOISE_VARS, WEIGHT_STDS, choose
from bosearch.surrogates.options import need_count, need_positive
from bosearch.surrogates.schedule import Data
from bosearch.surrogates.training import TrainingSet


@final
@dataclass(frozen=True, kw_only=True)
class LastLayer:
    """Variational last layers with the variational part solved: linear regression on features.

    The bound that variational last layers climb is highest, for given features and noise,
    at the exact posterior of the last layer, where it equals the evidence. We climb the
    evidence itself, and condition the last layer exactly, now and in every update.

    Source: Harrison, Willes and Snoek (2024), "Variational Bayesian Last Layers", eq. 9, for
    the bound; Brunzema, Jordahn, Willes, Trimpe, Snoek and Harrison (2025), "Bayesian
    optimization via continual variational last layer training", for updates. Ours: the bound's
    maximum in closed form, all observations at each step, as many as held-out densities advise;
    held-out densities, not evidence, then choose noise and scale (see ``features``).

    Args:
        widths: Of the hidden layers; the last is the number of features.
        activation: ``tanh``, ``relu`` or ``gelu``.
        steps: Of training, at most.
        rate: Largest step of a whitened weight.
        decay: Inverse variance of the distance of a whitened weight from its start.
        patience: Looks at held-out densities, ten steps apart, without a better one; with 0,
            nothing is held out, and all steps are taken.
        weight_std: Prior standard deviation of a weight, times the root of its fan-in; ``None``:
            by evidence of the infinite network, before training.
        bias_std: Of a bias.
        noise_var: Variance of the noise of standardised observations; ``None``: by held-out
            densities, or by evidence where nothing is held out.
        fit_scale: Whether the prior of the last layer is scaled, likewise.
    """

    name: ClassVar[str] = "vbll"
    widths: tuple[int, ...] = (64, 64, 256)
    activation: Activation = "gelu"
    steps: int = 400
    rate: float = 0.02
    decay: float = 1.0
    patience: int = 10
    weight_std: float | None = None
    bias_std: float = 1.0
    noise_var: float | None = None
    fit_scale: bool = True

    def __post_init__(self) -> None:
        need_architecture(self)
        need_count(self.name, "steps", self.steps)
        need_count(self.name, "patience", self.patience, least=0)
        need_positive(self.name, "rate", self.rate)
        need_positive(self.name, "decay", self.decay)
        need_optional(self.name, "noise_var", self.noise_var)

    def fit(self, data: Data, embedding: Embedding, *, seed: int) -> FittedProcess:
        """Train features in single precision, with the algebra of the last layer in double."""
        start_s = time.process_time()
        training = TrainingSet.of(data, embedding)
        generator = Generator().manual_seed(seed)
        mlp = choose(
            BatchedMLP(self.widths, self.activation, bias_std=self.bias_std),
            training,
            generator,
            weight_stds=WEIGHT_STDS if self.weight_std is None else (self.weight_std,),
            noise_vars=NOISE_VARS if self.noise_var is None else (self.noise_var,),
        ).mlp
        z = mlp.init(1, training.Z.shape[-1], generator)
        last = LastLayerKernel(mlp, SCALE if self.fit_scale else fixed(1.0))
        found = trained(
            FeatureKernel(mlp, z, last),
            training,
            steps=self.steps,
            rate=self.rate,
            decay=self.decay,
            patience=self.patience,
            generator=generator,
            noise=NOISE if self.noise_var is None else fixed(self.noise_var),
            calibrate=True,
        )
        return FittedProcess.of(training, found, start_s)
