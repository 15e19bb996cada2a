"""The density of hyperparameters and its gradient, against GPyTorch and differences."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import stats

from bosearch.surrogates.kernel import KERNELS
from bosearch.surrogates.likelihood import log_posterior
from tests.surrogates.mixed_cases import CASES, Case

gpytorch = pytest.importorskip("gpytorch")

Array = NDArray[np.float64]


def density(case: Case, theta: Array) -> tuple[float, Array]:
    return log_posterior(
        theta,
        case.observations,
        embedding=case.recipe.embedding,
        kernel=case.recipe.kernel,
        priors=case.recipe.priors,
        jitter=0.0,
    )


@pytest.mark.parametrize("power", [None, 0.3, 1.6])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_gradient_equals_central_differences(case: Case, power: float | None) -> None:
    theta = replace(case.hyper, power=power).vector()
    _, gradient = density(case, theta)
    for i, direction in enumerate(np.eye(len(theta))):
        h = 1e-5
        slope = density(case, theta + h * direction)[0] - density(case, theta - h * direction)[0]
        # Truncation h^2 and rounding 1e-16 / h of values around 100.
        assert gradient[i] == pytest.approx(slope / (2 * h), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("case", [CASES["rbf"], CASES["matern52"]], ids=["rbf", "matern52"])
def test_value_equals_gpytorch_with_the_same_hyperparameters(case: Case) -> None:
    hyper, observations = case.hyper, case.observations
    Z = torch.tensor(observations.Z)
    kernel = gpytorch.kernels.RBFKernel(ard_num_dims=Z.shape[1])
    if case.recipe.kernel is KERNELS["matern52"]:
        kernel = gpytorch.kernels.MaternKernel(nu=2.5, ard_num_dims=Z.shape[1])
    kernel = kernel.double()
    scales = np.exp(hyper.log_lengthscales)[case.recipe.embedding.scales]
    kernel.lengthscale = torch.tensor(scales)
    noise = torch.tensor(observations.noise(hyper.log_noise))
    with torch.no_grad():
        cov = np.exp(hyper.log_signal) * kernel(Z).to_dense() + torch.diag(noise)
        normal: Any = torch.distributions.MultivariateNormal(
            torch.full((len(noise),), hyper.mean, dtype=torch.float64), cov
        )
        expected = normal.log_prob(torch.tensor(observations.y))
        priors = case.recipe.priors
        for prior, log_value in [
            (priors.lengthscale, hyper.log_lengthscales),
            (priors.signal, np.array([hyper.log_signal])),
            (priors.noise, np.array([hyper.log_noise])),
        ]:
            reference = gpytorch.priors.LogNormalPrior(
                torch.tensor(prior.loc, dtype=torch.float64),
                torch.tensor(prior.scale, dtype=torch.float64),
            )
            log_prob: Any = reference.log_prob
            expected = expected + log_prob(torch.tensor(np.exp(log_value))).sum()
    value, _ = density(case, hyper.vector())
    assert value == pytest.approx(expected.item(), abs=1e-8)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_warped_values_have_the_density_of_their_image_times_the_slopes(case: Case) -> None:
    power = 0.6
    y = case.observations.y
    image = replace(case, observations=replace(case.observations, y=stats.yeojohnson(y, power)))
    slopes = (1.0 + np.abs(y)) ** np.where(y >= 0.0, power - 1.0, 1.0 - power)
    prior = stats.norm.logpdf(power, 1.0, 0.5)
    value, _ = density(case, replace(case.hyper, power=power).vector())
    plain, _ = density(image, case.hyper.vector())
    assert value == pytest.approx(plain + np.log(slopes).sum() + prior)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_covariance_that_cannot_be_factored_has_density_zero(case: Case) -> None:
    theta = case.hyper.vector()
    theta[0] = np.nan
    assert density(case, theta)[0] == -np.inf
