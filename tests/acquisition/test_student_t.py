"""Expected improvement under t: quadrature, slopes, the Gaussian limit."""

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate, stats

from bosearch.acquisition import improvement
from bosearch.acquisition.student_t import log_density, log_improvement

DOFS = [3.0, 7.5, 54.0, 400.0]


def exact(z: float, dof: float) -> float:
    """Log of h by quadrature, relative to the density at the level."""
    reference = stats.t(dof).logpdf(-z)

    def integrand(gain: float) -> float:
        return gain * math.exp(stats.t(dof).logpdf(gain - z) - reference)

    corners = [0.0, 0.2, 1.0, 5.0, 20.0, 200.0]
    parts = [integrate.quad(integrand, *pair, epsabs=0.0)[0] for pair in pairwise(corners)]
    tail = integrate.quad(integrand, corners[-1], np.inf)[0]
    return float(reference + math.log(sum(parts) + tail))


@pytest.mark.parametrize("dof", DOFS)
@pytest.mark.parametrize("z", [-60.0, -12.0, -8.1, -7.9, -2.0, 0.0, 1.5, 20.0])
def test_it_is_the_integral_of_the_improvement(z: float, dof: float) -> None:
    value, _, _ = log_improvement(np.array([z]), np.array([1.0]), 0.0, dof)
    assert value[0] == pytest.approx(exact(z, dof), abs=1e-8)


@pytest.mark.parametrize("dof", DOFS)
@pytest.mark.parametrize("mean", [-30.0, -9.0, -1.0, 0.4, 8.0])
def test_slopes_are_those_of_finite_differences(mean: float, dof: float) -> None:
    step = 1e-5

    def value(m: float, s: float) -> float:
        return float(log_improvement(np.array([m]), np.array([s]), 0.3, dof)[0][0])

    _, by_mean, by_scale = log_improvement(np.array([mean]), np.array([0.8]), 0.3, dof)
    across = (value(mean + step, 0.8) - value(mean - step, 0.8)) / (2.0 * step)
    wider = (value(mean, 0.8 + step) - value(mean, 0.8 - step)) / (2.0 * step)
    assert by_mean[0] == pytest.approx(across, rel=1e-5)
    assert by_scale[0] == pytest.approx(wider, rel=1e-5, abs=1e-9)


def test_it_stays_finite_where_the_improvement_underflows() -> None:
    value, by_mean, by_scale = log_improvement(np.array([-1e4]), np.array([1e-3]), 0.0, 300.0)
    assert np.isfinite([value, by_mean, by_scale]).all()
    assert value[0] < -3900.0


def test_with_many_degrees_of_freedom_it_is_the_gaussian_one() -> None:
    mean, scale = np.array([-1.0, 0.2, 2.0]), np.array([0.5, 1.0, 2.0])
    ours = log_improvement(mean, scale, 0.1, 1e7)
    theirs = improvement.log_improvement(mean, scale, 0.1)
    for one, other in zip(ours, theirs, strict=True):
        assert one == pytest.approx(other, rel=1e-5)


def test_the_density_has_mass_1() -> None:
    z = np.linspace(-2000.0, 2000.0, 4_000_001)
    assert np.trapezoid(np.exp(log_density(z, 3.0)), z) == pytest.approx(1.0, abs=1e-6)
    assert math.exp(log_density(np.zeros(1), 1.0)[0]) == pytest.approx(1.0 / math.pi)
