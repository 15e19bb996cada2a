"""What bench_combinatorial measures: bosearch and its peers on landscapes, in batches.

Each method gets the same measured sequences first and is then asked for batches.
The two BoTorch methods use the very model of ``gameopt``, scale of values included:
what differs is how its acquisition is maximized. Importing this module imports no peer.
"""

import tempfile
import warnings
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bosearch.problems import BenchmarkProblem
from bosearch.space import Sequence as SequenceParameter

Codes = NDArray[np.int64]
BETA = 3.0  # of every method that maximizes mean + BETA * std


class Method(Protocol):
    """A batch optimizer of one sequence, to be maximized."""

    def tell(self, texts: Sequence[str], values: Sequence[float]) -> None:
        """Values measured at sequences, asked for or not."""
        ...

    def ask(self, q: int) -> list[str]:
        """The next ``q`` sequences."""
        ...


def parameter_of(problem: BenchmarkProblem) -> SequenceParameter:
    """The one parameter of a landscape."""
    (parameter,) = problem.space.parameters.values()
    assert isinstance(parameter, SequenceParameter)
    return parameter


class Bosearch:
    """``Study`` with the strategy ``gameopt``, on an SQLite database in a temporary folder."""

    def __init__(self, problem: BenchmarkProblem, seed: int, first: int, **options: Any) -> None:
        from bosearch import Study

        self._folder = tempfile.TemporaryDirectory()
        self.study = Study.create(
            f"sqlite:///{self._folder.name}/bench.db",
            name=problem.name,
            space=problem.space,
            objectives=problem.objectives,
            strategy={"name": "gameopt", "initial": first, "beta": BETA, **options},
            seed=seed,
        )
        (self._name,) = problem.space.parameters
        (objective,) = problem.objectives
        self._metric = objective.metric
        self._asked: dict[str, Any] = {}

    def tell(self, texts: Sequence[str], values: Sequence[float]) -> None:
        for text, value in zip(texts, values, strict=True):
            if text in self._asked:
                self.study.tell(self._asked.pop(text), {self._metric: value})
            else:
                self.study.observe({self._name: text}, {self._metric: value})

    def ask(self, q: int) -> list[str]:
        self._asked = {trial.params[self._name]: trial for trial in self.study.ask(q)}
        return list(self._asked)


class Recorded:
    """Keeps what was told; the other methods start from it."""

    def __init__(self, problem: BenchmarkProblem, seed: int, first: int) -> None:
        self.problem, self.parameter = problem, parameter_of(problem)
        self.alphabet, self.length = self.parameter.alphabet, self.parameter.length
        self.rng = np.random.default_rng([seed, 1])
        self.seed, self.first = seed, first
        self.texts: list[str] = []
        self.values: list[float] = []

    def tell(self, texts: Sequence[str], values: Sequence[float]) -> None:
        self.texts += texts
        self.values += values

    def codes(self) -> Codes:
        """``n x L`` codes of what was told."""
        return self.parameter.encode(self.texts).astype(np.int64)

    def feasible(self, X: Codes) -> NDArray[np.bool_]:
        return np.asarray(self.problem.space.feasible_encoded(X.astype(float)), dtype=bool)

    def new_ones(self, X: Codes, q: int, taken: set[str]) -> list[str]:
        """Up to ``q`` feasible sequences among ``X`` that were not told and are not ``taken``."""
        found: list[str] = []
        for text in self.parameter.decode(X[self.feasible(X)].astype(float)):
            if len(found) < q and text not in taken:
                found.append(text)
                taken.add(text)
        return found


class Random(Recorded):
    """Uniform feasible sequences, none twice."""

    def ask(self, q: int) -> list[str]:
        taken, found = set(self.texts), list[str]()
        while len(found) < q:
            X = self.rng.integers(len(self.alphabet), size=(256, self.length))
            found += self.new_ones(X, q - len(found), taken)
        return found


class Genetic(Recorded):
    """Twenty parents, uniform crossover, one mutation per child on average, none twice."""

    parents = 20

    def ask(self, q: int) -> list[str]:
        X, A, L = self.codes(), len(self.alphabet), self.length
        best = X[np.argsort(-np.array(self.values), kind="stable")[: self.parents]]
        taken, found = set(self.texts), list[str]()
        while len(found) < q:
            pairs = best[self.rng.integers(len(best), size=(64, 2))]
            children = np.where(self.rng.random((64, L)) < 0.5, pairs[:, 0], pairs[:, 1])
            mutated = self.rng.random((64, L)) < 1.0 / L
            children = np.where(mutated, self.rng.integers(A, size=(64, L)), children)
            found += self.new_ones(children, q - len(found), taken)
        return found


