"""The SDP game as a strategy: Bayesian optimization outside, tree search inside.

The outer game chooses a degree and the real parameters, the inner one what the program is
assembled of: ``bosearch.packing.game``. Both judge a solve by the same number, the gain per
second of ``sdp_game_gain``: what it is expected to gain now and, by what it teaches, later.
The first solves are a quasi-random design at the lowest degrees.

Source of the division of labour: Tutunov et al. (2025), arXiv 2512.04829. The model over
degrees, the gain and the moves are ours.
"""

import time
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, Self, final

import numpy as np

from bosearch.errors import StrategyError
from bosearch.packing.game import END, Edits
from bosearch.strategies.base import Support
from bosearch.strategies.sdp_game_options import SdpGameOptions, obstacles
from bosearch.strategies.sdp_game_record import Board, Record
from bosearch.strategies.sdp_game_turn import Turn, sobol
from bosearch.study.problem import Problem, suggest
from bosearch.study.trial import Proposal, Trial, TrialState
from bosearch.study.view import StudyView

_LEVELS = (0, 1, 0, 2)  # of the first design, over and over: degrees above the lowest


@final
class SdpGameStrategy:
    """Plays for the lowest bound, per second."""

    name = "sdp-game"

    def __init__(self, options: SdpGameOptions) -> None:
        self.options = options

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Self:
        """Build the strategy from its table of the study definition.

        Raises:
            StrategyError: An option is unknown or has a wrong value, or ``dim`` is missing.
        """
        known = [field.name for field in fields(SdpGameOptions)]
        for key in options:
            if key not in known:
                raise StrategyError(
                    f"strategy 'sdp-game' has no option {key!r}", hint=suggest(key, known)
                )
        if "dim" not in options:
            raise StrategyError(
                "strategy 'sdp-game' needs the dimension of the space", hint="dim = 4"
            )
        return cls(SdpGameOptions(**options))

    def supports(self, problem: Problem) -> Support:
        """One bound to minimize; an assembly, perhaps a degree ``d``, and numbers besides."""
        reasons = tuple(obstacles(problem, self.options))
        if reasons:
            return Support(False, reasons)
        board = self.options.board(problem)
        return Support(
            True,
            (
                f"degrees {board.degrees[0]} to {board.degrees[-1]}, cheap ones first:"
                f" a Gaussian process over {', '.join(board.reals.parameters)} and the degree",
                f"tree search over assemblies, {self.options.simulations} simulations;"
                f" at most {self.options.seconds:g} predicted seconds per solve",
            ),
        )

    def propose(self, view: StudyView, n: int, rng: np.random.Generator) -> list[Proposal]:
        """Propose ``n`` solves one after the other, each knowing of those before it."""
        proposals: list[Proposal] = []
        for _ in range(n):
            proposal = self._one(view)
            proposals.append(proposal)
            trial = Trial(view.next_number, proposal.params, TrialState.RUNNING)
            view = replace(view, trials=[*view.trials, trial], next_number=view.next_number + 1)
        return proposals

    def _one(self, view: StudyView) -> Proposal:
        began_s = time.perf_counter()
        board = self.options.board(view.problem)
        record = Record.of(board, view)
        rng = np.random.default_rng([view.seed, view.next_number])
        if record.count < self.options.initial or not len(record.inputs):
            return self._first(board, record, view)
        try:
            best = Turn.of(self.options, record, rng).best()
        except (ArithmeticError, np.linalg.LinAlgError) as error:
            instead = self._first(board, record, view)
            reason = f"{type(error).__name__}: {error}"
            facts = {**instead.provenance, "fallback": True, "reason": reason}
            return Proposal(instead.params, facts)
        facts = {
            "strategy": self.name,
            **best.facts,
            "seconds": round(time.perf_counter() - began_s, 4),
        }
        return Proposal(board.params(best.x, best.d, best.tokens), facts)

    def _first(self, board: Board, record: Record, view: StudyView) -> Proposal:
        """A place of the quasi-random design: every second one at the lowest degree."""
        number = view.next_number
        x = sobol(board.p, view.seed, number, 1)[0]
        level = _LEVELS[number % len(_LEVELS)]
        d = board.degrees[min(level, len(board.degrees) - 1)]
        params = board.params(x, d, (END,))
        return Proposal(
            params,
            {
                "strategy": self.name,
                "method": "Sobol",
                "why": "first look, at the lowest degrees",
                "predicted_seconds": round(record.seconds(params, Edits()), 3),
            },
        )
