"""Surrogates small enough to be checked by hand: a known Gaussian, and a known ensemble."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self, final

import numpy as np
import torch
from torch import Tensor

from bosearch.surrogates.embedding import Array, Embedding
from bosearch.surrogates.interface import Capability, FitReport, Fitted, Function
from bosearch.surrogates.schedule import Data
from bosearch.surrogates.single_output import SingleOutput
from bosearch.surrogates.training import TrainingSet

# isort: split
from botorch.posteriors.ensemble import EnsemblePosterior


class Members(SingleOutput):
    """A finite number of functions."""

    def __init__(self, functions: Function, noise_var: float) -> None:
        super().__init__(noise_var)
        self.members = functions

    def predict(self, X: Tensor, noise: Tensor | None) -> Any:
        flat = self.members(X.reshape(-1, X.shape[-1]))  # S x bq
        values = flat.reshape(-1, *X.shape[:-1]).movedim(0, -2)  # batch x S x q
        return EnsemblePosterior(values.unsqueeze(-1))


@final
@dataclass(frozen=True)
class FittedStub:
    """An ensemble, with or without slopes; ``data`` are the last that were fitted."""

    members: Function
    data: Data
    noise_var: float
    capabilities: frozenset[Capability]

    @property
    def report(self) -> FitReport:
        return FitReport(seconds=0.0)

    @property
    def model(self) -> Any:
        return Members(self.members, self.noise_var)

    def functions(self, count: int, seed: int) -> Function:
        chosen = torch.randint(0, 8, (count,), generator=torch.Generator().manual_seed(seed))
        return lambda X: self.members(X)[chosen]

    def update(self, data: Data) -> Self:
        raise AssertionError("has no update")

    def leave_one_out(self) -> Array | None:
        return None


@final
@dataclass(frozen=True, kw_only=True)
class Stub:
    """Eight quadratic regressions on resampled observations."""

    name: ClassVar[str] = "stub"
    slopes: bool = True
    noise_std: float = 0.0

    def fit(self, data: Data, embedding: Embedding, *, seed: int) -> Fitted:
        training = TrainingSet.of(data, embedding)
        rng = np.random.default_rng(seed)
        n = len(training.y)
        weights = []
        for _ in range(8):
            rows = rng.integers(n, size=n)
            phi = _features(training.Z[rows])
            gram = phi.mT @ phi + 1e-3 * torch.eye(phi.shape[1], dtype=torch.float64)
            weights.append(torch.linalg.solve(gram, phi.mT @ training.y[rows]))
        W = torch.stack(weights)  # S x p

        def members(X: Tensor) -> Tensor:
            standardised = W @ _features(training.coordinates(X)).mT
            values = training.location + training.spread * standardised
            return values if self.slopes else values.detach()

        can = {Capability.ENSEMBLE} | ({Capability.GRADIENT} if self.slopes else set())
        return FittedStub(members, data, self.noise_std**2, frozenset(can))


def _features(Z: Tensor) -> Tensor:
    return torch.cat([torch.ones_like(Z[:, :1]), Z, (Z - 0.5) ** 2], dim=1)


def quadratic(d: int) -> Embedding:
    """``d`` coordinates that are their own."""
    return Embedding((None,) * d, np.arange(d))
