"""From the options of a recipe to the posterior that it samples."""

import math
from itertools import pairwise
from typing import Any, Protocol, cast

import torch
from torch import Tensor

from bosearch.errors import SurrogateError
from bosearch.surrogates.networks.mlp import ACTIVATIONS, BatchedMLP
from bosearch.surrogates.options import need_count, need_positive, need_word
from bosearch.surrogates.sampling.target import NoisePrior, Target
from bosearch.surrogates.training import TrainingSet


class NetworkPrior(Protocol):
    """What every recipe here believes before it sees data, all in standardised units.

    Options that describe a network's weights, then the noise and the scale: see ``Target``.
    """

    @property
    def widths(self) -> tuple[int, ...]:
        """Of the hidden layers; none makes a linear model."""
        ...

    @property
    def activation(self) -> str:
        """Of the hidden layers."""
        ...

    @property
    def weight_std(self) -> float:
        """Prior standard deviation of a weight, times the root of its fan-in."""
        ...

    @property
    def bias_std(self) -> float:
        """Prior standard deviation of a bias."""
        ...

    @property
    def fan_in(self) -> bool:
        """Without, all weights have ``weight_std``, whatever their fan-in."""
        ...

    @property
    def scale_spread(self) -> float:
        """Of the logarithm of a factor of all weights, sampled along; 0 fixes it at 1."""
        ...

    @property
    def noise_median(self) -> float:
        """Of the variance of the noise, above its floor."""
        ...

    @property
    def noise_spread(self) -> float:
        """Of the logarithm of this variance; 0 fixes it at its median."""
        ...

    @property
    def noise_floor(self) -> float:
        """Least variance of the noise, of known noise too."""
        ...


def check_prior(surrogate: str, prior: NetworkPrior) -> None:
    """Refuse options with wrong values.

    Raises:
        SurrogateError: There are some.
    """
    for width in prior.widths:
        need_count(surrogate, "each of widths", width)
    need_word(surrogate, "activation", prior.activation, ACTIVATIONS)
    for option in ("weight_std", "bias_std", "noise_median", "noise_floor"):
        need_positive(surrogate, option, getattr(prior, option))
    for option in ("scale_spread", "noise_spread"):
        need_spread(surrogate, option, getattr(prior, option))


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


def target_of(
    prior: NetworkPrior, training: TrainingSet, dtype: torch.dtype = torch.float32
) -> Target:
    """The posterior given ``training``."""
    network = BatchedMLP(
        widths=tuple(prior.widths),
        activation=cast("Any", prior.activation),
        weight_std=prior.weight_std,
        bias_std=prior.bias_std,
    )
    p = training.coordinates.count
    return Target(
        network=network,
        scaled=network.is_weight(p).to(dtype),
        unit=(torch.ones(network.count(p)) if prior.fan_in else _root_fan_in(prior, p)).to(dtype),
        Z=training.Z.to(dtype),
        y=training.y.to(dtype),
        known_var=training.known_var.to(dtype),
        noise=NoisePrior(
            median=prior.noise_median, spread=prior.noise_spread, floor=prior.noise_floor
        ),
        scale_spread=prior.scale_spread,
    )


def _root_fan_in(prior: NetworkPrior, p: int) -> Tensor:
    """``P`` factors that undo the network's division by the root of the fan-in."""
    ends = [p, *prior.widths, 1]
    parts = []
    for inputs, outputs in pairwise(ends):
        parts += [torch.full((inputs * outputs,), math.sqrt(inputs)), torch.ones(outputs)]
    return torch.cat(parts)
