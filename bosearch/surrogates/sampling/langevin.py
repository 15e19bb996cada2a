"""A Bayesian neural network by kinetic Langevin dynamics: surrogate ``langevin``.

No move is refused, which leaves a bias that vanishes with the step.

Source: see ``kinetic`` for the schemes. What is ours: the last layer is integrated out and drawn
afterwards (see ``marginal``), the step is a share of that which Hamiltonian Monte Carlo finds
for the same posterior, and is halved if a chain gets lost.
"""

from dataclasses import dataclass, replace
from typing import ClassVar, final

from torch import Generator

from bosearch.surrogates.networks.mlp import Activation
from bosearch.surrogates.options import need_count, need_positive, need_word
from bosearch.surrogates.sampling import hamiltonian, kinetic
from bosearch.surrogates.sampling.chains import schedule
from bosearch.surrogates.sampling.density import Draws
from bosearch.surrogates.sampling.marginal import Marginal
from bosearch.surrogates.sampling.recipe import SampledNetwork
from bosearch.surrogates.sampling.target import START_RATE, Target, anchored_start

_LOST = 12.0  # prior standard deviations that no coordinate strays to
_HALVINGS = 4
_LEAPS = 30  # of a trajectory by which the step is found


@final
@dataclass(frozen=True, kw_only=True)
class Langevin(SampledNetwork):
    """By kinetic Langevin dynamics, the last layer integrated out.

    Args:
        scheme: ``baoab``, ``align`` or ``quicsort``.
        friction: Of the dynamics, per unit of the prior.
        step: As a share of the step of Hamiltonian Monte Carlo.
        tuning: Trajectories of 30 gradients that find this step.
        burn_in: Steps that are forgotten.
        steps: From which members are taken.
    """

    name: ClassVar[str] = "langevin"

    activation: Activation = "gelu"
    noise_median: float = 0.01
    noise_spread: float = 0.7
    chains: int = 4
    start_steps: int = 200
    scheme: str = "baoab"
    friction: float = 1.0
    step: float = 1.0
    tuning: int = 40
    burn_in: int = 1500
    steps: int = 4000

    def check(self) -> None:
        """See ``SampledNetwork``."""
        need_word(self.name, "scheme", self.scheme, tuple(kinetic.SCHEMES))
        need_count(self.name, "steps", self.steps)
        for option in ("tuning", "burn_in"):
            need_count(self.name, option, getattr(self, option), least=0)
        for option in ("friction", "step"):
            need_positive(self.name, option, getattr(self, option))

    def draws(self, target: Target, generator: Generator) -> tuple[Draws, tuple[str, ...]]:
        """With the step that Hamiltonian Monte Carlo finds, or a share of it."""
        marginal = Marginal(target)
        start = anchored_start(
            marginal, self.chains, steps=self.start_steps, rate=START_RATE, generator=generator
        )
        tuned = hamiltonian.sample(
            marginal,
            start,
            burn_in=self.tuning,
            draws=1,
            leaps=_LEAPS,
            generator=generator,
            guess=0.01,
        )
        found, warnings = self._draws(marginal, tuned, generator)
        gradients = self.start_steps + tuned.gradients + found.gradients
        return replace(marginal.drawn(found, generator), gradients=gradients), warnings

    def _draws(
        self, marginal: Marginal, tuned: Draws, generator: Generator
    ) -> tuple[Draws, tuple[str, ...]]:
        """Draws of chains none of which got lost, and what it took.

        Where shorter steps do not help, moves are refused after all.
        """
        kept, every = schedule(self.steps, self.chains)
        for lost in range(_HALVINGS + 1):
            try:
                draws = kinetic.sample(
                    marginal.slope,
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
            marginal,
            tuned.states[-1],
            burn_in=self.burn_in // _LEAPS,
            draws=kept,
            every=every,
            leaps=_LEAPS,
            generator=generator,
            guess=tuned.step,
        )
        return draws, (f"chains got lost by the {self.scheme} scheme: moves were refused instead",)
