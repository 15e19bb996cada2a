"""Densities whose answers are known."""

import torch
from torch import Generator, Tensor

from bosearch.surrogates.sampling.density import LogDensity


def seeded(seed: int) -> Generator:
    return Generator().manual_seed(seed)


def gaussian(stds: Tensor, mean: float = 0.0) -> LogDensity:
    """Independent normal coordinates with these standard deviations."""

    def density(state: Tensor) -> tuple[Tensor, Tensor]:
        away = (state - mean) / stds
        return -0.5 * away.double().square().sum(-1), -away / stds

    return density


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=seeded(seed), dtype=torch.float64)
