"""What a joint action is worth to the players: all of them share one payoff.

Every site is a player whose actions are its levels. The payoff is an acquisition
value, such as the upper confidence bound ``mean + beta * std`` of a surrogate;
with identical payoffs the game is an exact potential game, and its pure Nash
equilibria are the local maxima under changes of one site.

Source: Bal, Sessa, Mutny and Krause (2024), "Optimistic Games for Combinatorial
Bayesian Optimization with Application to Protein Design", arXiv 2409.18582.
"""

from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from bosearch.combinatorial.space import Codes

Array = NDArray[np.float64]


class Payoff(Protocol):
    """The shared payoff of the players, at many joint actions at once."""

    counts: tuple[int, ...]
    """Number of actions of each of the ``L`` players."""

    evaluations: int
    """Points valued so far, deviations included: what work costs is counted, not timed."""

    def values(self, X: Codes) -> Array:
        """Payoffs of ``S x L`` joint actions; ``S``."""
        ...

    def bounds(self, X: Codes) -> Array:
        """Upper bounds of ``values``, cheap where there are cheap ones; ``S``."""
        ...

    def player(self, X: Codes, i: int, *, above: Array | None = None) -> Array:
        """Payoffs of all actions of player ``i`` against the others' choices; ``S x counts[i]``.

        Args:
            X: ``S x L`` joint actions.
            i: The player.
            above: ``S`` payoffs that an action must exceed to matter. One that is known
                not to may be given any value up to ``above``, without the work of its own.
        """
        ...

    def players(self, X: Codes) -> list[Array]:
        """``player`` for each player, the others fixed; ``L`` arrays ``S x counts[i]``."""
        ...

    def conditioned(self, x: Codes) -> Self:
        """The payoff once ``L`` codes are measured as predicted: means stay, variances shrink.

        The counter starts again at zero.
        """
        ...
