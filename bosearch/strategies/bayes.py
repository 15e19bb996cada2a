"""Bayesian optimization: a model says which point is worth measuring.

Starts with a Sobol design and goes on with it while there is nothing to learn
from. A point is not proposed again, unless its values are told with standard
errors, or the space is finite and exhausted and the values are noisy: then
another look at a good point can be worth more than a first look at a bad one.
When the numerics break down, the point comes from the Sobol sequence and its
provenance says why. Models are fast Gaussian processes, or any surrogate.
"""

import time
from collections.abc import Mapping
from contextlib import nullcontext
from importlib import import_module
from typing import Any, Self, cast, final

import numpy as np

from bosearch.acquisition.domain import Domain
from bosearch.acquisition.optimize import EFFORTS, Candidate, best_candidate
from bosearch.acquisition.region import Region
from bosearch.acquisition.value import Acquisition
from bosearch.errors import InfeasibleSpaceError, SpaceExhaustedError, StrategyError, SurrogateError
from bosearch.strategies import switching, trust_region, turns
from bosearch.strategies.base import Support, with_pending
from bosearch.strategies.bayes_options import BayesOptions
from bosearch.strategies.built_in import BuiltIn
from bosearch.strategies.modelling import Modelling
from bosearch.strategies.models import Choice, Models
from bosearch.strategies.sobol import SobolStrategy
from bosearch.study.problem import Problem, suggest
from bosearch.study.trial import Proposal, TrialState
from bosearch.study.view import StudyView
from bosearch.surrogates import registry
from bosearch.surrogates.threads import one_thread

CACHE_KEY = "bayes"


