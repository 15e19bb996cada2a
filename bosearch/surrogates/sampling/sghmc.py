"""A Bayesian neural network by stochastic-gradient Hamiltonian Monte Carlo: ``sghmc``.

For more than about 2000 observations, where whole gradients are dear; below, ``langevin``
is better at everything.

Source: see ``stochastic`` for the sampler. What differs from the study of Li, Rudner and
Wilson (2024): weights have the prior that is stated, where the code they built upon divides
its logarithm by the number of weights, and the noise is sampled under a prior of its own,
where theirs drifts towards nothing.
"""

from dataclasses import dataclass, replace
from typing import ClassVar, final

from torch import Generator, Tensor

from bosearch.surrogates.networks.architecture import need_share
from bosearch.surrogates.options import need_count, need_positive
from bosearch.surrogates.sampling import stochastic
from bosearch.surrogates.sampling.chains import schedule
from bosearch.surrogates.sampling.density import Draws
from bosearch.surrogates.sampling.recipe import SampledNetwork
from bosearch.surrogates.sampling.target import START_RATE, Target, anchored_start


@final
@dataclass(frozen=True, kw_only=True)
class Sghmc(SampledNetwork):
    """By minibatches, from about the posterior.

    Args:
        batch: Observations of a minibatch.
        rate: Size of a step, in units of the prior where data say nothing.
        friction: Share of the velocity that a step loses, at most 1.
        burn_in: Steps that learn the scales and are forgotten.
        steps: From which members are taken.
    """

    name: ClassVar[str] = "sghmc"

    batch: int = 128
    rate: float = 0.02
    friction: float = 0.05
    burn_in: int = 2000
    steps: int = 4000

    def check(self) -> None:
        """See ``SampledNetwork``."""
        need_count(self.name, "batch", self.batch)
        need_count(self.name, "steps", self.steps)
        need_count(self.name, "burn_in", self.burn_in, least=0)
        need_positive(self.name, "rate", self.rate)
        need_share(self.name, "friction", self.friction)

    def draws(self, target: Target, generator: Generator) -> tuple[Draws, tuple[str, ...]]:
        """By slopes estimated from minibatches."""

        def slope(state: Tensor, generator: Generator) -> Tensor:
            return target.minibatch_slope(state, self.batch, generator)

        start = anchored_start(
            target,
            self.chains,
            steps=self.start_steps,
            rate=START_RATE,
            generator=generator,
            slope=slope,
        )
        kept, every = schedule(self.steps, self.chains)
        found = stochastic.sample(
            slope,
            start,
            rate=self.rate,
            friction=self.friction,
            burn_in=self.burn_in,
            draws=kept,
            every=every,
            generator=generator,
        )
        return replace(found, gradients=self.start_steps + found.gradients), ()
