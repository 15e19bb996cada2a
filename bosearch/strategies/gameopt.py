"""GameOpt: sequences and choices, by equilibria of a game that every site plays.

A Gaussian process with one table per site models the objective on the scale that
predicts best; the sites play for its upper confidence bound, and the best new
deviation of where the games end is measured next. A point is proposed once.

Source: Bal, Sessa, Mutny and Krause (2024), arXiv 2409.18582. Different from it:
points of a batch know of those before them, no point is proposed twice, and
hyperparameters are fitted to the data of the study alone.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self, final, get_args

import numpy as np

from bosearch.combinatorial.batch import Known, Pick, hallucinated, thompson, top
from bosearch.combinatorial.mixed import mixed_pick
from bosearch.combinatorial.payoff import Array, Payoff
from bosearch.combinatorial.solvers import Equilibria, best_response
from bosearch.combinatorial.space import Sites
from bosearch.combinatorial.starts import mixed_starts
from bosearch.combinatorial.trust import LONG, HammingRegion, radius_after
from bosearch.errors import InfeasibleSpaceError, SpaceExhaustedError, StrategyError
from bosearch.strategies.base import Support, with_pending
from bosearch.strategies.site_modelling import SiteModelling, unsupported
from bosearch.strategies.sobol import SobolStrategy
from bosearch.study.problem import Problem, suggest
from bosearch.study.trial import Proposal, TrialState
from bosearch.study.view import StudyView
from bosearch.surrogates.gp import GaussianProcess

CACHE_KEY = "gameopt"
BatchName = Literal["hallucinated", "top", "thompson"]
_GAMES = 32
_RULES = {"hallucinated": hallucinated, "top": top, "thompson": thompson}


@final
@dataclass(frozen=True)
class GameOptOptions:
    """The options of the strategy.

    Args:
        initial: Trials before the first model, observed and failed ones included;
            ``None`` means twice the number of sites, within 10 and 50.
        beta: Multiplies the standard deviation in the upper confidence bound.
        batch: ``hallucinated``: each point as if those before were measured as
            predicted; ``top``: the highest payoffs, cheaper and less diverse;
            ``thompson``: each point from a posterior draw of its own. Numbers beside
            choices know only the first.
    """

    initial: int | None = None
    beta: float = 3.0
    batch: BatchName = "hallucinated"

    def __post_init__(self) -> None:
        if self.initial is not None and (
            isinstance(self.initial, bool) or not isinstance(self.initial, int) or self.initial < 1
        ):
            raise StrategyError(
                f"strategy 'gameopt': initial must be a whole number from 1, got {self.initial!r}"
            )
        if isinstance(self.beta, bool) or not isinstance(self.beta, int | float) or self.beta < 0:
            raise StrategyError(
                f"strategy 'gameopt': beta must be a number from 0, got {self.beta!r}"
            )
        if self.batch not in get_args(BatchName):
            raise StrategyError(
                f"strategy 'gameopt': batch must be one of {', '.join(get_args(BatchName))},"
                f" got {self.batch!r}",
                hint=suggest(str(self.batch), get_args(BatchName)),
            )

    def initial_for(self, sites: int) -> int:
        """Size of the initial design."""
        return self.initial if self.initial is not None else max(10, min(2 * sites, 50))


@final
class GameOptStrategy:
    """Site-wise Gaussian process, upper confidence bound, best-response games."""

    name = "gameopt"

    def __init__(self, options: GameOptOptions) -> None:
        self.options = options
        self._sobol = SobolStrategy()

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Self:
        """Build the strategy from its table of the study definition.

        Raises:
            StrategyError: An option is unknown or has a wrong value.
        """
        known = list(GameOptOptions.__dataclass_fields__)
        for key in options:
            if key not in known:
                raise StrategyError(
                    f"strategy 'gameopt' has no option {key!r}", hint=suggest(key, known)
                )
        return cls(GameOptOptions(**options))

    def supports(self, problem: Problem) -> Support:
        """Spaces with choices, one objective, and no outcome constraint."""
        reasons = unsupported(problem, numbers=True)
        if reasons:
            return Support(False, tuple(reasons))
        d = len(problem.space.factors)
        return Support(
            True,
            (
                f"{d} factors: Gaussian process after {self.options.initial_for(d)} Sobol points",
                f"games for mean + {self.options.beta:g} standard deviations,"
                f" batch {self.options.batch}",
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
            return self._sobol.propose(view, n, rng)
        counted = sum(trial.state is not TrialState.ABANDONED for trial in view.trials)
        first = self.options.initial_for(len(view.problem.space.factors)) - counted
        proposals = self._sobol.propose(view, min(first, n), rng) if first > 0 else []
        if len(proposals) == n:
            return proposals
        view, left = with_pending(view, proposals), n - len(proposals)
        try:
            return proposals + _Game(view, self.options).propose(left)
        except SpaceExhaustedError:
            if not proposals:
                raise
            return proposals
        except (ArithmeticError, np.linalg.LinAlgError, InfeasibleSpaceError) as error:
            reason = f"{type(error).__name__}: {error}"
        instead = self._sobol.propose(view, left, rng)
        return proposals + [
            Proposal(p.params, {**p.provenance, "fallback": True, "reason": reason})
            for p in instead
        ]


@final
class _Game:
    """One ask: the model, the game, and the points that it yields."""

    def __init__(self, view: StudyView, options: GameOptOptions) -> None:
        self.start_s = time.perf_counter()
        self.view, self.options = view, options
        self.modelling = SiteModelling(view, view.cache.setdefault(CACHE_KEY, {}))
        self.y = self.modelling.trained.y

    def propose(self, n: int) -> list[Proposal]:
        """``n`` proposals, fewer where no more points are left."""
        first = self.view.next_number
        rngs = [np.random.default_rng([self.view.seed, first + k]) for k in range(n)]
        numbers = len(self.modelling.encoding.continuous)
        found = self._mixed(rngs) if numbers else self._discrete(rngs)
        params = self.modelling.points(np.array([row for row, _ in found]))
        seconds = round((time.perf_counter() - self.start_s) / len(found), 4)
        return [
            Proposal(p, {**self._provenance(row, pick), "rank": rank, "seconds": seconds})
            for rank, (p, (row, pick)) in enumerate(zip(params, found, strict=True))
        ]

    def _discrete(self, rngs: Sequence[np.random.Generator]) -> list[tuple[Array, Pick]]:
        """Games on sites, of long sequences within a Hamming ball around the best point."""
        sites = self.modelling.encoding.sites
        if sites.length >= LONG:
            centre = self.modelling.X[int(self.y.argmax())]
            region = HammingRegion(centre, self._radius(sites.length))
            try:
                return self._within(region.within(sites), rngs)
            except (SpaceExhaustedError, InfeasibleSpaceError):
                pass  # nothing new in the ball: look everywhere
        return self._within(sites, rngs)

    def _within(
        self, sites: Sites, rngs: Sequence[np.random.Generator]
    ) -> list[tuple[Array, Pick]]:
        known = Known(sites, self.modelling.known)

        def play(payoff: Payoff, rng: np.random.Generator) -> Equilibria:
            starts = mixed_starts(sites, self.modelling.X, self.y, rng, count=_GAMES)
            return best_response(payoff, sites, starts, rng)

        rule = _RULES[self.options.batch]
        picks = rule(self.modelling.payoff(self.options.beta), sites, known, play, rngs)
        return [(pick.x.astype(float), pick) for pick in picks]

    def _radius(self, length: int) -> int:
        """From the record: which trials came in which batch, and what they were worth."""
        batches = [
            trial.provenance.get("observed", -1)
            if trial.provenance.get("strategy") == "gameopt"
            else -1
            for trial in self.view.completed
        ]
        return radius_after(self.y, np.array(batches, dtype=float), length=length)

    def _mixed(self, rngs: Sequence[np.random.Generator]) -> list[tuple[Array, Pick]]:
        """Games and climbs in turn, each point as if those before were measured."""
        modelling, beta = self.modelling, self.options.beta
        model, rows = modelling.trained.model, modelling.observed
        failed = modelling.rows(self.view.failed)
        found: list[tuple[Array, Pick]] = []
        for row in modelling.rows(self.view.pending):
            model, rows = _hallucinated(model, row), np.vstack([rows, row])
        for rng in rngs:
            row, pick = mixed_pick(
                model, modelling.encoding, rows, self.y, failed, rng, beta=beta, games=_GAMES
            )
            found.append((row, pick))
            model, rows = _hallucinated(model, row), np.vstack([rows, row])
        return found

    def _provenance(self, row: Array, pick: Pick) -> dict[str, Any]:
        model, discrete = self.modelling.trained.model, self.modelling.encoding.discrete
        differs = (self.modelling.observed != row)[:, discrete]
        return {
            "strategy": "gameopt",
            "acquisition": f"mean + {self.options.beta:g} standard deviations",
            "value": model.location + model.spread * pick.value,
            "max_gain": float(f"{model.spread * pick.max_gain:.4g}"),
            "equilibria": pick.equilibria,
            "distance": int(differs.sum(axis=1).min()),
            "observed": len(self.view.completed),
            "model": self.modelling.report,
        }


def _hallucinated(model: GaussianProcess, row: Array) -> GaussianProcess:
    """The process once ``row`` is measured as predicted."""
    return model.extended(row[None], model.predict(row[None]).mean)
