"""The stretch of targets, against its definition and its limits."""

import math

import numpy as np
import pytest

from bosearch.strategies.sdp_game_stretch import Stretch


def test_small_excesses_count_as_they_are_and_large_ones_by_their_logarithm() -> None:
    stretch = Stretch(lowest=-1.5, scale=1e-3)
    small, large, ten_times = (-1.5 + e for e in (1e-7, 0.1, 1.0))
    y = stretch(np.array([-1.5, small, large, ten_times]))
    assert y[0] == 0.0
    assert y[1] == pytest.approx(1e-7, rel=1e-4)  # the next term of the series is e / 2s
    # log(1 + e/s) of 1000 and of 100 differ by log 10, up to s/e of the smaller
    assert y[3] - y[2] == pytest.approx(1e-3 * math.log(10.0), rel=0.01)


def test_a_stretched_target_leads_back_and_hopes_are_not_inflated() -> None:
    targets = np.array([0.31, 0.3, 0.37, 0.33])
    stretch = Stretch.of(targets, np.zeros(4))
    back = [stretch.target(y) for y in stretch(targets)]
    assert back == pytest.approx(targets.tolist(), rel=1e-12)
    assert stretch.target(-0.01) == pytest.approx(0.29)
    assert 1e100 < stretch.target(1e9) < math.inf


def test_targets_that_are_all_alike_stay_alike() -> None:
    assert Stretch.of(np.full(3, 0.5), np.zeros(3))(np.full(3, 0.5)).tolist() == [0.0, 0.0, 0.0]


def test_what_degrees_differ_by_counts_as_it_is() -> None:
    # the lowest bounds of two degrees are one decade apart: log 2 of it is left, not less
    two = Stretch.of(np.array([0.0, 1.0, 1.001, 3.0]), np.array([1.0, 0.0, 0.0, 0.0]))
    assert two.scale == 1.0
    # without the other degree, the scale is a twentieth of the median excess
    one = Stretch.of(np.array([1.0, 1.1, 1.2]), np.zeros(3))
    assert one.scale == pytest.approx(0.005)
