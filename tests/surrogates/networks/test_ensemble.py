"""Randomised maxima a posteriori: against exact answers for linear networks."""

import math

import numpy as np
import pytest
import torch
from torch import Generator, Tensor

from bosearch.errors import SurrogateError
from bosearch.surrogates.networks.descent import descend
from bosearch.surrogates.networks.ensemble import Ensemble, Problems
from bosearch.surrogates.networks.mlp import Activation, BatchedMLP
from bosearch.surrogates.networks.scale import Scale, choose, evidence, variances
from bosearch.surrogates.registry import load
from bosearch.surrogates.training import TrainingSet
from tests.surrogates.zoo import cube, told

D, VAR = 3, 0.3


def line(n: int = 12, sem: float = np.nan) -> TrainingSet:
    rng = np.random.default_rng(0)
    X = rng.uniform(size=(n, D))
    y = X @ [1.0, -2.0, 0.5] + 0.3 * rng.normal(size=n)
    return TrainingSet.of(told(X, y, sem), cube(D))


def rows(Z: Tensor, weight_std: float = 1.2, bias_std: float = 0.8) -> Tensor:
    """``b x (D + 1)``: what a linear network's whitened weights are multiplied by."""
    slopes = weight_std / math.sqrt(D) * (2.0 * Z - 1.0)
    return torch.cat([slopes, torch.full_like(slopes[:, :1], bias_std)], dim=-1)


def linear(members: int) -> Ensemble:
    return Ensemble(
        widths=(), members=members, steps=1500, weight_std=1.2, bias_std=0.8, noise_var=VAR
    )


def test_linear_members_are_draws_from_the_exact_posterior() -> None:
    """Bishop (2006), eqs. 3.53 and 3.54; four standard errors of 3000 draws."""
    training, S = line(), 3000
    data = told(training.Z.numpy(), training.y.numpy() * training.spread + training.location)
    found = linear(S).fit(data, cube(D), seed=0)
    J = rows(training.Z)
    cov = torch.linalg.inv(J.mT @ J / VAR + torch.eye(D + 1, dtype=torch.float64))
    new = torch.rand((5, D), generator=Generator().manual_seed(1), dtype=torch.float64)
    mean = rows(new) @ cov @ J.mT @ training.y / VAR
    exact = rows(new) @ cov @ rows(new).mT
    values = found.members(new)
    std = exact.diagonal().sqrt()
    assert float(((values.mean(0) - mean).abs() / std).max()) < 4.0 / math.sqrt(S)
    error = (values.T.cov() - exact).abs() / (std[:, None] * std)
    assert float(error.max()) < 4.0 * math.sqrt(2.0 / S)


def test_each_linear_member_solves_its_own_problem() -> None:
    training, recipe = line(), linear(4)
    generator = Generator().manual_seed(0)
    scale = recipe.scale(training, generator)
    problems, start = recipe.problems(training, scale, generator)
    assert torch.equal(start, problems.anchors)
    found = descend(problems.slope, start, steps=1500, rate=0.02)
    J = rows(training.Z)
    H = J.mT @ J / VAR + torch.eye(D + 1, dtype=torch.float64)
    for s in range(4):
        solved = torch.linalg.solve(H, J.mT @ problems.targets[s] / VAR + problems.anchors[s])
        torch.testing.assert_close(found[s], solved, rtol=0.0, atol=1e-6)


def test_members_do_not_see_each_other() -> None:
    training, recipe = line(), Ensemble(widths=(5,), members=3, weight_std=1.0, noise_var=VAR)
    generator = Generator().manual_seed(0)
    scale = recipe.scale(training, generator)
    problems, start = recipe.problems(training, scale, generator)
    assert (problems.loss(start) > 0.0).all()
    for s in range(3):
        loss = 0.5 * (problems.targets[s] - scale.mlp.forward(start[s : s + 1], training.Z)[0]) ** 2
        assert float(problems.loss(start)[s]) == pytest.approx(float(loss.sum() / VAR))
        leaf = start.clone().requires_grad_()
        (slope,) = torch.autograd.grad(problems.loss(leaf)[s], leaf)
        torch.testing.assert_close(slope[s], problems.slope(start)[s])
        assert int((slope.abs().sum(-1) > 0.0).sum()) == 1


def test_a_flat_prior_is_one_of_unscaled_weights() -> None:
    """Differences of the distance are those of the log density of N(0, 10) of each weight."""
    training = line()
    recipe = Ensemble(
        widths=(5,), members=2, weight_std=0.6, noise_var=0.1, flat_prior_var=10.0, subset=0.8
    )
    generator = Generator().manual_seed(0)
    scale = recipe.scale(training, generator)
    problems, z = recipe.problems(training, scale, generator)
    k, h = D * 5, 0.6 / math.sqrt(D)
    flat = torch.cat([z[:, :k] * h, z[:, k : k + 5]], dim=-1)
    last = torch.cat([z[:, k + 5 : -1] * 0.6 / math.sqrt(5.0), z[:, -1:]], dim=-1)
    squares = flat.square().sum(-1) + last.square().sum(-1)
    distance = (problems.stiffness * (z - problems.anchors).square()).sum(-1)
    torch.testing.assert_close(distance, squares / 10.0)
    assert ((problems.precisions > 0.0).sum(-1) == 10).all()  # of 12
    assert torch.equal(problems.targets, training.y.expand(2, -1))


