"""The refit schedule: how often, from where, and what is remembered."""

import json
from dataclasses import replace

import numpy as np
import pytest

from bosearch.space.factor import Factor
from bosearch.surrogates.embedding import Embedding
from bosearch.surrogates.fit import JITTER, Recipe
from bosearch.surrogates.likelihood import log_posterior
from bosearch.surrogates.schedule import Data, Memory, standardised, train

RECIPE = Recipe.of(Embedding.of([Factor("continuous")] * 2), "matern52")
RNG = np.random.default_rng(13)
X = RNG.uniform(size=(420, 2))
Y = np.sin(7 * X[:, 0]) * np.cos(4 * X[:, 1])


def data(n: int, y: np.ndarray[tuple[int], np.dtype[np.float64]] = Y) -> Data:
    return Data(X[:n], y[:n], np.full(n, np.nan))


def test_a_hundred_asks_around_three_hundred_refit_four_times_at_most() -> None:
    trained = train(data(250), RECIPE, None)
    refits = 0
    for n in range(251, 351):
        trained = train(data(n), RECIPE, trained.memory)
        refits += trained.fit is not None
    assert refits <= 4  # 1.1^4 > 350 / 250


def test_few_observations_refit_each_time() -> None:
    trained = train(data(10), RECIPE, None)
    for n in range(11, 20):
        trained = train(data(n), RECIPE, trained.memory)
        assert trained.fit is not None


def test_asking_twice_does_not_fit_twice_but_an_amended_value_does() -> None:
    first = train(data(20), RECIPE, None)
    assert train(data(20), RECIPE, first.memory).fit is None
    amended = Y.copy()
    amended[3] += 1.0
    assert train(data(20, amended), RECIPE, first.memory).fit is not None


@pytest.mark.parametrize("warp", [False, True])
def test_memory_survives_json_without_losing_a_digit(warp: bool) -> None:
    first = train(data(50), RECIPE, None, warp=warp)
    kept = Memory.from_json(json.loads(json.dumps(first.memory.to_json())), RECIPE)
    probe = X[300:305]
    whole = train(data(52), RECIPE, first.memory, warp=warp).model.predict(probe)
    resumed = train(data(52), RECIPE, kept, warp=warp).model.predict(probe)
    assert (whole.mean == resumed.mean).all()
    assert (whole.var == resumed.var).all()
    one_factor = replace(RECIPE, embedding=Embedding.of([Factor("continuous")]))
    assert Memory.from_json(first.memory.to_json(), one_factor) is None


def test_schedule_costs_little_likelihood() -> None:
    """Between refits the old hyperparameters are nearly as likely as fresh ones."""

    old, fresh = train(data(200), RECIPE, None).memory, train(data(219), RECIPE, None)
    observations = standardised(data(219), RECIPE, fresh.memory.location, fresh.memory.spread)
    value, _ = log_posterior(
        old.hyper.vector(),
        observations,
        embedding=RECIPE.embedding,
        kernel=RECIPE.kernel,
        priors=RECIPE.priors,
        jitter=JITTER,
    )
    assert fresh.fit is not None
    assert value > fresh.fit.value - 2.0  # of a log likelihood around 500


@pytest.mark.parametrize("y", [np.zeros(8), np.full(8, 1e6), np.full(1, 3.0)])
def test_constant_or_single_observations_give_a_flat_prediction(
    y: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> None:
    model = train(data(len(y), y), RECIPE, None, warp=True).model
    prediction = model.predict(X[300:310])
    assert np.ptp(prediction.mean) < 1e-6
    assert (prediction.var > 0).all()


def test_change_of_units_changes_predictions_alike() -> None:
    plain = train(data(30), RECIPE, None).model.predict(X[300:310])
    scaled = train(data(30, 1e6 * Y + 5e6), RECIPE, None).model.predict(X[300:310])
    np.testing.assert_allclose(scaled.mean, 1e6 * plain.mean + 5e6, rtol=1e-4)
    np.testing.assert_allclose(scaled.var, 1e12 * plain.var, rtol=1e-2)


def test_known_noise_widens_the_posterior_where_it_is_told() -> None:
    sem = np.zeros(30)
    sem[:10] = 0.5
    model = train(Data(X[:30], Y[:30], sem), RECIPE, None).model
    var = model.predict(X[:30]).var
    assert var[:10].min() > 10 * var[10:].max()
