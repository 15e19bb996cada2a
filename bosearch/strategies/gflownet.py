"""Large batches on sequences and choices: many different points of high payoff at once.

A Gaussian process with one table per site models the objective, as for ``gameopt``.
Points are drawn without replacement by ``exp(payoff / tau)``, the payoff being its
upper confidence bound, by a policy trained for it or by log-linear play. The
temperature is such that among the best points found twice as many matter as are wanted.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self, final, get_args

import numpy as np

from bosearch.combinatorial.gflownet import GFlowNet, train
from bosearch.combinatorial.gflownet_policy import sample_without_replacement
from bosearch.combinatorial.log_linear import sample_log_linear
from bosearch.combinatorial.payoff import Payoff
from bosearch.combinatorial.prefixes import Prefixes
from bosearch.combinatorial.space import Codes, contains
from bosearch.combinatorial.starts import mixed_starts
from bosearch.combinatorial.weighted import Weighted
from bosearch.errors import InfeasibleSpaceError, SpaceExhaustedError, StrategyError
from bosearch.strategies.base import Support, with_pending
from bosearch.strategies.site_modelling import SiteModelling, unsupported
from bosearch.strategies.sobol import SobolStrategy
from bosearch.study.problem import Problem, suggest
from bosearch.study.trial import Proposal, TrialState
from bosearch.study.view import StudyView

CACHE_KEY = "gflownet"
Sampler = Literal["gflownet", "log-linear"]
_CHAINS = 100
_COLD = 0.1  # temperature of the chains that look around, relative to the payoffs' spread
_REPLAYED = 2048  # best points found by the chains that training replays


@final
@dataclass(frozen=True)
class GFlowNetOptions:
    """The options of the strategy.

    Args:
        initial: Trials before the first model, observed and failed ones included;
            ``None`` means twice the number of sites, within 10 and 50.
        beta: Multiplies the standard deviation in the upper confidence bound.
        sampler: ``gflownet`` trains a policy; ``log-linear`` draws among the points that
            log-linear play meets, without training.
        steps: Of training.
        polish: Whether drawn points then move to better neighbours.
    """

    initial: int | None = None
    beta: float = 2.0
    sampler: Sampler = "gflownet"
    steps: int = 400
    polish: bool = True

    def __post_init__(self) -> None:
        for name in ("initial", "steps"):
            value = getattr(self, name)
            whole = isinstance(value, int) and not isinstance(value, bool) and value >= 1
            if not whole and (name, value) != ("initial", None):
                raise StrategyError(
                    f"strategy 'gflownet': {name} must be a whole number from 1, got {value!r}"
                )
        if isinstance(self.beta, bool) or not isinstance(self.beta, int | float) or self.beta < 0:
            raise StrategyError(
                f"strategy 'gflownet': beta must be a number from 0, got {self.beta!r}"
            )
        if not isinstance(self.polish, bool):
            raise StrategyError(
                f"strategy 'gflownet': polish must be True or False, got {self.polish!r}"
            )
        if self.sampler not in get_args(Sampler):
            raise StrategyError(
                f"strategy 'gflownet': sampler must be one of {', '.join(get_args(Sampler))},"
                f" got {self.sampler!r}",
                hint=suggest(str(self.sampler), get_args(Sampler)),
            )

    def initial_for(self, sites: int) -> int:
        """Size of the initial design."""
        return self.initial if self.initial is not None else max(10, min(2 * sites, 50))


@final
class GFlowNetStrategy:
    """Site-wise Gaussian process, upper confidence bound, a sampler of its Gibbs measure."""

    name = "gflownet"

    def __init__(self, options: GFlowNetOptions) -> None:
        self.options = options
        self._sobol = SobolStrategy()

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Self:
        """Build the strategy from its table of the study definition.

        Raises:
            StrategyError: An option is unknown or has a wrong value.
        """
        known = list(GFlowNetOptions.__dataclass_fields__)
        for key in options:
            if key not in known:
                raise StrategyError(
                    f"strategy 'gflownet' has no option {key!r}", hint=suggest(key, known)
                )
        return cls(GFlowNetOptions(**options))

    def supports(self, problem: Problem) -> Support:
        """Discrete spaces, with one objective and no outcome constraint."""
        reasons = unsupported(problem)
        if reasons:
            return Support(False, tuple(reasons))
        d = len(problem.space.factors)
        return Support(
            True,
            (
                f"{d} sites: Gaussian process after {self.options.initial_for(d)} Sobol points",
                f"draws by mean + {self.options.beta:g} standard deviations,"
                f" sampler {self.options.sampler}; made for batches of hundreds",
            ),
        )

    def propose(self, view: StudyView, n: int, rng: np.random.Generator) -> list[Proposal]:
        """Propose ``n`` different new points, drawn together.

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
        more: list[Proposal] = []
        reason = "no more points among those of high payoff"
        try:
            more = _Draw(view, self.options).propose(left)
        except (ArithmeticError, np.linalg.LinAlgError, InfeasibleSpaceError) as error:
            reason = f"{type(error).__name__}: {error}"
        proposals += more
        if len(more) < left:
            view = with_pending(view, more)
            try:
                instead = self._sobol.propose(view, left - len(more), rng)
            except SpaceExhaustedError:
                if not proposals:
                    raise
                instead = []
            proposals += [
                Proposal(p.params, {**p.provenance, "fallback": True, "reason": reason})
                for p in instead
            ]
        return proposals


