"""The benchmark functions against the literature, calculus and another implementation."""

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest

from bosearch.problems import functions

Array = functions.Array


def central_gradient(function: Callable[[Array], Array], x: Array, step: float = 1e-5) -> Array:
    """Differences of order step^2; rounding adds about 1e-16 / step."""
    steps = step * np.eye(len(x))
    return np.asarray((function(x + steps) - function(x - steps)) / (2 * step))


def test_branin_is_flat_at_its_three_published_minima() -> None:
    # Dixon and Szegő: (-pi, 12.275), (pi, 2.275), (9.42478, 2.475), all of 0.397887. At
    # x1 = pi and 3 pi the squared term and the slope of the cosine vanish in closed form.
    for x in ([-np.pi, 12.275], [np.pi, 2.275], [3 * np.pi, 2.475]):
        assert functions.branin(x) == pytest.approx(5 / (4 * np.pi), abs=1e-14)
        # The gradient changes by about 10 per unit, and the step error is of 1e-10.
        assert central_gradient(functions.branin, np.array(x)) == pytest.approx(0, abs=1e-8)


def test_hartmann6_is_flat_at_its_published_minimum() -> None:
    x = np.array([0.20168952, 0.15001069, 0.47687398, 0.27533243, 0.31165162, 0.65730054])
    assert functions.hartmann6(x) == pytest.approx(-3.32236801141551, abs=1e-12)
    # Published to 1e-8, with curvatures up to about 150.
    assert central_gradient(functions.hartmann6, x) == pytest.approx(0, abs=3e-6)


@pytest.mark.parametrize("d", [1, 2, 8])
def test_levy_is_flat_at_its_minimum_zero(d: int) -> None:
    x = np.ones(d)
    assert functions.levy(x) == pytest.approx(0, abs=1e-30)
    assert central_gradient(functions.levy, x) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("d", [1, 2, 10])
def test_ackley_rises_from_zero_with_slope_four_over_root_d(d: int) -> None:
    # The minimum is a kink: 20 (1 - exp(-0.2 r)) with r = |x| / sqrt(d) has slope 4 / sqrt(d),
    # and the ripples are flat there.
    assert functions.ackley(np.zeros(d)) == pytest.approx(0, abs=1e-15)
    step = 1e-7 * np.eye(d)[0]
    slope = functions.ackley(step) / 1e-7
    assert slope == pytest.approx(4 / np.sqrt(d), rel=1e-5)
    assert functions.ackley(-step) == functions.ackley(step)


# BoTorch 0.18 triggers it in torch 2.13 when it is imported.
ignore_jit = pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")


@ignore_jit
@pytest.mark.parametrize(
    ("function", "peer", "low", "high", "d"),
    [
        (functions.branin, "Branin", [-5, 0], [10, 15], 2),
        (functions.hartmann6, "Hartmann", [0] * 6, [1] * 6, 6),
        (functions.ackley, "Ackley", [-32.768] * 7, [32.768] * 7, 7),
        (functions.levy, "Levy", [-10] * 5, [10] * 5, 5),
        (functions.rosenbrock, "Rosenbrock", [-5] * 6, [10] * 6, 6),
        (functions.rastrigin, "Rastrigin", [-5.12] * 5, [5.12] * 5, 5),
        (functions.styblinski_tang, "StyblinskiTang", [-5] * 4, [5] * 4, 4),
        (functions.zdt1, "ZDT1", [0] * 4, [1] * 4, 4),
    ],
)
def test_functions_agree_with_botorch(
    function: Callable[[Array], Array], peer: str, low: list[float], high: list[float], d: int
) -> None:
    import torch
    from botorch import test_functions

    kind: Any = getattr(test_functions, peer)
    theirs = kind() if peer == "Branin" else kind(dim=d)
    x = np.random.default_rng(0).uniform(low, high, size=(3, 200, d))  # any batch shape
    expected = theirs.evaluate_true(torch.from_numpy(x)).numpy()
    tolerance = 1e-6 if peer == "Hartmann" else 1e-9  # its coefficients are in single precision
    np.testing.assert_allclose(function(x), expected, rtol=tolerance, atol=tolerance)


@ignore_jit
def test_gramacy_agrees_with_botorch() -> None:
    import torch
    from botorch.test_functions.synthetic import ConstrainedGramacy

    x = np.random.default_rng(1).uniform(size=(500, 2))
    theirs: Any = ConstrainedGramacy()
    value, wavy, disc = functions.gramacy(x).T
    point = torch.from_numpy(x)
    np.testing.assert_allclose(value, theirs.evaluate_true(point).numpy(), rtol=1e-12)
    slack = theirs._evaluate_slack_true(point).numpy()  # feasible where at least 0
    np.testing.assert_allclose(np.stack([wavy, disc], -1), -slack, rtol=1e-9, atol=1e-12)


def test_process_loss_is_least_at_the_stated_minimum_of_every_branch() -> None:
    """Exhaustive over the discrete parameters, analytic over the reals.

    Given solvent, catalyst and steps the loss separates into a function of the
    temperature and one of the loading, so that two scans find its minimum.
    """
    temperatures, loadings = np.linspace(20, 120, 1001), np.logspace(-4, 0, 1001)
    stated = functions.minima_of_process_loss()
    for solvent, catalyst in product(functions.SOLVENTS, functions.CATALYSTS):
        best = stated[solvent, catalyst]
        least = functions.process_loss(**best)
        for steps in range(1, 9):

            def loss(
                temperature: float,
                loading: float,
                steps: int = steps,
                solvent: str = solvent,
                catalyst: str = catalyst,
            ) -> float:
                return functions.process_loss(temperature, loading, steps, solvent, catalyst)

            t = min(temperatures, key=lambda t: loss(t, 1.0))
            x = min(loadings, key=lambda x: loss(70.0, x))
            assert loss(t, x) >= least
            if steps == best["steps"]:
                # The scans have steps of 0.1 degrees and 0.004 decades.
                assert loss(t, x) == pytest.approx(least, abs=5e-5)
                assert t == pytest.approx(best["temperature"], abs=0.1)
                assert np.log10(x) == pytest.approx(np.log10(best["loading"]), abs=0.004)
