"""Log-linear play: its stationary law, its limits, and what it never visits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from bosearch.combinatorial.log_linear import log_linear, sample_log_linear, sweep
from bosearch.combinatorial.space import Sites
from bosearch.errors import ConfigError, InfeasibleSpaceError
from tests.combinatorial.dense import DensePayoff, counted, every, gibbs

COUNTS = (3, 3, 3, 3)


def played(sites: Sites, payoff: DensePayoff, chains: int, sweeps: int, tau: float) -> np.ndarray:
    rng = np.random.default_rng(0)
    X = sites.random(chains, rng)
    values = payoff.values(X)
    for _ in range(sweeps):
        X, values = sweep(payoff, sites, X, values, rng, tau=tau)
    assert values == pytest.approx(payoff.values(X))
    return X


@pytest.mark.parametrize("masked", [False, True])
def test_independent_chains_end_distributed_as_the_gibbs_measure(masked: bool) -> None:
    payoff = DensePayoff.random(COUNTS, seed=1)
    points = every(COUNTS)
    mask = (lambda X: (X[:, 0] + X[:, 2]) % 3 != 0) if masked else None
    sites = Sites(COUNTS, allowed=[np.arange(3) < 3] * 3 + [np.arange(3) > 0], mask=mask)
    ok = sites.feasible(points)
    tau = 0.7
    expected = np.zeros(len(points))
    expected[ok] = gibbs(payoff.values(points[ok]), tau)
    # The spectral gap at tau = 0.7 makes 30 sweeps of 4,000 chains as good as infinitely many.
    seen = counted(played(sites, payoff, 4000, 30, tau), COUNTS)
    assert seen[~ok].sum() == 0
    assert expected[ok].min() * 4000 > 1
    assert chisquare(seen[ok], 4000 * expected[ok]).pvalue > 0.01


def test_cold_play_ends_in_certified_equilibria_and_hot_play_does_not() -> None:
    payoff = DensePayoff.random((4,) * 5, seed=2)
    sites = Sites((4,) * 5)
    starts = sites.random(50, np.random.default_rng(0))
    cooling = np.geomspace(1.0, 1e-4, 40)
    cold = log_linear(payoff, sites, starts, np.random.default_rng(1), temperatures=cooling)
    assert cold.certified.all()
    assert cold.sweeps == 40
    assert (np.diff(cold.values) <= 0).all()
    hot = log_linear(payoff, sites, starts, np.random.default_rng(1), temperatures=[10.0])
    assert not hot.certified.all()
    best = payoff.table.max()
    assert cold.values[0] == best  # annealing finds the best of 1,024 from 50 starts
    assert len(np.unique(cold.X, axis=0)) == len(cold.X)


def test_a_sample_holds_the_likely_points_with_their_payoffs() -> None:
    counts, tau = (6,) * 4, 0.5
    parts = np.random.default_rng(3).normal(size=(4, 6))
    payoff = DensePayoff(np.add.outer(np.add.outer(*parts[:2]), np.add.outer(*parts[2:])))
    sites = Sites(counts)
    rng = np.random.default_rng(0)
    sample = sample_log_linear(payoff, sites, sites.random(100, rng), rng, tau=tau)
    assert sample.values.tolist() == payoff.values(sample.X).tolist()
    assert len(np.unique(sites.keys(sample.X))) == len(sample.X)
    p = gibbs(payoff.values(every(counts)), tau)
    likely = np.argsort(-p)[:50]
    found = np.ravel_multi_index(tuple(sample.X.T), counts)
    assert np.isin(likely, found).all()
    assert p[found].sum() > 0.95


def test_the_cost_of_a_sweep_is_one_payoff_per_action_and_chain() -> None:
    payoff = DensePayoff.random((3, 5, 2), seed=0)
    sites = Sites((3, 5, 2))
    X = sites.random(7, np.random.default_rng(0))
    values = payoff.values(X)
    payoff.evaluations = 0
    sweep(payoff, sites, X, values, np.random.default_rng(0), tau=1.0)
    assert payoff.evaluations == 7 * (3 + 5 + 2)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), share=st.floats(0.05, 1.0))
def test_play_stays_feasible_under_random_masks(seed: int, share: float) -> None:
    counts = (3, 2, 4)
    rng = np.random.default_rng(seed)
    good = rng.random(counts) < share
    good[tuple(rng.integers(counts))] = True
    sites = Sites(counts, mask=lambda X: good[tuple(X.T)])
    payoff = DensePayoff.random(counts, seed=seed)
    sample = sample_log_linear(payoff, sites, sites.random(10, rng), rng, tau=0.5, sweeps=4)
    assert good[tuple(sample.X.T)].all()


def test_play_is_determined_by_the_seed() -> None:
    payoff, sites = DensePayoff.random(COUNTS, seed=4), Sites(COUNTS)
    starts = sites.random(20, np.random.default_rng(0))

    def found(seed: int) -> list[list[int]]:
        rng = np.random.default_rng(seed)
        sample = sample_log_linear(payoff, sites, starts, rng, tau=0.2, sweeps=4)
        rows: list[list[int]] = sample.X.tolist()
        return rows

    assert found(1) == found(1)
    assert found(1) != found(2)


def test_bad_temperatures_and_starts_are_refused() -> None:
    payoff, sites = DensePayoff.random(COUNTS, seed=0), Sites(COUNTS, mask=lambda X: X[:, 0] > 0)
    rng = np.random.default_rng(0)
    starts = sites.random(3, rng)
    with pytest.raises(ConfigError, match=r"needs a positive temperature, got 0\.0"):
        log_linear(payoff, sites, starts, rng, temperatures=[0.0])
    outside = np.zeros((3, 4), dtype=np.intp)
    with pytest.raises(InfeasibleSpaceError, match="none of 3 starts is feasible"):
        log_linear(payoff, sites, outside, rng, temperatures=[1.0])
    with pytest.raises(InfeasibleSpaceError, match="none of 3 starts is feasible"):
        sample_log_linear(payoff, sites, outside, rng, tau=1.0)
