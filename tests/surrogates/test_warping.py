"""The power transform: SciPy's formulas, order, and independence of units."""

import numpy as np
import pytest
from scipy import stats

from bosearch.surrogates.warping import Warp

RNG = np.random.default_rng(12)
SKEWED = -RNG.gamma(2.0, size=60)


def test_transform_and_power_agree_with_scipy() -> None:
    warp = Warp.fitted(SKEWED)
    z = (SKEWED - SKEWED.mean()) / SKEWED.std(ddof=1)
    assert warp.power == pytest.approx(stats.yeojohnson_normmax(z), abs=1e-3)
    np.testing.assert_allclose(warp(SKEWED), stats.yeojohnson(z, warp.power), rtol=1e-12)


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0, 2.0, 3.0])
def test_transform_increases_and_its_slope_is_right(power: float) -> None:
    warp = Warp(1.0, 2.0, power)
    y = np.linspace(-9, 9, 101)
    assert (np.diff(warp(y)) > 0).all()
    h = 1e-6
    np.testing.assert_allclose(warp.slope(y), (warp(y + h) - warp(y - h)) / (2 * h), rtol=1e-6)


def test_units_do_not_matter() -> None:
    np.testing.assert_allclose(
        Warp.fitted(1e6 * SKEWED - 3e5)(1e6 * SKEWED - 3e5),
        Warp.fitted(SKEWED)(SKEWED),
        rtol=0,
        atol=1e-3,  # the power is searched to 1e-4
    )


@pytest.mark.parametrize("y", [[3.0], [2.0, 2.0, 2.0, 2.0, 2.0, 2.0], [1.0, 2.0, 4.0]])
def test_few_or_equal_values_are_only_shifted_and_scaled(y: list[float]) -> None:
    values = np.array(y)
    warped = Warp.fitted(values)(values)
    assert np.isfinite(warped).all()
    assert warped.mean() == pytest.approx(0.0, abs=1e-12)
