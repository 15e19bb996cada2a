"""Draws of a posterior have its means, its variances, and pass near the data."""

import numpy as np

from bosearch.combinatorial.sampled_payoff import SampledPayoff
from bosearch.combinatorial.space import deviations
from tests.combinatorial.cases import COUNTS, game


def test_draws_have_the_moments_of_the_posterior() -> None:
    payoff, sites = game(0)
    X = sites.all()
    rng = np.random.default_rng(0)
    draws = np.array([SampledPayoff(payoff, rng).values(X) for _ in range(400)])
    mean, var = payoff.moments(X)
    error = np.sqrt(var / 400)
    assert (abs(draws.mean(axis=0) - mean) < 5 * error + 1e-3).all()
    # The variance of 400 draws has a relative standard error of sqrt(2 / 399) = 7 %;
    # a thousand features add 4 %.
    ratio = draws.var(axis=0, ddof=1)[var > 1e-2] / var[var > 1e-2]
    assert abs(ratio.mean() - 1) < 0.1
    assert abs(ratio - 1).max() < 0.4


def test_draws_pass_within_the_noise_of_the_observations() -> None:
    payoff, _ = game(1)
    mean, var = payoff.moments(payoff.X)
    values = SampledPayoff(payoff, np.random.default_rng(0)).values(payoff.X)
    assert (abs(values - mean) < 5 * np.sqrt(var) + 1e-6).all()


def test_a_player_s_payoffs_are_those_of_its_deviations() -> None:
    payoff, sites = game(2)
    drawn = SampledPayoff(payoff, np.random.default_rng(0))
    X = sites.random(5, np.random.default_rng(1))
    for i, (count, together) in enumerate(zip(COUNTS, drawn.players(X), strict=True)):
        expected = drawn.values(deviations(X, i, count)).reshape(5, count)
        np.testing.assert_allclose(drawn.player(X, i), expected, rtol=0, atol=1e-10)
        np.testing.assert_allclose(together, expected, rtol=0, atol=1e-10)
