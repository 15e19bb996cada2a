"""Networks whose hidden layers are sampled, the last layer integrated out: ``hmc``, ``langevin``.

Source: Neal (1996), *Bayesian Learning for Neural Networks*; Li, Rudner and Wilson (2024),
"A Study of Bayesian Neural Network Surrogates for Bayesian Optimization", for networks as
surrogates. What differs from the study: several chains in one tensor instead of one, weights
scaled by their fan-in, noise and scale sampled along with them, the last layer integrated out
and drawn afterwards (see ``marginal``), diagnostics of the predictions, and chains that go on
while these disagree.
"""

from abc import abstractmethod
from dataclasses import dataclass, replace

import torch
from torch import Generator, Tensor

from bosearch.surrogates.networks.mlp import Activation
from bosearch.surrogates.options import need_count
from bosearch.surrogates.sampling.chains import mixing
from bosearch.surrogates.sampling.density import Draws
from bosearch.surrogates.sampling.marginal import Marginal
from bosearch.surrogates.sampling.recipe import SampledNetwork
from bosearch.surrogates.sampling.target import START_RATE, Target, anchored_start


@dataclass(frozen=True, kw_only=True)
class CollapsedNetwork(SampledNetwork):
    """Samples hidden weights, noise and scale in rounds, until chains agree on predictions.

    Args:
        rounds: Of draws, at most.
    """

    widths: tuple[int, ...] = (70, 70)
    activation: Activation = "gelu"
    noise_median: float = 0.01
    noise_spread: float = 0.7
    chains: int = 4
    start_steps: int = 200
    rounds: int = 3

    def check(self) -> None:
        """See ``SampledNetwork``."""
        need_count(self.name, "rounds", self.rounds)

    @abstractmethod
    def first(
        self, marginal: Marginal, start: Tensor, generator: Generator
    ) -> tuple[Draws, tuple[str, ...]]:
        """The first round from ``chains x size`` states, with all gradients, and warnings.

        Raises:
            ArithmeticError: The numerics break down.
        """

    @abstractmethod
    def more(self, marginal: Marginal, last: Draws, generator: Generator) -> Draws:
        """Another round from where ``last`` ended.

        Raises:
            ArithmeticError: The numerics break down.
        """

    def draws(self, target: Target, generator: Generator) -> tuple[Draws, tuple[str, ...]]:
        """Of hidden weights, then of the last layer given them."""
        marginal = Marginal(target)
        start = anchored_start(
            marginal, self.chains, steps=self.start_steps, rate=START_RATE, generator=generator
        )
        last, warnings = self.first(marginal, start, generator)
        found = marginal.drawn(last, generator)
        for _ in range(self.rounds - 1):
            if not mixing(target, found).warnings:
                break
            try:
                last = self.more(marginal, last, generator)
            except ArithmeticError as error:
                warnings = (*warnings, f"the chains could not go on: {error}")
                break  # with the draws that there are
            states = torch.cat([found.states, marginal.drawn(last, generator).states])
            found = replace(found, states=states, gradients=found.gradients + last.gradients)
        return replace(found, gradients=self.start_steps + found.gradients), warnings
