from statistics import NormalDist

import numpy as np
import pytest
from numpy.typing import NDArray

from bosearch.surrogates.sampling.diagnostics import effective_draws, split_r_hat

Array = NDArray[np.float64]


def autoregressive(chains: int, draws: int, quantities: int, rho: float, seed: int = 0) -> Array:
    """Stationary chains with standard normal draws and correlation ``rho^lag``."""
    rng = np.random.default_rng(seed)
    x = np.empty((chains, draws, quantities))
    x[:, 0] = rng.normal(size=(chains, quantities))
    for t in range(1, draws):
        x[:, t] = rho * x[:, t - 1] + np.sqrt(1.0 - rho**2) * rng.normal(size=(chains, quantities))
    return x


def test_independent_draws_are_worth_themselves() -> None:
    x = autoregressive(4, 500, 40, rho=0.0)
    size = effective_draws(x)
    assert size.mean() == pytest.approx(2000.0, rel=0.05)
    assert size.min() > 1400.0
    assert split_r_hat(x).max() < 1.01
    assert split_r_hat(x).min() > 0.995


@pytest.mark.parametrize("rho", [0.5, 0.9, -0.4])
def test_autoregressive_chains_are_worth_what_their_spectrum_says(rho: float) -> None:
    # The sum of all autocorrelations is (1 + rho) / (1 - rho). 40 estimates average
    # to about 2 %, and truncation of the sequence biases them by a few per cent.
    size = effective_draws(autoregressive(4, 2000, 40, rho))
    assert size.mean() == pytest.approx(8000.0 * (1.0 - rho) / (1.0 + rho), rel=0.1)


def test_the_error_of_a_mean_is_what_the_effective_number_says() -> None:
    x = autoregressive(4, 400, 400, rho=0.8, seed=3)
    error = x.mean((0, 1)).std()  # 400 replications: 3.5 %
    assert 1.0 / np.sqrt(effective_draws(x).mean()) == pytest.approx(error, rel=0.12)


def test_chains_at_different_levels_are_found() -> None:
    x = autoregressive(4, 200, 3, rho=0.0)
    x[0, :, 1] += 3.0
    r_hat = split_r_hat(x)
    assert r_hat[1] > 1.2
    assert max(r_hat[0], r_hat[2]) < 1.02
    assert effective_draws(x)[1] < 30.0


def test_a_drift_that_all_chains_share_is_found() -> None:
    x = autoregressive(4, 200, 1, rho=0.0) + np.linspace(0.0, 5.0, 200)[None, :, None]
    assert split_r_hat(x)[0] > 1.2


def test_chains_of_equal_level_and_different_spread_are_found() -> None:
    x = autoregressive(4, 500, 1, rho=0.0)
    x[0] *= 5.0
    assert split_r_hat(x)[0] > 1.1


def test_a_monotone_transformation_changes_nothing() -> None:
    x = autoregressive(4, 100, 2, rho=0.5)
    assert effective_draws(np.exp(3.0 * x)) == pytest.approx(effective_draws(x), rel=1e-12)


def test_r_hat_is_that_of_the_definition() -> None:
    """With one quantity in arrays small enough for sums written out."""
    x = np.random.default_rng(1).normal(size=(2, 8, 1))
    parts = [x[0, :4, 0], x[1, :4, 0], x[0, 4:, 0], x[1, 4:, 0]]

    def definition(parts: list[Array]) -> float:
        everything = np.concatenate(parts)
        ranks = [[(everything < v).sum() + 1.0 for v in part] for part in parts]
        z = np.array([[NormalDist().inv_cdf((r - 0.375) / 16.25) for r in row] for row in ranks])
        within = np.mean([np.sum((row - row.mean()) ** 2) / 3.0 for row in z])
        between = 4.0 * np.sum((z.mean(1) - z.mean()) ** 2) / 3.0
        return float(np.sqrt((0.75 * within + between / 4.0) / within))

    median = np.median(np.concatenate(parts))
    expected = max(definition(parts), definition([np.abs(part - median) for part in parts]))
    assert split_r_hat(x)[0] == pytest.approx(expected, rel=1e-12)


def test_constants_have_mixed_and_stuck_chains_have_not() -> None:
    x = np.zeros((2, 10, 2))
    x[1, :, 1] = 1.0
    assert split_r_hat(x)[0] == 1.0
    assert effective_draws(x)[0] == 20.0
    assert split_r_hat(x)[1] == np.inf
    assert effective_draws(x)[1] < 3.0


def test_too_few_draws_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 4 draws of each chain, got 3"):
        split_r_hat(np.zeros((4, 3, 1)))