@final
class _Draw:
    """One ask: the model, its payoff, and points drawn by it."""

    def __init__(self, view: StudyView, options: GFlowNetOptions) -> None:
        self.start_s = time.perf_counter()
        self.view, self.options = view, options
        self.memories: dict[str, Any] = view.cache.setdefault(CACHE_KEY, {})
        self.modelling = SiteModelling(view, self.memories, "auto")
        self.sites = self.modelling.encoding.sites
        self.rng = np.random.default_rng([view.seed, view.next_number])
        self.facts: dict[str, Any] = {}

    def propose(self, n: int) -> list[Proposal]:
        """``n`` proposals or fewer, those of highest payoff first."""
        payoff, known = self.modelling.payoff(self.options.beta), self.modelling.known
        met = self._met(payoff)
        new = met.without(known)
        tau = new.temperature(2 * n) if len(new.X) else 1.0
        self.facts["tau"] = tau
        drawn = new.draw(n, self.rng, tau=tau)
        if self.options.sampler == "gflownet":
            X = self._by_policy(payoff, met, n, tau)
            filled = new.without(np.sort(self.sites.keys(X))).draw(n - len(X), self.rng, tau=tau)
            drawn = Weighted.of(self.sites, X, payoff.values(X)).joined(filled.X, filled.values)
        if self.options.polish:
            drawn = drawn.polished(payoff, known)
        assert not contains(known, self.sites.keys(drawn.X)).any()
        return self._proposals(drawn)

    def _met(self, payoff: Payoff) -> Weighted:
        """The best points that cold log-linear play weighs, from mixed starts."""
        X, y = self.modelling.X, self.modelling.trained.y
        starts = mixed_starts(self.sites, X, y, self.rng, count=_CHAINS)
        spread = float(payoff.values(starts).std()) if len(starts) else 0.0
        return sample_log_linear(payoff, self.sites, starts, self.rng, tau=_COLD * spread or 1.0)

    def _by_policy(self, payoff: Payoff, met: Weighted, n: int, tau: float) -> Codes:
        recipe, prefixes = GFlowNet(tau=tau, steps=self.options.steps), Prefixes(self.sites)
        policy = recipe.policy(prefixes, seed=self.view.seed)
        self.facts["warm"] = "policy" in self.memories and policy.load_text(self.memories["policy"])
        best = met.X[np.argsort(-met.values, kind="stable")[:_REPLAYED]]
        data = np.concatenate([self.modelling.X, best])
        training = train(recipe, policy, payoff, prefixes, data, self.rng)
        self.facts["loss"] = float(f"{training.losses[-20:].mean():.4g}")
        self.memories["policy"] = policy.to_text()
        return sample_without_replacement(policy, prefixes, n, self.rng, known=self.modelling.known)

    def _proposals(self, drawn: Weighted) -> list[Proposal]:
        order = np.argsort(-drawn.values, kind="stable")
        model = self.modelling.trained.model
        shared = {
            "strategy": "gflownet",
            "acquisition": f"mean + {self.options.beta:g} standard deviations",
            "sampler": self.options.sampler,
            **self.facts,
            "tau": float(f"{model.spread * self.facts['tau']:.4g}"),
            "model": self.modelling.report,
            "seconds": round((time.perf_counter() - self.start_s) / max(len(order), 1), 4),
        }
        points = self.modelling.points(drawn.X[order])
        return [
            Proposal(params, {**shared, "value": model.location + model.spread * value})
            for params, value in zip(points, drawn.values[order].tolist(), strict=True)
        ]
