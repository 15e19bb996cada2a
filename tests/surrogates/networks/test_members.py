"""Members as a BoTorch model: enumeration, weights, left-out densities."""

import math
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pytest
import torch
from torch import Generator, Tensor

from bosearch.errors import SurrogateError
from bosearch.surrogates.interface import FitReport
from bosearch.surrogates.networks.fitted import FittedMembers
from bosearch.surrogates.networks.importance import effective, leave_one_out, reweighted
from bosearch.surrogates.networks.members import MembersModel, NetworkMembers, systematic
from bosearch.surrogates.networks.mlp import BatchedMLP
from bosearch.surrogates.schedule import Data
from bosearch.surrogates.training import TrainingSet
from tests.surrogates.zoo import cube, smooth, told

# isort: split
from botorch.acquisition.logei import qLogExpectedImprovement
from botorch.optim import optimize_acqf
from botorch.sampling.get_sampler import get_sampler

D = 2
DATA = smooth(8, D)


@dataclass(frozen=True, eq=False)
class Constants:
    """Functions that are the same everywhere."""

    levels: Tensor

    def __len__(self) -> int:
        return len(self.levels)

    def __call__(self, Z: Tensor) -> Tensor:
        return self.levels[:, None] + 0.0 * Z[:, 0]

    def select(self, index: Tensor) -> Self:
        return type(self)(self.levels[index])


def networks(count: int) -> NetworkMembers:
    mlp = BatchedMLP((6,))
    return NetworkMembers(mlp, mlp.init(count, D, Generator().manual_seed(0)))


def example(count: int = 16, noise: float = 0.1, data: Data = DATA) -> FittedMembers:
    training = TrainingSet.of(data, cube(D))
    return FittedMembers.of(training, networks(count), noise, FitReport(seconds=0.0))


def points(*shape: int) -> Tensor:
    return torch.rand((*shape, D), generator=Generator().manual_seed(1), dtype=torch.float64)


def drawn(model: MembersModel, X: Tensor, count: int, *, noise: bool = False) -> Tensor:
    posterior = model.posterior(X, observation_noise=noise)
    samples: Tensor = get_sampler(posterior, torch.Size([count]), seed=3)(posterior)
    return samples


def test_as_many_samples_as_members_are_each_member_once() -> None:
    found = example()
    X = points(3, 2)
    each = [found.members(x) * found.training.spread + found.training.location for x in X]
    samples = drawn(found.model, X, 16)[..., 0]
    order = samples[:, 0, 0].argsort().argsort()  # of the samples, by their first value
    expected = torch.stack(each, dim=1)
    ranked = expected[expected[:, 0, 0].argsort()]
    torch.testing.assert_close(samples, ranked[order])


@pytest.mark.parametrize("count", [5, 16, 37, 128])
def test_members_are_drawn_as_often_as_their_weight_says(count: int) -> None:
    weights = torch.rand(16, generator=Generator().manual_seed(2), dtype=torch.float64)
    weights /= weights.sum()
    times = torch.bincount(systematic(weights, count), minlength=16)
    assert int(times.sum()) == count
    assert ((times - count * weights).abs() < 1.0 + 1e-9).all()


def test_samples_have_the_mean_and_variance_of_the_weighted_members() -> None:
    weights = torch.rand(16, generator=Generator().manual_seed(2), dtype=torch.float64)
    weights /= weights.sum()
    fit = example()
    model = MembersModel(
        fit.training.coordinates,
        fit.members,
        weights,
        location=1.0,
        spread=2.0,
        noise_var=0.3,
    )
    X = points(2)
    values = 1.0 + 2.0 * fit.members(X)
    mean = weights @ values
    unbiased = (weights @ (values - mean) ** 2) / (1.0 - weights @ weights)
    posterior: Any = model.posterior(X)
    torch.testing.assert_close(posterior.mean[:, 0], mean)
    torch.testing.assert_close(posterior.variance[:, 0], unbiased)
    samples = drawn(model, X, 4096)[..., 0]
    # Each member is drawn to within one of its due times.
    torch.testing.assert_close(samples.mean(0), mean, atol=16 * 8.0 / 4096, rtol=0.0)
    noisy = drawn(model, X, 4096, noise=True)[..., 0]
    excess = (noisy - samples).var(0)
    torch.testing.assert_close(excess, torch.full_like(excess, 0.3), rtol=0.1, atol=0.0)


def test_a_sample_is_one_member_at_all_points_of_all_batches() -> None:
    model = example().model
    X = points(5, 4)
    apart = torch.stack([drawn(model, x, 40) for x in X], dim=1)
    torch.testing.assert_close(drawn(model, X, 40), apart)


def test_outputs_are_paired_differently() -> None:
    X = points(1)
    other = told(DATA.X, -DATA.y)
    sets = [drawn(example(data=data).model, X, 16)[:, 0, 0] for data in (DATA, other)]
    assert not torch.equal(sets[0].argsort(), sets[1].argsort())


def test_functions_are_members_without_replacement_while_there_are_enough() -> None:
    found = example()
    X = points(1)
    assert len(found.functions(16, seed=5)(X).unique()) == 16
    assert len(found.functions(9, seed=5)(X).unique()) == 9
    _, times = found.functions(40, seed=5)(X).unique(return_counts=True)
    assert set(times.tolist()) == {2, 3}


