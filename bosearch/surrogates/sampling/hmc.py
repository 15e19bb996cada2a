"""A Bayesian neural network by Hamiltonian Monte Carlo: surrogate ``hmc``.

Source: Neal (1996), *Bayesian Learning for Neural Networks*; Li, Rudner and Wilson (2024),
"A Study of Bayesian Neural Network Surrogates for Bayesian Optimization", for networks as
surrogates. What differs from the study: several chains in one tensor instead of one, weights
scaled by their fan-in, noise and scale sampled along with them, the last layer integrated out
and drawn afterwards (see ``marginal``), long trajectories, and diagnostics of the predictions.
"""

import time
from dataclasses import dataclass, replace
from typing import ClassVar, final

import torch
from torch import Generator

from bosearch.surrogates.embedding import Embedding
from bosearch.surrogates.interface import Fitted
from bosearch.surrogates.options import need_count, need_positive
from bosearch.surrogates.sampling import hamiltonian
from bosearch.surrogates.sampling.chains import schedule
from bosearch.surrogates.sampling.fitted import fitted_members
from bosearch.surrogates.sampling.marginal import Marginal
from bosearch.surrogates.sampling.prior import check_prior, target_of
from bosearch.surrogates.sampling.target import START_RATE, anchored_start
from bosearch.surrogates.schedule import Data
from bosearch.surrogates.training import TrainingSet


@final
@dataclass(frozen=True, kw_only=True)
class Hmc:
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
        noise_floor: Least variance of the noise, standardised.
        chains: Run side by side.
        members: Networks kept of all chains together, at most.
        start_steps: Of the fit by which chains start.
        burn_in: Trajectories that adapt the step and are forgotten.
        trajectories: From which members are taken.
        leaps: Steps of a trajectory, each a gradient, at most.
        length: Of a trajectory, in units of the prior.
    """

    name: ClassVar[str] = "hmc"

    widths: tuple[int, ...] = (50, 50)
    activation: str = "gelu"
    weight_std: float = 1.5
    bias_std: float = 1.0
    fan_in: bool = True
    scale_spread: float = 0.5
    noise_median: float = 0.01
    noise_spread: float = 0.7
    noise_floor: float = 2.5e-3
    chains: int = 4
    members: int = 128
    start_steps: int = 200
    burn_in: int = 50
    trajectories: int = 128
    leaps: int = 60
    length: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "widths", tuple(self.widths))  # JSON has lists only
        check_prior(self.name, self)
        for option in ("chains", "members", "trajectories", "leaps"):
            need_count(self.name, option, getattr(self, option))
        for option in ("start_steps", "burn_in"):
            need_count(self.name, option, getattr(self, option), least=0)
        need_positive(self.name, "length", self.length)

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
        marginal = Marginal(target)
        start = anchored_start(
            marginal, self.chains, steps=self.start_steps, rate=START_RATE, generator=generator
        )
        kept, every = schedule(self.trajectories, self.chains)
        draws = hamiltonian.sample(
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
        states = torch.stack([marginal.completed(state, generator) for state in draws.states])
        return fitted_members(
            training,
            target,
            replace(draws, states=states),
            members=self.members,
            gradients=self.start_steps + draws.gradients,
            began_s=began,
        )
