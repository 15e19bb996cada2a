"""Ensembles as BoTorch models: against loops over members, and exact sums."""

from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Generator, Tensor

from bosearch.surrogates.coordinates import Coordinates
from bosearch.surrogates.networks.members import (
    EnumeratingSampler,
    MembersModel,
    Networks,
    counted_out,
)
from bosearch.surrogates.networks.mlp import BatchedMLP
from tests.surrogates.zoo import cube

# isort: split
from botorch.acquisition.logei import qLogExpectedImprovement
from botorch.acquisition.monte_carlo import qExpectedImprovement
from botorch.models.model import ModelList
from botorch.sampling.get_sampler import get_sampler


@dataclass(frozen=True)
class Constants:
    """Functions that are numbers."""

    values: Tensor

    @property
    def count(self) -> int:
        return len(self.values)

    def __call__(self, Z: Tensor) -> Tensor:
        return self.values[:, None] + 0.0 * Z[:, 0]

    def pick(self, index: Tensor) -> "Constants":
        return Constants(self.values[index])


def constants(values: list[float], weights: list[float] | None = None, key: int = 0) -> Any:
    weighted = None if weights is None else torch.tensor(weights, dtype=torch.float64)
    members = Constants(torch.tensor(values, dtype=torch.float64))
    return MembersModel(
        Coordinates(cube(2)),
        members,
        location=10.0,
        spread=2.0,
        noise_var=0.5,
        weights=weighted,
        key=key,
    )


def networks(S: int) -> Any:
    net = BatchedMLP(widths=(6,))
    z = net.init(S, 2, Generator().manual_seed(0), torch.float64)
    return MembersModel(
        Coordinates(cube(2)), Networks(net, z), location=10.0, spread=2.0, noise_var=0.5
    )


X = torch.rand(3, 2, 2, generator=Generator().manual_seed(1), dtype=torch.float64)


def sampled(model: Any, count: int, *, seed: int = 3, noise: bool = False) -> Tensor:
    posterior = model.posterior(X, observation_noise=noise)
    return torch.as_tensor(get_sampler(posterior, torch.Size([count]), seed=seed)(posterior))


def test_a_batch_equals_a_loop_over_members_and_points() -> None:
    model = networks(5)
    values = model.posterior(X).values  # 3 x 5 x 2 x 1
    for i in range(3):
        for s in range(5):
            one = model.members.pick(torch.tensor([s]))(X[i])[0]
            torch.testing.assert_close(values[i, s, :, 0], 10.0 + 2.0 * one)


def test_moments_are_those_of_the_weighted_members() -> None:
    posterior = constants([0.0, 1.0, 2.0], [0.5, 0.25, 0.25]).posterior(X[0])
    assert posterior.mean[0, 0].item() == pytest.approx(10.0 + 2.0 * 0.75)
    # Reliability weights: sum w (f - mean)^2 / (1 - sum w^2).
    assert posterior.variance[0, 0].item() == pytest.approx(4.0 * 0.6875 / (1.0 - 0.375))


def test_as_many_draws_as_members_are_the_members() -> None:
    model = networks(7)
    draws = sampled(model, 7)  # 7 x 3 x 2 x 1
    values = model.posterior(X).values.movedim(1, 0)
    assert torch.equal(draws.sort(0).values, values.sort(0).values)


def test_one_draw_is_one_member_at_all_points_of_all_batches() -> None:
    model = networks(7)
    draws = sampled(model, 20)
    values = model.posterior(X).values.movedim(1, 0)
    for draw in draws:
        assert any(torch.equal(draw, member) for member in values)


def test_the_same_draws_come_for_other_batches_of_points() -> None:
    model = networks(7)
    sampler = EnumeratingSampler(torch.Size([5]), seed=2)
    whole = sampler(model.posterior(X))
    assert torch.equal(sampler(model.posterior(X[1])), whole[:, 1])


@pytest.mark.parametrize("count", [1, 3, 10, 64])
def test_members_are_counted_in_proportion_to_their_weights(count: int) -> None:
    weights = torch.tensor([0.5, 0.0, 0.3, 0.2], dtype=torch.float64)
    index = counted_out(weights, count, Generator().manual_seed(0))
    often = torch.bincount(index, minlength=4)
    assert ((often - count * weights).abs() < 1.0).all()
    assert often[1] == 0


def test_members_with_equal_weights_do_not_repeat_before_all_have_come() -> None:
    weights = torch.full((9,), 1.0 / 9.0, dtype=torch.float64)
    for count in (4, 9):
        assert len(set(counted_out(weights, count, Generator().manual_seed(1)).tolist())) == count


@pytest.mark.filterwarnings("ignore::botorch.exceptions.warnings.NumericsWarning")
def test_expected_improvement_is_the_exact_mean_over_members() -> None:
    model = constants([-1.0, 0.0, 1.0, 2.0])  # 8, 10, 12, 14
    sampler = EnumeratingSampler(torch.Size([4]), seed=0)
    acquisition = qExpectedImprovement(model, best_f=11.0, sampler=sampler)
    assert acquisition(X)[0].item() == pytest.approx((1.0 + 3.0) / 4.0)
    smooth = qLogExpectedImprovement(model, best_f=11.0, sampler=sampler)
    assert smooth(X[:, :1])[0].exp().item() == pytest.approx(1.0, rel=1e-3)  # smoothed: tau = 1e-6


def test_noise_is_added_when_asked_for_only() -> None:
    model = constants([0.0])
    plain, noisy = model.posterior(X), model.posterior(X, observation_noise=True)
    torch.testing.assert_close(noisy.variance - plain.variance, torch.full((3, 2, 1), 0.5).double())
    draws = sampled(model, 4000, noise=True)
    assert draws.var(0)[0, 0].item() == pytest.approx(0.5, abs=4.0 * 0.5 * (2.0 / 4000) ** 0.5)
    assert sampled(model, 5).std(0).max() == 0.0


def test_a_single_member_has_a_positive_variance() -> None:
    assert (constants([0.3]).posterior(X).variance > 0.0).all()
    assert (constants([0.3, 0.5], [1.0, 0.0]).posterior(X).variance > 0.0).all()


def test_independent_outputs_do_not_pair_the_same_members() -> None:
    numbers = [float(i) for i in range(8)]
    pair = ModelList(constants(numbers, key=1), constants(numbers, key=2))
    posterior = pair.posterior(X)
    draws = get_sampler(posterior, torch.Size([512]), seed=0)(posterior)[:, 0, 0]  # 512 x 2
    assert len({tuple(draw) for draw in draws.tolist()}) > 56  # of 64 pairs
    # A permutation of 8 values 64 times each: the correlation has a spread of 1 / sqrt(511).
    assert abs(float(torch.corrcoef(draws.T)[0, 1])) < 4.0 / 511**0.5


def test_draws_without_a_sampler_are_members() -> None:
    draws = networks(4).posterior(X).rsample(torch.Size([4]))
    assert draws.shape == (4, 3, 2, 1)
