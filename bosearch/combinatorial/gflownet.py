r"""A generative flow network: a policy trained to draw points by ``exp(payoff / tau)``.

Points are built site by site from the left, so that each has one way to be built
and trajectory balance is the regression of :math:`\log P(x)` on :math:`\log R(x)`,
up to the constant :math:`\log Z`. Its estimate by the mean over a batch turns the
loss into a variance, with nothing else to learn.

Rewards are cut off below, at ``e^-4 / (number of points)`` times the best: infeasible
points have that much, and all points at the cut together less than a fiftieth of the best
point's weight.

Source: Bengio et al. (2021), "Flow network based generative models for
non-iterative diverse candidate generation", arXiv:2106.04399; trajectory balance:
Malkin et al. (2022), arXiv:2201.13259; its variance form: Zhang et al. (2023),
arXiv:2302.05446.
"""

import math
import time
from dataclasses import dataclass
from typing import final

import numpy as np
import torch

from bosearch.combinatorial.gflownet_policy import Policy, allowed_along, sample
from bosearch.combinatorial.payoff import Array, Payoff
from bosearch.combinatorial.prefixes import Prefixes
from bosearch.combinatorial.space import Codes
from bosearch.combinatorial.weighted import Weighted
from bosearch.errors import ConfigError

_CUT = 4.0  # log of the number of points, plus this, is the range of log rewards


@final
@dataclass(frozen=True, kw_only=True)
class GFlowNet:
    """A recipe for training.

    Args:
        tau: Temperature, in units of the payoff.
        steps: Gradient steps at most.
        seconds: Wall-clock seconds at most; ``None`` is no limit. Where it stops the
            training, results depend on the machine.
        batch: Points drawn from the policy per step.
        replay: Points drawn per step from those seen before, by rank.
        uniform: Share of levels that are drawn uniformly while training.
        width: Units of each of two hidden layers.
        learning_rate: Of Adam; falls to 0 by a cosine.
    """

    tau: float
    steps: int = 400
    seconds: float | None = None
    batch: int = 64
    replay: int = 64
    uniform: float = 0.05
    width: int = 128
    learning_rate: float = 5e-3

    def __post_init__(self) -> None:
        if not self.tau > 0:
            raise ConfigError(f"GFlowNet: tau must be positive, got {self.tau}")
        for name in ("steps", "batch", "replay", "width"):
            if getattr(self, name) < 1:
                raise ConfigError(f"GFlowNet: {name} must be at least 1, got {getattr(self, name)}")
        if not 0 <= self.uniform <= 1:
            raise ConfigError(f"GFlowNet: uniform must lie in [0, 1], got {self.uniform}")

    def policy(self, prefixes: Prefixes, *, seed: int) -> Policy:
        """An untrained policy, which draws every allowed level alike."""
        return Policy(prefixes.sites.counts, width=self.width, seed=seed)


@final
@dataclass(frozen=True, eq=False)
class Training:
    """What training left behind.

    Args:
        seen: Different feasible points that were valued, the best ones.
        losses: One per step: the variance of ``log P - log R`` over the step's points.
    """

    seen: Weighted
    losses: Array


def train(
    recipe: GFlowNet,
    policy: Policy,
    payoff: Payoff,
    prefixes: Prefixes,
    data: Codes,
    rng: np.random.Generator,
) -> Training:
    """Train ``policy`` in place towards ``exp(payoff / tau)`` on the feasible points.

    Args:
        recipe: How.
        policy: Untrained, or trained on an earlier payoff.
        payoff: What points are worth.
        prefixes: Which points there are.
        data: ``m x L`` points worth replaying from the start; may be empty.
        rng: Draws points.
    """
    sites = prefixes.sites
    optimizer = torch.optim.Adam(policy.parameters(), lr=recipe.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, recipe.steps)
    data = data[sites.feasible(data)]
    seen = Weighted.of(sites, data, payoff.values(data))
    losses = []
    end_s = math.inf if recipe.seconds is None else time.monotonic() + recipe.seconds
    for _ in range(recipe.steps):
        X = sample(policy, prefixes, recipe.batch, rng, uniform=recipe.uniform)
        values = np.full(len(X), -np.inf)
        feasible = sites.feasible(X)
        values[feasible] = payoff.values(X[feasible])
        replayed = _by_rank(seen, recipe.replay, rng)
        seen = seen.joined(X[feasible], values[feasible])
        X = np.concatenate([X, replayed.X])
        log_reward = _log_rewards(np.concatenate([values, replayed.values]), seen, recipe.tau)
        loss = _variance(policy, prefixes, X, log_reward)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # PyTorch's
        torch.nn.utils.clip_grad_norm_(policy.parameters(), 10.0)
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
        if time.monotonic() > end_s:
            break
    return Training(seen, np.array(losses))


def _by_rank(seen: Weighted, n: int, rng: np.random.Generator) -> Weighted:
    """``n`` points with replacement, the one of rank ``r`` with weight ``1 / (n + r)``."""
    count = len(seen.X)
    if not count:
        return seen
    weights = 1.0 / (n + np.arange(count))
    ranks = np.searchsorted(weights.cumsum() / weights.sum(), rng.random(n))
    chosen = np.argsort(-seen.values, kind="stable")[np.minimum(ranks, count - 1)]
    return Weighted(seen.sites, seen.X[chosen], seen.values[chosen])


def _log_rewards(values: Array, seen: Weighted, tau: float) -> torch.Tensor:
    """Log rewards relative to the best payoff seen, cut off below."""
    top = seen.values.max(initial=-np.inf)
    lowest = -_CUT - math.log(seen.sites.size)
    relative = (values - top) / tau if top > -np.inf else np.zeros(len(values))
    return torch.from_numpy(np.maximum(relative, lowest).astype(np.float32))


def _variance(
    policy: Policy, prefixes: Prefixes, X: Codes, log_reward: torch.Tensor
) -> torch.Tensor:
    """The loss: how far ``log P - log R`` is from being one constant."""
    log_prob = policy.log_probs(torch.from_numpy(X), allowed_along(prefixes, X))
    return (log_prob - log_reward).var()
