"""Processes on features: the same numbers by a plain network and a plain process."""

import json
from typing import Any

import numpy as np
import pytest
import torch
from torch import Generator

from bosearch.errors import SurrogateError
from bosearch.surrogates.networks.deep_kernel import DeepKernel
from bosearch.surrogates.registry import load, to_json
from tests.surrogates.zoo import cube, smooth, told

# isort: split
from gpytorch.kernels import MaternKernel, RBFKernel

D = 2
DATA = smooth(16, D)
X = torch.rand(5, D, generator=Generator().manual_seed(1), dtype=torch.float64)
SMALL: dict[str, Any] = {"widths": (10,), "features": 3, "steps": 40}


@pytest.mark.parametrize("kernel", ["matern52", "rbf"])
def test_predictions_are_those_of_a_process_on_the_features(kernel: Any) -> None:
    """GPyTorch's kernel, and Rasmussen and Williams (2006), eqs. 2.23 and 2.24, by inversion."""
    found: Any = DeepKernel(kernel=kernel, **SMALL).fit(DATA, cube(D), seed=0)
    process, training = found.process, found.training
    mlp, z = process.kernel.mlp, process.kernel.z
    inner = MaternKernel(2.5, ard_num_dims=3) if kernel == "matern52" else RBFKernel(ard_num_dims=3)
    inner.lengthscale = process.theta[:3].exp()
    variance = process.theta[3].exp()

    def covariance(A: Any, B: Any) -> Any:
        first, second = mlp.features(z, A)[0], mlp.features(z, B)[0]
        return variance * inner.double()(first, second).to_dense().detach()

    noisy = covariance(training.Z, training.Z) + torch.diag(process.noise)
    gain = covariance(X, training.Z) @ noisy.inverse()
    mean = training.location + training.spread * gain @ training.y
    cov = covariance(X, X) - gain @ covariance(training.Z, X)
    posterior = found.model.posterior(X)
    torch.testing.assert_close(posterior.mean[:, 0], mean, rtol=1e-6, atol=1e-6)
    expected = training.spread**2 * (cov.diagonal() + 1e-8)  # the model's jitter
    torch.testing.assert_close(posterior.variance[:, 0], expected, rtol=1e-5, atol=1e-7)


def test_draws_have_the_moments_of_the_posterior() -> None:
    found: Any = DeepKernel(**SMALL).fit(DATA, cube(D), seed=0)
    values = found.functions(500, seed=3)(X)
    posterior = found.model.posterior(X)
    std = posterior.variance[:, 0].sqrt()
    assert float(((values.mean(0) - posterior.mean[:, 0]) / std).abs().max()) < 4.0 / 500**0.5
    torch.testing.assert_close(
        values.std(0) / std, torch.ones_like(std), rtol=4.0 / 1000**0.5, atol=0.0
    )


def test_few_observations_keep_the_features_of_the_prior() -> None:
    few = smooth(5, D)
    found: Any = DeepKernel(**SMALL).fit(few, cube(D), seed=7)
    again: Any = DeepKernel(**{**SMALL, "steps": 1}).fit(few, cube(D), seed=7)
    assert torch.equal(found.process.kernel.z, again.process.kernel.z)


def test_without_patience_all_steps_are_taken() -> None:
    recipe = DeepKernel(widths=(10,), features=3, steps=25, patience=0)
    patient = DeepKernel(widths=(10,), features=3, steps=25, patience=9)
    found: Any = recipe.fit(smooth(5, D), cube(D), seed=7)
    plain: Any = patient.fit(smooth(5, D), cube(D), seed=7)
    assert found.report.gradients >= plain.report.gradients + 25
    assert not torch.equal(found.process.kernel.z, plain.process.kernel.z)


def test_an_update_is_a_process_of_all_observations() -> None:
    found: Any = DeepKernel(**SMALL).fit(DATA, cube(D), seed=0)
    more = told(np.vstack([DATA.X, X[:1].numpy()]), np.append(DATA.y, 50.0))
    updated = found.update(more)
    assert torch.equal(updated.process.kernel.z, found.process.kernel.z)
    noise = found.noise_var
    before, after = found.model.posterior(X[:1]), updated.model.posterior(X[:1])
    gain = before.variance / (before.variance + noise)  # one more observation at this point
    expected = before.mean + gain * (50.0 - before.mean)
    torch.testing.assert_close(after.mean, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["paper-dkl", "paper-laplace"])
def test_presets_of_the_study_survive_its_file_and_predict(name: str) -> None:
    preset = load(name)
    assert load(json.loads(json.dumps(to_json(preset)))) == preset
    found = load({"name": name, "steps": 15}).fit(DATA, cube(D), seed=0)
    posterior: Any = found.model.posterior(X)
    assert torch.isfinite(posterior.mean).all()
    assert (posterior.variance > 0.0).all()


def test_wrong_options_are_refused_by_name() -> None:
    with pytest.raises(SurrogateError, match="surrogate 'dkl': features must be a whole number"):
        DeepKernel(features=0)
    with pytest.raises(SurrogateError, match="surrogate 'dkl': kernel must be one of"):
        DeepKernel(kernel="periodic")  # type: ignore[arg-type]
