"""Hard data: every surrogate gives a usable posterior or says what is wrong."""

from typing import Any

import numpy as np
import pytest
import torch

from bosearch.errors import SurrogateError
from bosearch.surrogates.registry import PRESETS, load
from bosearch.surrogates.schedule import Data
from tests.surrogates.zoo import ALL, cube, fitted, smooth, told

RNG = np.random.default_rng(0)
WIDE = RNG.uniform(size=(8, 200))
HARD = {
    "one point": told(np.array([[0.3, 0.7]]), np.array([2.0])),
    "two equal points": told(np.array([[0.3, 0.7]] * 2), np.array([2.0, 2.0])),
    "equal values": told(RNG.uniform(size=(8, 2)), np.full(8, -3.0)),
    "large values": told(RNG.uniform(size=(8, 2)), 1e6 * RNG.uniform(size=8)),
    "one point, different values": told(
        np.repeat(RNG.uniform(size=(3, 2)), 3, axis=0), RNG.normal(size=9)
    ),
    "200 dimensions": told(WIDE, WIDE[:, :5].sum(1)),
    "known noise": told(RNG.uniform(size=(8, 2)), RNG.normal(size=8), sem=0.3),
    "known to be exact": told(RNG.uniform(size=(8, 2)), RNG.normal(size=8), sem=0.0),
}


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("case", HARD)
def test_hard_data_have_a_usable_posterior(name: str, case: str) -> None:
    data = HARD[case]
    found = fitted(name, data)
    model: Any = found.model
    X = torch.tensor(np.random.default_rng(1).uniform(size=(6, 1, data.X.shape[1])))
    posterior = model.posterior(X)
    mean, var = posterior.mean.detach().numpy(), posterior.variance.detach().numpy()
    assert np.isfinite(mean).all()
    assert np.isfinite(var).all()
    assert (var > 0.0).all()
    scale = max(float(np.ptp(data.y)), float(np.abs(data.y).max()), 1e-12)
    assert np.abs(mean - data.y.mean()).max() < 10.0 * scale
    assert np.sqrt(var).max() < 100.0 * scale
    assert np.isfinite(found.noise_var)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_learn_what_can_be_learnt(name: str) -> None:
    model: Any = fitted(name, smooth(12, 2)).model
    posterior = model.posterior(torch.tensor(np.random.default_rng(1).uniform(size=(4, 2))))
    assert torch.isfinite(posterior.mean).all()
    assert (posterior.variance > 0.0).all()


@pytest.mark.parametrize("name", ALL)
def test_what_is_not_finite_is_refused_by_name(name: str) -> None:
    data = smooth(5, 2)
    broken = Data(data.X, np.where(np.arange(5) == 3, np.nan, data.y), data.sem)
    with pytest.raises(SurrogateError, match="observation 3 has a value of y that is not finite"):
        fitted(name, broken)


@pytest.mark.parametrize("name", ALL)
def test_nothing_at_all_is_refused(name: str) -> None:
    empty = told(np.empty((0, 2)), np.empty(0))
    with pytest.raises(SurrogateError, match="at least one observation, got none"):
        fitted(name, empty)


def test_an_unknown_name_is_refused_with_a_hint() -> None:
    with pytest.raises(SurrogateError, match=r"no surrogate is called 'ensembel'\n  hint: .*ensem"):
        load("ensembel")


def test_an_unknown_option_is_refused_with_a_hint() -> None:
    with pytest.raises(SurrogateError, match="surrogate 'gp' has no option 'kernal'\n  hint: "):
        load({"name": "gp", "kernal": "rbf"})


def test_a_table_without_a_name_is_refused() -> None:
    with pytest.raises(SurrogateError, match="no surrogate is called None"):
        load({"kernel": "rbf"})


def test_an_update_with_other_observations_is_refused() -> None:
    data = smooth(6, 2)
    found = load("gp").fit(data, cube(2), seed=0)
    with pytest.raises(SurrogateError, match="needs the 6 observations that were fitted"):
        found.update(smooth(7, 2, seed=1))
