"""GameOpt: sequences and choices, by equilibria of a game that every site plays.

A Gaussian process with one table per site models the objective on the scale that
predicts best; the sites play for its upper confidence bound, and the best new
deviation of where the games end is measured next. A point is proposed once.

Source: Bal, Sessa, Mutny and Krause (2024), arXiv 2409.18582. Different from it:
points of a batch know of those before them, no point is proposed twice, and
hyperparameters are fitted to the data of the study alone.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self, final

import numpy as np

from bosearch.combinatorial.batch import Known, Pick, hallucinated, thompson, top
from bosearch.combinatorial.encoding import Encoding
from bosearch.combinatorial.grouping import Grouping, escape
from bosearch.combinatorial.hedge import hedge
from bosearch.combinatorial.mixed import mixed_pick
from bosearch.combinatorial.payoff import Array, Payoff
from bosearch.combinatorial.screening import screened
from bosearch.combinatorial.solvers import Equilibria, best_response, steepest_ascent
from bosearch.combinatorial.space import Codes, Sites
from bosearch.combinatorial.starts import mixed_starts
from bosearch.combinatorial.table_payoff import TablePayoff
from bosearch.combinatorial.trust import LONG, HammingRegion, radius_after
from bosearch.errors import InfeasibleSpaceError, SpaceError, SpaceExhaustedError, StrategyError
from bosearch.strategies.base import Support, with_pending
from bosearch.strategies.feature_modelling import Embedded, FeatureModelling, Features, embeds
from bosearch.strategies.gameopt_options import GameOptOptions
from bosearch.strategies.gameopt_pool import pool_of, random_candidates
from bosearch.strategies.site_modelling import SiteModelling, unsupported
from bosearch.strategies.sobol import SobolStrategy
from bosearch.study.problem import Problem
from bosearch.study.trial import Proposal, TrialState
from bosearch.study.view import StudyView
from bosearch.surrogates.gp import GaussianProcess

CACHE_KEY = "gameopt"
_GAMES, _EMBEDDED_GAMES = 64, 8  # for each point; where new sequences cost an embedding
_LEARNING, _ROUNDS = 8, 100  # games and rounds of Hedge
_ESCAPING = 8  # best equilibria from which pairs of sites answer as one


@final
class GameOptStrategy:
    """Site-wise Gaussian process, upper confidence bound, best-response games."""

    name = "gameopt"

    def __init__(self, options: GameOptOptions) -> None:
        self.options = options
        self._embedded: Embedded | None = None  # remembers the sequences of this process
        self._sobol = SobolStrategy()

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Self:
        """Build the strategy from its table of the study definition.

        Raises:
            StrategyError: An option is unknown or has a wrong value.
        """
        return cls(GameOptOptions.from_table(options))

    def supports(self, problem: Problem) -> Support:
        """Spaces with choices, one objective, and no outcome constraint."""
        options, d = self.options, len(problem.space.factors)
        reasons = unsupported(problem, numbers=True)
        numbers = any(factor.size is None for factor in problem.space.factors)
        if numbers and options.needs_sites:
            reasons.append(f"{', '.join(options.needs_sites)}: where every parameter is discrete")
        if reasons:
            return Support(False, tuple(reasons))
        model = "features" if options.on_features(problem.space) else "sites"
        if options.pool is not None:
            count = len(pool_of(options, problem.space).X)
            return Support(
                True,
                (
                    f"{count} candidates: Gaussian process after {options.initial_for(d)} of them",
                    f"mean + {options.beta:g} standard deviations of all, model of {model}",
                ),
            )
        if not isinstance(options.players, str):
            try:
                Grouping(Encoding(problem.space).sites, options.players)
            except SpaceError as error:
                raise StrategyError(
                    f"strategy 'gameopt': players: {error.message}", hint=error.hint
                ) from None
        return Support(
            True,
            (
                f"{d} factors: Gaussian process after {options.initial_for(d)} Sobol points",
                f"games for mean + {options.beta:g} standard deviations, batch {options.batch},"
                f" model of {model}",
            ),
        )

    def propose(self, view: StudyView, n: int, rng: np.random.Generator) -> list[Proposal]:
        """Propose ``n`` different new points.

        With the rule ``hallucinated`` asking for two points twice is asking for four:
        each point draws from a generator of its own number.

        Raises:
            SpaceExhaustedError: No new point is left.
            InfeasibleSpaceError: No feasible point could be found.
        """
        if not view.completed:
            return self._without_model(view, n, rng)
        counted = sum(trial.state is not TrialState.ABANDONED for trial in view.trials)
        first = self.options.initial_for(len(view.problem.space.factors)) - counted
        proposals = self._without_model(view, min(first, n), rng) if first > 0 else []
        if len(proposals) == n:
            return proposals
        view, left = with_pending(view, proposals), n - len(proposals)
        try:
            return proposals + _Game(view, self.options, self._features(view)).propose(left)
        except SpaceExhaustedError:
            if not proposals:
                raise
            return proposals
        except (ArithmeticError, np.linalg.LinAlgError, InfeasibleSpaceError) as error:
            reason = f"{type(error).__name__}: {error}"
        instead = self._without_model(view, left, rng)
        return proposals + [
            Proposal(p.params, {**p.provenance, "fallback": True, "reason": reason})
            for p in instead
        ]

    def _features(self, view: StudyView) -> Features | None:
        """What the model works on, if not on sites."""
        space = view.problem.space
        if not self.options.on_features(space):
            return None
        if not embeds(space):
            return pool_of(self.options, space).features_of(Encoding(space).sites)
        self._embedded = self._embedded or Embedded(space)
        return self._embedded

    def _without_model(self, view: StudyView, n: int, rng: np.random.Generator) -> list[Proposal]:
        if self.options.pool is None:
            return self._sobol.propose(view, n, rng)
        return random_candidates(view, pool_of(self.options, view.problem.space), n)


@final
class _Game:
    """One ask: the model, the game, and the points that it yields."""

    def __init__(self, view: StudyView, options: GameOptOptions, features: Features | None) -> None:
        self.start_s = time.perf_counter()
        self.view, self.options = view, options
        memories = view.cache.setdefault(CACHE_KEY, {})
        kernel = "product" if options.players != "sites" else options.kernel
        self.record = SiteModelling(view, memories, kernel)
        self.modelling: SiteModelling | FeatureModelling = self.record
        self.games = options.games or _GAMES
        if features is not None:
            self.modelling = FeatureModelling(self.record, features)
            self.games = options.games or _EMBEDDED_GAMES

    def propose(self, n: int) -> list[Proposal]:
        """``n`` proposals, fewer where no more points are left."""
        first = self.view.next_number
        rngs = [np.random.default_rng([self.view.seed, first + k]) for k in range(n)]
        if self.options.pool is not None:
            found = self._from_pool(n)
        elif len(self.record.encoding.continuous):
            found = self._mixed(rngs)
        else:
            found = self._discrete(rngs)
        params = self.record.points(np.array([row for row, _ in found]))
        seconds = round((time.perf_counter() - self.start_s) / len(found), 4)
        return [
            Proposal(p, {**self._provenance(row, pick), "rank": rank, "seconds": seconds})
            for rank, (p, (row, pick)) in enumerate(zip(params, found, strict=True))
        ]

    def _discrete(self, rngs: Sequence[np.random.Generator]) -> list[tuple[Array, Pick]]:
        """Games on sites, of long sequences within a Hamming ball around the best point."""
        sites = self.record.encoding.sites
        if sites.length >= LONG:
            centre = self.modelling.X[int(self.modelling.y.argmax())]
            region = HammingRegion(centre, self._radius(sites.length))
            try:
                return self._within(region.within(sites), rngs)
            except (SpaceExhaustedError, InfeasibleSpaceError):
                pass  # nothing new in the ball: look everywhere
        return self._within(sites, rngs)

    def _within(
        self, sites: Sites, rngs: Sequence[np.random.Generator]
    ) -> list[tuple[Array, Pick]]:
        players = self.options.players
        payoff = self.modelling.payoff(self.options.beta)
        if isinstance(players, str):
            return [(p.x.astype(float), p) for p in self._picks(payoff, sites, _same, rngs)]
        assert isinstance(payoff, TablePayoff)
        groups = Grouping(sites, players)
        picks = self._picks(groups.payoff(payoff), groups.sites, groups.join, rngs)
        return [(groups.split(pick.x[None])[0].astype(float), pick) for pick in picks]

    def _picks(
        self,
        payoff: Payoff,
        sites: Sites,
        join: Callable[[Codes], Codes],
        rngs: Sequence[np.random.Generator],
    ) -> list[Pick]:
        """What the players on ``sites`` choose; ``join`` makes their actions of codes."""
        X, known, options = join(self.modelling.X), Known(sites), self.options
        known.add(join(self.record.known_codes))

        def play(payoff: Payoff, rng: np.random.Generator) -> Equilibria:
            starts = mixed_starts(sites, X, self.modelling.y, rng, count=self.games)
            if options.solver == "hedge":
                learnt = hedge(payoff, sites, _LEARNING, rng, rounds=_ROUNDS)
                starts = np.concatenate([starts[: self.games // 2], learnt.ends.X])
            if options.solver == "steepest":
                ends = steepest_ascent(payoff, sites, starts)
            else:
                ends = best_response(payoff, sites, starts, rng)
            if options.players == "pairs":
                assert isinstance(payoff, TablePayoff)
                ends = escape(payoff, sites, ends, rng, best=_ESCAPING)
            return ends

        if options.batch == "thompson":
            assert isinstance(payoff, TablePayoff)
            return thompson(payoff, sites, known, play, rngs)
        return (top if options.batch == "top" else hallucinated)(payoff, sites, known, play, rngs)

    def _from_pool(self, n: int) -> list[tuple[Array, Pick]]:
        """The best candidates, each as if those before were measured as predicted."""
        sites, known = self.record.encoding.sites, Known(self.record.encoding.sites)
        known.add(self.record.known_codes)
        X = pool_of(self.options, self.view.problem.space).X
        payoff = self.modelling.payoff(self.options.beta)
        picks = screened(payoff, X[sites.feasible(X)], n, known)
        return [(pick.x.astype(float), pick) for pick in picks]

    def _radius(self, length: int) -> int:
        """From the record: which trials came in which batch, and what they were worth."""
        batches = [
            trial.provenance.get("observed", -1)
            if trial.provenance.get("strategy") == "gameopt"
            else -1
            for trial in self.view.completed
        ]
        return radius_after(self.modelling.y, np.array(batches, dtype=float), length=length)

    def _mixed(self, rngs: Sequence[np.random.Generator]) -> list[tuple[Array, Pick]]:
        """Games and climbs in turn, each point as if those before were measured."""
        record, beta = self.record, self.options.beta
        model, rows = record.trained.model, record.observed
        assert isinstance(model, GaussianProcess)  # additive kernels have sites only
        failed = record.rows(self.view.failed)
        found: list[tuple[Array, Pick]] = []
        for row in record.rows(self.view.pending):
            model, rows = _hallucinated(model, row), np.vstack([rows, row])
        for rng in rngs:
            row, pick = mixed_pick(
                model,
                record.encoding,
                rows,
                record.y,
                failed,
                rng,
                beta=beta,
                games=self.games,
            )
            found.append((row, pick))
            model, rows = _hallucinated(model, row), np.vstack([rows, row])
        return found

    def _provenance(self, row: Array, pick: Pick) -> dict[str, Any]:
        offset, unit = self.modelling.units
        differs = (self.record.observed != row)[:, self.record.encoding.discrete]
        return {
            "strategy": "gameopt",
            "acquisition": f"mean + {self.options.beta:g} standard deviations",
            "value": offset + unit * pick.value,
            "max_gain": float(f"{unit * pick.max_gain:.4g}"),
            "equilibria": pick.equilibria,
            "distance": int(differs.sum(axis=1).min()),
            "observed": len(self.view.completed),
            "model": self.modelling.report,
        }


def _same(X: Codes) -> Codes:
    return X


def _hallucinated(model: GaussianProcess, row: Array) -> GaussianProcess:
    """The process once ``row`` is measured as predicted."""
    return model.extended(row[None], model.predict(row[None]).mean)