@final
class BayesStrategy:
    """Gaussian processes, or a surrogate by name, and the acquisition that suits them."""

    name = "bayes"

    def __init__(self, options: BayesOptions) -> None:
        """Load the surrogate, if one is named.

        Raises:
            SurrogateError: It does not exist, or an option of it is wrong.
        """
        self.options = options
        self._recipe = None if options.surrogate is None else registry.load(options.surrogate)
        self._fits: Any = None  # of this process; made with the first surrogate
        self._sobol = SobolStrategy()

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Self:
        """Build the strategy from its table of the study definition.

        Raises:
            StrategyError: An option is unknown or has a wrong value.
            SurrogateError: The surrogate or an option of it does.
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
        if len(problem.objectives) > 1 and (refused := self.options.need_one_objective):
            return Support(False, (f"{refused} serves one objective only",))
        d = len(problem.space.factors)
        model = "Gaussian process" if self._recipe is None else _shown(self._recipe)
        return Support(
            True,
            (
                f"{d} factor{'s' if d > 1 else ''}: {model} after"
                f" {self.options.initial_for(d)} Sobol points",
                f"effort {self.options.effort}",
                *self.options.in_words(),
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
        in_torch = self._recipe is not None or len(view.problem.objectives) > 1
        proposals: list[Proposal] = []
        with one_thread() if in_torch else nullcontext():
            for _ in range(n):
                try:
                    proposal = self._one(view, np.random.default_rng([view.seed, view.next_number]))
                except SpaceExhaustedError:
                    if not proposals:
                        raise
                    break
                proposals.append(proposal)
                view = with_pending(view, [proposal])
        return proposals

    def _one(self, view: StudyView, rng: np.random.Generator) -> Proposal:
        if self.options.switching is not None and (again := switching.stay(view)) is not None:
            return again
        turn = turns.turn(self.options, view)
        where = self._where(view, turn)
        local = view if where is None else where.local(view)
        of_start = view.trials if where is None else where.trials
        counted = sum(trial.state is not TrialState.ABANDONED for trial in of_start)
        if not local.completed or counted < self.options.initial_for(
            len(view.problem.space.factors)
        ):
            return self._scattered(view, where, rng)
        try:
            return self._model_based(view, local, where, turn, rng)
        except (
            ArithmeticError,
            np.linalg.LinAlgError,
            InfeasibleSpaceError,
            SurrogateError,
        ) as error:
            reason = f"{type(error).__name__}: {error}"
        instead = self._scattered(view, where, rng)
        return Proposal(instead.params, {**instead.provenance, "fallback": True, "reason": reason})

    def _where(self, view: StudyView, turn: turns.Turn) -> trust_region.Region | None:
        if self.options.region is not None:
            return trust_region.standing(view)
        return trust_region.lasting(view) if turn.near else None

    def _scattered(
        self, view: StudyView, where: trust_region.Region | None, rng: np.random.Generator
    ) -> Proposal:
        """The next Sobol point; its provenance says which start of the search it belongs to."""
        (proposal,) = self._sobol.propose(view, 1, rng)
        if where is None or where.start == 0:
            return proposal
        facts = {**proposal.provenance, trust_region.KEY: {"start": where.start}}
        return Proposal(proposal.params, facts)

    def _model_based(
        self,
        view: StudyView,
        local: StudyView,
        where: trust_region.Region | None,
        turn: turns.Turn,
        rng: np.random.Generator,
    ) -> Proposal:
        """The candidate of highest acquisition value, given what is on record.

        Args:
            view: The study.
            local: What the models may see of it.
            where: The trust region, if there is one.
            turn: Whose turn it is.
            rng: Source of everything random.
        """
        start_s = time.perf_counter()
        modelling = Modelling(local, view.cache.setdefault(CACHE_KEY, {}))
        models = self._models(modelling, turn)
        choice = models.choice(rng)
        repeats = modelling.repeats(noisy=models.noisy)
        if self.options.switching is not None and models.noisy:
            repeats = "always"
        known = modelling.known if local is view else Modelling(view, {}).known
        region = _region(modelling, models, where)
        domain = Domain(view.problem.space, None if repeats == "always" else known, region)
        try:
            candidate, bold = self._search(choice, models, domain, rng)
        except SpaceExhaustedError:
            if repeats != "when exhausted":
                raise
            domain = Domain(view.problem.space, None, region)
            candidate, bold = self._search(choice, models, domain, rng)
        if bold:
            where = None
        (params,) = view.problem.space.decode(candidate.x[None])
        facts: dict[str, Any] = {
            "strategy": "bayes",
            "acquisition": f"{choice.name} by a margin" if bold else choice.name,
            "value": candidate.value,
            "model": models.report,
            **choice.facts,
        }
        if self._recipe is None:
            facts["kernel"] = turn.kernel
        else:
            facts["surrogate"] = registry.to_json(self._recipe)
        if where is not None:
            facts[trust_region.KEY] = where.to_json()
        said = models.predictions(candidate.x)
        facts["predicted"] = {metric: p.to_json() for metric, p in said.items()}
        if self.options.switching is not None:
            facts[switching.KEY] = {
                "first": view.next_number,
                "measurements": switching.measurements(
                    [said[o.metric] for o in view.problem.objectives],
                    self.options.switching,
                    most=len(view.trials) if models.noisy else 1,
                ),
                "factor": self.options.switching,
            }
        return Proposal(params, {**facts, "seconds": round(time.perf_counter() - start_s, 4)})

    def _models(self, modelling: Modelling, turn: turns.Turn) -> Models:
        if self._recipe is None:
            return BuiltIn(modelling, self.options.warp, turn)
        module: Any = import_module("bosearch.strategies.surrogate_models")  # with torch
        if self._fits is None:
            self._fits = module.Fits()
        models = module.SurrogateModels(
            modelling, self._recipe, self._fits, self.options.acquisition, self.options.warp
        )
        return cast("Models", models)

    def _search(
        self, choice: Choice, models: Models, domain: Domain, rng: np.random.Generator
    ) -> tuple[Candidate, bool]:
        """The best candidate, and whether it is one of a clear gain, for want of any other."""
        candidate = self._best(choice.acquisition, models, domain, rng)
        if choice.bolder is None or candidate.value >= choice.enough:
            return candidate, False
        return self._best(choice.bolder, models, domain.whole, rng), True

    def _best(
        self, acquisition: Acquisition, models: Models, domain: Domain, rng: np.random.Generator
    ) -> Candidate:
        """The best candidate of the domain; of the whole space where its region has none."""
        anchors = models.modelling.anchors()
        effort, slopes = EFFORTS[self.options.effort], models.slopes
        if domain.region is not None:
            near = anchors[domain.region.holds(anchors)]
            try:
                return best_candidate(
                    acquisition, domain, near, effort=effort, rng=rng, slopes=slopes
                )
            except (SpaceExhaustedError, InfeasibleSpaceError):
                domain = domain.whole
        return best_candidate(acquisition, domain, anchors, effort=effort, rng=rng, slopes=slopes)


def _region(
    modelling: Modelling, models: Models, where: trust_region.Region | None
) -> Region | None:
    """The box around the best point of this start."""
    if where is None:
        return None
    factors = modelling.space.factors
    return Region.around(modelling.anchors()[0], where.length, factors, models.sides())


def _shown(recipe: Any) -> str:
    """A surrogate with the options that were stated."""
    table = registry.to_json(recipe)
    name = table.pop("name")
    said = ", ".join(f"{key} = {value}" for key, value in table.items())
    return f"surrogate {name}" + (f" ({said})" if said else "")