class Tpe:
    """Optuna's TPE, multivariate, constant liar, one categorical parameter per site."""

    def __init__(self, problem: BenchmarkProblem, seed: int, first: int) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._optuna, parameter = optuna, parameter_of(problem)
        letters = optuna.distributions.CategoricalDistribution(list(parameter.alphabet))
        self._distributions = {f"site{i}": letters for i in range(parameter.length)}
        sampler = optuna.samplers.TPESampler(
            seed=seed, n_startup_trials=first, multivariate=True, constant_liar=True
        )
        self._study = optuna.create_study(sampler=sampler, direction="maximize")
        self._asked: list[tuple[str, Any]] = []

    def tell(self, texts: Sequence[str], values: Sequence[float]) -> None:
        for text, value in zip(texts, values, strict=True):
            places = [i for i, (asked, _) in enumerate(self._asked) if asked == text]
            if places:
                self._study.tell(self._asked.pop(places[0])[1], value)
            else:
                trial = self._optuna.trial.create_trial(
                    params=dict(zip(self._distributions, text, strict=True)),
                    distributions=self._distributions,
                    value=value,
                )
                self._study.add_trial(trial)

    def ask(self, q: int) -> list[str]:
        trials = [self._study.ask(self._distributions) for _ in range(q)]
        self._asked = [("".join(t.params.values()), t) for t in trials]
        return [text for text, _ in self._asked]


class SameModel(Recorded):
    """Fits the model of ``gameopt`` and hands it to BoTorch as a ``Model`` on codes."""

    def __init__(self, problem: BenchmarkProblem, seed: int, first: int) -> None:
        from bosearch.combinatorial.encoding import Encoding
        from bosearch.combinatorial.model import recipe

        super().__init__(problem, seed, first)
        self.encoding = Encoding(problem.space)
        self.recipe = recipe(self.encoding.features)
        self.memory: Any = None
        self.given: Any = None

    def acquisition(self) -> Any:
        """``given``, or ``qUpperConfidenceBound``; BoTorch's ``beta`` is the square of ours."""
        if self.given is not None:
            return self.given
        import torch
        from botorch.acquisition import qUpperConfidenceBound

        from bosearch.combinatorial.training import train_on_scale
        from bosearch.surrogates.botorch_model import GaussianProcesses
        from bosearch.surrogates.gp import GaussianProcess
        from bosearch.surrogates.schedule import Data

        torch.manual_seed(1000 * self.seed + len(self.values))
        unknown = np.full(len(self.values), np.nan)
        data = Data(self.codes().astype(float), np.array(self.values), unknown)
        trained = train_on_scale(data, self.recipe, self.memory)
        self.memory = trained.memory
        assert isinstance(trained.model, GaussianProcess)  # BoTorch has no additive one of ours
        return qUpperConfidenceBound(GaussianProcesses([trained.model]), beta=BETA**2)


class MixedAlternating(SameModel):
    """BoTorch's ``optimize_acqf_mixed_alternating``, 10 restarts, one point after the other."""

    def ask(self, q: int) -> list[str]:
        import torch
        from botorch.optim.optimize_mixed import optimize_acqf_mixed_alternating

        levels = list(map(float, range(len(self.alphabet))))
        bounds = torch.tensor([[0.0] * self.length, [levels[-1]] * self.length]).double()
        candidates, _ = optimize_acqf_mixed_alternating(
            self.acquisition(),
            bounds,
            cat_dims=dict.fromkeys(range(self.length), levels),
            q=q,
            num_restarts=10,
            raw_samples=256,
        )
        return self.parameter.decode(candidates.numpy())


class LocalSearch(SameModel):
    """BoTorch's ``optimize_acqf_discrete_local_search``, 16 restarts, known points avoided."""

    def ask(self, q: int) -> list[str]:
        import torch
        from botorch.optim import optimize_acqf_discrete_local_search

        levels = torch.arange(len(self.alphabet)).double()
        candidates, _ = optimize_acqf_discrete_local_search(
            self.acquisition(),
            discrete_choices=[levels] * self.length,
            q=q,
            num_restarts=16,
            raw_samples=256,
            X_avoid=torch.tensor(self.codes()).double(),
        )
        return self.parameter.decode(candidates.numpy())


METHODS: dict[str, Callable[[BenchmarkProblem, int, int], Method]] = {
    "gameopt": Bosearch,
    "gameopt-top": lambda problem, seed, first: Bosearch(problem, seed, first, batch="top"),
    "gameopt-additive": lambda problem, seed, first: Bosearch(
        problem, seed, first, batch="top", kernel="additive"
    ),
    "botorch-mixed": MixedAlternating,
    "botorch-local": LocalSearch,
    "tpe": Tpe,
    "genetic": Genetic,
    "random": Random,
}
"""Builds a method for a problem, a seed and the number of measurements given first."""


def prepare(method: str) -> None:
    """Import what the method needs, so that no measurement includes it; one torch thread."""
    warnings.simplefilter("ignore")  # theirs are many, and do not concern the measurement
    if method.startswith("gameopt"):
        import bosearch.asktell
        import bosearch.strategies.gameopt
    if method.startswith("botorch"):
        import botorch.acquisition
        import botorch.optim.optimize_mixed  # noqa: F401
        import torch

        import bosearch.surrogates.botorch_model  # noqa: F401

        torch.set_num_threads(1)
    if method == "tpe":
        import optuna.samplers  # noqa: F401
