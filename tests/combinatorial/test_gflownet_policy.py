"""Policies: probabilities that sum to one, and draws that follow them."""

from itertools import permutations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from bosearch.combinatorial.gflownet_policy import (
    Policy,
    allowed_along,
    sample,
    sample_without_replacement,
)
from bosearch.combinatorial.prefixes import Prefixes
from bosearch.combinatorial.space import Codes, Sites
from tests.combinatorial.dense import counted, every

NOTHING = np.array([], dtype=np.int64)


def rough_policy(sites: Sites, seed: int) -> Policy:
    """A policy far from uniform."""
    policy = Policy(sites.counts, width=16, seed=seed)
    rng = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weights in (policy.outer, policy.outer_bias):
            weights.add_(0.4 * torch.randn(weights.shape, generator=rng))
    return policy


def probabilities(policy: Policy, prefixes: Prefixes, X: Codes) -> np.ndarray:
    with torch.no_grad():
        logs = policy.log_probs(torch.from_numpy(X), allowed_along(prefixes, X))
    p: np.ndarray = logs.double().exp().numpy()
    return p


SPACES = {
    "all": Sites((3, 2, 4, 3)),
    "allow lists": Sites(
        (3, 2, 4, 3),
        allowed=[np.arange(3) != 1, np.arange(2) > 0, np.arange(4) != 2, np.arange(3) < 3],
    ),
    "pool": Sites((3, 2, 4, 3), pool=every((3, 2, 4, 3))[::5]),
}


@pytest.mark.parametrize("name", SPACES)
def test_probabilities_of_all_feasible_points_sum_to_one(name: str) -> None:
    sites = SPACES[name]
    prefixes = Prefixes(sites)
    points = every(sites.counts)
    points = points[sites.feasible(points)]
    p = probabilities(rough_policy(sites, seed=1), prefixes, points)
    assert p.sum() == pytest.approx(1.0, abs=1e-5)  # single precision
    assert p.max() > 5 * p.min()
    fresh = probabilities(Policy(sites.counts, width=8, seed=0), prefixes, points)
    if name != "pool":
        assert fresh == pytest.approx(1 / len(points), rel=1e-5)


def test_one_pass_gives_the_product_of_conditionals_of_a_loop() -> None:
    sites = SPACES["all"]
    policy, prefixes = rough_policy(sites, seed=2), Prefixes(SPACES["all"])
    x = np.array([2, 0, 3, 1])
    total = 1.0
    with torch.no_grad():
        for i in range(4):
            first = torch.zeros(1, 16)
            for j in range(i):
                first += policy.level[j, x[j]]
            logits = policy.logits(first, i)[0][: sites.counts[i]]
            total *= float(logits.softmax(0)[x[i]])
    assert probabilities(policy, prefixes, x[None])[0] == pytest.approx(total, rel=1e-5)


@pytest.mark.parametrize("name", SPACES)
def test_draws_follow_the_probabilities(name: str) -> None:
    sites = SPACES[name]
    policy, prefixes = rough_policy(sites, seed=3), Prefixes(sites)
    points = every(sites.counts)
    ok = sites.feasible(points)
    p = probabilities(policy, prefixes, points[ok])
    X = sample(policy, prefixes, 5000, np.random.default_rng(0), uniform=0.0)
    seen = counted(X, sites.counts)
    assert seen[~ok].sum() == 0
    common = 5000 * p > 5
    rest = [seen[ok][~common].sum()], [5000 * p[~common].sum()]
    observed = np.concatenate([seen[ok][common], rest[0]])
    expected = np.concatenate([5000 * p[common], rest[1]])
    keep = expected > 0
    assert chisquare(observed[keep], expected[keep] * 5000 / expected.sum()).pvalue > 0.01


def test_uniform_draws_ignore_the_policy() -> None:
    sites = Sites((3, 3))
    X = sample(rough_policy(sites, 0), Prefixes(sites), 4000, np.random.default_rng(0), uniform=1.0)
    assert chisquare(counted(X, (3, 3))).pvalue > 0.01


def test_draws_without_replacement_follow_successive_choice_among_those_left() -> None:
    """Plackett and Luce, after what is known has been taken out: P(a, b) = p_a p_b / (1 - p_a)."""
    sites = Sites((2, 3))
    policy, prefixes = rough_policy(sites, seed=4), Prefixes(sites)
    known = np.array([1, 5])
    left = [0, 2, 3, 4]
    weights = probabilities(policy, prefixes, every((2, 3)))[left]
    p = dict(zip(left, weights / weights.sum(), strict=True))
    rng = np.random.default_rng(0)
    seen = dict.fromkeys(permutations(left, 2), 0)
    for _ in range(2000):
        X = sample_without_replacement(policy, prefixes, 2, rng, known=known)
        a, b = sites.keys(X).tolist()
        seen[a, b] += 1
    expected = np.array([2000 * p[a] * p[b] / (1 - p[a]) for a, b in seen])
    observed = list(seen.values())
    assert chisquare(observed, expected * 2000 / expected.sum()).pvalue > 0.01


def test_asking_for_more_than_there_is_gives_everything_once() -> None:
    sites = SPACES["pool"]
    X = sample_without_replacement(
        rough_policy(sites, 5), Prefixes(sites), 1000, np.random.default_rng(0), known=NOTHING
    )
    assert sites.pool is not None
    assert sorted(sites.keys(X)) == sorted(sites.keys(sites.pool))


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    share=st.floats(0.1, 1.0),
    known=st.integers(0, 20),
    n=st.integers(1, 30),
)
def test_draws_are_feasible_new_and_different_under_random_masks(
    seed: int, share: float, known: int, n: int
) -> None:
    counts = (3, 2, 3, 2)
    rng = np.random.default_rng(seed)
    good = rng.random(counts) < share
    sites = Sites(counts, mask=lambda X: good[tuple(X.T)])
    points = every(counts)
    taken = np.sort(sites.keys(points[rng.permutation(36)[:known]]))
    X = sample_without_replacement(rough_policy(sites, seed), Prefixes(sites), n, rng, known=taken)
    keys = sites.keys(X)
    assert good[tuple(X.T)].all()
    assert len(np.unique(keys)) == len(keys) <= n
    assert not np.isin(keys, taken).any()


def test_draws_are_determined_by_the_seed() -> None:
    sites = SPACES["all"]
    policy, prefixes = rough_policy(sites, 6), Prefixes(sites)

    def drawn(seed: int) -> list[list[int]]:
        rng = np.random.default_rng(seed)
        rows: list[list[int]] = sample_without_replacement(
            policy, prefixes, 10, rng, known=NOTHING
        ).tolist()
        return rows

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


def test_weights_survive_as_text_to_half_precision() -> None:
    sites = SPACES["all"]
    prefixes, points = Prefixes(sites), every(sites.counts)
    old, new = rough_policy(sites, 1), rough_policy(sites, 2)
    assert new.load_text(old.to_text())
    p, q = (probabilities(policy, prefixes, points) for policy in (old, new))
    # Half precision has 11 bits; logits are sums of some 16 terms of order 1.
    assert q == pytest.approx(p, rel=0.03)
    wider = Policy(sites.counts, width=17, seed=0)
    before = wider.to_text()
    assert not wider.load_text(old.to_text())
    assert wider.to_text() == before
