"""A Bayesian neural network by kinetic Langevin dynamics: surrogate ``langevin``.

No move is refused, which leaves a bias that vanishes with the step. On one posterior the worst
predicted quantity had 1.4 times the effective draws of ``hmc`` for equal gradients.

Source: see ``kinetic`` for the schemes. What is ours: the step is a share of that which
Hamiltonian Monte Carlo finds for the same posterior, and is halved if a chain gets lost.
"""

import time
from dataclasses import dataclass
from typing import ClassVar, final

from torch import Generator

from bosearch.surrogates.embedding import Embedding
from bosearch.surrogates.interface import Fitted
from bosearch.surrogates.options import need_count, need_positive, need_word
from bosearch.surrogates.sampling import hamiltonian, kinetic
from bosearch.surrogates.sampling.chains import schedule
from bosearch.surrogates.sampling.density import Draws
from bosearch.surrogates.sampling.fitted import fitted_members
from bosearch.surrogates.sampling.prior import check_prior, target_of
from bosearch.surrogates.sampling.target import START_RATE, Target, anchored_start
from bosearch.surrogates.schedule import Data
from bosearch.surrogates.training import TrainingSet

_LOST = 12.0  # prior standard deviations that no coordinate strays to
_HALVINGS = 4
_LEAPS = 30  # of a trajectory by which the step is found


@final
@dataclass(frozen=True, kw_only=True)
class Langevin:
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
        scheme: ``baoab``, ``align`` or ``quicsort``.
        friction: Of the dynamics, per unit of the prior.
        step: As a share of the step of Hamiltonian Monte Carlo.
        tuning: Trajectories of 30 gradients that find this step.
        burn_in: Steps that are forgotten.
        steps: From which members are taken.
    """

    name: ClassVar[str] = "langevin"

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
    scheme: str = "baoab"
    friction: float = 1.0
    step: float = 1.0
    tuning: int = 40
    burn_in: int = 2000
    steps: int = 8000

    def __post_init__(self) -> None:
        object.__setattr__(self, "widths", tuple(self.widths))  # JSON has lists only
        check_prior(self.name, self)
        need_word(self.name, "scheme", self.scheme, tuple(kinetic.SCHEMES))
        for option in ("chains", "members", "steps"):
            need_count(self.name, option, getattr(self, option))
        for option in ("start_steps", "tuning", "burn_in"):
            need_count(self.name, option, getattr(self, option), least=0)
        for option in ("friction", "step"):
            need_positive(self.name, option, getattr(self, option))

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
        start = anchored_start(
            target, self.chains, steps=self.start_steps, rate=START_RATE, generator=generator
        )
        tuned = hamiltonian.sample(
            target,
            start,
            burn_in=self.tuning,
            draws=1,
            leaps=_LEAPS,
            generator=generator,
            guess=0.01,
        )
        draws, warnings = self._draws(target, tuned, generator)
        return fitted_members(
            training,
            target,
            draws,
            members=self.members,
            gradients=self.start_steps + tuned.gradients + draws.gradients,
            began_s=began,
            warnings=warnings,
        )

    def _draws(
        self, target: Target, tuned: Draws, generator: Generator
    ) -> tuple[Draws, tuple[str, ...]]:
        """Draws of chains none of which got lost, and what it took.

        Where shorter steps do not help, moves are refused after all.
        """
        kept, every = schedule(self.steps, self.chains)
        for lost in range(_HALVINGS + 1):
            try:
                draws = kinetic.sample(
                    target.slope,
                    tuned.states[-1],
                    scheme=self.scheme,
                    step=self.step * tuned.step * 0.5**lost,
                    burn_in=self.burn_in,
                    draws=kept,
                    every=every,
                    friction=self.friction,
                    generator=generator,
                    bound=_LOST,
                )
            except ArithmeticError:
                continue
            said = f"chains got lost: the step of the {self.scheme} scheme was halved {lost} times"
            return draws, (said,) if lost else ()
        kept, every = schedule(max(1, self.steps // _LEAPS), self.chains)
        draws = hamiltonian.sample(
            target,
            tuned.states[-1],
            burn_in=self.burn_in // _LEAPS,
            draws=kept,
            every=every,
            leaps=_LEAPS,
            generator=generator,
            guess=tuned.step,
        )
        return draws, (f"chains got lost by the {self.scheme} scheme: moves were refused instead",)
