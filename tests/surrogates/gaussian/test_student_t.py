"""The t process against integration over its scale."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy import integrate, stats
from torch import Tensor

from bosearch.errors import SurrogateError
from bosearch.surrogates.gaussian.exact import ExactProcess
from bosearch.surrogates.gaussian.kernels import Hyper, Stationary
from bosearch.surrogates.gaussian.student_t import FittedT, StudentT, log_evidence
from bosearch.surrogates.gaussian.t_model import StudentTPosterior
from bosearch.surrogates.interface import FitReport
from bosearch.surrogates.training import TrainingSet
from tests.surrogates.zoo import cube, smooth, told

# isort: split
from botorch.sampling.get_sampler import get_sampler

KERNEL = Stationary("matern52", torch.tensor([0, 1]), Hyper(0.0, -5.0, 5.0), None)
A, B = 2.0, 1.5
DATA = smooth(6, 2)
X = torch.tensor(np.random.default_rng(1).uniform(size=(3, 2)))


def example() -> FittedT:
    training = TrainingSet.of(DATA, cube(2))
    process = ExactProcess(
        KERNEL,
        torch.tensor([-0.5, 0.1], dtype=torch.float64),
        torch.tensor(math.log(0.05)),
        torch.tensor(0.1),
        training.Z,
        training.y,
        training.known_var,
    )
    return FittedT(training, process, A, B, FitReport(seconds=0.0))


def joint_density(y: Tensor, Z: Tensor) -> float:
    """Density of values at points, the scale integrated out by quadrature."""
    K = KERNEL(torch.tensor([-0.5, 0.1], dtype=torch.float64), Z, Z).numpy()
    K = K + (0.05 + 1e-9) * np.eye(len(y))
    prior = stats.invgamma(A, scale=B)

    def integrand(log_scale: float) -> float:
        scale = math.exp(log_scale)
        normal = stats.multivariate_normal(np.full(len(y), 0.1), scale * K)
        return float(normal.pdf(y.numpy()) * prior.pdf(scale) * scale)

    return float(integrate.quad(integrand, -6.0, 8.0, epsabs=0.0, epsrel=1e-10)[0])


def test_the_evidence_is_the_integral_over_the_scale() -> None:
    process = example().process
    expected = math.log(joint_density(process.y, process.Z))
    assert float(log_evidence(process, A, B)) == pytest.approx(expected, abs=1e-7)


def test_a_prediction_has_the_density_of_the_ratio_of_integrals() -> None:
    found = example()
    units, process = found.training, found.process
    posterior = found.model.posterior(X[:1], observation_noise=True)
    below = joint_density(process.y, process.Z)
    scale = float(posterior.scale[0, 0]) ** 0.5
    for value in (-1.0, 0.3, 4.0):
        y = torch.cat([process.y, torch.tensor([value], dtype=torch.float64)])
        expected = joint_density(y, torch.cat([process.Z, X[:1]])) / below / units.spread
        observed = units.location + units.spread * value
        found_density = stats.t(found.dof, float(posterior.mean), scale).pdf(observed)
        assert found_density == pytest.approx(expected, rel=1e-5)


def test_values_left_out_are_predicted_as_the_ratio_of_integrals_too() -> None:
    found = example()
    y, Z = found.process.y, found.process.Z
    densities = found.leave_one_out()
    for i in range(len(y)):
        rest = torch.arange(len(y)) != i
        ratio = joint_density(y, Z) / joint_density(y[rest], Z[rest])
        expected = math.log(ratio / found.training.spread)
        assert densities[i] == pytest.approx(expected, abs=1e-6)


def test_draws_share_one_scale_and_have_the_moments_of_the_t() -> None:
    location = torch.tensor([1.0, -2.0], dtype=torch.float64)
    scale = torch.tensor([[2.0, 0.7], [0.7, 1.0]], dtype=torch.float64)
    posterior = StudentTPosterior(location, scale, dof=6.0)
    samples = get_sampler(posterior, torch.Size([1 << 14]), seed=0)(posterior)[..., 0].numpy()
    assert samples.mean(0) == pytest.approx(location.numpy(), abs=0.02)
    assert np.cov(samples.T) == pytest.approx(1.5 * scale.numpy(), abs=0.08)
    root = np.linalg.cholesky(scale.numpy())
    radius = (np.linalg.solve(root, (samples - location.numpy()).T) ** 2).sum(0) / 2.0
    assert stats.kstest(radius, stats.f(2, 6.0).cdf).pvalue > 1e-3  # a joint t, not two of them
    one = stats.t(6.0, 1.0, math.sqrt(2.0))
    assert stats.kstest(samples[:, 0], one.cdf).pvalue > 1e-3


def test_functions_are_draws_of_the_same_t() -> None:
    found = example()
    posterior: Any = found.model.posterior(X)
    values = found.functions(4000, seed=0)(X).numpy()
    for k in range(len(X)):
        size = float(posterior.scale[k, k]) ** 0.5
        marginal = stats.t(found.dof, float(posterior.mean[k]), size)
        assert stats.kstest(values[:, k], marginal.cdf).pvalue > 1e-3


@pytest.mark.parametrize("kernel", ["matern52", "ibnn"])
@pytest.mark.parametrize("sem", [0.2, 3.0, 40.0])
def test_known_noise_keeps_its_variance_whatever_the_scale(kernel: Any, sem: float) -> None:
    data = told(DATA.X, DATA.y, sem=sem)  # spread about 5
    found = StudentT(kernel=kernel).fit(data, cube(2), seed=0)
    assert found.noise_var == pytest.approx(sem**2, rel=1e-6)
    more = told(np.vstack([DATA.X, X.numpy()]), np.append(DATA.y, [90.0, 20.0, 30.0]), sem=sem)
    assert found.update(more).noise_var == pytest.approx(sem**2, rel=1e-6)


def test_repeats_that_differ_by_more_than_their_noise_allows_are_averaged() -> None:
    twice = np.vstack([DATA.X, DATA.X])
    data = told(twice, np.append(DATA.y, DATA.y + 10.0), sem=1e-9)
    posterior: Any = StudentT().fit(data, cube(2), seed=0).model.posterior(torch.tensor(DATA.X))
    assert posterior.mean[:, 0].numpy() == pytest.approx(DATA.y + 5.0, abs=1.0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kernel": "rbf"}, "kernel must be one of matern52, ibnn, got 'rbf'"),
        ({"shape": 0.5}, "shape less 0.5 must be a number above 0"),
        ({"rate": 0.0}, "rate must be a number above 0, got 0.0"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(SurrogateError, match=message):
        StudentT(**options)


def test_an_infinite_network_can_be_the_kernel() -> None:
    found = StudentT(kernel="ibnn").fit(smooth(10, 2), cube(2), seed=0)
    assert found.dof == 14.0
    assert np.isfinite(found.leave_one_out()).all()
