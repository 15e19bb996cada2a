"""Masks as functions: each silences units, and stays the same over all points."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Generator

from bosearch.errors import SurrogateError
from bosearch.surrogates.networks.dropout import Dropout, masks
from bosearch.surrogates.networks.mlp import BatchedMLP
from tests.surrogates.zoo import cube, smooth, told

# isort: split
from botorch.sampling.get_sampler import get_sampler

D = 2
RECIPE = Dropout(widths=(16, 16), members=12, steps=60)


def test_a_masked_network_is_one_whose_silent_units_are_removed() -> None:
    mlp = BatchedMLP((3, 2), weight_std=1.2)
    z = mlp.init(1, D, Generator().manual_seed(0))
    factors = masks((3, 2), D, 0.4, 5, Generator().manual_seed(1))
    Z = torch.rand((4, D), generator=Generator().manual_seed(2), dtype=torch.float64)
    values = mlp.forward(z * factors, Z)
    V, c = z[0, :6].reshape(D, 3), z[0, 6:9]
    U, b = z[0, 9:15].reshape(3, 2), z[0, 15:17]
    for s in range(5):
        first = factors[s, 9:15].reshape(3, 2)[:, 0]
        second = factors[s, 17:19]
        assert set(first.tolist()) | set(second.tolist()) <= {0.0, 1.0 / 0.6}
        h = torch.tanh(1.2 / D**0.5 * ((2.0 * Z - 1.0) @ V) + c) * first
        h = torch.tanh(1.2 / 3**0.5 * (h @ U) + b) * second
        expected = 1.2 / 2**0.5 * (h @ z[0, 17:19]) + z[0, 19]
        torch.testing.assert_close(values[s], expected)


def test_units_are_silent_as_often_as_is_wanted_and_the_mean_stays() -> None:
    factors = masks((50, 40), D, 0.25, 400, Generator().manual_seed(0))
    units = factors[:, 3 * 50 : 3 * 50 + 50 * 40].reshape(400, 50, 40)[:, :, 0]
    error = 4.0 * (0.25 * 0.75 / units.numel()) ** 0.5
    assert float((units == 0.0).double().mean()) == pytest.approx(0.25, abs=error)
    assert float(units.mean()) == pytest.approx(1.0, abs=error / 0.75)
    assert (factors[:, : 3 * 50] == 1.0).all()


def test_one_mask_is_one_function_at_all_points_of_all_batches() -> None:
    model: Any = RECIPE.fit(smooth(10, D), cube(D), seed=0).model
    X = torch.rand((3, 4, D), generator=Generator().manual_seed(2), dtype=torch.float64)
    posterior = model.posterior(X)
    samples = get_sampler(posterior, torch.Size([12]), seed=0)(posterior)
    flat = model.posterior(X.reshape(12, D))
    again = get_sampler(flat, torch.Size([12]), seed=0)(flat)
    torch.testing.assert_close(samples.reshape(12, 12, 1), again)
    assert len(samples[:, 0, 0, 0].unique()) == 12


def test_a_network_without_hidden_units_has_none_to_silence() -> None:
    with pytest.raises(SurrogateError, match="widths must name a hidden layer"):
        Dropout(widths=())


def test_silencing_nearly_everything_is_refused() -> None:
    with pytest.raises(SurrogateError, match=r"drop must be at most 0\.9, got 0\.95"):
        Dropout(drop=0.95)


def test_masks_tell_functions_apart_where_all_is_noise() -> None:
    """Drawn towards 0 instead of a draw from the prior, weights vanish and all masks agree."""
    rng = np.random.default_rng(0)
    data = told(rng.uniform(size=(30, D)), rng.normal(size=30))
    found = Dropout(widths=(16, 16), members=12, steps=400).fit(data, cube(D), seed=0)
    X = torch.rand((20, D), generator=Generator().manual_seed(2), dtype=torch.float64)
    assert float(found.members(X).std(0).min()) > 0.02  # of a standardised value
