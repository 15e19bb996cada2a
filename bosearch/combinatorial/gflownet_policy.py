"""A policy that builds points site by site, and draws from it.

The probability of a point is the product of its levels' probabilities, each given
the levels to its left: a perceptron with two hidden layers sees the prefix as
indicators and the place as an indicator. The first layer is a running sum over
the sites, so that all prefixes of a point cost one pass. Float32, on the CPU.
"""

import base64
from collections.abc import Sequence
from typing import final

import numpy as np
import torch
from torch import Tensor, nn

from bosearch.combinatorial.payoff import Array
from bosearch.combinatorial.prefixes import Prefixes
from bosearch.combinatorial.space import Codes, Keys, contains

_FORBIDDEN = -1e9  # logit of a level that may not come next


@final
class Policy(nn.Module):
    """Logits of the next level for prefixes of ``L`` sites.

    Args:
        counts: Levels of each site.
        width: Units of a hidden layer.
        seed: Of the initial weights.
    """

    def __init__(self, counts: Sequence[int], *, width: int, seed: int) -> None:
        super().__init__()
        self.counts = tuple(counts)
        rng = torch.Generator().manual_seed(seed)
        L, A = len(self.counts), max(self.counts)

        def normal(*shape: int, fan_in: int) -> nn.Parameter:
            return nn.Parameter(torch.randn(*shape, generator=rng) / fan_in**0.5)

        self.level = normal(L, A, width, fan_in=L)
        self.place = normal(L, width, fan_in=1)
        self.inner = normal(width, width, fan_in=width)
        self.inner_bias = nn.Parameter(torch.zeros(width))
        self.outer = nn.Parameter(torch.zeros(width, A))  # the first policy is uniform
        self.outer_bias = nn.Parameter(torch.zeros(L, A))

    def logits(self, first: Tensor, i: int | slice) -> Tensor:
        """Logits at site ``i`` (``S x A``), or sites (``S x sites x A``), from first-layer sums."""
        hidden = torch.relu(first + self.place[i])
        hidden = torch.relu(hidden @ self.inner + self.inner_bias)
        return hidden @ self.outer + self.outer_bias[i]

    def log_probs(self, X: Tensor, allowed: Tensor) -> Tensor:
        """Log-probabilities of ``S x L`` points, given which levels were ``allowed``; ``S``.

        Args:
            X: Codes.
            allowed: ``S x L x A``, or anything that broadcasts to it.
        """
        sites = torch.arange(len(self.counts))
        terms = self.level[sites, X]  # S x L x width
        first = terms.cumsum(dim=1) - terms  # of what is to the left
        logits = self.logits(first, slice(None)).masked_fill(~allowed, _FORBIDDEN)
        chosen = logits.gather(2, X[..., None])[..., 0] - logits.logsumexp(dim=2)
        return chosen.sum(dim=1)

    def to_text(self) -> str:
        """The weights, rounded to half precision, for ``load_text``."""
        weights = [p.detach().numpy().astype("<f2").ravel() for p in self.parameters()]
        return base64.b64encode(np.concatenate(weights).tobytes()).decode()

    @torch.no_grad()
    def load_text(self, text: str) -> bool:
        """Take the weights of ``to_text``; ``False``, and nothing, if they are of another shape."""
        weights = np.frombuffer(base64.b64decode(text), dtype="<f2").astype(np.float32)
        parameters = list(self.parameters())
        if len(weights) != sum(p.numel() for p in parameters):
            return False
        at = 0
        for p in parameters:
            p.copy_(torch.from_numpy(weights[at : at + p.numel()]).reshape(p.shape))
            at += p.numel()
        return True


def allowed_along(prefixes: Prefixes, X: Codes) -> Tensor:
    """Which levels were allowed at each site of ``S x L`` points; broadcasts to ``S x L x A``."""
    if prefixes.sites.pool is None:
        return torch.from_numpy(prefixes.lists)[None]
    rows = [prefixes.allowed(X, i) for i in range(X.shape[1])]
    return torch.from_numpy(np.stack(rows, axis=1))


@torch.no_grad()
def sample(
    policy: Policy, prefixes: Prefixes, n: int, rng: np.random.Generator, *, uniform: float
) -> Codes:
    """Draw ``n`` points with replacement; ``n x L``.

    Args:
        policy: The policy.
        prefixes: Which levels may come next.
        n: How many.
        rng: Draws the levels.
        uniform: Share of levels that are drawn uniformly instead.
    """
    X = np.zeros((n, len(policy.counts)), dtype=np.intp)
    first = torch.zeros(n, policy.place.shape[1])
    for i in range(len(policy.counts)):
        logits = policy.logits(first, i).numpy()
        logits[rng.random(n) < uniform] = 0.0
        logits = np.where(prefixes.allowed(X, i), logits, -np.inf)
        X[:, i] = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
        first += policy.level[i, torch.from_numpy(X[:, i])]
    return X


@torch.no_grad()
def sample_without_replacement(
    policy: Policy, prefixes: Prefixes, n: int, rng: np.random.Generator, *, known: Keys
) -> Codes:
    """Draw ``n`` different feasible new points, by their probabilities among those left.

    The prefixes whose completions hold the largest Gumbel-perturbed log-probabilities
    are followed, as many as there are ``known`` points more than ``n``, so that known
    ones cannot crowd others out.

    Source: Kool, van Hoof and Welling (2019), "Stochastic beams and where to find
    them", algorithm 1.

    Args:
        policy: The policy.
        prefixes: Which levels may come next.
        n: How many.
        rng: Draws the noise.
        known: Sorted keys of points that must not be drawn.

    Returns:
        ``m x L`` points in the order drawn; fewer than ``n`` where dead ends or known
        points leave no more among the prefixes followed.
    """
    beam = n + len(known)
    X = np.zeros((1, len(policy.counts)), dtype=np.intp)
    first = torch.zeros(1, policy.place.shape[1])
    log_prob, noisy = np.zeros(1), rng.gumbel(size=1)
    for i in range(len(policy.counts)):
        logits = np.where(prefixes.allowed(X, i), policy.logits(first, i).double().numpy(), -np.inf)
        children = log_prob[:, None] + logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
        perturbed = _perturbed(children, noisy, rng).ravel()
        chosen = np.argsort(-perturbed, kind="stable")[:beam]
        chosen = chosen[perturbed[chosen] > -np.inf]
        parent, level = np.divmod(chosen, children.shape[1])
        X = X[parent]
        X[:, i] = level
        first = first[torch.from_numpy(parent)] + policy.level[i, torch.from_numpy(level)]
        log_prob, noisy = children.ravel()[chosen], perturbed[chosen]
    new = prefixes.sites.feasible(X)
    new &= ~contains(known, prefixes.sites.keys(X))
    return X[new][:n]


def _perturbed(log_probs: Array, parents: Array, rng: np.random.Generator) -> Array:
    """``P x A`` Gumbel-perturbed log-probabilities, each row's largest being its parent's."""
    noisy = log_probs + rng.gumbel(size=log_probs.shape)
    with np.errstate(divide="ignore"):  # the largest has distance 0
        below = np.log1p(-np.exp(noisy - noisy.max(axis=1, keepdims=True)))
    v = parents[:, None] - noisy + below
    return np.asarray(parents[:, None] - np.maximum(v, 0.0) - np.log1p(np.exp(-np.abs(v))))
