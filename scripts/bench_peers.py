"""What bench_ask and bench_regret measure: bosearch and its peers behind one ask and one tell.

Each method gets the same first points, told before its first ask, and is used
as its documentation recommends. Only problems with one objective to minimize
and without constraints are covered. Importing this module imports no peer.
"""

import logging
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import Any, Protocol

import numpy as np

from bosearch.problems import BenchmarkProblem
from bosearch.space import Choice, Integer, Real

Params = Mapping[str, Any]
RESTARTS, RAW_SAMPLES = 20, 1024  # of BoTorch's acquisition optimizer; Ax's defaults as well


class Method(Protocol):
    """A sequential optimizer of one problem."""

    def ask(self) -> Params:
        """The next point."""
        ...

    def tell(self, params: Params, value: float) -> None:
        """The value measured there; the point need not have been asked for."""
        ...


def initial_size(problem: BenchmarkProblem) -> int:
    """Points before the first model: twice the number of factors, within 5 and 20."""
    return max(5, min(2 * len(problem.space.factors), 20))


def initial_design(problem: BenchmarkProblem, n: int, seed: int) -> list[dict[str, Any]]:
    """``n`` scrambled Sobol points, the same for every method."""
    from scipy.stats import qmc

    engine = qmc.Sobol(len(problem.space.factors), scramble=True, rng=np.random.default_rng(seed))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The balance properties of Sobol'", UserWarning)
        return problem.space.from_unit(engine.random(n))


class Bosearch:
    """``Study`` with the strategy ``bayes``, on an SQLite database in a temporary folder.

    With further options of the strategy, such as a surrogate.
    """

    def __init__(self, problem: BenchmarkProblem, seed: int, **options: Any) -> None:
        from bosearch import Study

        self._folder = tempfile.TemporaryDirectory()
        (self._objective,) = problem.objectives
        self.study = Study.create(
            f"sqlite:///{self._folder.name}/bench.db",
            name=problem.name,
            space=problem.space,
            objectives=problem.objectives,
            strategy={"name": "bayes", "initial": initial_size(problem), **options},
            seed=seed,
        )
        self._asked: Any = None

    def ask(self) -> Params:
        (self._asked,) = self.study.ask()
        params: Params = self._asked.params
        return params

    def tell(self, params: Params, value: float) -> None:
        values = {self._objective.metric: value}
        if self._asked is not None and self._asked.params == params:
            self.study.tell(self._asked, values)
        else:
            self.study.observe(params, values)
        self._asked = None


class BoTorch:
    """The loop of the tutorials: each ask fits a default GP from scratch.

    ``SingleTaskGP`` with ``Normalize`` and ``Standardize``, ``fit_gpytorch_mll``,
    ``qLogExpectedImprovement``, ``optimize_acqf``; with choices
    ``MixedSingleTaskGP`` and ``optimize_acqf_mixed_alternating``.
    """

    def __init__(self, problem: BenchmarkProblem, seed: int) -> None:
        import torch

        self._space = problem.space
        self._seed = seed
        self._torch = torch
        self._points: list[Params] = []
        self._values: list[float] = []

    def tell(self, params: Params, value: float) -> None:
        self._points.append(params)
        self._values.append(value)

    def ask(self) -> Params:
        from botorch.acquisition import qLogExpectedImprovement
        from botorch.fit import fit_gpytorch_mll
        from gpytorch.mlls import ExactMarginalLogLikelihood

        torch = self._torch
        torch.manual_seed(1000 * self._seed + len(self._values))
        X = torch.as_tensor(self._space.encode(self._points), dtype=torch.double)  # n x d
        Y = -torch.tensor(self._values, dtype=torch.double).unsqueeze(-1)  # n x 1, maximized
        model = self._model(X, Y)
        fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
        candidate = self._optimize(qLogExpectedImprovement(model, best_f=Y.max()))
        (params,) = self._space.decode(candidate.detach().numpy())
        return params

    def _model(self, X: Any, Y: Any) -> Any:
        from botorch.models import MixedSingleTaskGP, SingleTaskGP
        from botorch.models.transforms import Normalize, Standardize

        kinds = [factor.kind for factor in self._space.factors]
        categorical = [i for i, kind in enumerate(kinds) if kind == "categorical"]
        bounds = self._torch.stack([self._torch.zeros(len(kinds)), self._torch.ones(len(kinds))])
        if not categorical:
            scale = Normalize(len(kinds), bounds=bounds.double())
            return SingleTaskGP(X, Y, input_transform=scale, outcome_transform=Standardize(1))
        # Codes need no scaling, and all other coordinates lie in the unit cube already.
        return MixedSingleTaskGP(X, Y, cat_dims=categorical, outcome_transform=Standardize(1))

    def _optimize(self, acquisition: Any) -> Any:
        from botorch.optim import optimize_acqf
        from botorch.optim.optimize_mixed import optimize_acqf_mixed_alternating

        factors = self._space.factors
        top = [float(f.size - 1) if f.kind == "categorical" and f.size else 1.0 for f in factors]
        bounds = self._torch.tensor([[0.0] * len(top), top], dtype=self._torch.double)
        effort = {"q": 1, "num_restarts": RESTARTS, "raw_samples": RAW_SAMPLES}
        grids = {
            i: factor.coordinates(np.arange(factor.size)).tolist()
            for i, factor in enumerate(factors)
            if factor.size is not None
        }
        if not grids:
            return optimize_acqf(acquisition, bounds, **effort)[0]
        categorical = {i for i in grids if factors[i].kind == "categorical"}
        return optimize_acqf_mixed_alternating(
            acquisition,
            bounds,
            discrete_dims={i: grid for i, grid in grids.items() if i not in categorical},
            cat_dims={i: grid for i, grid in grids.items() if i in categorical},
            **effort,
        )[0]


