"""What a search was told, and what it hands out: the data from which all else is derived."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import final

from bosearch.errors import ParameterError
from bosearch.space.grammar import Token


@final
@dataclass(frozen=True)
class Failure:
    """A leaf that could not be measured, and why."""

    reason: str


Result = float | Failure


@final
@dataclass(frozen=True)
class Told:
    """One result: a complete word, the canonical form of what it builds, and its reward."""

    tokens: tuple[Token, ...]
    key: str
    result: Result


@final
@dataclass(frozen=True)
class Leaf:
    """A complete word to be measured.

    Args:
        tokens: The word.
        key: Canonical form of what it builds.
        cost: Predicted by the grammar.
        reward: Predicted by the guide; the mean reward so far if there is no guide.
    """

    tokens: tuple[Token, ...]
    key: str
    cost: float
    reward: float


def checked(result: object) -> Result:
    """A reward as a float, or a failure.

    Raises:
        ParameterError: It is neither.
    """
    if isinstance(result, Failure):
        return result
    if isinstance(result, bool) or not isinstance(result, int | float) or not math.isfinite(result):
        raise ParameterError(
            f"expected a finite reward or a Failure, got {result!r}",
            hint="Failure('the solver gave up') records a leaf that could not be measured",
        )
    return float(result)


def rewards(record: Iterable[Told]) -> dict[str, float | None]:
    """Mean reward by canonical form, in the order of the record; ``None`` if it only failed."""
    measured: dict[str, list[float]] = {}
    for told in record:
        values = measured.setdefault(told.key, [])
        if not isinstance(told.result, Failure):
            values.append(told.result)
    return {key: _mean(values) if values else None for key, values in measured.items()}


def mean_reward(record: Iterable[Told]) -> float:
    """Mean over all constructions that were measured; 0 if there is none."""
    known = [reward for reward in rewards(record).values() if reward is not None]
    return _mean(known) if known else 0.0


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
