"""Several outputs as one model: each as it is alone, and none tells of another."""

from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from bosearch.errors import SurrogateError
from bosearch.surrogates.interface import Fitted
from bosearch.surrogates.joint import joint_model
from bosearch.surrogates.registry import load
from bosearch.surrogates.schedule import Data
from tests.surrogates.zoo import cube, smooth, told

# isort: split
from botorch.acquisition.objective import ScalarizedPosteriorTransform
from botorch.posteriors import GPyTorchPosterior
from botorch.sampling.get_sampler import get_sampler

KINDS = [("gp", "gp-gamma"), ("student-t", "student-t"), ("gp", "student-t")]
X = torch.tensor(np.random.default_rng(1).uniform(size=(3, 2, 2)))


@cache
def example(name: str, sign: float) -> Fitted:
    data = smooth(10, 2)
    return load(name).fit(told(data.X, sign * data.y), cube(2), seed=0)


def both(kinds: tuple[str, str]) -> tuple[Any, Any, Any]:
    first, second = example(kinds[0], 1.0), example(kinds[1], -1.0)
    return first.model, second.model, joint_model([first, second])


def samples(posterior: Any, count: int, seed: int = 3) -> Tensor:
    return torch.as_tensor(get_sampler(posterior, torch.Size([count]), seed=seed)(posterior))


@pytest.mark.parametrize("kinds", KINDS)
def test_each_output_is_what_it_is_alone(kinds: tuple[str, str]) -> None:
    *alone, joint = both(kinds)
    assert joint.num_outputs == 2
    for noise in (False, True, torch.full((3, 2, 2), 0.7, dtype=torch.float64)):
        posterior = joint.posterior(X, observation_noise=noise)
        for i, model in enumerate(alone):
            own = noise[..., i : i + 1] if isinstance(noise, Tensor) else noise
            expected = model.posterior(X, observation_noise=own)
            assert torch.allclose(posterior.mean[..., [i]], expected.mean)
            assert torch.allclose(posterior.variance[..., [i]], expected.variance)


@pytest.mark.parametrize("kinds", KINDS)
def test_samples_of_the_outputs_are_uncorrelated_and_those_of_points_are_not(
    kinds: tuple[str, str],
) -> None:
    *_, joint = both(kinds)
    near = X.clone()
    near[:, 1] = near[:, 0] + 1e-3  # of the two points, one output's values are alike
    values = samples(joint.posterior(near), 1024)  # S x 3 x 2 x 2
    assert values.shape == (1024, 3, 2, 2)
    for b in range(3):
        by_output = np.corrcoef(values[:, b, 0].numpy().T)
        assert abs(by_output[0, 1]) < 4.0 / 1024**0.5
        for i in range(2):
            assert np.corrcoef(values[:, b, :, i].numpy().T)[0, 1] > 0.9


@pytest.mark.parametrize("kinds", KINDS)
def test_samples_are_a_function_of_the_seed(kinds: tuple[str, str]) -> None:
    *_, joint = both(kinds)
    posterior = joint.posterior(X)
    assert torch.equal(samples(posterior, 8), samples(posterior, 8))
    assert not torch.equal(samples(posterior, 8), samples(posterior, 8, seed=4))


def test_normal_outputs_are_one_normal_which_can_be_weighed() -> None:
    first, second, joint = both(("gp", "gp-gamma"))
    assert isinstance(joint.posterior(X), GPyTorchPosterior)
    weigh = ScalarizedPosteriorTransform(torch.tensor([2.0, -1.0], dtype=torch.float64))
    posterior = joint.posterior(X, posterior_transform=weigh)
    one, other = first.posterior(X), second.posterior(X)
    assert torch.allclose(posterior.mean, 2.0 * one.mean - other.mean)
    assert torch.allclose(posterior.variance, 4.0 * one.variance + other.variance, rtol=1e-6)


@pytest.mark.parametrize("kinds", KINDS)
def test_some_outputs_can_be_asked_for(kinds: tuple[str, str]) -> None:
    first, second, joint = both(kinds)
    assert torch.equal(joint.posterior(X, output_indices=[1]).mean, second.posterior(X).mean)
    turned = joint.posterior(X, output_indices=[1, 0]).mean
    assert torch.allclose(turned, joint.posterior(X).mean.flip(-1))
    assert joint.subset_output([0]) is first


def test_one_output_is_its_own_model_and_none_is_refused() -> None:
    found = load("linear").fit(Data(X[0].numpy(), np.zeros(2), np.zeros(2)), cube(2), seed=0)
    assert joint_model([found]) is found.model
    with pytest.raises(SurrogateError, match="at least one output, got none"):
        joint_model([])
