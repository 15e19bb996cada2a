"""Calibration as the report shows it: counts of measurements within predictions."""

from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

from bosearch.report.calibration import calibrations, histogram, intervals
from bosearch.report.page import render, sections
from bosearch.space import Real, Space
from bosearch.study import Measurement, Problem, Trial, TrialState, minimize
from tests.strategies.loop import Loop

LOSS = Problem(Space(x=Real(0, 1)), (minimize("loss"),))


def predicted(number: int, share: float | None) -> Trial:
    """A trial whose measurement falls where ``share`` of its prediction lies below."""
    value = 5.0 if share is None else 5.0 + 2.0 * NormalDist().inv_cdf(share)
    said = {"predicted": {"loss": {"mean": 5.0, "std": 2.0, "noise_std": 0.0}}}
    provenance: dict[str, Any] = {} if share is None else said
    told = {"loss": Measurement(value)}
    return Trial(number, {"x": 0.5}, TrialState.COMPLETED, values=told, provenance=provenance)


SHARES = [0.01, 0.3, 0.4, 0.6, 0.7, 0.93, 0.96, 0.999]
TRIALS = [predicted(i, share) for i, share in enumerate([None, *SHARES])]


def test_shares_and_coverage_are_counts() -> None:
    (found,) = calibrations(LOSS, TRIALS)
    assert found.shares == pytest.approx(SHARES, abs=1e-9)
    assert found.coverage(0.5) == 4 / 8
    assert found.coverage(0.9) == 5 / 8
    assert found.coverage(0.95) == 6 / 8
    assert found.in_words() == "loss: 50/90/95% intervals held 50/62/75% of 8"


def test_the_histogram_has_a_bar_per_tenth_and_the_intervals_a_bar_per_level() -> None:
    (found,) = calibrations(LOSS, TRIALS)
    (bars,) = histogram(found).data
    assert sum(bars.y) == len(SHARES)
    assert (bars.y[0], bars.y[-1]) == (1, 3)
    held, claimed = intervals(found).data
    assert held.y == (0.5, 0.625, 0.75)
    assert claimed.y == (0.5, 0.9, 0.95)
    assert all(up >= 0 for up in claimed.error_y.array)
    assert all(down >= 0 for down in claimed.error_y.arrayminus)


def test_too_few_predictions_show_nothing() -> None:
    assert calibrations(LOSS, TRIALS[:5]) == []
    assert "Calibration" not in render(LOSS, TRIALS[:5], name="s", facts={})


@pytest.mark.parametrize("surrogate", [None, "gp"])
def test_a_study_records_what_its_report_needs(surrogate: str | None) -> None:
    options: dict[str, Any] = {"effort": "fast", "initial": 5}
    loop = Loop(LOSS, options if surrogate is None else {**options, "surrogate": surrogate})
    rng = np.random.default_rng(0)
    loop.run(14, lambda p: {"loss": float(np.exp(3 * p["x"]) + 0.3 * rng.normal())})
    (found,) = calibrations(LOSS, loop.trials)
    assert len(found.shares) == 9
    assert found.coverage(0.95) > 0.5
    titles = [s.title for s in sections(LOSS, loop.trials)]
    assert "Calibration of the model" in titles