def test_weights_are_those_of_bayes_rule_on_the_members() -> None:
    found = example(noise=4.0)
    x = np.array([[0.3, 0.6]])
    y = 40.0
    updated = found.update(told(np.vstack([DATA.X, x]), np.append(DATA.y, y)))
    values = found.members(torch.tensor(x))[:, 0] * found.training.spread + found.training.location
    density = torch.exp(-0.5 * (y - values) ** 2 / (4.0 * found.training.spread**2))
    torch.testing.assert_close(updated.log_weights.exp(), density / density.sum())
    assert updated.report.ess == pytest.approx(effective(updated.log_weights))


def test_a_mean_and_left_out_densities_follow_a_conjugate_model() -> None:
    """Levels from the posterior of a normal mean, in one dimension; many of them."""
    rng = Generator().manual_seed(3)
    y = torch.randn(6, generator=rng, dtype=torch.float64)
    var, count = 0.5, 20_000

    def posterior(y: Tensor) -> tuple[float, float]:
        precision = 1.0 + len(y) / var
        return float(y.sum()) / var / precision, 1.0 / precision

    mean, spread2 = posterior(y)
    levels = mean + math.sqrt(spread2) * torch.randn(count, generator=rng, dtype=torch.float64)
    each = torch.distributions.Normal(levels[:, None], math.sqrt(var)).log_prob(y)
    equal = torch.zeros(count, dtype=torch.float64).log_softmax(0)
    found, warnings = leave_one_out(equal, each)
    assert warnings == ()
    for i in range(6):
        m, s2 = posterior(torch.cat([y[:i], y[i + 1 :]]))
        exact = torch.distributions.Normal(m, math.sqrt(s2 + var)).log_prob(y[i])
        assert float(found[i]) == pytest.approx(float(exact), abs=0.02)  # 4 standard errors
    more = torch.tensor([0.4], dtype=torch.float64)
    new = torch.distributions.Normal(levels, math.sqrt(var)).log_prob(more)
    weights, warnings = reweighted(equal, new)
    assert warnings == ()
    assert float(weights.exp() @ levels) == pytest.approx(
        posterior(torch.cat([y, more]))[0], abs=4.0 * math.sqrt(spread2 / count)
    )


def test_few_effective_members_are_reported_and_one_alone_never_decides() -> None:
    equal = torch.zeros(20, dtype=torch.float64).log_softmax(0)
    pull = torch.arange(20, dtype=torch.float64)
    weights, warnings = reweighted(equal, 0.5 * pull)
    assert effective(weights) < 5.0
    assert "a fit is due" in warnings[0]
    weights, warnings = reweighted(equal, 1e4 * pull)
    assert effective(weights) == pytest.approx(2.0, abs=1e-6)
    assert "one of 20 members would carry all the weight" in warnings[0]
    again, _ = reweighted(weights, 1e4 * pull)
    assert torch.isfinite(again.exp()).all()


def test_densities_that_rest_on_one_member_are_reported() -> None:
    training = TrainingSet.of(DATA, cube(D))
    levels = Constants(torch.tensor([0.0, 3.0, 4.0], dtype=torch.float64))
    found = FittedMembers.of(training, levels, 0.01, FitReport(seconds=0.0))
    assert "densities of left-out values rest on one member" in found.report.warnings[0]


def test_members_that_agree_have_a_variance_whose_root_has_a_slope() -> None:
    training = TrainingSet.of(DATA, cube(D))
    levels = Constants(torch.ones(3, dtype=torch.float64))
    found = FittedMembers.of(training, levels, torch.ones(3), FitReport(seconds=0.0))
    X = points(2).requires_grad_()
    posterior: Any = found.model.posterior(X)
    assert (posterior.variance > 0.0).all()
    (slope,) = torch.autograd.grad(posterior.variance.sqrt().sum(), X)
    assert torch.isfinite(slope).all()


def test_an_update_needs_the_observations_that_were_fitted() -> None:
    with pytest.raises(SurrogateError, match="needs the 8 observations"):
        example().update(smooth(9, D, seed=4))


def test_values_that_are_not_finite_are_refused() -> None:
    training = TrainingSet.of(DATA, cube(D))
    levels = Constants(torch.tensor([0.0, math.inf], dtype=torch.float64))
    with pytest.raises(ArithmeticError, match="not finite"):
        FittedMembers.of(training, levels, 1.0, FitReport(seconds=0.0))


@pytest.mark.filterwarnings("ignore::botorch.exceptions.warnings.InputDataWarning")
def test_the_surface_of_improvement_can_be_climbed() -> None:
    model = example().model
    posterior: Any = model.posterior(points(1))
    sampler = get_sampler(posterior, torch.Size([16]), seed=0)
    acquisition = qLogExpectedImprovement(model, best_f=float(DATA.y.mean()), sampler=sampler)
    bounds = torch.tensor([[0.0] * D, [1.0] * D], dtype=torch.float64)
    options = {"seed": 0, "maxiter": 30}
    X, value = optimize_acqf(
        acquisition, bounds, q=2, num_restarts=2, raw_samples=32, options=options
    )
    grid = acquisition(points(512, 2))
    assert X.shape == (2, D)
    assert float(value) > float(grid.max()) - 1e-3
