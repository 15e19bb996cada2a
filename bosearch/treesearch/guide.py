"""What a search believes before it measures: a value of complete words, a prior over moves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, final

import numpy as np

from bosearch.errors import ConfigError
from bosearch.space.grammar import State, Token
from bosearch.treesearch.rules import Array


@final
@dataclass(frozen=True)
class Position(Generic[State]):
    """A state of the grammar, and the tokens by which the search first reached it."""

    tokens: tuple[Token, ...]
    state: State
    key: str  # canonical form of the state


def uniform(position: Position[Any], moves: Sequence[Token]) -> Sequence[float]:
    """Prefer no move."""
    return [1.0] * len(moves)


@final
@dataclass(frozen=True)
class Guide(Generic[State]):
    """Two functions that steer a search; pure, for as long as one leaf is selected.

    Args:
        value: Predicted reward of a complete position, perhaps an optimistic one.
            ``None`` knows nothing: then each leaf is the end of one descent, as in
            plain Monte Carlo tree search.
        prior: Weights of the moves of a position, not negative, not all 0.
    """

    value: Callable[[Position[State]], float] | None = None
    prior: Callable[[Position[State], Sequence[Token]], Sequence[float]] = uniform

    def probabilities(self, position: Position[State], moves: Sequence[Token]) -> Array:
        """The prior, normalised.

        Raises:
            ConfigError: The weights are not one non-negative finite number per move.
        """
        weights = np.asarray(self.prior(position, moves), dtype=np.float64)
        if weights.shape != (len(moves),) or not np.isfinite(weights).all() or (weights < 0).any():
            raise ConfigError(
                f"the prior must give {len(moves)} non-negative numbers after"
                f" {' '.join(position.tokens)!r}, got {weights.tolist()}"
            )
        if not weights.any():
            raise ConfigError(f"the prior rules out every move after {' '.join(position.tokens)!r}")
        probabilities: Array = weights / weights.sum()
        return probabilities

    def reward(self, position: Position[State], *, otherwise: float) -> float:
        """The predicted reward of a complete position; ``otherwise`` if nothing is known.

        Raises:
            ConfigError: The prediction is not finite.
        """
        if self.value is None:
            return otherwise
        reward = float(self.value(position))
        if not np.isfinite(reward):
            raise ConfigError(
                f"the value of {' '.join(position.tokens)!r} must be finite, got {reward}"
            )
        return reward
