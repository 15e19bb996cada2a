"""What every registered surrogate promises, whatever it is made of."""

import copy
import json
import pickle
from functools import cache
from typing import Any, cast

import numpy as np
import pytest
import torch
from torch import Tensor

from bosearch.space.factor import Factor
from bosearch.surrogates.embedding import Embedding
from bosearch.surrogates.interface import Capability, Fitted
from bosearch.surrogates.joint import joint_model
from bosearch.surrogates.registry import load, to_json
from tests.surrogates.zoo import ALL, cheap, fitted, smooth, told

# isort: split
from botorch.acquisition.logei import qLogExpectedImprovement, qLogNoisyExpectedImprovement
from botorch.acquisition.multi_objective.logei import qLogNoisyExpectedHypervolumeImprovement
from botorch.sampling.get_sampler import get_sampler

D = 3
DATA = smooth(14, D)
pytestmark = pytest.mark.filterwarnings("ignore::botorch.exceptions.warnings.InputDataWarning")


@cache
def example(name: str) -> Fitted:
    return fitted(name, DATA)


def points(*shape: int, seed: int = 1) -> Tensor:
    rng = np.random.default_rng(seed)
    return torch.tensor(rng.uniform(0.1, 0.9, size=(*shape, D)), dtype=torch.float64)


def draws(model: Any, X: Tensor, count: int = 16, *, noise: bool = False) -> Tensor:
    posterior = model.posterior(X, observation_noise=noise)
    sampler = get_sampler(posterior, torch.Size([count]), seed=5)
    return cast("Tensor", sampler(posterior))


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("batch", [(), (5,), (2, 3)])
@pytest.mark.parametrize("q", [1, 4])
def test_posteriors_have_the_shape_of_the_points(name: str, batch: tuple[int, ...], q: int) -> None:
    model: Any = example(name).model
    assert model.num_outputs == 1
    X = points(*batch, q)
    posterior = model.posterior(X)
    assert posterior.mean.shape == (*batch, q, 1)
    assert posterior.variance.shape == (*batch, q, 1)
    assert (posterior.variance > 0.0).all()
    assert posterior.mean.dtype == torch.float64
    samples = draws(model, X)
    assert samples.shape[1:] == (*batch, q, 1)
    assert torch.isfinite(samples).all()


@pytest.mark.parametrize("name", ALL)
def test_predictions_follow_the_data_in_their_units(name: str) -> None:
    model: Any = example(name).model
    posterior = model.posterior(torch.tensor(DATA.X))
    mean = posterior.mean[:, 0].detach().numpy()
    assert abs(float(mean.mean()) - DATA.y.mean()) < DATA.y.std()
    assert ((mean - DATA.y) ** 2).mean() < 1.2 * DATA.y.var()


@pytest.mark.parametrize("name", ALL)
def test_slopes_of_mean_and_samples_are_those_of_finite_differences(name: str) -> None:
    found = example(name)
    assert Capability.GRADIENT in found.capabilities
    model: Any = found.model

    def value(X: Tensor) -> Tensor:
        posterior = model.posterior(X)
        samples = draws(model, X)
        return torch.cat([v.flatten() for v in (posterior.mean, posterior.variance, samples)]).sum()

    X = points(2)
    (slope,) = torch.autograd.grad(value(X.requires_grad_()), X)
    h = 1e-5
    for i in range(2):
        for k in range(D):
            step = torch.zeros_like(X)
            step[i, k] = h
            with torch.no_grad():
                secant = (value(X + step) - value(X - step)) / (2.0 * h)
            assert float(slope[i, k]) == pytest.approx(float(secant), rel=2e-3, abs=2e-2)


@pytest.mark.parametrize("name", ALL)
def test_a_fit_is_a_function_of_data_and_seed(name: str) -> None:
    before = torch.random.get_rng_state(), np.random.get_state()[1].copy()  # type: ignore[index]
    again = fitted(name, DATA)
    assert torch.equal(torch.random.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])  # type: ignore[index]
    X = points(4)
    ours, theirs = (f.model.posterior(X) for f in (again, example(name)))
    assert torch.equal(ours.mean, theirs.mean)
    assert torch.equal(ours.variance, theirs.variance)


