"""The formulas of the search, as functions without memory: which move, how many, worth what.

Mean worths come normalised: 0 is the worst worth met so far, 1 the best.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@final
@dataclass(frozen=True, eq=False)
class Choices:
    """The moves of one state between which a rule decides.

    Args:
        q: ``k`` normalised mean worths below each move, virtual losses included.
        visits: ``k`` visits of each move from this state, virtual ones included.
        prior: ``k`` prior probabilities of the moves.
        total: Visits of the state; its first one went to none of the moves.
    """

    q: Array
    visits: Array
    prior: Array
    total: int


Rule = Callable[[Choices, float], Array]
"""Scores ``k`` moves, given the weight of exploration; the largest score is played."""

Worth = Callable[[float, float], float]
"""What a reward is worth, given the predicted cost of measuring it."""


def puct(choices: Choices, exploration: float) -> Array:
    r"""Return :math:`Q(a) + c\, P(a) \sqrt{N} / (1 + N(a))`.

    Source: Silver et al. (2017), "Mastering the game of Go without human knowledge",
    methods; :math:`N` counts the first visit of the state, as in *mctx*, so that
    the prior decides the first move.
    """
    bonus = choices.prior * math.sqrt(choices.total) / (1.0 + choices.visits)
    scores: Array = choices.q + exploration * bonus
    return scores


def ucb1(choices: Choices, exploration: float) -> Array:
    r"""Return :math:`Q(a) + c \sqrt{2 \ln N / N(a)}`, infinite for a move never played.

    Source: Kocsis and Szepesvári (2006), "Bandit based Monte-Carlo Planning". The
    prior decides nothing but the order of moves never played.
    """
    with np.errstate(divide="ignore"):
        bonus = np.sqrt(2.0 * math.log(max(choices.total, 2)) / choices.visits)
    scores: Array = choices.q + exploration * bonus
    return scores


def unlocked(visits: int, *, factor: float | None, exponent: float) -> float:
    r"""How many moves a state may try after ``visits``: :math:`\lceil C N^\alpha \rceil`.

    Source: Couëtoux et al. (2011), "Continuous Upper Confidence Trees", progressive
    widening. Without a factor there is no limit.
    """
    return math.inf if factor is None else max(1, math.ceil(factor * visits**exponent))


def normalised(worth: float, low: float, high: float) -> float:
    """Where ``worth`` lies between the worst and the best; 0.5 while they are the same.

    Source: Schrittwieser et al. (2020), "Mastering Atari, Go, chess and shogi by
    planning with a learned model", eq. 5.
    """
    return min(max((worth - low) / (high - low), 0.0), 1.0) if low < high else 0.5


def with_losses(q: float, visits: int, virtual: int) -> float:
    """Mean worth if each of the ``virtual`` visits were a loss, of normalised worth 0.

    Source: Chaslot, Winands and van den Herik (2008), "Parallel Monte-Carlo Tree
    Search". The losses are seen by the selection only, never backed up.
    """
    return q * visits / (visits + virtual) if virtual else q


def survival(passes: Iterable[tuple[int, int]]) -> float:
    """Share of a word's worth that pending ones leave: ``with_losses`` at each of its moves.

    Args:
        passes: Visits and virtual visits of the moves along the word.
    """
    return math.prod(with_losses(1.0, visits, virtual) for visits, virtual in passes)


def reward_alone(reward: float, cost: float) -> float:
    """Judge by the reward, whatever it costs."""
    return reward


def reward_per_cost(reward: float, cost: float) -> float:
    """Judge by the reward per unit of predicted cost; rewards below 0 count as 0."""
    return max(reward, 0.0) / cost
