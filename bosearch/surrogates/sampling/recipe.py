"""What the recipes of sampled networks share: options, and the way from data to members."""

import math
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import torch
from torch import Generator, Tensor

from bosearch.errors import SurrogateError
from bosearch.surrogates.embedding import Embedding
from bosearch.surrogates.networks.architecture import need_architecture
from bosearch.surrogates.networks.fitted import FittedMembers
from bosearch.surrogates.networks.mlp import Activation, BatchedMLP
from bosearch.surrogates.options import need_count, need_positive
from bosearch.surrogates.sampling.density import Draws
from bosearch.surrogates.sampling.fitted import fitted_members
from bosearch.surrogates.sampling.target import NoisePrior, Target
from bosearch.surrogates.schedule import Data
from bosearch.surrogates.training import TrainingSet


@dataclass(frozen=True, kw_only=True)
class SampledNetwork(ABC):
    """Networks drawn from their posterior; each observation costs a fit.

    Args:
        widths: Of the hidden layers; none makes a linear model.
        activation: Of the hidden layers.
        weight_std: Prior standard deviation of a weight, times the root of its fan-in.
        bias_std: Prior standard deviation of a bias.
        fan_in: Whether weights are scaled by their fan-in; else all have ``weight_std``.
        scale_spread: Of the logarithm of a factor of all weights; 0 fixes it at 1.
        noise_median: Of the variance of the noise above its floor, standardised.
        noise_spread: Of the logarithm of this variance; 0 fixes it.
        noise_floor: Least variance of the noise, of known noise too, standardised.
        chains: Run side by side.
        members: Networks kept of all chains together, at most.
        start_steps: Of the fit by which chains start.
    """

    name: ClassVar[str]

    widths: tuple[int, ...] = (50, 50)
    activation: Activation = "tanh"
    weight_std: float = 1.5
    bias_std: float = 1.0
    fan_in: bool = True
    scale_spread: float = 0.5
    noise_median: float = 0.02
    noise_spread: float = 0.5
    noise_floor: float = 2.5e-3
    chains: int = 8
    members: int = 128
    start_steps: int = 600

    def __post_init__(self) -> None:
        need_architecture(self)
        for option in ("weight_std", "noise_median", "noise_floor"):
            need_positive(self.name, option, getattr(self, option))
        for option in ("scale_spread", "noise_spread"):
            need_spread(self.name, option, getattr(self, option))
        for option in ("chains", "members"):
            need_count(self.name, option, getattr(self, option))
        need_count(self.name, "start_steps", self.start_steps, least=0)
        self.check()

    @abstractmethod
    def check(self) -> None:
        """Refuse wrong values of the options that only this recipe has.

        Raises:
            SurrogateError: There are some.
        """

    @abstractmethod
    def draws(self, target: Target, generator: Generator) -> tuple[Draws, tuple[str, ...]]:
        """States of ``target``, with all gradients that they took, and warnings.

        Raises:
            ArithmeticError: The numerics break down.
        """

    def fit(self, data: Data, embedding: Embedding, *, seed: int) -> FittedMembers:
        """Sample the posterior given observations of one output.

        Raises:
            SurrogateError: There are no observations, or some are not finite.
            ArithmeticError: The numerics break down.
        """
        began_s = time.process_time()
        training = TrainingSet.of(data, embedding)
        target = self.target(training)
        draws, warnings = self.draws(target, Generator().manual_seed(seed))
        return fitted_members(
            training, target, draws, members=self.members, began_s=began_s, warnings=warnings
        )

    def target(self, training: TrainingSet, dtype: torch.dtype = torch.float32) -> Target:
        """The posterior given ``training``."""
        network = BatchedMLP(self.widths, self.activation, self.weight_std, self.bias_std)
        p = training.coordinates.count
        unit = torch.ones(network.count(p)) if self.fan_in else _root_fan_in(self.widths, p)
        return Target(
            network=network,
            scaled=network.is_weight(p).to(dtype),
            unit=unit.to(dtype),
            Z=training.Z.to(dtype),
            y=training.y.to(dtype),
            known_var=training.known_var.to(dtype),
            noise=NoisePrior(
                median=self.noise_median, spread=self.noise_spread, floor=self.noise_floor
            ),
            scale_spread=self.scale_spread,
        )


def need_spread(surrogate: str, option: str, value: Any) -> None:
    """Refuse what is not a finite number from 0.

    Raises:
        SurrogateError: It is not.
    """
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or value < 0.0:
        raise SurrogateError(
            f"surrogate {surrogate!r}: {option} must be a number from 0, got {value!r}"
        )


def _root_fan_in(widths: tuple[int, ...], p: int) -> Tensor:
    """``P`` factors that undo the network's division by the root of the fan-in."""
    parts = []
    for inputs, outputs in pairwise((p, *widths, 1)):
        parts += [torch.full((inputs * outputs,), math.sqrt(inputs)), torch.ones(outputs)]
    return torch.cat(parts)
