"""What the trials of an SDP game say: inputs of the models, targets, failures, seconds.

A bound ``B`` enters the model as ``log10(B - B_low)``, with the density ``B_low`` of the best
packing known: halving the distance counts alike wherever it is halved.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from bosearch.packing.cost import SHIPPED, CostModel, features
from bosearch.packing.cost_fit import fitted
from bosearch.packing.game import PIECES, AssemblyGrammar, Edits, edits
from bosearch.space import Construction, Integer, Space
from bosearch.strategies.sdp_game_model import Array, Inputs
from bosearch.study.problem import Problem
from bosearch.study.trial import Params, Trial
from bosearch.study.view import StudyView

CPU_S = "cpu_s"  # the metric, if it is tracked
_SUCCESS_SCALE = 0.15  # length scale of failures, in the unit cube and per degree
_SUCCESS_PRIOR = 0.95
# Length scales to expect, in the unit cube: the ratio of the radii decides, and a few percent of
# it tell a gain from none; the scale and the degree of the two-point function matter little.
_SCALES = {"ratio": 0.25, "r": 2.0, "d2": 4.0}
_SCALE = 0.4  # of other parameters


@final
@dataclass(frozen=True)
class Board:
    """Where the game is played: the parameters by their roles.

    Args:
        space: The whole space.
        assembly: Name of the construction.
        fixed: ``dim``, and ``d`` or ``d2`` where they are no parameters.
        low: Density of the best packing known.
        reference: A bound of no interest, such as that of two points; worse ones count alike.
    """

    space: Space
    assembly: str
    fixed: Mapping[str, int]
    low: float
    reference: float

    @classmethod
    def of(
        cls, problem: Problem, fixed: Mapping[str, int], low: float, reference: float | None
    ) -> "Board":
        """The board of a problem that the strategy supports."""
        parameters = problem.space.parameters
        (assembly,) = (n for n, p in parameters.items() if isinstance(p, Construction))
        return cls(problem.space, assembly, fixed, low, 1.0 if reference is None else reference)

    @cached_property
    def reals(self) -> Space:
        """The parameters that are coordinates of the model: all but the degree and the assembly."""
        kept = {n: p for n, p in self.space.parameters.items() if n not in ("d", self.assembly)}
        return Space((), (), **kept)

    @property
    def degrees(self) -> range:
        """All values of ``d``, ascending."""
        d = self.space.parameters.get("d")
        if isinstance(d, Integer):
            return range(d.low, d.high + 1)
        return range(self.fixed["d"], self.fixed["d"] + 1)

    @property
    def letters(self) -> int:
        """Of the longest words that the study allows."""
        assembly = self.space.parameters[self.assembly]
        assert isinstance(assembly, Construction)
        assert isinstance(assembly.rules, AssemblyGrammar)
        return assembly.rules.letters

    def target(self, density: float) -> float:
        """What the model predicts of a bound."""
        return math.log10(min(density, self.reference) - self.low)

    def density(self, target: float) -> float:
        """The bound of a target."""
        return self.low + float(10.0**target)

    def params(self, x: Array, d: int, tokens: Sequence[str]) -> dict[str, Any]:
        """A point of the space: ``p`` coordinates, a degree, the tokens of an assembly."""
        (params,) = self.reals.decode(x[None])
        stated = {**params, self.assembly: list(tokens)} | {"d": d}
        return {name: stated[name] for name in self.space.parameters}

    def inputs(self, params: Sequence[Params], states: Sequence[Edits]) -> Inputs:
        """Inputs of the model for points of the space with their assemblies."""
        known = [{name: one[name] for name in self.reals.parameters} for one in params]
        x = np.asarray(self.reals.encode(known), dtype=float) if known else np.empty((0, self.p))
        level = np.array([self.d(one) - self.degrees[0] for one in params], dtype=float)
        bags = np.array([state.bag() for state in states], dtype=float)
        return Inputs(x, level, bags.reshape(len(states), len(PIECES)))

    @property
    def scales(self) -> list[float]:
        """Length scales to expect, one for each coordinate."""
        return [_SCALES.get(name, _SCALE) for name in self.reals.parameters]

    @property
    def p(self) -> int:
        """Number of coordinates."""
        return len(self.reals.factors)

    def d(self, params: Params) -> int:
        """The degree of a point."""
        return int(params.get("d", self.fixed.get("d", 0)))

    def d2(self, params: Params) -> int:
        """The degree of its two-point function."""
        return int(params.get("d2", self.fixed.get("d2", 0)))

    def features(self, params: Params, state: Edits) -> tuple[float, ...]:
        """What decides the seconds of a solve."""
        d = self.d(params)
        return features(self.fixed["dim"], d, self.d2(params), state.assembly(d))


@final
@dataclass(frozen=True, eq=False)
class Record:
    """The trials of a study as data.

    Args:
        board: The roles of the parameters.
        inputs: ``n`` solves that gave a bound.
        y: Their targets.
        failed: Solves that gave none, or one that cannot be.
        pending: Solves under way.
        costs: Seconds, as learned from the solves.
        count: Trials on record, abandoned ones too.
    """

    board: Board
    inputs: Inputs
    y: Array
    failed: Inputs
    pending: Inputs
    costs: CostModel
    count: int
    _seconds: dict[tuple[int, int, Edits], float] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, board: Board, view: StudyView) -> "Record":
        """Read the trials."""
        (objective,) = view.problem.objectives
        metric = objective.metric
        bounds = [t for t in view.completed if t[metric] > board.low]
        impossible = [t for t in view.completed if t[metric] <= board.low]
        return cls(
            board=board,
            inputs=_inputs(board, bounds),
            y=np.array([board.target(t[metric]) for t in bounds]),
            failed=_inputs(board, [*view.failed, *impossible]),
            pending=_inputs(board, view.pending),
            costs=_costs(board, view.completed),
            count=len(view.trials),
        )

    def seconds(self, params: Params, state: Edits) -> float:
        """Predicted CPU seconds of a solve."""
        d, d2 = self.board.d(params), self.board.d2(params)
        known = self._seconds.get((d, d2, state))
        if known is None:
            known = self.costs.seconds(self.board.fixed["dim"], d, d2, state.assembly(d))
            self._seconds[d, d2, state] = known
        return known

    def made(self, at: Inputs) -> NDArray[np.bool_]:
        """Which of ``m`` solves were made, have failed, or are under way."""
        known = self._made
        return np.array([key in known for key in _keys(at)], dtype=bool)

    @cached_property
    def _made(self) -> set[bytes]:
        return {k for made in (self.inputs, self.failed, self.pending) for k in _keys(made)}

    def success(self, at: Inputs) -> Array:
        """Probability that a solve gives a bound: the share of its neighbours that did.

        Source: the estimator of Nadaraya (1964) and Watson (1964), with one prior solve.
        """
        good, bad = _nearness(at, self.inputs), _nearness(at, self.failed)
        share: Array = (good + _SUCCESS_PRIOR) / (good + bad + 1.0)
        return share


def _keys(inputs: Inputs) -> list[bytes]:
    """What tells solves apart, coordinates to nine decimals."""
    rows = np.column_stack([inputs.x.round(9), inputs.level, inputs.bags])
    return [row.tobytes() for row in rows]


def _inputs(board: Board, trials: Sequence[Trial]) -> Inputs:
    return board.inputs([t.params for t in trials], [_state(board, t) for t in trials])


def _state(board: Board, trial: Trial) -> Edits:
    return edits(trial.params[board.assembly])


def _costs(board: Board, trials: Sequence[Trial]) -> CostModel:
    timed = [t for t in trials if CPU_S in t.values and t[CPU_S] > 0.0]
    amounts = [board.features(t.params, _state(board, t)) for t in timed]
    return fitted(amounts, [t[CPU_S] for t in timed], SHIPPED)


def _nearness(at: Inputs, others: Inputs) -> Array:
    """How many of ``others`` are near, the nearer the more: a Gaussian kernel."""
    apart = ((at.x[:, None, :] - others.x[None, :, :]) ** 2).sum(-1) / _SUCCESS_SCALE**2
    apart += (at.level[:, None] - others.level[None, :]) ** 2
    near: Array = np.exp(-0.5 * apart).sum(1)
    return near