def test_the_preset_of_the_study_starts_as_its_networks_did() -> None:
    """PyTorch draws weights of fan-in k evenly from -1/sqrt(k) to 1/sqrt(k): variance 1/(3 k)."""
    recipe = load("paper-ensemble")
    assert isinstance(recipe, Ensemble)
    assert recipe.weight_std is not None
    mlp = BatchedMLP(recipe.widths, recipe.activation, recipe.weight_std, recipe.bias_std)
    stds = mlp.stds(D)
    assert float(stds[0]) ** 2 == pytest.approx(1.0 / (3.0 * D))
    assert float(stds[-2]) ** 2 == pytest.approx(1.0 / (3.0 * 128))
    assert (recipe.members, recipe.subset, recipe.flat_prior_var) == (10, 0.8, 10.0)


def test_known_noise_is_what_members_reckon_with() -> None:
    training = line(sem=0.4)
    scaled = (0.4 / training.spread) ** 2
    assert variances(training, 0.7).tolist() == pytest.approx([scaled] * 12)
    data = told(training.Z.numpy(), training.y.numpy(), sem=0.4)
    found = Ensemble(widths=(4,), members=2, steps=5).fit(data, cube(D), seed=0)
    assert found.noise_var == pytest.approx(0.16)


def test_the_evidence_of_a_linear_network_is_exact() -> None:
    training = line()
    mlp = BatchedMLP((), weight_std=1.2, bias_std=0.8)
    found = choose(mlp, training, Generator().manual_seed(0), weight_stds=(1.2,), noise_vars=(VAR,))
    J = rows(training.Z)
    covariance = J @ J.mT + VAR * torch.eye(12, dtype=torch.float64)
    zero = torch.zeros(12, dtype=torch.float64)
    exact = torch.distributions.MultivariateNormal(zero, covariance).log_prob(training.y)
    assert found.log_evidence == pytest.approx(float(exact), abs=1e-9)


def test_the_evidence_finds_the_noise_and_rejects_a_smooth_prior_for_a_wild_function() -> None:
    rng = np.random.default_rng(1)
    X = rng.uniform(size=(60, 1))
    choices: list[Scale] = []
    for frequency in (1.0, 25.0):
        y = np.sin(frequency * X[:, 0]) + 0.1 * rng.normal(size=60)
        training = TrainingSet.of(told(X, y), cube(1))
        choices.append(choose(BatchedMLP((32, 32)), training, Generator().manual_seed(0)))
    assert choices[0].mlp.weight_std < choices[1].mlp.weight_std
    noise_var = 0.01 / np.var(np.sin(X[:, 0]), ddof=1)  # standardised; chosen from half decades
    assert choices[0].noise_var == pytest.approx(noise_var, rel=2.2)


def test_a_covariance_that_cannot_be_factored_has_no_evidence() -> None:
    K = torch.tensor([[1.0, 2.0], [2.0, 1.0]], dtype=torch.float64)
    assert evidence(K, torch.zeros(2, dtype=torch.float64), torch.full((2,), 1e-4)) == -math.inf


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"widths": 64}, "widths must be a list of numbers, got 64"),
        ({"widths": (8, 0)}, "each of widths must be a whole number from 1, got 0"),
        ({"activation": "sine"}, "activation must be one of tanh, relu, gelu, got 'sine'"),
        ({"members": 1}, "members must be a whole number from 2, got 1"),
        ({"subset": 1.5}, "subset must be at most 1, got 1.5"),
        ({"noise_var": -1.0}, "noise_var must be a number above 0, got -1.0"),
    ],
)
def test_wrong_options_are_refused_by_name(options: dict[str, object], message: str) -> None:
    with pytest.raises(SurrogateError, match=message):
        Ensemble(**options)  # type: ignore[arg-type]


def test_widths_of_a_file_are_a_tuple() -> None:
    assert Ensemble(widths=[8, 8]) == Ensemble(widths=(8, 8))  # type: ignore[arg-type]


@pytest.mark.parametrize("activation", ["tanh", "relu", "gelu"])
@pytest.mark.parametrize("widths", [(), (4,), (5, 3)])
def test_slopes_written_out_are_automatic_ones(
    widths: tuple[int, ...], activation: Activation
) -> None:
    generator = Generator().manual_seed(0)
    mlp = BatchedMLP(widths, activation, weight_std=1.3, bias_std=0.7)
    z, anchors = mlp.init(3, 2, generator), mlp.init(3, 2, generator)
    Z = torch.rand(6, 2, generator=generator, dtype=torch.float64)
    targets = torch.randn(3, 6, generator=generator, dtype=torch.float64)
    problems = Problems(mlp, Z, targets, 1.0 + targets.square(), anchors, 0.5 + anchors[0].square())
    leaf = z.clone().requires_grad_()
    (expected,) = torch.autograd.grad(problems.loss(leaf).sum(), leaf)
    torch.testing.assert_close(problems.slope(z), expected, rtol=1e-10, atol=1e-10)
