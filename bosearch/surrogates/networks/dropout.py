"""One network, many masks: each mask that silences some hidden units is one function."""

import time
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, final

import torch
from torch import Generator, Tensor

from bosearch.errors import SurrogateError
from bosearch.surrogates.embedding import Embedding
from bosearch.surrogates.interface import FitReport
from bosearch.surrogates.networks.architecture import need_architecture, need_share
from bosearch.surrogates.networks.descent import descend
from bosearch.surrogates.networks.fitted import FittedMembers
from bosearch.surrogates.networks.members import NetworkMembers
from bosearch.surrogates.networks.mlp import Activation, BatchedMLP
from bosearch.surrogates.networks.scale import WEIGHT_STDS, choose, corrected, variances
from bosearch.surrogates.options import need_count, need_positive
from bosearch.surrogates.schedule import Data
from bosearch.surrogates.training import TrainingSet

_MASKS = 4  # drawn at each step of training, each for all observations


@final
@dataclass(frozen=True, kw_only=True)
class Dropout:
    """A network trained with hidden units silenced at random, and then queried so.

    Masks are drawn once per fit: each is a function, the same at all points. A mask drawn
    anew for each point, as is common, has no joint samples. Often badly calibrated: kept
    for comparison.

    Source: Gal and Ghahramani (2016), "Dropout as a Bayesian approximation", eqs. 5 and 6.
    Ours: masks held fixed; scale of weights and noise by the evidence of the infinite network;
    weights are drawn towards where they start, a draw from the prior, since towards 0 noisy
    observations silence the whole network, and masks then tell nothing apart.

    Args:
        widths: Of the hidden layers, at least one.
        activation: ``tanh``, ``relu`` or ``gelu``.
        drop: Probability that a hidden unit is silent.
        members: Number of masks.
        steps: Of training.
        rate: Largest step of a whitened weight.
        weight_std: Prior standard deviation of a weight, times the root of its fan-in; ``None``:
            by evidence.
        bias_std: Of a bias.
    """

    name: ClassVar[str] = "dropout"
    widths: tuple[int, ...] = (64, 64)
    activation: Activation = "gelu"
    drop: float = 0.1
    members: int = 32
    steps: int = 1000
    rate: float = 0.02
    weight_std: float | None = None
    bias_std: float = 1.0

    def __post_init__(self) -> None:
        need_architecture(self)
        if not self.widths:
            raise SurrogateError(f"surrogate {self.name!r}: widths must name a hidden layer")
        need_share(self.name, "drop", self.drop)
        if self.drop > 0.9:
            raise SurrogateError(
                f"surrogate {self.name!r}: drop must be at most 0.9, got {self.drop!r}"
            )
        need_count(self.name, "members", self.members, least=2)
        need_count(self.name, "steps", self.steps)
        need_positive(self.name, "rate", self.rate)

    def fit(self, data: Data, embedding: Embedding, *, seed: int) -> FittedMembers:
        """Train one network, then draw its masks."""
        start_s = time.process_time()
        training = TrainingSet.of(data, embedding)
        generator = Generator().manual_seed(seed)
        scale = choose(
            BatchedMLP(self.widths, self.activation, bias_std=self.bias_std),
            training,
            generator,
            weight_stds=WEIGHT_STDS if self.weight_std is None else (self.weight_std,),
        )
        p = training.Z.shape[-1]
        Z, y = training.Z.float(), training.y.float()
        precision = 1.0 / variances(training, scale.noise_var).float()
        start = scale.mlp.init(1, p, generator, torch.float32)

        def slope(z: Tensor) -> Tensor:
            factors = masks(self.widths, p, self.drop, _MASKS, generator).float()
            with torch.enable_grad():
                leaf = z.detach().requires_grad_()
                residuals = y - scale.mlp.forward(leaf * factors, Z)
                fit = (precision * residuals.square()).sum() / _MASKS
                (found,) = torch.autograd.grad(0.5 * (fit + (leaf - start).square().sum()), leaf)
            return found

        trained = descend(slope, start, steps=self.steps, rate=self.rate).double()
        factors = masks(self.widths, p, self.drop, self.members, generator)
        members = NetworkMembers(scale.mlp, trained * factors)
        report = FitReport(
            seconds=time.process_time() - start_s,
            gradients=self.steps * _MASKS,
            log_evidence=scale.log_evidence,
        )
        noise_var = corrected(training, members, scale.noise_var)
        return FittedMembers.of(training, members, noise_var, report)


def masks(widths: tuple[int, ...], p: int, drop: float, count: int, generator: Generator) -> Tensor:
    """``count x P`` factors of weights: 0 for what leaves a silent unit, so that the mean stays.

    A silenced unit is one whose outgoing weights are 0: a network with a mask is a network.
    """
    parts = [torch.ones((count, (p + 1) * widths[0]), dtype=torch.float64)]
    for k, w in pairwise((*widths, 1)):
        awake = torch.rand((count, k, 1), generator=generator) >= drop
        factors = (awake.double() / (1.0 - drop)).expand(count, k, w).reshape(count, -1)
        parts += [factors, torch.ones((count, w), dtype=torch.float64)]
    return torch.cat(parts, dim=-1)
