"""Training: the policy comes to draw by ``exp(payoff / tau)``, infeasible points aside."""

import math

import numpy as np
import pytest
import torch

from bosearch.combinatorial.gflownet import GFlowNet, Training, train
from bosearch.combinatorial.gflownet_policy import (
    Policy,
    allowed_along,
    sample_without_replacement,
)
from bosearch.combinatorial.prefixes import Prefixes
from bosearch.combinatorial.space import Codes, Sites
from bosearch.errors import ConfigError
from tests.combinatorial.dense import DensePayoff, every, gibbs

COUNTS = (3, 3, 3, 3)
RECIPE = GFlowNet(tau=0.5, steps=200, width=64, learning_rate=1e-2)
NO_DATA = np.empty((0, 4), dtype=np.intp)


def trained(
    sites: Sites, payoff: DensePayoff, recipe: GFlowNet, data: Codes = NO_DATA
) -> tuple[Policy, Training]:
    torch.set_num_threads(1)
    prefixes = Prefixes(sites)
    policy = recipe.policy(prefixes, seed=0)
    return policy, train(recipe, policy, payoff, prefixes, data, np.random.default_rng(0))


def total_variation(policy: Policy, sites: Sites, payoff: DensePayoff, tau: float) -> float:
    points = every(sites.counts)
    with torch.no_grad():
        logs = policy.log_probs(torch.from_numpy(points), allowed_along(Prefixes(sites), points))
    q = logs.double().exp().numpy()
    assert q.sum() == pytest.approx(1.0, abs=1e-5)
    ok = sites.feasible(points)
    p = np.zeros(len(points))
    p[ok] = gibbs(payoff.values(points[ok]), tau)
    return float(0.5 * np.abs(p - q).sum())


@pytest.mark.parametrize("seed", [0, 1])
def test_the_trained_policy_is_near_the_gibbs_measure(seed: int) -> None:
    payoff, sites = DensePayoff.random(COUNTS, seed), Sites(COUNTS)
    policy, training = trained(sites, payoff, RECIPE)
    assert total_variation(policy, sites, payoff, 0.5) < 0.1
    fresh = RECIPE.policy(Prefixes(sites), seed=0)
    assert total_variation(fresh, sites, payoff, 0.5) > 0.3
    assert training.losses[-20:].mean() < 0.1 * training.losses[:20].mean()


def test_masked_points_lose_their_probability() -> None:
    payoff = DensePayoff.random(COUNTS, seed=2)
    sites = Sites(COUNTS, mask=lambda X: (X.sum(axis=1) % 3) != 0)
    policy, _ = trained(sites, payoff, RECIPE)
    # The cut gives each of 27 infeasible points the reward e^-4 / 81.
    assert total_variation(policy, sites, payoff, 0.5) < 0.1


def test_pools_are_learned_exactly_on_their_members() -> None:
    payoff = DensePayoff.random(COUNTS, seed=3)
    sites = Sites(COUNTS, pool=every(COUNTS)[::4])
    policy, training = trained(sites, payoff, RECIPE)
    members = sites.pool
    assert members is not None
    with torch.no_grad():
        allowed = allowed_along(Prefixes(sites), members)
        q = policy.log_probs(torch.from_numpy(members), allowed).double().exp().numpy()
    assert q.sum() == pytest.approx(1.0, abs=1e-5)
    assert 0.5 * np.abs(q - gibbs(payoff.values(members), 0.5)).sum() < 0.1
    assert sites.feasible(training.seen.X).all()


def test_a_policy_trained_before_starts_where_it_was() -> None:
    payoff, sites = DensePayoff.random(COUNTS, seed=4), Sites(COUNTS)
    policy, cold = trained(sites, payoff, RECIPE)
    prefixes = Prefixes(sites)
    again = train(RECIPE, policy, payoff, prefixes, NO_DATA, np.random.default_rng(1))
    assert again.losses[0] < 0.01 * cold.losses[0]


def test_data_are_replayed_and_only_feasible_new_points_are_drawn() -> None:
    counts = (4,) * 8
    payoff = DensePayoff(np.zeros(counts))
    treasure = np.full(8, 3)
    payoff.table[tuple(treasure)] = 5.0  # one point in 65,536
    sites = Sites(counts)
    recipe = GFlowNet(tau=0.5, steps=60, width=32)
    policy, training = trained(sites, payoff, recipe, data=treasure[None])
    assert training.seen.values.max() == 5.0
    prefixes = Prefixes(sites)
    known = np.sort(sites.keys(treasure[None]))
    X = sample_without_replacement(policy, prefixes, 100, np.random.default_rng(0), known=known)
    assert len(X) == 100
    assert not (treasure == X).all(axis=1).any()
    with torch.no_grad():
        (log_p,) = policy.log_probs(torch.from_numpy(treasure[None]), allowed_along(prefixes, X))
    assert log_p > -8 * math.log(4) + 2  # e^2 times as likely as in the beginning


def test_the_payoff_is_asked_once_per_point_drawn() -> None:
    payoff, sites = DensePayoff.random(COUNTS, seed=5), Sites(COUNTS)
    data = every(COUNTS)[:7]
    trained(sites, payoff, GFlowNet(tau=0.5, steps=5, batch=16), data)
    assert payoff.evaluations == 7 + 5 * 16


def test_training_is_determined_by_the_seeds() -> None:
    payoff, sites = DensePayoff.random(COUNTS, seed=6), Sites(COUNTS)
    recipe = GFlowNet(tau=0.5, steps=10)
    one, two = (trained(sites, payoff, recipe)[1].losses for _ in range(2))
    assert one.tolist() == two.tolist()


def test_time_ends_training_after_a_step_at_least() -> None:
    payoff, sites = DensePayoff.random(COUNTS, seed=7), Sites(COUNTS)
    _, training = trained(sites, payoff, GFlowNet(tau=0.5, steps=50, seconds=0.0))
    assert len(training.losses) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tau": 0.0}, "tau must be positive, got 0.0"),
        ({"tau": 1.0, "steps": 0}, "steps must be at least 1, got 0"),
        ({"tau": 1.0, "uniform": 1.5}, r"uniform must lie in \[0, 1\], got 1.5"),
    ],
)
def test_bad_recipes_are_refused(options: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        GFlowNet(**options)  # type: ignore[arg-type]  # on purpose
