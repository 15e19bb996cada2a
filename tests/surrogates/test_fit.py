"""Fits find what the data show."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from bosearch.space.factor import Factor
from bosearch.surrogates.embedding import Embedding
from bosearch.surrogates.fit import Recipe, climb, default_start, fit, random_start
from bosearch.surrogates.likelihood import Observations, log_posterior

RECIPE = Recipe.of(Embedding.of([Factor("continuous")] * 3), "matern52")


def observations(n: int, noise_std: float) -> Observations:
    rng = np.random.default_rng(2)
    Z = rng.uniform(size=(n, 3))
    y = np.sin(6 * Z[:, 0]) + 0.5 * Z[:, 1]
    y = (y - y.mean()) / y.std() + noise_std * rng.normal(size=n)
    return Observations(Z, y, np.full(n, np.nan))


def test_noise_and_relevance_are_recovered() -> None:
    found = fit(observations(200, 0.3), RECIPE, [default_start(RECIPE)])
    noise_std = np.exp(0.5 * found.hyper.log_noise)
    assert noise_std == pytest.approx(0.3, abs=4 * 0.3 / np.sqrt(2 * 200))  # four standard errors
    order = np.argsort(found.hyper.log_lengthscales)
    assert order.tolist() == [0, 1, 2]  # the sine varies most, the third factor not at all


def test_end_of_a_climb_has_no_slope() -> None:
    data = observations(40, 0.3)
    found = fit(data, RECIPE, [default_start(RECIPE)])
    value, gradient = log_posterior(
        found.hyper.vector(),
        data,
        embedding=RECIPE.embedding,
        kernel=RECIPE.kernel,
        priors=RECIPE.priors,
        jitter=1e-9,
    )
    assert value == pytest.approx(found.value)
    assert np.abs(gradient).max() < 0.05  # per observation 1e-3: the fit's tolerance


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_bend_of_the_values_is_found(sign: float) -> None:
    plain = observations(60, 0.02)
    v = 1.5 * plain.y
    bent = np.where(v >= 0.0, np.expm1(np.abs(v)), 1.0 - np.sqrt(1.0 + 2.0 * np.abs(v)))
    data = replace(plain, y=sign * bent)  # psi(bent; 0) = v, psi(-bent; 2) = -v
    found = fit(data, RECIPE, [default_start(RECIPE, warp=True)])
    assert found.hyper.power == pytest.approx(1.0 - sign, abs=0.2)
    straight = fit(plain, RECIPE, [default_start(RECIPE, warp=True)])
    assert straight.hyper.power == pytest.approx(1.0, abs=0.2)


def test_values_gathered_around_an_optimum_are_no_bend() -> None:
    rng = np.random.default_rng(5)
    Z = np.concatenate([rng.uniform(size=(15, 3)), 0.4 + 0.1 * rng.uniform(size=(30, 3))])
    y = np.sin(4 * Z[:, 0]) + np.cos(3 * Z[:, 1]) + Z[:, 2]
    y = (y - y.mean()) / y.std(ddof=1)
    data = Observations(Z, y, np.full(len(y), np.nan))
    assert abs(stats.yeojohnson_normmax(y) - 1.0) > 0.5  # of the values alone
    found = fit(data, RECIPE, [default_start(RECIPE, warp=True)])
    assert found.hyper.power == pytest.approx(1.0, abs=0.25)


def test_best_of_several_starts_is_kept_and_all_are_counted() -> None:
    data = observations(20, 0.1)
    starts = [default_start(RECIPE), random_start(RECIPE, np.random.default_rng(3))]
    alone = [fit(data, RECIPE, [start]) for start in starts]
    both = fit(data, RECIPE, starts)
    assert both.value == max(f.value for f in alone)
    assert both.gradients == sum(f.gradients for f in alone)


def test_subset_first_spares_full_gradients_at_no_loss() -> None:
    data = observations(450, 0.1)
    thrifty = fit(data, RECIPE, [default_start(RECIPE)])
    full = climb(data, RECIPE, default_start(RECIPE), 200)
    assert thrifty.value > full.value - 0.05
    assert thrifty.gradients < full.gradients / 2
