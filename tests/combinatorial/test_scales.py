"""Scales are increasing, and the score that chooses among them is what it says."""

import numpy as np
import pytest
from scipy.stats import norm

from bosearch.combinatorial.features import identity
from bosearch.combinatorial.model import recipe
from bosearch.combinatorial.scales import SCALES, predictive_score
from bosearch.combinatorial.space import Sites
from bosearch.combinatorial.training import ScaledMemory, train_on_scale
from bosearch.surrogates.gp import GaussianProcess
from bosearch.surrogates.schedule import Data
from tests.combinatorial.cases import COUNTS, features_of, process

RNG = np.random.default_rng


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize(
    "y",
    [
        RNG(0).lognormal(sigma=3, size=50).round(1),  # decades, with ties at zero
        RNG(1).normal(size=20),
        np.array([2.0]),
        np.array([3.0, 3.0, 3.0]),
    ],
    ids=["decades", "normal", "one", "constant"],
)
def test_scales_increase_and_intervals_tile_the_line(
    scale: str, y: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> None:
    scaled = SCALES[scale](y)
    order = np.argsort(y, kind="stable")
    differ, steps = np.diff(y[order]) > 0, np.diff(scaled.z[order])
    assert (steps[differ] > 0).all()
    assert (steps[~differ] == 0).all()
    assert (scaled.low < scaled.z).all()
    assert (scaled.z < scaled.high).all()
    low, high = scaled.low[order], scaled.high[order]
    assert low[0] == -np.inf
    assert high[-1] == np.inf
    np.testing.assert_allclose(high[:-1][differ], low[1:][differ], rtol=0, atol=1e-12)


def test_normal_scores_are_normal() -> None:
    z = SCALES["normal scores"](RNG(0).gamma(0.1, size=999)).z
    quantiles = norm.ppf((np.arange(999) + 0.5) / 999)
    np.testing.assert_allclose(np.sort(z), quantiles, rtol=0, atol=1e-12)


def test_the_score_is_the_mean_log_probability_with_each_value_left_out() -> None:
    rng = RNG(0)
    sites, features = Sites(COUNTS), features_of(COUNTS, rng)
    X = sites.random(12, rng)
    scaled = SCALES["normal scores"](rng.normal(size=12).round(1))
    noise = 0.05
    score = predictive_score(process(X, scaled.z, features, noise=noise), scaled)
    expected = []
    for i in range(12):  # refit without one, predict it, integrate over its interval
        rest = np.arange(12) != i
        left = process(X[rest], scaled.z[rest], features, noise=noise)
        p = left.predict(X[[i]].astype(float))
        std = np.sqrt(p.var[0] + noise)
        a, b = (scaled.low[i] - p.mean[0, 0]) / std, (scaled.high[i] - p.mean[0, 0]) / std
        expected.append(np.log(norm.cdf(b) - norm.cdf(a)))
    assert score == pytest.approx(np.mean(expected), abs=1e-6)


def additive(n: int) -> tuple[Data, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    rng = RNG(3)
    X = Sites((6,) * 4).random(n, rng)
    smooth = rng.normal(size=(4, 6))[np.arange(4), X].sum(axis=1)
    return Data(X.astype(float), smooth, np.full(n, np.nan)), smooth


def test_the_chosen_scale_bends_what_is_bent() -> None:
    data, smooth = additive(80)
    kernel = recipe([identity(6)] * 4)
    bent = Data(data.X, np.exp(4 * smooth), data.sem)
    chosen = {name: train_on_scale(d, kernel, None) for name, d in (("", data), ("bent", bent))}
    assert chosen["bent"].memory.scale != "as measured"
    # On its scale the bent function is as easy as the straight one.
    for trained in chosen.values():
        assert isinstance(trained.model, GaussianProcess)
        fitted = trained.model.predict(data.X).mean[:, 0]
        assert np.corrcoef(fitted, smooth)[0, 1] > 0.9


def test_memory_survives_json_and_spares_the_next_fit() -> None:
    data, _ = additive(60)
    kernel = recipe([identity(6)] * 4)
    first = train_on_scale(data, kernel, None)
    memory = ScaledMemory.from_json(first.memory.to_json(), kernel)
    again = train_on_scale(data, kernel, memory)
    assert first.gradients > 0 == again.gradients
    assert again.memory.to_json() == first.memory.to_json()
    np.testing.assert_array_equal(again.model.weights, first.model.weights)
    assert ScaledMemory.from_json(None, kernel) is None
    assert ScaledMemory.from_json(first.memory.to_json(), recipe([identity(6)] * 3)) is None
