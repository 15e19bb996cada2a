"""Sparse processes: they find the coordinates that matter, and mix as they say."""

import numpy as np
import pytest
import torch

from bosearch.errors import SurrogateError
from bosearch.surrogates.gaussian.map_saas import MapSaas
from bosearch.surrogates.registry import load, to_json
from tests.surrogates.zoo import cube, smooth, told


def test_two_coordinates_of_twenty_are_found() -> None:
    X = np.random.default_rng(0).uniform(size=(30, 20))
    found = MapSaas().fit(told(X, np.sin(5.0 * X[:, 3]) + X[:, 11] ** 2), cube(20), seed=0)
    for member in found.members:
        order = member.theta[:-1].argsort()
        assert set(order[:2].tolist()) == {3, 11}


def test_moments_are_those_of_a_mixture() -> None:
    found = MapSaas(widths=(0.01, 3.0)).fit(smooth(10, 2), cube(2), seed=0)
    X = torch.tensor(np.random.default_rng(1).uniform(size=(3, 2)))
    posterior = found.model.posterior(X)
    units = found.training
    means, covs = zip(*(m.moments(X) for m in found.members), strict=True)
    first, second = means
    mean = 0.5 * (first + second)
    cov = 0.5 * (covs[0] + covs[1]) + torch.outer(first - second, first - second) / 4.0
    assert torch.allclose(posterior.mean[:, 0], units.location + units.spread * mean)
    expected = units.spread**2 * cov
    assert torch.allclose(posterior.covariance_matrix, expected, atol=1e-6 * units.spread**2)


def test_functions_come_from_the_members_in_turn() -> None:
    found = MapSaas(widths=(0.01, 3.0)).fit(smooth(10, 2), cube(2), seed=0)
    X = torch.tensor(np.random.default_rng(1).uniform(size=(4, 2)))
    values = found.functions(2000, seed=0)(X)
    for i, member in enumerate(found.members):
        mean, cov = member.moments(X)
        ours = (values[i::2] - found.training.location) / found.training.spread
        error = (cov.diagonal() / 1000).sqrt()
        assert ((ours.mean(0) - mean).abs() < 5.0 * error + 0.01).all()


def test_widths_survive_the_study_file_as_a_list() -> None:
    recipe = MapSaas(widths=(0.1, 1.0))
    table = to_json(recipe)
    assert load({**table, "widths": list(table["widths"])}) == recipe


@pytest.mark.parametrize("widths", [(), (0.1, -1.0), ("wide",)])
def test_wrong_widths_are_refused(widths: tuple[float, ...]) -> None:
    with pytest.raises(SurrogateError, match="surrogate 'map-saas': widths must"):
        MapSaas(widths=widths)
