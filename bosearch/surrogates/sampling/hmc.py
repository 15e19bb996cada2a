"""A Bayesian neural network by Hamiltonian Monte Carlo: surrogate ``hmc``.

Source: Neal (1996), *Bayesian Learning for Neural Networks*; Li, Rudner and Wilson (2024),
"A Study of Bayesian Neural Network Surrogates for Bayesian Optimization", for networks as
surrogates. What differs from the study: several chains in one tensor instead of one, weights
scaled by their fan-in, noise and scale sampled along with them, the last layer integrated out
and drawn afterwards (see ``marginal``), long trajectories, and diagnostics of the predictions.
"""

from dataclasses import dataclass, replace
from typing import ClassVar, final

from torch import Generator

from bosearch.surrogates.networks.mlp import Activation
from bosearch.surrogates.options import need_count, need_positive
from bosearch.surrogates.sampling import hamiltonian
from bosearch.surrogates.sampling.chains import schedule
from bosearch.surrogates.sampling.density import Draws
from bosearch.surrogates.sampling.marginal import Marginal
from bosearch.surrogates.sampling.recipe import SampledNetwork
from bosearch.surrogates.sampling.target import START_RATE, Target, anchored_start


@final
@dataclass(frozen=True, kw_only=True)
class Hmc(SampledNetwork):
    """By Hamiltonian Monte Carlo, the last layer integrated out.

    Args:
        burn_in: Trajectories that adapt the step and are forgotten.
        trajectories: From which members are taken.
        leaps: Steps of a trajectory, each a gradient, at most.
        length: Of a trajectory, in units of the prior.
    """

    name: ClassVar[str] = "hmc"

    activation: Activation = "gelu"
    noise_median: float = 0.01
    noise_spread: float = 0.7
    chains: int = 4
    start_steps: int = 200
    burn_in: int = 50
    trajectories: int = 128
    leaps: int = 60
    length: float = 1.0

    def check(self) -> None:
        """See ``SampledNetwork``."""
        need_count(self.name, "burn_in", self.burn_in, least=0)
        need_count(self.name, "trajectories", self.trajectories)
        need_count(self.name, "leaps", self.leaps)
        need_positive(self.name, "length", self.length)

    def draws(self, target: Target, generator: Generator) -> tuple[Draws, tuple[str, ...]]:
        """Of hidden weights, then of the last layer given them."""
        marginal = Marginal(target)
        start = anchored_start(
            marginal, self.chains, steps=self.start_steps, rate=START_RATE, generator=generator
        )
        kept, every = schedule(self.trajectories, self.chains)
        found = hamiltonian.sample(
            marginal,
            start,
            burn_in=self.burn_in,
            draws=kept,
            every=every,
            leaps=self.leaps,
            generator=generator,
            guess=0.01,
            length=self.length,
        )
        found = marginal.drawn(found, generator)
        return replace(found, gradients=self.start_steps + found.gradients), ()