@pytest.mark.parametrize("name", ALL)
def test_observation_noise_adds_the_inferred_variance_and_nothing_else_does(name: str) -> None:
    found = example(name)
    model: Any = found.model
    X = points(6, 1)
    plain, noisy = model.posterior(X), model.posterior(X, observation_noise=True)
    assert torch.allclose(plain.mean, noisy.mean)
    added = (noisy.variance - plain.variance).detach().numpy()
    assert found.noise_var >= 0.0
    assert added == pytest.approx(np.full_like(added, found.noise_var), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("name", ALL)
def test_functions_are_consistent_with_themselves(name: str) -> None:
    found = example(name)
    functions = found.functions(3, seed=4)
    X = points(7)
    together = functions(X)
    assert together.shape == (3, 7)
    assert torch.allclose(functions(X[2:5]), together[:, 2:5], rtol=1e-6, atol=1e-8)
    assert torch.equal(found.functions(3, seed=4)(X), together)
    (slope,) = torch.autograd.grad(functions(X.requires_grad_()).sum(), X)
    assert torch.isfinite(slope).all()


@pytest.mark.parametrize("name", ALL)
def test_functions_spread_as_the_posterior_says(name: str) -> None:
    found = example(name)
    model: Any = found.model
    X = points(5)
    values = found.functions(400, seed=2)(X).detach()
    posterior = model.posterior(X)
    std = posterior.variance[:, 0].sqrt().detach()
    away = (values.mean(0) - posterior.mean[:, 0].detach()).abs() / std
    assert float(away.max()) < 0.35  # draws of an ensemble are few
    assert float((values.std(0) / std).max()) < 1.5
    assert float((values.std(0) / std).min()) > 0.6


@pytest.mark.parametrize("name", ALL)
def test_values_left_out_are_predicted_or_not_at_all(name: str) -> None:
    left_out = example(name).leave_one_out()
    if left_out is not None:
        assert left_out.shape == DATA.y.shape
        assert np.isfinite(left_out).all()
        report = example(name).report
        assert report.loo == pytest.approx(float(left_out.mean()), rel=1e-6)


@pytest.mark.parametrize("name", ALL)
def test_an_update_moves_the_prediction_towards_what_was_measured(name: str) -> None:
    found = example(name)
    if Capability.UPDATE not in found.capabilities:
        pytest.skip("absorbs observations by a fit only")
    model: Any = found.model
    x = points(1)
    posterior = model.posterior(x)
    before = float(posterior.mean.detach())
    higher = before + 1.0 * float((posterior.variance + found.noise_var).sqrt().detach())
    more = told(np.vstack([DATA.X, x.numpy()]), np.append(DATA.y, higher))
    updated: Any = found.update(more).model
    assert before < float(updated.posterior(x).mean.detach())


@pytest.mark.parametrize("name", ALL)
def test_the_report_is_json_and_counts_what_was_spent(name: str) -> None:
    report = example(name).report
    assert json.loads(json.dumps(report.to_json())) == report.to_json()
    assert report.seconds >= 0.0
    assert report.gradients >= 0


@pytest.mark.parametrize("name", ALL)
def test_a_recipe_survives_the_study_file(name: str) -> None:
    recipe = cheap(name)
    table = json.loads(json.dumps(to_json(recipe)))
    assert load(table) == recipe


@pytest.mark.parametrize("name", ALL)
def test_acquisition_functions_of_botorch_work(name: str) -> None:
    model: Any = example(name).model
    X = points(4, 2)
    improvement = qLogExpectedImprovement(model, best_f=float(DATA.y.max()))
    noisy = qLogNoisyExpectedImprovement(
        model, torch.tensor(DATA.X), prune_baseline=True, cache_root=False
    )
    for acquisition in (improvement, noisy):
        X = X.detach().requires_grad_()
        values = acquisition(X)
        assert values.shape == (4,)
        (slope,) = torch.autograd.grad(values.sum(), X)
        assert torch.isfinite(slope).all()


@pytest.mark.parametrize("name", ALL)
def test_two_outputs_are_one_model(name: str) -> None:
    first = example(name)
    second = fitted(name, told(DATA.X, -DATA.y), seed=1)
    model: Any = joint_model([first, second])
    assert model.num_outputs == 2
    posterior = model.posterior(points(3, 2))
    assert posterior.mean.shape == (3, 2, 2)
    acquisition = qLogNoisyExpectedHypervolumeImprovement(
        model,
        ref_point=[float(DATA.y.min()), -float(DATA.y.max())],
        X_baseline=torch.tensor(DATA.X),
        prune_baseline=True,
        cache_root=False,
    )
    assert torch.isfinite(acquisition(points(3, 1))).all()


@pytest.mark.parametrize("name", ALL)
def test_another_unit_or_origin_changes_nothing_else(name: str) -> None:
    turned: Any = fitted(name, told(DATA.X, 1e-3 * DATA.y + 7.0)).model
    X = points(4)
    ours, theirs = turned.posterior(X), example(name).model.posterior(X)
    spread = theirs.variance.sqrt()
    away = ((ours.mean - 7.0) * 1e3 - theirs.mean).abs() / spread
    assert float(away.max()) < 1e-2
    assert torch.allclose(ours.variance.sqrt() * 1e3, spread, rtol=1e-2)


@pytest.mark.parametrize("name", ALL)
def test_choices_are_embedded(name: str) -> None:
    rng = np.random.default_rng(3)
    embedding = Embedding.of([Factor("continuous"), Factor("categorical", 3)])
    X = np.stack([rng.uniform(size=12), rng.integers(3, size=12).astype(float)], axis=1)
    model: Any = cheap(name).fit(told(X, X[:, 0] + X[:, 1]), embedding, seed=0).model
    posterior = model.posterior(torch.tensor(X[:4]))
    assert posterior.mean.shape == (4, 1)
    assert torch.isfinite(posterior.mean).all()


@pytest.mark.parametrize("name", ALL)
def test_a_model_can_be_copied(name: str) -> None:
    model: Any = example(name).model
    X = points(2)
    assert torch.equal(copy.deepcopy(model).posterior(X).mean, model.posterior(X).mean)


@pytest.mark.parametrize("name", ALL)
def test_a_fit_can_be_stored(name: str) -> None:
    fit, X = example(name), points(2)
    mean = fit.model.posterior(X).mean  # its model is stored along
    again = pickle.loads(pickle.dumps(fit))
    assert torch.equal(again.model.posterior(X).mean, mean)
    assert torch.equal(again.functions(3, seed=0)(X), fit.functions(3, seed=0)(X))
