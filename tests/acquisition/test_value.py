"""The value of a candidate against Monte Carlo, BoTorch and differences."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.stats import norm

from bosearch.acquisition.single import Outcomes, improvement
from bosearch.acquisition.value import AtLeast, FeasibleImprovement
from bosearch.space.factor import Factor
from bosearch.surrogates.botorch_model import GaussianProcesses
from bosearch.surrogates.embedding import Embedding
from bosearch.surrogates.fit import Recipe
from bosearch.surrogates.gp import GaussianProcess
from bosearch.surrogates.likelihood import Hyperparameters, Observations

analytic = pytest.importorskip("botorch.acquisition.analytic")
Array = NDArray[np.float64]
RECIPE = Recipe.of(Embedding.of([Factor("continuous")] * 2), "matern52")
X = np.random.default_rng(0).uniform(size=(8, 2))
PROBE = np.random.default_rng(1).uniform(size=(5, 2))


def model(y: Array, noise_var: float = 0.0) -> GaussianProcess:
    hyper = Hyperparameters(np.array([-0.7, -0.4]), 0.0, -20.0, 0.0)
    known = np.full(len(y), noise_var)
    observations = Observations(RECIPE.embedding(X), y, known)
    return GaussianProcess.condition(RECIPE, hyper, observations, location=0.0, spread=1.0)


OBJECTIVE = model(np.sin(5 * X).sum(1))
CONSTRAINED = model(np.cos(4 * X).sum(1))
CONSTRAINT = AtLeast(CONSTRAINED, 0.2)


def outcomes(*, noisy: bool = False, feasible: bool = True) -> Outcomes:
    return Outcomes(X, np.sin(5 * X).sum(1), np.full(8, feasible), noisy)


def test_feasible_improvement_equals_botorch() -> None:
    ours = FeasibleImprovement(OBJECTIVE, np.array([0.9]), [CONSTRAINT]).value(PROBE)
    theirs = analytic.LogConstrainedExpectedImprovement(
        GaussianProcesses([OBJECTIVE, CONSTRAINED]),
        best_f=0.9,
        objective_index=0,
        constraints={1: (CONSTRAINT.bound, None)},
    )
    expected = theirs(torch.tensor(PROBE).unsqueeze(1)).detach().numpy()
    np.testing.assert_allclose(ours, expected, rtol=1e-6, atol=1e-6)


def test_pending_point_is_integrated_out() -> None:
    """Against brute force: refit for each draw of the pending value, average the improvement."""
    pending = np.array([[0.5, 0.5]])
    rng = np.random.default_rng(2)
    found = improvement(OBJECTIVE, [], None, outcomes(), pending, rng).value(PROBE)

    draws = OBJECTIVE.sample(pending, rng.normal(size=(1, 4000)))
    seen = OBJECTIVE.extended(pending, draws).predict(PROBE)
    std = np.sqrt(seen.var)[:, None]
    best = np.maximum(draws[0], np.sin(5 * X).sum(1).max())
    z = (seen.mean - best) / std
    total = std * (norm.pdf(z) + z * norm.cdf(z))
    error = total.std(1) / np.sqrt(draws.shape[1]) + 0.02 * total.mean(1)  # ours has 64 draws
    assert (np.abs(np.exp(found) - total.mean(1)) < 4 * error).all()


def test_pending_point_is_worth_little_itself() -> None:
    best = PROBE[[np.argmax(FeasibleImprovement(OBJECTIVE, np.array([0.9])).value(PROBE))]]
    rng = np.random.default_rng(3)
    before = improvement(OBJECTIVE, [], None, outcomes(), np.empty((0, 2)), rng).value(best)
    after = improvement(OBJECTIVE, [], None, outcomes(), best, rng).value(best)
    assert after[0] < before[0] - 5.0


@pytest.mark.parametrize("noisy", [False, True])
@pytest.mark.parametrize("pending", [0, 2])
@pytest.mark.parametrize("constrained", [False, True])
def test_gradient_equals_central_differences(noisy: bool, pending: int, constrained: bool) -> None:
    objective = model(np.sin(5 * X).sum(1), 0.1) if noisy else OBJECTIVE
    acquisition = improvement(
        objective,
        [CONSTRAINT] if constrained else [],
        AtLeast(OBJECTIVE, -1.0),
        outcomes(noisy=noisy),
        np.array([[0.2, 0.9], [0.6, 0.4]])[:pending],
        np.random.default_rng(4),
    )
    value, slope = acquisition.value_and_gradient(PROBE)
    np.testing.assert_allclose(value, acquisition.value(PROBE), rtol=1e-12)
    h = 1e-5
    for j in range(2):
        step = np.zeros(2)
        step[j] = h
        expected = (acquisition.value(PROBE + step) - acquisition.value(PROBE - step)) / (2 * h)
        np.testing.assert_allclose(slope[:, j], expected, rtol=1e-4, atol=1e-4)


def test_without_a_feasible_point_feasibility_alone_counts() -> None:
    found = improvement(
        OBJECTIVE,
        [CONSTRAINT],
        None,
        outcomes(feasible=False),
        np.empty((0, 2)),
        np.random.default_rng(5),
    )
    prediction = CONSTRAINT.model.predict(PROBE)
    z = (prediction.mean[:, 0] - CONSTRAINT.bound) / np.sqrt(prediction.var)
    np.testing.assert_allclose(found.value(PROBE), norm.logcdf(z), rtol=1e-9)


def test_vanishing_noise_gives_the_noise_free_value() -> None:
    quiet = model(np.sin(5 * X).sum(1), 1e-6)
    rng = np.random.default_rng(6)
    noisy = improvement(quiet, [], None, outcomes(noisy=True), np.empty((0, 2)), rng)
    exact = improvement(OBJECTIVE, [], None, outcomes(), np.empty((0, 2)), rng)
    # The noise moves the best value by 1e-3: that shows where improvement is unlikely.
    np.testing.assert_allclose(noisy.value(PROBE), exact.value(PROBE), rtol=1e-3, atol=1e-3)
