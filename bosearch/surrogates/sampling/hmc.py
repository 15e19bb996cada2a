"""A Bayesian neural network by Hamiltonian Monte Carlo: surrogate ``hmc``."""

from dataclasses import dataclass
from typing import ClassVar, final

from torch import Generator, Tensor

from bosearch.surrogates.options import need_count, need_positive
from bosearch.surrogates.sampling import hamiltonian
from bosearch.surrogates.sampling.chains import schedule
from bosearch.surrogates.sampling.collapsed import CollapsedNetwork
from bosearch.surrogates.sampling.density import Draws
from bosearch.surrogates.sampling.marginal import Marginal


@final
@dataclass(frozen=True, kw_only=True)
class Hmc(CollapsedNetwork):
    """By Hamiltonian Monte Carlo, with long trajectories; see ``collapsed``.

    Args:
        burn_in: Trajectories that adapt the step and are forgotten.
        trajectories: Of a round, from which members are taken.
        leaps: Steps of a trajectory, each a gradient, at most.
        length: Of a trajectory, in units of the prior.
    """

    name: ClassVar[str] = "hmc"

    burn_in: int = 50
    trajectories: int = 128
    leaps: int = 90
    length: float = 1.5

    def check(self) -> None:
        """See ``SampledNetwork``."""
        super().check()
        need_count(self.name, "burn_in", self.burn_in, least=0)
        need_count(self.name, "trajectories", self.trajectories)
        need_count(self.name, "leaps", self.leaps)
        need_positive(self.name, "length", self.length)

    def first(
        self, marginal: Marginal, start: Tensor, generator: Generator
    ) -> tuple[Draws, tuple[str, ...]]:
        """See ``CollapsedNetwork``."""
        return self._round(marginal, start, None, generator), ()

    def more(self, marginal: Marginal, last: Draws, generator: Generator) -> Draws:
        """See ``CollapsedNetwork``."""
        return self._round(marginal, last.states[-1], last.step, generator)

    def _round(
        self, marginal: Marginal, start: Tensor, step: float | None, generator: Generator
    ) -> Draws:
        kept, every = schedule(self.trajectories, self.chains)
        return hamiltonian.sample(
            marginal,
            start,
            burn_in=self.burn_in,
            draws=kept,
            every=every,
            leaps=self.leaps,
            generator=generator,
            guess=0.01,
            step=step,
            length=self.length,
        )
