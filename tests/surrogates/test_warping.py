"""The power transform: SciPy's formulas, order, derivatives."""

import numpy as np
import pytest
from scipy import stats

from bosearch.surrogates.warping import Warp, transformed

Z = np.random.default_rng(12).normal(scale=2.0, size=60)
POWERS = [0.0, 1e-5, 0.5, 1.0, 1.7, 2.0 - 1e-5, 2.0]


@pytest.mark.parametrize("power", POWERS)
def test_values_agree_with_scipy(power: float) -> None:
    expected = stats.yeojohnson(Z, power)
    np.testing.assert_allclose(transformed(Z, power).values, expected, rtol=1e-9)
    np.testing.assert_allclose(Warp(1.0, 2.0, power)(1.0 + 2.0 * Z), expected, rtol=1e-9)


@pytest.mark.parametrize("power", POWERS)
def test_transform_increases_and_its_slope_is_right(power: float) -> None:
    warp = Warp(1.0, 2.0, power)
    y = np.linspace(-9, 9, 101)
    assert (np.diff(warp(y)) > 0).all()
    h = 1e-6
    np.testing.assert_allclose(warp.slope(y), (warp(y + h) - warp(y - h)) / (2 * h), rtol=1e-6)


@pytest.mark.parametrize("power", POWERS)
def test_derivatives_by_the_power_are_central_differences(power: float) -> None:
    seen, h = transformed(Z, power), 1e-4
    up, down = transformed(Z, power + h), transformed(Z, power - h)
    np.testing.assert_allclose(
        seen.by_power, (up.values - down.values) / (2 * h), rtol=1e-5, atol=1e-8
    )
    assert seen.log_slope == pytest.approx(np.log(Warp(power=power).slope(Z)).sum())
    assert seen.log_slope_by_power == pytest.approx((up.log_slope - down.log_slope) / (2 * h))


def test_a_power_of_one_and_no_power_change_nothing() -> None:
    for power in (1.0, None):
        seen = transformed(Z, power)
        np.testing.assert_allclose(seen.values, Z, rtol=1e-12)
        assert seen.log_slope == 0.0
