"""Payoffs from tables are BoTorch's posterior, and cost what they should."""

import warnings
from typing import Any

import numpy as np
import pytest

from bosearch.combinatorial.model import tables, upper_bound
from bosearch.combinatorial.payoff import Array
from bosearch.combinatorial.solvers import best_response
from bosearch.combinatorial.space import Codes, Sites, deviations
from tests.combinatorial.cases import COUNTS, features_of, game, process

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import torch
    from botorch.models import SingleTaskGP
    from gpytorch.kernels import RBFKernel, ScaleKernel


def botorch_moments(model: Any, X: Codes, y: Array, noise: Array, new: Codes) -> tuple[Any, Any]:
    """Mean and variance of BoTorch's own GP with the same hyperparameters, at ``new``."""
    hyper, embedding = model.hyper, model.recipe.embedding
    kernel = ScaleKernel(RBFKernel(ard_num_dims=len(embedding.scales)))
    Z = torch.tensor(embedding(X.astype(float)))
    reference = SingleTaskGP(
        Z,
        torch.tensor(y)[:, None],
        train_Yvar=torch.tensor(noise)[:, None],
        covar_module=kernel,
        outcome_transform=None,
    ).to(torch.float64)
    rbf = reference.covar_module.base_kernel
    lengthscales = torch.tensor(np.exp(hyper.log_lengthscales)[embedding.scales])
    with torch.no_grad():  # assigning to the properties would round to single precision
        rbf.raw_lengthscale.copy_(rbf.raw_lengthscale_constraint.inverse_transform(lengthscales))
        reference.covar_module.outputscale = torch.tensor(np.exp(hyper.log_signal))
        reference.mean_module.raw_constant.fill_(hyper.mean)
    reference.eval()
    with torch.no_grad():
        posterior = reference.posterior(torch.tensor(embedding(new.astype(float)))[:, None])
    return posterior.mean.numpy().ravel(), posterior.variance.numpy().ravel()


@pytest.mark.filterwarnings("ignore")  # of BoTorch, on data that are not standardised
@pytest.mark.parametrize("hallucinated", [0, 3])
@pytest.mark.parametrize("n", [1, 2, 14])
@pytest.mark.parametrize("noise", [1e-3, 0.3])
def test_payoffs_are_botorch_s_posterior(n: int, noise: float, hallucinated: int) -> None:
    rng = np.random.default_rng(n)
    sites, features = Sites(COUNTS), features_of(COUNTS, rng)
    X = sites.random(n, rng)
    X[-1] = X[0]  # a duplicated row
    y = rng.normal(size=n)
    model = process(X, y, features, noise=noise)
    payoff = upper_bound(model, tables(model, features), X, beta=2.0)
    picked = sites.random(hallucinated, rng)
    for x in picked:
        y = np.append(y, payoff.moments(x[None])[0])
        payoff = payoff.conditioned(x)
    new = sites.random(40, rng)
    seen = np.vstack([X, picked])
    mean, var = botorch_moments(model, seen, y, np.full(len(seen), noise + 1e-9), new)
    np.testing.assert_allclose(payoff.moments(new)[0], mean, rtol=0, atol=1e-9)
    np.testing.assert_allclose(payoff.moments(new)[1], var, rtol=0, atol=1e-9)
    np.testing.assert_allclose(payoff.values(new), mean + 2 * np.sqrt(var), rtol=0, atol=1e-6)


def test_told_noise_enters_point_by_point() -> None:
    rng = np.random.default_rng(3)
    sites, features = Sites(COUNTS), features_of(COUNTS, rng)
    X, y, known = sites.random(9, rng), rng.normal(size=9), rng.uniform(0.01, 1.0, size=9)
    model = process(X, y, features, known_var=known)
    payoff = upper_bound(model, tables(model, features), X, beta=1.0)
    new = sites.random(30, rng)
    reference = model.predict(new.astype(float))
    np.testing.assert_allclose(payoff.moments(new)[0], reference.mean[:, 0], rtol=0, atol=1e-9)
    np.testing.assert_allclose(payoff.moments(new)[1], reference.var, rtol=0, atol=1e-9)


def test_a_player_s_payoffs_are_those_of_its_deviations_one_by_one() -> None:
    payoff, sites = game(0)
    X = sites.random(7, np.random.default_rng(1))
    together = payoff.players(X)
    for i, count in enumerate(COUNTS):
        one_by_one = payoff.values(deviations(X, i, count)).reshape(7, count)
        np.testing.assert_allclose(payoff.player(X, i), one_by_one, rtol=0, atol=1e-12)
        np.testing.assert_allclose(together[i], one_by_one, rtol=0, atol=1e-12)


def test_long_products_that_underflow_at_some_sites_are_exact_at_the_others() -> None:
    counts = (3,) * 200
    payoff, _ = game(5, counts=counts, n=6, lengthscale=0.02)
    payoff.X[:] = 0
    X = np.ones((2, 200), dtype=np.intp)
    X[1] = payoff.X[0]
    assert all(np.isfinite(U).all() for U in payoff.players(X))
    assert payoff.player(X, 3)[1, 0] == pytest.approx(payoff.values(X[1:])[0], abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_skipping_what_cannot_win_changes_no_winner(seed: int) -> None:
    payoff, sites = game(seed, n=30)
    X = sites.random(50, np.random.default_rng(seed))
    here = payoff.values(X)
    for i in range(sites.length):
        exact, pruned = payoff.player(X, i), payoff.player(X, i, above=here)
        wins = exact > here[:, None]
        np.testing.assert_allclose(pruned[wins], exact[wins], rtol=0, atol=1e-12)
        assert (pruned[~wins] <= np.broadcast_to(here[:, None], wins.shape)[~wins] + 1e-12).all()


def test_variances_are_computed_for_few_deviations_of_a_trained_model() -> None:
    rng = np.random.default_rng(2)
    sites, features = Sites((20,) * 4), features_of((20,) * 4, rng)
    X = sites.random(300, rng)
    y = rng.normal(size=(4, 20))[np.arange(4), X].sum(axis=1) / 2  # something to learn
    model = process(X, y, features, lengthscale=3.0)
    payoff = upper_bound(model, tables(model, features), X, beta=2.0)
    ends = best_response(payoff, sites, sites.random(64, rng), rng)
    payoff.evaluations = payoff.variances = 0
    for i in range(4):
        payoff.player(ends.X, i, above=ends.values)
    assert payoff.evaluations == len(ends.X) * 80
    assert payoff.variances < 0.5 * payoff.evaluations


def test_a_hallucinated_point_leaves_means_and_shrinks_variances() -> None:
    payoff, sites = game(4)
    X = sites.all()
    x = X[17]
    after = payoff.conditioned(x)
    np.testing.assert_allclose(after.moments(X)[0], payoff.moments(X)[0], rtol=0, atol=1e-12)
    before_var, after_var = payoff.moments(X)[1], after.moments(X)[1]
    assert (after_var <= before_var + 1e-12).all()
    assert after_var[17] < 1e-3 < before_var[17]
    assert payoff.evaluations == 0  # moments are not payoffs


def test_a_point_may_be_hallucinated_twice() -> None:
    payoff, sites = game(4)
    x = sites.all()[17]
    twice = payoff.conditioned(x).conditioned(x)
    assert np.isfinite(twice.values(sites.all())).all()
