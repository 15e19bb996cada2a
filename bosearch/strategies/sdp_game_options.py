"""What a study may say about the SDP game, and which studies can be played."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

from bosearch.errors import StrategyError
from bosearch.packing.densities import best_packing
from bosearch.packing.game import AssemblyGrammar
from bosearch.space import Construction, Integer, Real
from bosearch.strategies.sdp_game_record import Board
from bosearch.study.problem import Problem


@final
@dataclass(frozen=True, kw_only=True)
class SdpGameOptions:
    """The options of the strategy.

    Args:
        dim: Dimension of the space of the packings.
        d: The degree, where it is no parameter.
        d2: The degree of the two-point function, where it is no parameter.
        seconds: The most that a solve may take, as predicted.
        reference: A density of no interest, such as the two-point bound: worse ones count alike.
        initial: Solves of the first design.
        simulations: Of the tree search, for each degree that it is asked for.
    """

    dim: int
    d: int | None = None
    d2: int | None = None
    seconds: float = 3600.0
    reference: float | None = None
    initial: int = 4
    simulations: int = 60

    def __post_init__(self) -> None:
        for name, least in (("dim", 2), ("d", 1), ("d2", 1), ("initial", 1), ("simulations", 1)):
            value = getattr(self, name)
            if value is not None and (type(value) is not int or value < least):
                raise StrategyError(
                    f"strategy 'sdp-game': {name} must be a whole number from {least},"
                    f" got {value!r}"
                )
        for name in ("seconds", "reference"):
            value = getattr(self, name)
            if value is not None and not (type(value) in (int, float) and value > 0):
                raise StrategyError(f"strategy 'sdp-game': {name} must be positive, got {value!r}")
        if self.reference is not None and self.reference <= self.low:
            raise StrategyError(
                f"strategy 'sdp-game': reference {self.reference} is no upper bound: the best"
                f" packing in dimension {self.dim} has density {self.low:.10g}"
            )

    @property
    def low(self) -> float:
        """Density of the best packing known, 0 if none is on record here."""
        return best_packing(self.dim) or 0.0

    def board(self, problem: Problem) -> Board:
        """The roles of the parameters of ``problem``."""
        stated = {"dim": self.dim, "d": self.d, "d2": self.d2}
        fixed = {name: value for name, value in stated.items() if value is not None}
        return Board.of(problem, fixed, self.low, self.reference)


def obstacles(problem: Problem, options: SdpGameOptions) -> Iterator[str]:
    """Why a problem is no SDP game."""
    parameters = problem.space.parameters
    constructions = [p for p in parameters.values() if isinstance(p, Construction)]
    if len(problem.objectives) != 1 or problem.objectives[0].direction != "minimize":
        yield "it minimizes one objective, an upper bound"
    if problem.constraints or problem.space.conditions:
        yield "it knows no constraints"
    if len(constructions) != 1 or not isinstance(constructions[0].rules, AssemblyGrammar):
        yield "it needs one construction, of the grammar bosearch.packing.game:AssemblyGrammar"
    elif constructions[0].rules.seconds < math.inf:
        yield "the budget is an option of the strategy, seconds, and none of the grammar"
    others = {n: p for n, p in parameters.items() if not isinstance(p, Construction)}
    if not all(isinstance(p, Real | Integer) for p in others.values()):
        yield "its other parameters are real or integer"
    if not others.keys() - {"d"}:
        yield "it needs a real parameter, such as the ratio of the radii"
    for name in ("d", "d2"):
        if (name in others) == (getattr(options, name) is not None):
            yield f"{name} must be a parameter or an option, one of the two"
        elif name in others and not isinstance(others[name], Integer):
            yield f"{name} must be an integer"
