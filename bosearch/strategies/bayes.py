"""Bayesian optimization: a Gaussian process says which point is worth measuring.

Starts with a Sobol design and goes on with it while there is nothing to learn
from. A point is not proposed again, unless its values are told with standard
errors, or the space is finite and exhausted and the values are noisy: then
another look at a good point can be worth more than a first look at a bad one.
When the numerics break down, the point comes from the Sobol sequence and its
provenance says why.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any, Self, cast, final, get_args

import numpy as np

from bosearch.acquisition.domain import Domain
from bosearch.acquisition.optimize import EFFORTS, Effort, EffortName, best_candidate
from bosearch.acquisition.single import Outcomes, improvement
from bosearch.acquisition.value import Acquisition
from bosearch.errors import InfeasibleSpaceError, SpaceExhaustedError, StrategyError
from bosearch.strategies.base import Support
from bosearch.strategies.modelling import Modelling
from bosearch.strategies.sobol import SobolStrategy
from bosearch.study.problem import Problem, suggest
from bosearch.study.trial import Proposal, Trial, TrialState
from bosearch.study.view import StudyView

CACHE_KEY = "bayes"
_Choice = tuple[Acquisition, str, dict[str, Any]]


@final
@dataclass(frozen=True)
class BayesOptions:
    """The options of the strategy.

    Args:
        initial: Trials before the first model, observed and failed ones included;
            ``None`` means twice the number of factors, within 5 and 20.
        effort: How hard to search for the next point: ``fast``, ``standard``, ``thorough``.
    """

    initial: int | None = None
    effort: EffortName = "standard"

    def __post_init__(self) -> None:
        if self.initial is not None and (
            isinstance(self.initial, bool) or not isinstance(self.initial, int) or self.initial < 1
        ):
            raise StrategyError(
                f"strategy 'bayes': initial must be a whole number from 1, got {self.initial!r}"
            )
        if self.effort not in EFFORTS:
            raise StrategyError(
                f"strategy 'bayes': effort must be one of {', '.join(EFFORTS)},"
                f" got {self.effort!r}",
                hint=suggest(str(self.effort), get_args(EffortName)),
            )

    def initial_for(self, d: int) -> int:
        """Size of the initial design with ``d`` factors."""
        return self.initial if self.initial is not None else max(5, min(2 * d, 20))


@final
class BayesStrategy:
    """Gaussian processes with dimension-scaled priors and log expected improvement."""

    name = "bayes"

    def __init__(self, options: BayesOptions) -> None:
        self.options = options
        self._sobol = SobolStrategy()

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Self:
        """Build the strategy from its table of the study definition.

        Raises:
            StrategyError: An option is unknown or has a wrong value.
        """
        known = list(BayesOptions.__dataclass_fields__)
        for key in options:
            if key not in known:
                raise StrategyError(
                    f"strategy 'bayes' has no option {key!r}", hint=suggest(key, known)
                )
        return cls(BayesOptions(**options))

    def supports(self, problem: Problem) -> Support:
        """Spaces whose parameters all have coordinates; any objectives and outcome constraints."""
        missing = problem.space.without_coordinates
        if missing:
            return Support(False, (f"a model has no coordinates for {', '.join(missing)}",))
        d = len(problem.space.factors)
        return Support(
            True,
            (
                f"{d} factors: Gaussian process after {self.options.initial_for(d)} Sobol points",
                f"effort {self.options.effort}",
            ),
        )

    def propose(self, view: StudyView, n: int, rng: np.random.Generator) -> list[Proposal]:
        """Propose ``n`` points one after the other, each knowing of those before it.

        Every point draws from a generator seeded by the study and the point's own
        number: asking for two points twice is asking for four.

        Raises:
            SpaceExhaustedError: No new point is left in a finite space.
            InfeasibleSpaceError: No feasible point could be found.
        """
        proposals: list[Proposal] = []
        for _ in range(n):
            try:
                proposal = self._one(view, np.random.default_rng([view.seed, view.next_number]))
            except SpaceExhaustedError:
                if not proposals:
                    raise
                break
            proposals.append(proposal)
            view = _with_pending(view, proposal)
        return proposals

    def _one(self, view: StudyView, rng: np.random.Generator) -> Proposal:
        counted = sum(trial.state is not TrialState.ABANDONED for trial in view.trials)
        if not view.completed or counted < self.options.initial_for(
            len(view.problem.space.factors)
        ):
            return self._sobol.propose(view, 1, rng)[0]
        try:
            return _model_based(view, EFFORTS[self.options.effort], rng)
        except (ArithmeticError, np.linalg.LinAlgError, InfeasibleSpaceError) as error:
            reason = f"{type(error).__name__}: {error}"
        (instead,) = self._sobol.propose(view, 1, rng)
        return Proposal(instead.params, {**instead.provenance, "fallback": True, "reason": reason})


def _with_pending(view: StudyView, proposal: Proposal) -> StudyView:
    """The view once ``proposal`` has been handed out."""
    trial = Trial(
        view.next_number, proposal.params, TrialState.RUNNING, provenance=proposal.provenance
    )
    return replace(view, trials=[*view.trials, trial], next_number=view.next_number + 1)


def _model_based(view: StudyView, effort: Effort, rng: np.random.Generator) -> Proposal:
    """The candidate of highest acquisition value, given all that is on record."""
    start_s = time.perf_counter()
    modelling = Modelling(view, view.cache.setdefault(CACHE_KEY, {}))
    acquisition, name, facts = _acquisition(modelling, rng)
    repeats = modelling.repeats
    domain = Domain(view.problem.space, modelling.known if repeats != "always" else None)
    anchors = modelling.anchors()
    try:
        candidate = best_candidate(acquisition, domain, anchors, effort=effort, rng=rng)
    except SpaceExhaustedError:
        if repeats != "when exhausted":
            raise
        again = Domain(view.problem.space, None)
        candidate = best_candidate(acquisition, again, anchors, effort=effort, rng=rng)
    (params,) = view.problem.space.decode(candidate.x[None])
    return Proposal(
        params,
        {
            "strategy": "bayes",
            "acquisition": name,
            "value": candidate.value,
            "model": modelling.report,
            **facts,
            "seconds": round(time.perf_counter() - start_s, 4),
        },
    )


def _acquisition(modelling: Modelling, rng: np.random.Generator) -> _Choice:
    """What a candidate is worth in this study, its name, and facts for the provenance."""
    problem = modelling.problem
    if len(problem.objectives) > 1:
        several = import_module("bosearch.strategies.several")  # with torch: three seconds
        return cast("_Choice", several.hypervolume_improvement(modelling, rng))
    (objective,) = problem.objectives
    model, y = modelling.warped_model(objective)
    outcomes = Outcomes(
        modelling.X,
        y,
        modelling.feasible(),
        modelling.noisy(objective.metric, model),
    )
    acquisition = improvement(
        model, modelling.constraints(), modelling.success(), outcomes, modelling.pending, rng
    )
    if acquisition.objective is None:
        return acquisition, "log probability of feasibility", {}
    name = "log expected improvement"
    if outcomes.noisy:
        name = "log noisy expected improvement"
    return acquisition, name, {}
