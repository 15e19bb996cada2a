"""Logarithms of improvement and feasibility: closed forms, tails and slopes."""

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from bosearch.acquisition.improvement import log_feasibility, log_h, log_improvement
from bosearch.surrogates import botorch_model  # noqa: F401  # silences what BoTorch warns

analytic = pytest.importorskip("botorch.acquisition.analytic")


@pytest.mark.parametrize(("mean", "std", "best"), [(0.3, 1.0, 0.0), (-2.0, 0.7, 0.5)])
def test_improvement_equals_its_integral(mean: float, std: float, best: float) -> None:
    def gain(y: float) -> float:
        return float((y - best) * stats.norm.pdf(y, mean, std))

    expected, _ = integrate.quad(gain, best, mean + 12 * std, epsabs=1e-14)
    value, _, _ = log_improvement(np.array([mean]), np.array([std]), best)
    assert value[0] == pytest.approx(np.log(expected), abs=1e-9)


def test_value_equals_botorch_ten_thousand_deviations_either_way() -> None:
    tail = np.logspace(-3, 4, 200)
    z = np.concatenate([-tail, tail])
    value, _ = log_h(z)
    expected = analytic._log_ei_helper(torch.tensor(z)).numpy()
    np.testing.assert_allclose(value, expected, rtol=1e-9)


@pytest.mark.parametrize("z", [1e5, 25.1, 24.9, 3.0, 0.0, -1.0, -20.0, -99.9, -100.1, -1e5])
def test_slope_of_log_h_equals_central_differences(z: float) -> None:
    h = 1e-4 * max(1.0, abs(z) / 100)
    (upper, lower), _ = log_h(np.array([z + h, z - h]))
    _, slope = log_h(np.array([z]))
    # Near -100 the value loses four digits to cancellation before the series takes over.
    assert slope[0] == pytest.approx((upper - lower) / (2 * h), rel=1e-5)


def test_slopes_by_mean_and_deviation_equal_central_differences() -> None:
    mean, std = np.array([0.4, -3.0, -30.0]), np.array([0.5, 1.0, 2.0])
    h = 1e-6
    for function in (log_improvement, log_feasibility):
        _, by_mean, by_std = function(mean, std, 0.1)
        up, down = function(mean + h, std, 0.1)[0], function(mean - h, std, 0.1)[0]
        np.testing.assert_allclose(by_mean, (up - down) / (2 * h), rtol=1e-6)
        up, down = function(mean, std + h, 0.1)[0], function(mean, std - h, 0.1)[0]
        np.testing.assert_allclose(by_std, (up - down) / (2 * h), rtol=1e-6)


def test_feasibility_far_away_follows_the_gaussian_tail() -> None:
    value, by_mean, _ = log_feasibility(np.array([-40.0]), np.array([1.0]), 0.0)
    assert value[0] == pytest.approx(stats.norm.logcdf(-40.0), rel=1e-12)
    assert by_mean[0] == pytest.approx(40.0, rel=1e-2)  # -phi/Phi ~ z
