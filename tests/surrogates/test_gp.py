"""Predictions in NumPy: closed forms, differences, and two routes to one posterior."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from bosearch.surrogates.gp import GaussianProcess
from bosearch.surrogates.likelihood import Observations
from tests.surrogates.mixed_cases import CASES, Case, covariances, points

Array = NDArray[np.float64]


def process(case: Case) -> GaussianProcess:
    return GaussianProcess.condition(
        case.recipe, case.hyper, case.observations, location=2.0, spread=3.0
    )


def textbook(case: Case, X: Array) -> tuple[Array, Array]:
    """Mean and covariance by inverting the covariance: Rasmussen and Williams, eq. 2.23."""
    scales = np.exp(case.hyper.log_lengthscales)[case.recipe.embedding.scales]

    def kernel(A: Array, B: Array) -> Array:
        centre = case.recipe.kernel.centre
        k = covariances(case.recipe.kernel, (A - centre) / scales, (B - centre) / scales)
        return float(np.exp(case.hyper.log_signal)) * k

    Z, new = case.observations.Z, case.recipe.embedding(X)
    inverse = np.linalg.inv(
        kernel(Z, Z) + np.diag(case.observations.noise(case.hyper.log_noise) + 1e-9)
    )
    mean = case.hyper.mean + kernel(new, Z) @ inverse @ (case.observations.y - case.hyper.mean)
    cov = kernel(new, new) - kernel(new, Z) @ inverse @ kernel(Z, new)
    return 2.0 + 3.0 * mean, 9.0 * cov


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_predictions_equal_the_textbook(case: Case) -> None:
    X = points(6, np.random.default_rng(4))
    mean, cov = textbook(case, X)
    prediction = process(case).predict(X)
    np.testing.assert_allclose(prediction.mean[:, 0], mean, rtol=0, atol=1e-9)
    np.testing.assert_allclose(prediction.var, np.diagonal(cov), rtol=0, atol=1e-9)
    joint_mean, joint_cov = process(case).joint(X)
    np.testing.assert_allclose(joint_mean[:, 0], mean, rtol=0, atol=1e-9)
    np.testing.assert_allclose(joint_cov, cov, rtol=0, atol=1e-9)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_appended_rows_equal_conditioning_from_scratch(case: Case) -> None:
    rng = np.random.default_rng(5)
    X, probe = points(4, rng), points(6, rng)
    values = 2.0 + 3.0 * rng.normal(size=(4, 3))
    extended = process(case).extended(X, values).predict(probe)
    old = case.observations
    for s in range(3):
        all_of_it = Observations(
            np.vstack([old.Z, case.recipe.embedding(X)]),
            np.r_[old.y, (values[:, s] - 2.0) / 3.0],
            np.r_[old.noise(case.hyper.log_noise), np.zeros(4)],
        )
        fresh = process(replace(case, observations=all_of_it)).predict(probe)
        np.testing.assert_allclose(extended.mean[:, s], fresh.mean[:, 0], rtol=0, atol=1e-6)
        np.testing.assert_allclose(extended.var, fresh.var, rtol=0, atol=1e-6)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_pull_back_equals_central_differences(case: Case) -> None:
    rng = np.random.default_rng(6)
    model = process(case).extended(points(2, rng), rng.normal(size=(2, 3)))
    X = points(4, rng)
    by_mean, by_var = rng.normal(size=(4, 3)), rng.normal(size=4)

    def total(X: Array) -> float:
        prediction = model.predict(X)
        return float((prediction.mean * by_mean).sum() + (prediction.var * by_var).sum())

    slopes = model.predict(X).pull_back(by_mean, by_var)
    h = 1e-5
    for i in range(4):
        for j in range(3):  # the numeric factors
            step = np.zeros_like(X)
            step[i, j] = h
            expected = (total(X + step) - total(X - step)) / (2 * h)
            assert slopes[i, j] == pytest.approx(expected, rel=1e-5, abs=1e-5)
    assert (slopes[:, 3:] == 0).all()


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_joint_draws_have_the_mean_and_covariance_of_the_posterior(case: Case) -> None:
    rng = np.random.default_rng(7)
    X, draws = points(3, rng), 20_000
    mean, cov = process(case).joint(X)
    sample = process(case).sample(X, rng.normal(size=(3, draws)))
    error = np.sqrt(np.diagonal(cov) / draws)
    assert (np.abs(sample.mean(1) - mean[:, 0]) < 4 * error).all()
    widest = float(np.diagonal(cov).max())
    assert np.abs(np.cov(sample) - cov).max() < 4 * widest * np.sqrt(2 / draws)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_duplicated_points_do_not_break_the_factor(case: Case) -> None:
    old = case.observations
    twice = Observations(np.vstack([old.Z, old.Z]), np.r_[old.y, old.y], np.zeros(50))
    prediction = process(replace(case, observations=twice)).predict(case.X)
    np.testing.assert_allclose(prediction.mean[:, 0], 2.0 + 3.0 * old.y, rtol=0, atol=1e-3)
