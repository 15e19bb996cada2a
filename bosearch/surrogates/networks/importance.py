"""Weights of members, from how well each predicts observations.

Members drawn given some observations become, weighted, members given more or fewer of
them. That is exact with many members, and fails, by design visibly, with few.
"""

import math

import torch
from torch import Tensor

FEWEST = 2.0  # effective members below which weights are tempered


def log_likelihoods(y: Tensor, values: Tensor, var: Tensor) -> Tensor:
    """``S x n`` normal log densities of ``n`` observations; ``var`` is ``S x n`` or ``n``."""
    return -0.5 * ((y - values).square() / var + var.log() + math.log(2.0 * math.pi))


def effective(log_weights: Tensor) -> float:
    """Effective number of ``S`` members.

    Source: Kong, Liu and Wong (1994), "Sequential imputations and Bayesian missing data
    problems", section 4.1.
    """
    return float((2.0 * log_weights.logsumexp(0) - (2.0 * log_weights).logsumexp(0)).exp())


def reweighted(log_weights: Tensor, log_likelihood: Tensor) -> tuple[Tensor, tuple[str, ...]]:
    """``S`` normalised log weights given more observations, and warnings.

    Where hardly more than one member would be left, the likelihood is raised to the largest
    power that leaves two.

    Args:
        log_weights: ``S``, normalised, before.
        log_likelihood: ``S``, of the new observations, jointly.
    """
    found = (log_weights + log_likelihood).log_softmax(0)
    members = effective(found)
    least = min(FEWEST, effective(log_weights))
    if members >= max(least, len(found) / 4):
        return found, ()
    if members >= least:
        return found, (f"{members:.1f} of {len(found)} members carry the weight: a fit is due",)
    low, high = 0.0, 1.0
    for _ in range(60):
        power = 0.5 * (low + high)
        found = (log_weights + power * log_likelihood).log_softmax(0)
        low, high = (power, high) if effective(found) >= least else (low, power)
    found = (log_weights + low * log_likelihood).log_softmax(0)
    return found, (
        f"one of {len(found)} members would carry all the weight; new observations count"
        f" {low:.2g} times as much as they should: a fit is due",
    )


def leave_one_out(log_weights: Tensor, each: Tensor) -> tuple[Tensor, tuple[str, ...]]:
    """``n`` log densities, each given the other observations, and warnings.

    Source: Gelfand, Dey and Chang (1992), "Model determination using predictive
    distributions"; ratios are cut off as in Ionides (2008), "Truncated importance sampling".

    Args:
        log_weights: ``S``, normalised, given all observations.
        each: ``S x n`` log likelihoods.
    """
    ratios = -each  # a member's weight without an observation, over that with it
    mean = (log_weights[:, None] + ratios).logsumexp(0)
    cut = torch.minimum(ratios, mean + 0.5 * math.log(len(each)))
    weights = (log_weights[:, None] + cut).log_softmax(0)
    found = (weights + each).logsumexp(0)
    worst = float(weights.max().exp())
    if worst <= 0.5:
        return found, ()
    share = float((weights.max(0).values.exp() > 0.5).double().mean())
    return found, (
        f"densities of left-out values rest on one member for {share:.0%} of the observations",
    )
