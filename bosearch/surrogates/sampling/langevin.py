"""A Bayesian neural network by kinetic Langevin dynamics: surrogate ``langevin``.

No move is refused, which leaves a bias that vanishes with the step.

Source: see ``kinetic`` for the schemes. What is ours: the step is a multiple of that which
Hamiltonian Monte Carlo finds for the same posterior, and is halved if a chain gets lost.
"""

from dataclasses import dataclass, replace
from typing import ClassVar, final

from torch import Generator, Tensor

from bosearch.surrogates.options import need_count, need_positive, need_word
from bosearch.surrogates.sampling import hamiltonian, kinetic
from bosearch.surrogates.sampling.chains import schedule
from bosearch.surrogates.sampling.collapsed import CollapsedNetwork
from bosearch.surrogates.sampling.density import Draws
from bosearch.surrogates.sampling.marginal import Marginal

_LOST = 12.0  # prior standard deviations that no coordinate strays to
_HALVINGS = 4
_LEAPS = 30  # of a trajectory by which the step is found


@final
@dataclass(frozen=True, kw_only=True)
class Langevin(CollapsedNetwork):
    """By kinetic Langevin dynamics; see ``collapsed``.

    Args:
        scheme: ``baoab``, ``align`` or ``quicsort``.
        friction: Of the dynamics, per unit of the prior.
        step: In units of the step of Hamiltonian Monte Carlo.
        tuning: Trajectories of 30 gradients that find this step.
        burn_in: Steps that are forgotten.
        steps: Of a round, from which members are taken.
    """

    name: ClassVar[str] = "langevin"

    scheme: str = "baoab"
    friction: float = 0.5
    step: float = 1.4
    tuning: int = 40
    burn_in: int = 1500
    steps: int = 6500

    def check(self) -> None:
        """See ``SampledNetwork``."""
        super().check()
        need_word(self.name, "scheme", self.scheme, tuple(kinetic.SCHEMES))
        need_count(self.name, "steps", self.steps)
        for option in ("tuning", "burn_in"):
            need_count(self.name, option, getattr(self, option), least=0)
        for option in ("friction", "step"):
            need_positive(self.name, option, getattr(self, option))

    def first(
        self, marginal: Marginal, start: Tensor, generator: Generator
    ) -> tuple[Draws, tuple[str, ...]]:
        """With the step that Hamiltonian Monte Carlo finds, or a share of it.

        Where shorter steps do not help, moves are refused after all.
        """
        tuned = hamiltonian.sample(
            marginal,
            start,
            burn_in=self.tuning,
            draws=1,
            leaps=_LEAPS,
            generator=generator,
            guess=0.01,
        )
        start = tuned.states[-1]
        for lost in range(_HALVINGS + 1):
            step = self.step * tuned.step * 0.5**lost
            try:
                draws = self._moves(marginal, start, step, self.burn_in, generator)
            except ArithmeticError:
                continue
            said = f"chains got lost: the step of the {self.scheme} scheme was halved {lost} times"
            warnings = (said,) if lost else ()
            break
        else:
            draws = self._refused(marginal, tuned, None, generator)
            warnings = (f"chains got lost by the {self.scheme} scheme: moves were refused instead",)
        return replace(draws, gradients=tuned.gradients + draws.gradients), warnings

    def more(self, marginal: Marginal, last: Draws, generator: Generator) -> Draws:
        """See ``CollapsedNetwork``."""
        if last.acceptance < 1.0:
            return self._refused(marginal, last, last.step, generator)
        return self._moves(marginal, last.states[-1], last.step, 0, generator)

    def _moves(
        self, marginal: Marginal, start: Tensor, step: float, burn_in: int, generator: Generator
    ) -> Draws:
        """None of them refused."""
        kept, every = schedule(self.steps, self.chains)
        return kinetic.sample(
            marginal.slope,
            start,
            scheme=self.scheme,
            step=step,
            burn_in=burn_in,
            draws=kept,
            every=every,
            friction=self.friction,
            generator=generator,
            bound=_LOST,
        )

    def _refused(
        self, marginal: Marginal, last: Draws, step: float | None, generator: Generator
    ) -> Draws:
        """Some of them refused: Hamiltonian Monte Carlo at the same cost."""
        kept, every = schedule(max(1, self.steps // _LEAPS), self.chains)
        return hamiltonian.sample(
            marginal,
            last.states[-1],
            burn_in=self.burn_in // _LEAPS,
            draws=kept,
            every=every,
            leaps=_LEAPS,
            generator=generator,
            guess=last.step,
            step=step,
        )
