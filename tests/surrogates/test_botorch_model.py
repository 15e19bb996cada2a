"""The BoTorch model: the NumPy posterior, GPyTorch's posterior, and the interface."""

import numpy as np
import pytest
import torch

from bosearch.errors import ShapeError
from bosearch.space.factor import Factor
from bosearch.surrogates.botorch_model import GaussianProcesses
from bosearch.surrogates.embedding import Embedding
from bosearch.surrogates.fit import Recipe
from bosearch.surrogates.gp import GaussianProcess
from bosearch.surrogates.likelihood import Hyperparameters, Observations
from tests.surrogates.mixed_cases import CASES, Case, points

models = pytest.importorskip("botorch.models")  # after ours, which silences what it warns
gpytorch = pytest.importorskip("gpytorch")


def process(case: Case, location: float = 2.0) -> GaussianProcess:
    return GaussianProcess.condition(
        case.recipe, case.hyper, case.observations, location=location, spread=3.0
    )


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_posterior_equals_the_numpy_one_in_every_batch(case: Case) -> None:
    rng = np.random.default_rng(8)
    X = points(12, rng).reshape(2, 2, 3, -1)
    model = GaussianProcesses([process(case), process(case, location=-1.0)])
    posterior = model.posterior(torch.tensor(X))
    assert posterior.mean.shape == (2, 2, 3, 2)
    for i in range(2):
        for j in range(2):
            mean, cov = process(case).joint(X[i, j])
            np.testing.assert_allclose(
                posterior.mean[i, j, :, 0].numpy(), mean[:, 0], rtol=0, atol=1e-9
            )
            single = model.subset_output([0]).posterior(torch.tensor(X[i, j]))
            np.testing.assert_allclose(
                single.distribution.covariance_matrix.numpy(), cov, rtol=0, atol=1e-7
            )
    shifted = posterior.mean[..., 1] - posterior.mean[..., 0]
    np.testing.assert_allclose(shifted.numpy(), -3.0, rtol=0, atol=1e-9)


@pytest.mark.parametrize("kernel", ["rbf", "matern52"])
def test_posterior_equals_single_task_gp_with_the_same_hyperparameters(kernel: str) -> None:
    rng = np.random.default_rng(9)
    X = rng.uniform(size=(20, 3))
    y = np.sin(4 * X).sum(1)
    recipe = Recipe.of(Embedding.of([Factor("continuous")] * 3), kernel)
    hyper = Hyperparameters(np.array([-0.5, 0.1, 0.3]), 0.0, -5.0, 0.4)
    observations = Observations(X, y, np.full(20, np.nan))
    ours = GaussianProcesses(
        [GaussianProcess.condition(recipe, hyper, observations, location=0.0, spread=1.0)]
    )
    base = gpytorch.kernels.RBFKernel(ard_num_dims=3)
    if kernel == "matern52":
        base = gpytorch.kernels.MaternKernel(nu=2.5, ard_num_dims=3)
    theirs = models.SingleTaskGP(
        torch.tensor(X), torch.tensor(y)[:, None], covar_module=base, outcome_transform=None
    )
    theirs.covar_module.lengthscale = torch.tensor(np.exp(hyper.log_lengthscales))
    theirs.likelihood.noise = float(np.exp(hyper.log_noise))
    theirs.mean_module.constant = hyper.mean

    probe = torch.tensor(rng.uniform(size=(5, 3)))
    with torch.no_grad():
        expected = theirs.posterior(probe)
    found = ours.posterior(probe)
    torch.testing.assert_close(found.mean, expected.mean, rtol=0, atol=1e-7)
    torch.testing.assert_close(
        found.distribution.covariance_matrix,
        expected.distribution.covariance_matrix,
        rtol=0,
        atol=1e-7,  # our jitter of 1e-9, magnified by the condition of the covariance
    )


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_gradient_of_the_posterior_equals_the_closed_form(case: Case) -> None:
    X = points(4, np.random.default_rng(10))
    model = GaussianProcesses([process(case)])
    candidates = torch.tensor(X).unsqueeze(1).requires_grad_()
    posterior = model.posterior(candidates)
    (slopes,) = torch.autograd.grad((posterior.mean + posterior.variance).sum(), candidates)
    expected = process(case).predict(X).pull_back(np.ones((4, 1)), np.ones(4))
    np.testing.assert_allclose(slopes[:, 0].numpy(), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_slope_at_an_observed_point_is_finite(case: Case) -> None:
    candidates = torch.tensor(case.X[:3]).requires_grad_()
    posterior = GaussianProcesses([process(case)]).posterior(candidates)
    (slopes,) = torch.autograd.grad(posterior.mean.sum(), candidates)
    assert torch.isfinite(slopes).all()


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_observation_noise_is_added_once(case: Case) -> None:
    X = torch.tensor(points(3, np.random.default_rng(11)))
    model = GaussianProcesses([process(case)])
    quiet = model.posterior(X).variance
    noisy = model.posterior(X, observation_noise=True).variance
    expected = torch.full_like(quiet, 9.0 * float(np.exp(case.hyper.log_noise)))
    torch.testing.assert_close(noisy - quiet, expected, rtol=0, atol=1e-9)
    told = model.posterior(X, observation_noise=torch.full((3, 1), 0.5, dtype=torch.float64))
    torch.testing.assert_close(told.variance - quiet, torch.full_like(quiet, 0.5))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_fantasies_are_refused(case: Case) -> None:
    model = process(case).extended(case.X[:1] + 0.01, np.zeros((1, 2)))
    with pytest.raises(ShapeError, match="several columns, expected 1"):
        GaussianProcesses([model])
