"""What must not matter does not: the order of observations, their unit and origin."""

from typing import Any

import numpy as np
import pytest
import torch

from bosearch.surrogates.registry import load
from bosearch.surrogates.schedule import Data
from tests.surrogates.zoo import cube, told

NAMES = [
    "gp",
    "gp-gamma",
    "linear",
    "spherical-linear",
    "ibnn",
    "ibnn-fixed",
    "paper-ibnn",
    "student-t",
    "replicates",
    "map-saas",
]
RNG = np.random.default_rng(0)
X = RNG.uniform(size=(14, 3))
X[3] = X[4]  # measured twice
Y = np.sin(5.0 * X[:, 0]) + X[:, 1] ** 2 + 0.1 * RNG.normal(size=14)
NEW = torch.tensor(RNG.uniform(size=(5, 3)))
ORDER = RNG.permutation(14)


@pytest.mark.parametrize("name", NAMES)
def test_order_unit_and_origin_change_no_prediction(name: str) -> None:
    def moments(data: Data) -> tuple[Any, Any]:
        posterior = load(name).fit(data, cube(3), seed=0).model.posterior(NEW)
        return posterior.mean, posterior.variance.sqrt()

    mean, std = moments(told(X, Y))
    for data, unit, origin in (
        (told(X[ORDER], Y[ORDER]), 1.0, 0.0),
        (told(X, 1e4 * Y - 3e5), 1e4, -3e5),
        (told(X, 1e-7 * Y), 1e-7, 0.0),
    ):
        other_mean, other_std = moments(data)
        assert float((((other_mean - origin) / unit - mean) / std).abs().max()) < 1e-6
        assert float((other_std / unit / std - 1.0).abs().max()) < 1e-6
