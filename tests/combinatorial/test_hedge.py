"""Hedge regrets little, and says what a drawn action is not: an equilibrium."""

import numpy as np
import pytest

from bosearch.combinatorial.hedge import hedge
from bosearch.combinatorial.solvers import max_gains
from bosearch.combinatorial.space import Sites
from bosearch.errors import ConfigError
from tests.combinatorial.dense import DensePayoff

COUNTS = (4, 3, 5)
RNG = np.random.default_rng


@pytest.mark.parametrize("rounds", [50, 200, 800])
def test_regret_falls_with_the_square_root_of_the_rounds(rounds: int) -> None:
    payoff = DensePayoff.random(COUNTS, seed=0)
    run = hedge(payoff, Sites(COUNTS), 50, RNG(0), rounds=rounds)
    bound = np.sqrt(np.log(COUNTS) / (2 * rounds))
    # Freund and Schapire bound the regret of expected payoffs; drawn actions add a
    # deviation of at most 1/2 per round, and payoffs before the range is known one round.
    allowed = bound + 4 * 0.5 / np.sqrt(rounds) + 1 / rounds
    assert (run.regret <= allowed).all()
    assert run.regret.mean() <= bound.mean()


def test_log_weights_stay_finite_after_ten_thousand_rounds() -> None:
    payoff = DensePayoff(np.array([[0.0, 1.0], [0.0, 1e6]]))
    run = hedge(payoff, Sites((2, 2)), 2, RNG(0), rounds=10_000)
    assert all(np.isfinite(w).all() and (w.max(axis=1) == 0).all() for w in run.log_weights)
    assert run.ends.X.tolist()[0] == [1, 1]


def test_ends_are_feasible_and_carry_true_certificates() -> None:
    payoff = DensePayoff.random(COUNTS, seed=1)
    sites = Sites(COUNTS, mask=lambda X: X.sum(axis=1) % 2 == 0)
    ends = hedge(payoff, sites, 20, RNG(0), rounds=20).ends
    assert sites.feasible(ends.X).all()
    gains = max_gains(payoff, sites, ends.X, ends.values)
    np.testing.assert_allclose(ends.max_gain, gains, rtol=0, atol=1e-12)
    assert not ends.certified.all()


def test_forbidden_levels_are_never_played() -> None:
    allowed = [np.array([True, False, True, False]), np.ones(3, bool), np.ones(5, bool)]
    sites = Sites(COUNTS, allowed=allowed)
    ends = hedge(DensePayoff.random(COUNTS, seed=2), sites, 10, RNG(0), rounds=30).ends
    assert set(ends.X[:, 0].tolist()) <= {0, 2}


def test_no_rounds_are_refused() -> None:
    with pytest.raises(ConfigError, match="rounds"):
        hedge(DensePayoff.random(COUNTS, seed=0), Sites(COUNTS), 1, RNG(0), rounds=0)