class Ax:
    """Ax's ``Client`` with its default (fast) strategy, and no random points of its own."""

    def __init__(self, problem: BenchmarkProblem, seed: int) -> None:
        from ax.api.client import Client
        from ax.utils.common.logger import set_ax_logger_levels

        set_ax_logger_levels(logging.ERROR)
        self._client = Client(random_seed=seed)
        self._client.configure_experiment(
            [_ax_parameter(name, p) for name, p in problem.space.parameters.items()]
        )
        self._client.configure_optimization(objective="-value")
        self._client.configure_generation_strategy(
            initialization_budget=initial_size(problem), initialize_with_center=False
        )
        self._asked: tuple[int, Params] | None = None

    def ask(self) -> Params:
        self._asked = next(iter(self._client.get_next_trials(max_trials=1).items()))
        return self._asked[1]

    def tell(self, params: Params, value: float) -> None:
        if self._asked is not None and self._asked[1] == params:
            index = self._asked[0]
        else:
            index = self._client.attach_trial(params)
        self._client.complete_trial(index, raw_data={"value": value})
        self._asked = None


def _ax_parameter(name: str, parameter: Any) -> Any:
    from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig

    if isinstance(parameter, Real | Integer):
        kind = "float" if isinstance(parameter, Real) else "int"
        scaling = "log" if parameter.log else "linear"
        return RangeParameterConfig(name, (parameter.low, parameter.high), kind, scaling=scaling)
    values = list(parameter.values)
    return ChoiceParameterConfig(name, values, "str", is_ordered=parameter.ordered)


class Optuna:
    """An Optuna study in memory; ``sampler`` is given a seed and a number of first points."""

    def __init__(
        self, problem: BenchmarkProblem, seed: int, sampler: Callable[[int, int], Any]
    ) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._distributions = {
            name: _optuna_distribution(parameter)
            for name, parameter in problem.space.parameters.items()
        }
        self._study = optuna.create_study(sampler=sampler(seed, initial_size(problem)))
        self._asked: Any = None

    def ask(self) -> Params:
        self._asked = self._study.ask(self._distributions)
        params: Params = self._asked.params
        return params

    def tell(self, params: Params, value: float) -> None:
        import optuna

        if self._asked is not None and self._asked.params == params:
            self._study.tell(self._asked, value)
        else:
            self._study.add_trial(
                optuna.trial.create_trial(
                    params=dict(params), distributions=self._distributions, value=value
                )
            )
        self._asked = None


def _optuna_distribution(parameter: Any) -> Any:
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    if isinstance(parameter, Choice):
        return CategoricalDistribution(parameter.values)
    kind = FloatDistribution if isinstance(parameter, Real) else IntDistribution
    return kind(parameter.low, parameter.high, log=parameter.log)


def _gp_sampler(seed: int, first: int) -> Any:
    from optuna.samplers import GPSampler

    return GPSampler(seed=seed, n_startup_trials=first, deterministic_objective=True)


def _tpe_sampler(seed: int, first: int) -> Any:
    from optuna.samplers import TPESampler

    return TPESampler(seed=seed, n_startup_trials=first)


METHODS: dict[str, Callable[[BenchmarkProblem, int], Method]] = {
    "bosearch": Bosearch,
    "bosearch-auto": lambda problem, seed: Bosearch(problem, seed, surrogate="auto"),
    "bosearch-alone": lambda problem, seed: Bosearch(problem, seed, turns=False),
    "botorch": BoTorch,
    "ax": Ax,
    "optuna-gp": lambda problem, seed: Optuna(problem, seed, _gp_sampler),
    "optuna-tpe": lambda problem, seed: Optuna(problem, seed, _tpe_sampler),
}
"""Builds a method for a problem and a seed."""

PACKAGES: dict[str, tuple[str, ...]] = {
    "bosearch": ("bosearch",),
    "bosearch-auto": ("bosearch", "botorch", "torch"),
    "bosearch-alone": ("bosearch",),
    "botorch": ("botorch", "gpytorch", "torch"),
    "ax": ("ax-platform", "botorch", "torch"),
    "optuna-gp": ("optuna", "torch"),
    "optuna-tpe": ("optuna",),
}


def versions(method: str) -> str:
    """The packages behind a method, with their installed versions."""
    return ", ".join(f"{package} {version(package)}" for package in PACKAGES[method])


def prepare(methods: Sequence[str]) -> None:
    """Import what the methods need, so that no measurement includes it, with one torch thread.

    BLAS is kept to one thread by the environment, before NumPy is imported.
    """
    warnings.simplefilter("ignore")  # theirs are many, and do not concern the measurement
    if any(method.startswith("bosearch") for method in methods):
        import bosearch.asktell
        import bosearch.strategies.bayes
    if "bosearch-auto" in methods:
        import bosearch.strategies.surrogate_models
        import bosearch.surrogates.gaussian.map_saas  # noqa: F401
    if {"botorch", "ax"} & set(methods):
        import botorch.acquisition
        import botorch.optim.optimize_mixed  # noqa: F401
    if "ax" in methods:
        import ax.api.client  # noqa: F401
    if {"optuna-gp", "optuna-tpe"} & set(methods):
        import optuna.samplers  # noqa: F401
    if {"bosearch-auto", "botorch", "ax", "optuna-gp"} & set(methods):
        import torch

        torch.set_num_threads(1)
