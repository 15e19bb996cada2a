"""The process over degrees: its covariance, its posterior and its likelihood, each twice."""

import math

import numpy as np
import pytest

from bosearch.packing.game import Edits, edits
from bosearch.strategies.sdp_game_model import (
    Inputs,
    Kernel,
    condition,
    fit,
    log_likelihood,
)

COMPLETE = np.array(Edits().bag(), dtype=float)
SLENDER = np.array(edits(["drop", "near s3", "shorter", "end"]).bag(), dtype=float)
LONGER = np.array(edits(["add", "far G*l", "end"]).bag(), dtype=float)


def inputs(n: int, seed: int = 0) -> Inputs:
    rng = np.random.default_rng(seed)
    bags = np.array([(COMPLETE, SLENDER, LONGER)[i % 3] for i in range(n)])
    return Inputs(rng.random((n, 2)), rng.integers(0, 4, n).astype(float), bags)


def kernel(seed: int = 1) -> Kernel:
    return Kernel(-0.5 + 0.3 * np.random.default_rng(seed).standard_normal(8), COMPLETE)


def at(x: list[float], level: float, bag: np.ndarray = COMPLETE) -> Inputs:
    return Inputs(np.array([x]), np.array([level]), bag[None])


def test_increments_between_degrees_do_not_depend_on_the_lower_degree() -> None:
    # Kennedy and O'Hagan's model: f_3 - f_2 is independent of f_2, up to the common trend.
    k = Kernel(kernel().theta, COMPLETE)
    x, y = [0.2, 0.7], [0.3, 0.4]

    def cov(a: float, b: float) -> float:
        trend = a * b  # of variance one per level
        return float(k(at(x, a), at(y, b))[0, 0]) - trend

    assert cov(3, 2) - cov(2, 2) == pytest.approx(0.0, abs=1e-12)
    assert cov(3, 3) - cov(3, 2) == pytest.approx(cov(1, 1) - cov(1, 0))


def test_covariance_is_symmetric_and_positive_definite_and_knows_its_diagonal() -> None:
    some = inputs(30)
    K = kernel()(some, some)
    np.testing.assert_allclose(K, K.T, rtol=1e-12)
    assert np.linalg.eigvalsh(K).min() > -1e-10
    assert kernel().along(some, some) == pytest.approx(np.diagonal(K))
    higher = Inputs(some.x, some.level + 2, np.maximum(some.bags, COMPLETE))
    expected = np.diagonal(kernel()(some, higher))
    assert kernel().along(some, higher) == pytest.approx(expected)


def test_complete_assembly_differs_from_itself_by_nothing() -> None:
    k = kernel()
    bags = np.array([COMPLETE, SLENDER, LONGER])
    D = k.difference(bags, bags)
    assert D[0] == pytest.approx(np.zeros(3))
    assert D[1, 1] > 0 < D[2, 2]
    assert k.missing(Inputs(np.zeros((3, 2)), np.zeros(3), bags)).tolist() == [0.0, 2.0, 0.0]


def test_posterior_is_that_of_the_joint_normal_distribution() -> None:
    k, seen, new = kernel(), inputs(12), inputs(5, seed=7)
    y = np.sin(4 * seen.x[:, 0]) + 0.3 * seen.level
    posterior = condition(k, seen, y)
    location, spread = y.mean(), y.std()
    K = k(seen, seen) + k.noise_var * np.eye(12)
    gain = k(new, seen) @ np.linalg.inv(K)
    residual = (y - location) / spread - k.prior_mean(seen)
    mean = location + spread * (k.prior_mean(new) + gain @ residual)
    cov = spread**2 * (k(new, new) - gain @ k(seen, new))
    found, std = posterior.predict(new)
    assert found == pytest.approx(mean)
    assert std == pytest.approx(np.sqrt(np.diagonal(cov)))


def test_gradient_of_the_likelihood_is_its_slope() -> None:
    seen = inputs(20)
    y = np.random.default_rng(3).standard_normal(20)
    theta = kernel().theta
    _, gradient = log_likelihood(Kernel(theta, COMPLETE), seen, y)
    step = 1e-6
    for i in range(len(theta)):
        move = np.zeros_like(theta)
        move[i] = step
        up, _ = log_likelihood(Kernel(theta + move, COMPLETE), seen, y)
        down, _ = log_likelihood(Kernel(theta - move, COMPLETE), seen, y)
        # central differences: error step^2 and rounding / step
        assert gradient[i] == pytest.approx((up - down) / (2 * step), rel=1e-5, abs=1e-6)


def test_likelihood_is_the_density_of_the_observations() -> None:
    seen = inputs(6)
    y = np.random.default_rng(3).standard_normal(6)
    k = kernel()
    value, _ = log_likelihood(k, seen, y)
    K = k(seen, seen) + k.noise_var * np.eye(6)
    residual = y - k.prior_mean(seen)
    _, log_det = np.linalg.slogdet(2 * math.pi * K)
    assert value == pytest.approx(-0.5 * (residual @ np.linalg.solve(K, residual) + log_det))


def test_believing_pending_solves_moves_no_mean_and_shrinks_their_doubt() -> None:
    seen = inputs(15)
    posterior = fit(seen, np.sin(4 * seen.x[:, 0]) + 0.1 * seen.level, COMPLETE, [0.4, 0.4])
    pending, elsewhere = inputs(2, seed=9), inputs(6, seed=11)
    believing = posterior.believing(pending)
    before, _ = posterior.predict(elsewhere)
    after, _ = believing.predict(elsewhere)
    assert after == pytest.approx(before, abs=1e-6)
    assert (believing.predict(pending)[1] < posterior.predict(pending)[1]).all()
    assert posterior.believing(inputs(0)) is posterior


def test_cheap_degrees_show_where_the_dear_one_is_low() -> None:
    # f_d(x) = (x - 0.3 - 0.02 d)^2 - 0.1 d: the place moves a little with the degree.
    rng = np.random.default_rng(0)
    levels = np.array([0.0] * 14 + [1.0] * 6 + [2.0] * 3)
    x = rng.random((len(levels), 1))
    seen = Inputs(x, levels, np.tile(COMPLETE, (len(levels), 1)))
    y = (x[:, 0] - 0.3 - 0.02 * levels) ** 2 - 0.1 * levels
    grid = np.linspace(0, 1, 101)[:, None]
    top = Inputs(grid, np.full(101, 4.0), np.tile(COMPLETE, (101, 1)))
    mean, _ = fit(seen, y, COMPLETE, [0.4]).predict(top)
    assert abs(grid[np.argmin(mean), 0] - 0.38) < 0.1
    assert mean.min() < y.min() - 0.05  # the trend goes on
