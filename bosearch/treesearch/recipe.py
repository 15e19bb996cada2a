"""The settings of a search: plain numbers that can be saved."""

import math
from dataclasses import dataclass
from typing import final

from bosearch.errors import ConfigError


@final
@dataclass(frozen=True, kw_only=True)
class SearchRecipe:
    """How a search spends its simulations. It holds no data.

    Args:
        simulations: Simulations before each leaf is selected.
        exploration: Weight of exploration in the rule.
        widening_factor: ``C`` in the number of moves that a state may try after ``N``
            visits, ``C * N ** alpha``, best prior first; ``None`` opens all at once.
        widening_exponent: ``alpha``, in (0, 1].
        virtual_loss: Lost visits that a pending leaf counts for, on each of its moves.
        failed_reward: What a failure counts as; ``None`` takes the worst worth told so far.
        bounds: Worst and best worth, between which worths are normalised; ``None``
            takes those met so far.
        max_moves: Tokens of the longest word.
    """

    simulations: int = 200
    exploration: float = 1.25
    widening_factor: float | None = None
    widening_exponent: float = 0.5
    virtual_loss: int = 1
    failed_reward: float | None = None
    bounds: tuple[float, float] | None = None
    max_moves: int = 200

    def __post_init__(self) -> None:
        for key, least in (("simulations", 1), ("virtual_loss", 0), ("max_moves", 1)):
            value = getattr(self, key)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise ConfigError(f"{key} must be a whole number from {least}, got {value!r}")
        if not 0.0 <= self.exploration < math.inf:
            raise ConfigError(
                f"exploration must be a finite number from 0, got {self.exploration!r}"
            )
        if self.widening_factor is not None and not 0.0 < self.widening_factor < math.inf:
            raise ConfigError(
                f"widening_factor must be a positive number, got {self.widening_factor!r}",
                hint="None lets a state try all of its moves",
            )
        if not 0.0 < self.widening_exponent <= 1.0:
            raise ConfigError(
                f"widening_exponent must lie in (0, 1], got {self.widening_exponent!r}"
            )
        if self.failed_reward is not None and not math.isfinite(self.failed_reward):
            raise ConfigError(f"failed_reward must be finite, got {self.failed_reward!r}")
        if self.bounds is not None and not -math.inf < self.bounds[0] < self.bounds[1] < math.inf:
            raise ConfigError(f"bounds must be two finite numbers, low < high, got {self.bounds!r}")
