"""From a record to a guide: what the measured words say about all others."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bosearch.space.grammar import Token
from bosearch.treesearch.bags import Words
from bosearch.treesearch.guide import Guide, Position, uniform
from bosearch.treesearch.record import Failure, Told
from bosearch.treesearch.rules import Array
from bosearch.treesearch.surrogate import WordModel


def training_data(record: Sequence[Told]) -> tuple[Words, Array]:
    """The ``n`` words of a record with their rewards; a failure counts as the worst reward."""
    found = [told.result for told in record if not isinstance(told.result, Failure)]
    worst = min(found, default=0.0)
    y = [worst if isinstance(told.result, Failure) else told.result for told in record]
    return [told.tokens for told in record], np.array(y, dtype=np.float64)


def optimistic(
    model: WordModel,
    context: Array | None = None,
    *,
    optimism: float = 1.0,
    temperature: float | None = None,
) -> Guide[Any]:
    """A guide that expects of each word its mean plus ``optimism`` standard deviations.

    Source: Auer (2002), "Using Confidence Bounds for Exploitation-Exploration
    Trade-offs".

    Args:
        model: What the record taught.
        context: The ``c`` numbers in whose context the words will be measured.
        optimism: Standard deviations above the mean.
        temperature: Of a softmax prior over moves, each judged by the bag that it
            leads to, in units of the spread of the rewards; ``None`` prefers no move.
    """

    def bound(words: Words) -> Array:
        mean, std = model.predict(words, context)
        upper: Array = mean + optimism * std
        return upper

    def value(position: Position[Any]) -> float:
        return float(bound([position.tokens])[0])

    if temperature is None:
        return Guide(value, uniform)
    scale = temperature * model.spread

    def prior(position: Position[Any], moves: Sequence[Token]) -> Sequence[float]:
        upper = bound([(*position.tokens, move) for move in moves])
        weights: list[float] = np.exp((upper - upper.max()) / scale).tolist()
        return weights

    return Guide(value, prior)
