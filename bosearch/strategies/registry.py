"""Strategies by name, loaded when they are first needed.

A study names its strategy in its definition. ``auto`` stands for the strategy
that fits the problem, and says why.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from math import prod
from typing import Any, cast

from bosearch.errors import StrategyError
from bosearch.strategies.base import Strategy
from bosearch.study.problem import Problem, suggest

_HOME = {
    "sobol": "bosearch.strategies.sobol:SobolStrategy",
    "bayes": "bosearch.strategies.bayes:BayesStrategy",
    "gameopt": "bosearch.strategies.gameopt:GameOptStrategy",
    "gflownet": "bosearch.strategies.gflownet:GFlowNetStrategy",
    "sdp-game": "bosearch.strategies.sdp_game:SdpGameStrategy",
}

MANY_COMBINATIONS = 10_000  # of unordered choices, above which ``auto`` plays a game
MOST_LEVELS = 1_000  # of one site of a game

NAMES: tuple[str, ...] = ("auto", *_HOME)
"""What a study definition may name as its strategy."""


def resolve(name: str, problem: Problem) -> tuple[str, tuple[str, ...]]:
    """Turn ``"auto"`` into the name of a strategy; other names stay as they are.

    Returns:
        The name of a concrete strategy and, for ``auto``, the reasons for it in words.

    Raises:
        StrategyError: No strategy has that name.
    """
    if name not in NAMES:
        raise StrategyError(f"no strategy is called {name!r}", hint=suggest(name, NAMES))
    if name != "auto":
        return name, ()
    missing = problem.space.without_coordinates
    if missing:
        return "sobol", (
            f"a model has no coordinates for {', '.join(missing)}: random play-outs there,"
            " and Sobol points for the rest",
        )
    if _is_a_game(problem):
        return "gameopt", tuple(_reasons_for_gameopt(problem))
    return "bayes", tuple(_reasons_for_bayes(problem))


def load(name: str, problem: Problem, options: Mapping[str, Any]) -> Strategy:
    """Build the strategy called ``name`` for ``problem``.

    Args:
        name: One of ``NAMES``.
        problem: What the study asks.
        options: The strategy's own table of the study definition.

    Raises:
        StrategyError: The name or an option is unknown, an option has a wrong
            value, or the strategy cannot serve the problem.
    """
    name, _ = resolve(name, problem)
    module, _, kind = _HOME[name].partition(":")
    from_options = cast(
        "Callable[[Mapping[str, Any]], Strategy]", getattr(import_module(module), kind).from_options
    )
    strategy = from_options(options)
    support = strategy.supports(problem)
    if not support.ok:
        raise StrategyError(
            f"strategy {name!r} cannot serve this study: {'; '.join(support.reasons)}",
            hint="strategy = 'auto' picks one that can",
        )
    return strategy


def _is_a_game(problem: Problem) -> bool:
    """Whether unordered choices dominate, and their sites can share one payoff."""
    sizes = [f.size or 1 for f in problem.space.factors if f.kind == "categorical"]
    discrete = [f.size for f in problem.space.factors if f.size is not None]
    embedded = _embedded(problem)
    return (
        (prod(sizes) > MANY_COMBINATIONS or len(embedded) == len(problem.space.parameters))
        and max(discrete) <= MOST_LEVELS
        and len(problem.objectives) == 1
        and not problem.constraints
    )


def _embedded(problem: Problem) -> list[str]:
    """Names of the sequences with an embedding."""
    parameters = problem.space.parameters.items()
    return [name for name, p in parameters if getattr(p, "embedding", None) is not None]


def _reasons_for_gameopt(problem: Problem) -> list[str]:
    factors = problem.space.factors
    categorical = sum(factor.kind == "categorical" for factor in factors)
    if _embedded(problem):
        return [
            "sequences with embeddings: a game in which every site is a player, on a model of their"
            " features",
            "one objective: upper confidence bound",
        ]
    return [
        f"{categorical} of {len(factors)} factors are unordered, with more than"
        f" {MANY_COMBINATIONS:,} combinations: a game in which every site is a player",
        "one objective: upper confidence bound",
    ]


def _reasons_for_bayes(problem: Problem) -> list[str]:
    kinds = [factor.kind for factor in problem.space.factors]
    counts = [f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds)]
    reasons = [
        f"{', '.join(counts)} factor{'s' if len(kinds) > 1 else ''}: a Gaussian process models"
        " them, after a quasi-random start"
    ]
    if len(problem.objectives) > 1:
        reasons.append(
            f"{len(problem.objectives)} objectives: expected gain in hypervolume over the front"
        )
    else:
        reasons.append("one objective: expected improvement, in logarithms")
    if problem.constraints:
        reasons.append(
            f"{len(problem.constraints)} outcome constraint"
            f"{'s' if problem.constraints[1:] else ''}: weighted by the probability of feasibility"
        )
    if embedded := _embedded(problem):
        reasons.append(f"the embedding of {', '.join(embedded)} is not used: gameopt knows how to")
    return reasons
