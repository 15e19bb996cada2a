"""Exact processes against closed forms, brute force and other implementations."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Generator, Tensor

from bosearch.surrogates.botorch_model import GaussianProcesses
from bosearch.surrogates.fit import Recipe
from bosearch.surrogates.gaussian.exact import (
    ExactProcess,
    cholesky,
    fit,
    form_and_log_det,
)
from bosearch.surrogates.gaussian.kernels import (
    Hyper,
    Kernel,
    LinearKernel,
    Stationary,
    matern52,
)
from bosearch.surrogates.gaussian.priors import Gamma, HalfCauchyInverse, LogNormal
from bosearch.surrogates.registry import load
from bosearch.surrogates.schedule import train
from tests.surrogates.zoo import cube, smooth, told

# isort: split
from gpytorch.kernels import MaternKernel, RBFKernel

FREE = Hyper(0.0, -5.0, 5.0)
STATIONARY = Stationary("matern52", torch.tensor([0, 1, 1]), FREE, FREE)
LINEAR = LinearKernel(FREE, FREE)
SPHERE = LinearKernel(FREE, FREE, FREE)
THETA = {STATIONARY: [-0.7, 0.2, 0.4], LINEAR: [0.3, -0.2], SPHERE: [0.3, 0.5, -0.3]}
KERNELS = list(THETA)


def example(kernel: Kernel, n: int = 7, seed: int = 0) -> ExactProcess:
    rng = np.random.default_rng(seed)
    known = np.full(n, np.nan)
    known[2] = 0.3  # the third observation has a noise of its own
    return ExactProcess(
        kernel,
        torch.tensor(THETA[kernel], dtype=torch.float64),
        torch.tensor(math.log(0.05)),
        torch.tensor(0.2),
        torch.tensor(rng.uniform(size=(n, 3))),
        torch.tensor(rng.normal(size=n)),
        torch.tensor(known),
    )


def dense(process: ExactProcess) -> tuple[Tensor, Tensor]:
    """Prior mean and noisy covariance of the observations, by the definition."""
    n = len(process.y)
    noise = torch.full((n,), 0.05, dtype=torch.float64)
    noise[2] = 0.3
    K = process.kernel(process.theta, process.Z, process.Z)
    return torch.full((n,), 0.2, dtype=torch.float64), K + torch.diag(noise)


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_evidence_is_the_density_of_a_multivariate_normal(kernel: Kernel) -> None:
    process = example(kernel)
    mean, cov = (v.numpy() for v in dense(process))
    expected = stats.multivariate_normal(mean, cov).logpdf(process.y.numpy())
    assert float(process.log_evidence) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("kernel", KERNELS)
def test_slopes_of_the_evidence_are_those_of_automatic_differentiation(kernel: Kernel) -> None:
    process = example(kernel)
    theta = process.theta.requires_grad_()
    residual = (process.y - 0.2).requires_grad_()
    C = kernel(theta, process.Z, process.Z) + 0.05 * torch.eye(7, dtype=torch.float64)
    form, log_det = form_and_log_det(C, residual)
    found = torch.autograd.grad(2.0 * form - 3.0 * log_det, (theta, residual), retain_graph=True)
    plain = 2.0 * residual @ torch.linalg.solve(C, residual) - 3.0 * torch.logdet(C)
    for slope, expected in zip(found, torch.autograd.grad(plain, (theta, residual)), strict=True):
        assert torch.allclose(slope, expected, rtol=1e-8)


def test_the_matern_kernel_has_a_slope_where_points_coincide() -> None:
    s = torch.tensor([0.0, 1e-9, 0.3, 40.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(matern52, s[2:].detach().requires_grad_())
    (slope,) = torch.autograd.grad(matern52(s).sum(), s)
    # exp(-r) (1 + r + r^2 / 3) = 1 - r^2 / 6 + O(r^4), and r^2 = 5 s
    assert slope[:2].tolist() == pytest.approx([-5.0 / 6.0, -5.0 / 6.0], rel=1e-8)


@pytest.mark.parametrize("kernel", KERNELS)
def test_predictions_are_those_of_the_joint_normal(kernel: Kernel) -> None:
    process = example(kernel)
    X = torch.tensor(np.random.default_rng(1).uniform(size=(4, 3)))
    mean, noisy = dense(process)
    k = kernel(process.theta, X, process.Z)
    expected = 0.2 + k @ torch.linalg.solve(noisy, process.y - mean)
    covariance = kernel(process.theta, X, X) - k @ torch.linalg.solve(noisy, k.mT)
    found = process.moments(X)
    assert torch.allclose(found[0], expected, atol=1e-7)
    assert torch.allclose(found[1], covariance, atol=1e-7)


@pytest.mark.parametrize("kernel", KERNELS)
def test_what_is_left_out_is_predicted_as_if_it_had_never_been_there(kernel: Kernel) -> None:
    process = example(kernel)
    means, variances = process.leave_one_out()
    for i in range(len(process.y)):
        rest = torch.arange(len(process.y)) != i
        without = process.given(process.Z[rest], process.y[rest], process.known_var[rest])
        mean, cov = without.moments(process.Z[[i]])
        noise = 0.3 if i == 2 else 0.05
        assert float(means[i]) == pytest.approx(float(mean[0]), abs=1e-6)
        assert float(variances[i]) == pytest.approx(float(cov[0, 0]) + noise, abs=1e-6)


@pytest.mark.parametrize("kernel", KERNELS)
def test_draws_have_the_moments_of_the_posterior(kernel: Kernel) -> None:
    process = example(kernel)
    X = torch.tensor(np.random.default_rng(2).uniform(size=(4, 3)))
    values = process.draw(2000, Generator().manual_seed(0))(X)
    mean, cov = process.moments(X)
    error = cov.diagonal().sqrt() / math.sqrt(2000)
    assert ((values.mean(0) - mean).abs() / error).max() < 4.0
    assert torch.allclose(torch.cov(values.mT), cov, atol=0.12 * float(cov.diagonal().max()))


@pytest.mark.parametrize("profile", ["matern52", "rbf"])
def test_stationary_kernels_agree_with_those_of_gpytorch(profile: Any) -> None:
    A, B = (torch.tensor(np.random.default_rng(i).uniform(size=(5, 2))) for i in range(2))
    kernel = Stationary(profile, torch.tensor([0, 1]), FREE, FREE)
    theta = torch.tensor([math.log(0.3), math.log(0.8), math.log(2.0)], dtype=torch.float64)
    theirs = MaternKernel(nu=2.5, ard_num_dims=2) if profile == "matern52" else RBFKernel(2)
    theirs = theirs.double()
    theirs.lengthscale = torch.tensor([[0.3, 0.8]], dtype=torch.float64)
    assert torch.allclose(kernel(theta, A, B), 2.0 * theirs(A, B).to_dense(), atol=1e-9)


def test_the_linear_kernel_is_bayesian_regression_on_its_features() -> None:
    process = example(LINEAR, n=9)
    U = LINEAR.features(process.theta, process.Z)
    phi = torch.cat([torch.ones(9, 1, dtype=U.dtype), U], dim=1)  # n x 4
    prior = torch.diag(torch.cat([process.theta[:1], process.theta[1:].expand(3)]).exp())
    weight = torch.diag(1.0 / dense(process)[1].new_tensor([0.05] * 2 + [0.3] + [0.05] * 6))
    covariance = torch.linalg.inv(torch.linalg.inv(prior) + phi.mT @ weight @ phi)
    coefficients = covariance @ phi.mT @ weight @ (process.y - 0.2)
    X = torch.tensor(np.random.default_rng(3).uniform(size=(5, 3)))
    psi = torch.cat([torch.ones(5, 1, dtype=U.dtype), LINEAR.features(process.theta, X)], dim=1)
    mean, cov = process.moments(X)
    assert torch.allclose(mean, 0.2 + psi @ coefficients, atol=1e-6)
    assert torch.allclose(cov, psi @ covariance @ psi.mT, atol=1e-6)


def test_features_on_the_sphere_have_norm_1_and_the_centre_is_its_pole() -> None:
    Z = torch.tensor(np.random.default_rng(4).uniform(size=(6, 3)))
    U = SPHERE.features(torch.tensor(THETA[SPHERE]), Z)
    assert torch.allclose(U.square().sum(-1), torch.ones(6, dtype=U.dtype))
    centre = SPHERE.features(torch.tensor(THETA[SPHERE]), torch.full((1, 3), 0.5))
    assert torch.allclose(centre, torch.tensor([[0.0, 0.0, 0.0, -1.0]]))


@pytest.mark.parametrize(
    ("prior", "reference"),
    [
        (LogNormal(0.4, 1.3), stats.lognorm(1.3, scale=math.exp(0.4))),
        (Gamma(3.0, 6.0), stats.gamma(3.0, scale=1.0 / 6.0)),
    ],
)
def test_priors_are_the_densities_that_they_are_named_for(prior: Any, reference: Any) -> None:
    x = np.array([0.01, 0.3, 1.0, 4.0])
    assert prior(torch.tensor(np.log(x))).numpy() == pytest.approx(reference.logpdf(x))


def test_the_sparse_prior_is_that_of_an_inverse_square_by_the_rule_of_change() -> None:
    x = np.array([0.2, 1.0, 7.0])
    expected = stats.halfcauchy(scale=0.1).logpdf(x**-2) + np.log(2.0 * x**-3)
    found = HalfCauchyInverse(0.1)(torch.tensor(np.log(x)))
    assert found.numpy() == pytest.approx(expected)


def test_a_fit_ends_where_the_slope_is_0_and_no_neighbour_is_higher() -> None:
    data = smooth(12, 3)
    y = torch.tensor((data.y - data.y.mean()) / data.y.std())
    noise = Hyper(-3.0, -10.0, 2.0, LogNormal(-3.0, 1.0))
    known = torch.full((12,), math.nan, dtype=torch.float64)
    found = fit(STATIONARY, noise, torch.tensor(data.X), y, known)
    best = found.process

    def density(moved: Tensor) -> float:
        process = ExactProcess(
            STATIONARY, moved[:3], moved[3], moved[4], best.Z, best.y, best.known_var
        )
        return float(process.log_evidence + LogNormal(-3.0, 1.0)(moved[3]))

    theta = torch.cat([best.theta, best.log_noise[None], best.mean[None]])
    assert density(theta) == pytest.approx(found.value, abs=1e-9)
    for step in 0.01 * torch.cat([torch.eye(5), -torch.eye(5)]).double():
        moved = torch.clamp(theta + step, -5.0, 5.0)
        assert density(moved) <= found.value + 1e-5


def test_the_default_process_predicts_as_the_one_of_the_strategy() -> None:
    data = smooth(15, 3)
    found = load("gp").fit(data, cube(3), seed=0)
    recipe = Recipe.of(cube(3), "matern52")
    reference: Any = GaussianProcesses([train(data, recipe, None).model])
    X = torch.tensor(np.random.default_rng(1).uniform(size=(4, 2, 3)))
    ours, theirs = found.model.posterior(X), reference.posterior(X)
    assert torch.allclose(ours.mean, theirs.mean, rtol=1e-6)
    assert torch.allclose(ours.variance, theirs.variance, rtol=1e-3, atol=1e-5)
    assert found.noise_var == pytest.approx(reference.outputs[0].noise_var)


def test_known_noise_is_what_observations_of_the_model_carry() -> None:
    data = told(smooth(9, 2).X, smooth(9, 2).y, sem=0.7)
    for name in ("gp", "gp-gamma", "linear"):
        assert load(name).fit(data, cube(2), seed=0).noise_var == pytest.approx(0.49)


def test_what_cannot_be_factored_is_an_arithmetic_error() -> None:
    with pytest.raises(ArithmeticError, match="not positive definite, even with jitter"):
        cholesky(torch.tensor([[1.0, 2.0], [2.0, 1.0]], dtype=torch.float64))
