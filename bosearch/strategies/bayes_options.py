"""The options of strategy ``bayes``, checked: study files are written by hand."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, final, get_args

from bosearch.acquisition.optimize import EFFORTS, EffortName
from bosearch.acquisition.wanted import WANTED, Wanted
from bosearch.errors import StrategyError
from bosearch.study.problem import suggest

RegionName = Literal["turbo"]


@final
@dataclass(frozen=True)
class BayesOptions:
    """The options of the strategy.

    Args:
        initial: Trials before the first model, observed and failed ones included;
            ``None`` means twice the number of factors, within 5 and 20.
        effort: How hard to search for the next point: ``fast``, ``standard``, ``thorough``.
        surrogate: Name of a surrogate, or a table with a name and options of its own;
            ``None`` means the built-in Gaussian process.
        acquisition: What to maximise instead of what suits the surrogate: ``logei``,
            ``logei-noisy``, ``ucb``, ``thompson``.
        switching: Stay on a point until the posterior's standard deviation has fallen by
            this factor, above 1; ``None`` moves on after each measurement.
        region: ``turbo`` searches in a trust region around the best point.
        warp: Model one objective on the scale of a power transform, unless standard errors
            were told.
        turns: Let the built-in process (near the best point, with one objective) and an
            infinitely wide network (anywhere) choose in turn, if no surrogate or region is named.
    """

    initial: int | None = None
    effort: EffortName = "standard"
    surrogate: str | Mapping[str, Any] | None = None
    acquisition: Wanted = "auto"
    switching: float | None = None
    region: RegionName | None = None
    warp: bool = True
    turns: bool = True

    def __post_init__(self) -> None:
        if self.initial is not None and (
            isinstance(self.initial, bool) or not isinstance(self.initial, int) or self.initial < 1
        ):
            raise StrategyError(
                f"strategy 'bayes': initial must be a whole number from 1, got {self.initial!r}"
            )
        _need_word("effort", self.effort, tuple(EFFORTS))
        _need_word("acquisition", self.acquisition, WANTED)
        if self.region is not None:
            _need_word("region", self.region, get_args(RegionName))
        _need_flag("warp", self.warp)
        _need_flag("turns", self.turns)
        if self.surrogate is not None and not isinstance(self.surrogate, str | Mapping):
            raise StrategyError(
                "strategy 'bayes': surrogate must be a name, or a table with a name and options,"
                f" got {self.surrogate!r}",
                hint='surrogate = "gp", or surrogate = { name = "hmc", chains = 4 }',
            )
        if self.acquisition != "auto" and self.surrogate is None:
            raise StrategyError(
                f"strategy 'bayes': acquisition {self.acquisition!r} needs a surrogate",
                hint='say which: surrogate = "gp", for instance',
            )
        c = self.switching
        number = isinstance(c, int | float) and not isinstance(c, bool)
        if c is not None and not (number and math.isfinite(c) and c > 1.0):
            raise StrategyError(
                f"strategy 'bayes': switching must be a number above 1, got {c!r}",
                hint="1.5 is a good choice; 1.0 would be ordinary optimization: leave it out then",
            )

    def initial_for(self, d: int) -> int:
        """Size of the initial design with ``d`` factors."""
        return self.initial if self.initial is not None else max(5, min(2 * d, 20))

    @property
    def need_one_objective(self) -> str | None:
        """The first option that cannot serve several objectives, in words."""
        if self.acquisition != "auto":
            return f"acquisition {self.acquisition!r}"
        return f"region {self.region!r}" if self.region is not None else None

    def in_words(self) -> Iterator[str]:
        """What `bosearch check` says of options that are not at their defaults."""
        if self.acquisition != "auto":
            yield f"acquisition {self.acquisition}"
        if self.region is not None:
            yield "trust region around the best point, halved and doubled by its successes"
        if not self.turns:
            yield "no turns of a network"
        if not self.warp:
            yield "values as they were measured, without a power transform"
        if self.switching is not None:
            yield f"stays on a point until it is known better by a factor of {self.switching}"


def _need_flag(option: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise StrategyError(f"strategy 'bayes': {option} must be true or false, got {value!r}")


def _need_word(option: str, value: Any, words: tuple[str, ...]) -> None:
    if value not in words:
        raise StrategyError(
            f"strategy 'bayes': {option} must be one of {', '.join(words)}, got {value!r}",
            hint=suggest(str(value), words),
        )
