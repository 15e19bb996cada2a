"""A Bayesian neural network by stochastic-gradient Hamiltonian Monte Carlo: ``sghmc``.

For more than about 2000 observations, where whole gradients are dear; below, ``langevin``
is better at everything.

Source: see ``stochastic`` for the sampler. What differs from the study of Li, Rudner and
Wilson (2024): weights have the prior that is stated, where the code they built upon divides
its logarithm by the number of weights, and the noise is sampled under a prior of its own,
where theirs drifts towards nothing.
"""

import time
from dataclasses import dataclass
from typing import ClassVar, final

from torch import Generator, Tensor

from bosearch.errors import SurrogateError
from bosearch.surrogates.embedding import Embedding
from bosearch.surrogates.interface import Fitted
from bosearch.surrogates.options import need_count, need_positive
from bosearch.surrogates.sampling import stochastic
from bosearch.surrogates.sampling.chains import schedule
from bosearch.surrogates.sampling.fitted import fitted_members
from bosearch.surrogates.sampling.prior import check_prior, target_of
from bosearch.surrogates.sampling.target import START_RATE, anchored_start
from bosearch.surrogates.schedule import Data
from bosearch.surrogates.training import TrainingSet


@final
@dataclass(frozen=True, kw_only=True)
class Sghmc:
    """Networks drawn from about their posterior by minibatches.

    Args:
        widths: Of the hidden layers; none makes a linear model.
        activation: Of the hidden layers.
        weight_std: Prior standard deviation of a weight, times the root of its fan-in.
        bias_std: Prior standard deviation of a bias.
        fan_in: Whether weights are scaled by their fan-in; else all have ``weight_std``.
        scale_spread: Of the logarithm of a factor of all weights; 0 fixes it at 1.
        noise_median: Of the variance of the noise above its floor, standardised.
        noise_spread: Of the logarithm of this variance; 0 fixes it.
        noise_floor: Least variance of the noise, standardised.
        chains: Run side by side.
        members: Networks kept of all chains together, at most.
        start_steps: Of the fit by which chains start.
        batch: Observations of a minibatch.
        rate: Size of a step, in units of the prior where data say nothing.
        friction: Share of the velocity that a step loses, at most 1.
        burn_in: Steps that learn the scales and are forgotten.
        steps: From which members are taken.
    """

    name: ClassVar[str] = "sghmc"

    widths: tuple[int, ...] = (50, 50)
    activation: str = "tanh"
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
    batch: int = 128
    rate: float = 0.02
    friction: float = 0.05
    burn_in: int = 2000
    steps: int = 4000

    def __post_init__(self) -> None:
        object.__setattr__(self, "widths", tuple(self.widths))  # JSON has lists only
        check_prior(self.name, self)
        for option in ("chains", "members", "batch", "steps"):
            need_count(self.name, option, getattr(self, option))
        for option in ("start_steps", "burn_in"):
            need_count(self.name, option, getattr(self, option), least=0)
        need_positive(self.name, "rate", self.rate)
        need_positive(self.name, "friction", self.friction)
        if self.friction > 1.0:
            raise SurrogateError(
                f"surrogate {self.name!r}: friction must be at most 1, got {self.friction!r}"
            )

    def fit(self, data: Data, embedding: Embedding, *, seed: int) -> Fitted:
        """Sample the posterior given observations of one output.

        Raises:
            SurrogateError: There are no observations, or some are not finite.
            ArithmeticError: The numerics break down.
        """
        began = time.process_time()
        training = TrainingSet.of(data, embedding)
        target = target_of(self, training)
        generator = Generator().manual_seed(seed)

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
        draws = stochastic.sample(
            slope,
            start,
            rate=self.rate,
            friction=self.friction,
            burn_in=self.burn_in,
            draws=kept,
            every=every,
            generator=generator,
        )
        return fitted_members(
            training,
            target,
            draws,
            members=self.members,
            gradients=self.start_steps + draws.gradients,
            began_s=began,
        )
