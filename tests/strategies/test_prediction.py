"""What provenance keeps of a prediction is enough to judge it by."""

import json
from statistics import NormalDist

import numpy as np
import pytest

from bosearch.strategies.prediction import Prediction, predictions
from bosearch.study import Measurement
from bosearch.surrogates.warping import Warp

WARP = Warp(location=2.0, spread=3.0, power=0.4)


def test_the_share_below_is_that_of_the_normal_distribution() -> None:
    said = Prediction(1.0, 0.3, 0.4)
    assert said.below(Measurement(1.0)) == pytest.approx(0.5)
    assert said.below(Measurement(1.5)) == pytest.approx(NormalDist().cdf(1.0))


def test_a_told_standard_error_replaces_the_inferred_noise() -> None:
    said = Prediction(0.0, 3.0, 100.0)
    assert said.below(Measurement(5.0, 4.0)) == pytest.approx(NormalDist().cdf(1.0))
    assert said.below(Measurement(3.0, 0.0)) == pytest.approx(NormalDist().cdf(1.0))


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_warped_prediction_gives_the_shares_of_its_own_draws(sign: float) -> None:
    said = Prediction(0.2, 0.5, 0.0, sign, WARP)
    grid = np.linspace(-40, 40, 40_001)  # of the metric
    draws = 0.2 + 0.5 * np.random.default_rng(0).normal(size=20_000)  # warped
    turned = np.interp(draws, WARP(sign * grid)[:: int(sign)], (sign * grid)[:: int(sign)])
    metric = sign * turned
    for value in (-3.0, 0.0, 2.5):
        # 20,000 draws: a share's standard error is at most 0.0035.
        assert said.below(Measurement(value)) == pytest.approx((metric < value).mean(), abs=0.014)


def test_shares_of_true_predictions_are_uniform() -> None:
    rng = np.random.default_rng(1)
    shares = [
        Prediction(mean, 0.6, 0.8).below(Measurement(mean + rng.normal()))
        for mean in rng.normal(size=2000)
    ]
    counts, _ = np.histogram(shares, bins=10, range=(0, 1))
    # Chi-squared with 9 degrees of freedom exceeds 27.9 once in a thousand.
    assert ((counts - 200) ** 2 / 200).sum() < 27.9


@pytest.mark.parametrize("said", [Prediction(1.5, 0.25, 0.125), Prediction(1, 2, 3, -1.0, WARP)])
def test_predictions_survive_the_record(said: Prediction) -> None:
    told = {"predicted": {"loss": json.loads(json.dumps(said.to_json()))}}
    assert predictions(told) == {"loss": said}


@pytest.mark.parametrize(
    "provenance", [{}, {"predicted": 3}, {"predicted": {"loss": {"mean": 1.0}, "cost": None}}]
)
def test_what_another_version_wrote_is_passed_over(provenance: dict[str, object]) -> None:
    assert predictions(provenance) == {}
