"""One turn of the SDP game: the solve of the highest gain per second, given the record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self, final

import numpy as np
from scipy.stats import qmc

from bosearch.errors import InfeasibleSpaceError
from bosearch.packing.game import DROP, END, SHORTER, THINNER, AssemblyGrammar, Edits, edits, played
from bosearch.space.grammar import Token
from bosearch.strategies.sdp_game_gain import Prospect
from bosearch.strategies.sdp_game_model import Array, Inputs, fit
from bosearch.strategies.sdp_game_options import SdpGameOptions
from bosearch.strategies.sdp_game_record import Record
from bosearch.strategies.sdp_game_stretch import Stretch
from bosearch.treesearch import Guide, Position, SearchRecipe, TreeSearch

_COVER = 64  # quasi-random candidates per degree
_NEAR = 4  # candidates around each of the best solves, and around the best candidate
_WIDTHS = (0.02, 0.1)  # their standard deviations in the unit cube
_ANSWERS = 48  # places at the highest degree whose expected bounds are compared
_TREES = 2  # degrees for which assemblies are searched
_START_S = 2.0  # what a solve costs beside the solver: a process starts
# Assemblies for degrees that the complete one makes too dear: the first one that fits.
_SLENDER = (DROP, "near s2", DROP, "near s3", DROP, "far q2")
_LADDER: tuple[tuple[Token, ...], ...] = (
    (END,),
    (SHORTER, SHORTER, END),
    (*_SLENDER, SHORTER, SHORTER, END),
    (*_SLENDER, *[SHORTER] * 4, THINNER, END),
)
_COMPLETE = np.array(Edits().bag(), dtype=float)


@final
@dataclass(frozen=True, eq=False)
class Candidate:
    """A solve that could be made next, and why.

    Args:
        x: ``p`` coordinates.
        d: Degree.
        tokens: The assembly.
        value: Expected gain per second.
        seconds: Predicted, start included.
        facts: For the provenance.
    """

    x: Array
    d: int
    tokens: tuple[Token, ...]
    value: float
    seconds: float
    facts: Mapping[str, Any]


@final
@dataclass(frozen=True, eq=False)
class Turn:
    """One choice, given all that is on record."""

    options: SdpGameOptions
    record: Record
    prospect: Prospect
    stretch: Stretch
    rng: np.random.Generator

    @classmethod
    def of(cls, options: SdpGameOptions, record: Record, rng: np.random.Generator) -> Self:
        """Train the model; find the places at the highest affordable degree that matter."""
        board = record.board
        stretch = Stretch.of(record.y, record.inputs.level)
        model = fit(record.inputs, stretch(record.y), _COMPLETE, board.scales)
        believed = model.believing(record.pending)
        top = float(_highest(options, record) - board.degrees[0])
        cover = np.concatenate([sobol(board.p, 0, 0, 4 * _ANSWERS), record.inputs.x])
        places = _alike(cover, top)
        order = np.argsort(believed.predict(places)[0], kind="stable")[:_ANSWERS]
        answers = _alike(cover[order], top)
        return cls(options, record, Prospect(believed, 0.0, answers, top), stretch, rng)

    def best(self) -> Candidate:
        """The solve of the highest gain per second."""
        by_degree = [found for d in self.record.board.degrees if (found := self._at(d))]
        if not by_degree:
            raise InfeasibleSpaceError(
                f"no solve of degree {self.record.board.degrees[0]} keeps within"
                f" {self.options.seconds:g} predicted seconds",
                hint="raise strategy.seconds, or lower the degrees",
            )
        by_degree.sort(key=lambda c: -c.value)
        values = {str(c.d): float(f"{c.value:.3g}") for c in sorted(by_degree, key=lambda c: c.d)}
        searched = [self._assembled(candidate) for candidate in by_degree[:_TREES]]
        best = max(searched + by_degree, key=lambda c: c.value)
        return replace(best, facts={**self._facts(best), **best.facts, "values_by_degree": values})

    def _at(self, d: int) -> Candidate | None:
        """The best real parameters at a degree, with the first assembly of the ladder that fits."""
        board = self.record.board
        level = d - board.degrees[0]
        x = self._candidates(level)
        found: Candidate | None = None
        for _ in range(2):
            scored = self._scored(x, d)
            found = max([*scored, *([found] if found else [])], key=lambda c: c.value, default=None)
            if found is None:
                return None
            x = self._around(found.x[None], _WIDTHS[0], 8 * _NEAR)
        return found

    def _candidates(self, level: int) -> Array:
        """``m x p`` places: all over, and around the best solves and answers."""
        inputs, y = self.record.inputs, self.record.y
        cover = sobol(inputs.x.shape[1], int(self.rng.integers(2**31)), 0, _COVER)
        best = inputs.x[np.argsort(y, kind="stable")[:4]]
        leaders = np.concatenate([best, self.prospect.answers.x[:4]])
        near = [self._around(leaders, width, _NEAR) for width in _WIDTHS]
        return np.concatenate([cover, leaders, *near])

    def _around(self, centres: Array, width: float, count: int) -> Array:
        moved = np.repeat(centres, count, axis=0)
        moved = moved + width * self.rng.standard_normal(moved.shape)
        return np.clip(moved, 0.0, 1.0)

    def _scored(self, x: Array, d: int) -> list[Candidate]:
        """Those of ``m x p`` places that can be afforded, with their values."""
        board = self.record.board
        stated = [board.params(row, d, (END,)) for row in x]
        kept = [
            (params, tokens, seconds)
            for params in stated
            for tokens, seconds in [self._affordable(params)]
            if seconds is not None
        ]
        if not kept:
            return []
        states = [edits(tokens) for _, tokens, _ in kept]
        at = board.inputs([params for params, _, _ in kept], states)
        seconds = np.array([seconds for _, _, seconds in kept], dtype=float)
        values = self._values(at, seconds)
        return [
            Candidate(at.x[i], d, kept[i][1], float(values[i]), float(seconds[i]), {})
            for i in range(len(kept))
        ]

    def _affordable(self, params: Mapping[str, Any]) -> tuple[tuple[Token, ...], float | None]:
        """The first assembly of the ladder within the budget, and its seconds."""
        for tokens in _LADDER:
            seconds = self.record.seconds(params, edits(tokens))
            if seconds <= self.options.seconds:
                return tokens, seconds + _START_S
        return (), None

    def _values(self, at: Inputs, seconds: Array) -> Array:
        """Expected gains per second."""
        values: Array = self.prospect.gains(at).total * self.record.success(at) / seconds
        values[self.record.made(at)] = 0.0  # to solve it again would give the same
        return values

    def _assembled(self, candidate: Candidate) -> Candidate:
        """The candidate with the best assembly that a tree search finds for it."""
        board = self.record.board
        params = board.params(candidate.x, candidate.d, candidate.tokens)
        grammar = AssemblyGrammar(
            board.fixed["dim"],
            candidate.d,
            board.d2(params),
            seconds=self.options.seconds,
            letters=board.letters,
            costs=self.record.costs,
        )

        def values(states: Sequence[Edits]) -> Array:
            level = np.full(len(states), float(candidate.d - board.degrees[0]))
            x = np.repeat(candidate.x[None], len(states), axis=0)
            at = Inputs(x, level, np.array([state.bag() for state in states], dtype=float))
            return self._values(at, np.array([grammar.cost(s) + _START_S for s in states]))

        def prior(position: Position[Edits], moves: Sequence[Token]) -> Sequence[float]:
            return weights_of(values([played(position.state, m) for m in moves]))

        guide = Guide(lambda position: float(values([position.state])[0]), prior)
        recipe = SearchRecipe(simulations=self.options.simulations)
        search = TreeSearch(grammar, recipe, seed=int(self.rng.integers(2**31)))
        (leaf,) = search.select(1, guide)
        facts = {"tree": _tree_facts(search, guide)}
        return replace(
            candidate,
            tokens=leaf.tokens,
            value=leaf.reward,
            seconds=leaf.cost + _START_S,
            facts=facts,
        )

    def _facts(self, best: Candidate) -> dict[str, Any]:
        """What is believed about a candidate, for its provenance."""
        board = self.record.board
        state = edits(best.tokens)
        at = board.inputs([board.params(best.x, best.d, best.tokens)], [state])
        gains = self.prospect.gains(at)
        mean, std = float(gains.mean[0]), float(gains.std[0])
        targets = [self.stretch.target(mean + k * std) for k in (-2.0, 0.0, 2.0)]
        most = board.target(board.reference)  # worse ones count alike
        densities = [round(board.density(min(target, most)), 9) for target in targets]
        model = self.prospect.model
        theta = np.exp(model.kernel.theta)
        p = board.p
        return {
            "acquisition": "gain per second",
            "value": best.value,
            "why": self._why(best, float(gains.now[0]), float(gains.later[0])),
            "assembly": state.in_words(),
            "predicted": dict(zip(("low", "median", "high"), densities, strict=True)),
            "predicted_seconds": round(best.seconds - _START_S, 3),
            "gain_now": float(f"{gains.now[0]:.4g}"),
            "gain_later": float(f"{gains.later[0]:.4g}"),
            "success": round(float(self.record.success(at)[0]), 4),
            "model": {
                "lengthscales": [float(f"{v:.4g}") for v in theta[:p]],
                "increment_lengthscales": [float(f"{v:.4g}") for v in theta[p : 2 * p]],
                "signal_increment_assembly_noise": [float(f"{v:.4g}") for v in theta[2 * p :]],
                "answer_degree": int(board.degrees[0] + self.prospect.top),
            },
        }

    def _why(self, best: Candidate, now: float, later: float) -> str:
        if best.d >= self.record.board.degrees[0] + self.prospect.top:
            return "promoted to the highest degree that can be afforded"
        return "a lower bound now" if now > later else "a cheap degree, to learn where the basin is"


def weights_of(values: Array) -> list[float]:
    """Values as weights of moves; where none is left after rounding, all moves count alike."""
    weights: list[float] = (values if values.any() else np.ones_like(values)).tolist()
    return weights


def _highest(options: SdpGameOptions, record: Record) -> int:
    """The highest degree at which the complete assembly can be afforded, or the lowest of all."""
    board = record.board
    middle = np.full(board.p, 0.5)
    within = [
        d
        for d in board.degrees
        if record.seconds(board.params(middle, d, (END,)), Edits()) <= options.seconds
    ]
    return within[-1] if within else board.degrees[0]


def _alike(x: Array, level: float) -> Inputs:
    """Solves with the complete assembly at one level."""
    return Inputs(x, np.full(len(x), level), np.tile(_COMPLETE, (len(x), 1)))


def sobol(p: int, seed: int, start: int, count: int) -> Array:
    """Places of a scrambled Sobol sequence (Owen 1998)."""
    engine = qmc.Sobol(p, scramble=True, seed=np.random.default_rng([seed, p]))
    if start:
        engine.fast_forward(start)
    # a power of two, as the sequence wants it, cut to size
    points: Array = engine.random(1 << max(0, count - 1).bit_length())[:count]
    return points


def _tree_facts(search: TreeSearch[Edits], guide: Guide[Edits]) -> dict[str, Any]:
    """Visits and prior of the first moves, most visited first, and the size of the graph."""
    assert search.grown is not None
    root = search.grown.root
    prior = dict(
        zip(root.moves, guide.probabilities(root.position, root.moves).tolist(), strict=True)
    )
    visited = sorted(root.edges.items(), key=lambda item: -item[1].visits)[:5]
    return {
        "states": len(search.grown.nodes),
        "visits": {token: edge.visits for token, edge in visited},
        "prior": {token: float(f"{prior[token]:.3g}") for token, _ in visited},
    }
