"""Pest control: which of four pesticides, or none, to use at each of 25 stages.

The cost, to be minimized, is the price of the pesticides plus the number of
stages at which pests exceed a tenth of the field, averaged over simulations.
Pesticides grow dearer to rely on: the more often one is used, the less it
works, though large orders get a discount.

Source: Oh, Tomczak, Gavves and Welling (2019), "Combinatorial Bayesian
optimization using the graph Cartesian product", with the constants of the authors'
package COMBO. They draw the simulations anew at every evaluation; here all
evaluations share them, so that the cost is a function.

The best policy known makes one choice at all stages but the last, which favours methods
that look at such points first. ``shuffled`` permutes the levels of every stage, as
Papenmeier, Nardi and Poloczek (2023), "Bounce: reliable high-dimensional Bayesian
optimization for combinatorial and mixed spaces", do.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Self, final

import numpy as np

from bosearch.problems.benchmark import BenchmarkProblem
from bosearch.problems.functions import Array
from bosearch.problems.landscape import Codes, benchmark_of, checked

STAGES = 25
CHOICES = 5  # 0 is no pesticide
_SIMULATIONS = 100
_TOLERATED = 0.1  # share of the field
_START_BETA = 30.0  # all random shares follow Beta(1, b)
_SPREAD_BETA = 17.0 / 3.0
_PRICE = np.array([0.0, 1.0, 0.8, 0.7, 0.5])
_DISCOUNT = np.array([0.0, 0.2, 0.3, 0.3, 0.0])  # if a pesticide is used at every stage
_CONTROL_BETA = np.array([1.0, 2.0, 3.0, 3.0, 5.0]) / 7.0
_RESISTANCE = np.array([0.0, 1.0, 2.5, 2.0, 0.5]) / 7.0  # added to b if used at every stage

BEST_KNOWN = np.array([3] * (STAGES - 1) + [0])
"""The choices of the best policy known; 80 runs of simulated annealing found none better."""


@final
@dataclass(frozen=True, eq=False)
class PestControl:
    """The cost of a policy under simulations that all policies share, to be minimized.

    Args:
        levels: ``L x 5``: the choice that each code stands for, stage by stage.
        uniforms: ``(2 L + 1) x S`` numbers in [0, 1): the start, then for each stage
            the spread and the effect of a pesticide, in ``S`` simulations.
    """

    levels: Codes
    uniforms: Array

    @classmethod
    def standard(cls) -> Self:
        """The policy's codes are the choices."""
        # RandomState keeps its stream for ever, and the best known policy depends on it.
        uniforms = np.random.RandomState(0).random_sample((2 * STAGES + 1, _SIMULATIONS))
        return cls(np.tile(np.arange(CHOICES), (STAGES, 1)), uniforms)

    @classmethod
    def shuffled(cls, seed: int) -> Self:
        """The same costs, the levels of every stage permuted."""
        plain = cls.standard()
        return cls(np.random.default_rng(seed).permuted(plain.levels, axis=1), plain.uniforms)

    @property
    def length(self) -> int:
        """Number of stages."""
        return len(self.levels)

    @property
    def alphabet(self) -> str:
        """The codes as digits."""
        return "01234"

    def values(self, X: Codes) -> Array:
        """``n`` costs of ``n x L`` codes."""
        X = checked(X, self.length, CHOICES)
        policy = self.levels[np.arange(self.length), X]  # n x L
        above = np.zeros(len(policy))
        used = np.zeros((len(policy), CHOICES))
        rows = np.arange(len(policy))
        pests = np.tile(_beta(self.uniforms[0], _START_BETA), (len(policy), 1))  # n x S
        for i, choice in enumerate(policy.T):
            above += (pests > _TOLERATED).mean(axis=1)
            spread = _beta(self.uniforms[2 * i + 1], _SPREAD_BETA)
            resistance = _RESISTANCE[choice] * used[rows, choice] / self.length
            effect = _beta(self.uniforms[2 * i + 2], (_CONTROL_BETA[choice] + resistance)[:, None])
            controlled = (choice > 0)[:, None]
            pests = np.where(controlled, (1.0 - effect) * pests, pests + spread * (1.0 - pests))
            used[rows, choice] += 1.0
        price = _PRICE * used * (1.0 - _DISCOUNT * used / self.length)
        return np.asarray(above + price.sum(axis=1))

    @cached_property
    def optimiser(self) -> Codes:
        """The codes of the best policy known, which is not proven best."""
        return np.asarray((self.levels == BEST_KNOWN[:, None]).argmax(axis=1))


def _beta(uniform: Array, b: float | Array) -> Array:
    """Quantiles of Beta(1, b), which are ``1 - (1 - u)^(1 / b)``."""
    return np.asarray(-np.expm1(np.log1p(-uniform) / b))


def pest_control() -> BenchmarkProblem:
    """The standard problem."""
    return benchmark_of("pest_control", PestControl.standard(), "minimize", proven=False)


def shuffled_pest_control(seed: int = 0) -> BenchmarkProblem:
    """The problem whose levels are permuted."""
    landscape = PestControl.shuffled(seed)
    return benchmark_of("pest_control_shuffled", landscape, "minimize", proven=False)
