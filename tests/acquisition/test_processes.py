"""A fitted surrogate as a process is the BoTorch model of the same surrogate."""

from functools import cache
from typing import Any

import numpy as np
import pytest
import torch

from bosearch.acquisition.by_capability import Bounded, Record, choose
from bosearch.acquisition.processes import JointProcess, process_of
from bosearch.space.factor import Factor
from bosearch.surrogates.embedding import Embedding
from bosearch.surrogates.gp import GaussianProcess
from bosearch.surrogates.interface import Fitted
from tests.acquisition.stubs import Stub
from tests.surrogates.zoo import cheap, smooth

# isort: split
from botorch.acquisition.logei import qLogNoisyExpectedImprovement

D = 3
EMBEDDING = Embedding.of([Factor("continuous"), Factor("categorical", 3), Factor("continuous")])
DATA = smooth(14, D)
DATA.X[:, 1] = np.arange(14) % 3
RNG = np.random.default_rng(5)
NEW = np.column_stack([RNG.uniform(size=6), RNG.integers(3, size=6), RNG.uniform(size=6)])
PENDING = np.array([[0.3, 1.0, 0.6], [0.8, 0.0, 0.1]])
NUMPY = ("gp", "gp-gamma")
KINDS = (*NUMPY, "ibnn", "linear", "map-saas", "laplace")


@cache
def example(kind: str) -> Fitted:
    return cheap(kind).fit(DATA, EMBEDDING, seed=0)


def process(kind: str) -> Any:
    found = process_of(example(kind))
    assert isinstance(found, GaussianProcess if kind in NUMPY else JointProcess)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_marginals_are_those_of_the_model(kind: str) -> None:
    model: Any = example(kind).model
    with torch.no_grad():
        posterior = model.posterior(torch.tensor(NEW).unsqueeze(1))
    told = process(kind).predict(NEW)
    assert told.mean[:, 0] == pytest.approx(posterior.mean[:, 0, 0].numpy(), rel=1e-9)
    # The model raises standardised variances by 1e-8.
    slack = 2e-8 * DATA.y.var(ddof=1)
    assert told.var == pytest.approx(posterior.variance[:, 0, 0].numpy(), rel=1e-6, abs=slack)


@pytest.mark.parametrize("kind", KINDS)
def test_values_that_are_given_condition_as_the_joint_posterior_does(kind: str) -> None:
    model: Any = example(kind).model
    values = np.array([[31.0, 28.0, 35.0], [30.0, 33.0, 26.0]])
    told = process(kind).extended(PENDING, values).predict(NEW)
    for i, x in enumerate(NEW):
        with torch.no_grad():
            joint = model.posterior(torch.tensor(np.vstack([x[None], PENDING]))).distribution
        mean, cov = joint.mean.numpy(), joint.covariance_matrix.numpy()
        gain = np.linalg.solve(cov[1:, 1:], cov[1:, 0])
        # The jitter of 1e-8 counts where the model is nearly sure of what is given.
        assert told.mean[i] == pytest.approx(mean[0] + (values.T - mean[1:]) @ gain, rel=2e-3)
        assert told.var[i] == pytest.approx(
            cov[0, 0] - cov[0, 1:] @ gain, rel=1e-2, abs=1e-6 * DATA.y.var(ddof=1)
        )


@pytest.mark.parametrize("kind", KINDS)
def test_slopes_are_those_of_finite_differences(kind: str) -> None:
    conditioned = process(kind).extended(PENDING, np.array([[31.0, 28.0], [30.0, 33.0]]))
    by_mean, by_var = RNG.normal(size=(6, 2)), RNG.normal(size=6)

    def total(X: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        told = conditioned.predict(X)
        return (by_mean * told.mean).sum(1) + by_var * told.var  # type: ignore[no-any-return]

    slopes = conditioned.predict(NEW).pull_back(by_mean, by_var)
    assert (slopes[:, 1] == 0.0).all()  # a category
    h = 1e-6
    for k in (0, 2):
        step = h * np.eye(D)[k]
        secant = (total(NEW + step) - total(NEW - step)) / (2.0 * h)
        assert slopes[:, k] == pytest.approx(secant, rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("kind", ["gp", "linear"])
def test_draws_have_the_moments_of_the_joint_posterior(kind: str) -> None:
    normals = RNG.normal(size=(2, 4000))
    draws = process(kind).sample(PENDING, normals)
    with torch.no_grad():
        joint: Any = example(kind).model.posterior(torch.tensor(PENDING))
    cov = joint.distribution.covariance_matrix.numpy()
    error = 4.0 * np.sqrt(np.diag(cov) / 4000)
    assert (np.abs(draws.mean(1) - joint.mean[:, 0].numpy()) < error).all()
    # Relative standard error of a variance is sqrt(2 / 4000); four of them.
    assert np.cov(draws) == pytest.approx(cov, rel=0.1, abs=0.1 * np.diag(cov).max())


def test_many_candidates_are_predicted_as_each_alone() -> None:
    X = np.tile(NEW, (20, 1))
    told, alone = process("linear").predict(X), process("linear").predict(NEW)
    assert told.mean[-6:] == pytest.approx(alone.mean)
    assert told.var[-6:] == pytest.approx(alone.var)


def test_noisy_improvement_agrees_with_draws_of_botorch() -> None:
    best = DATA.X[np.argmax(DATA.y)]
    X = np.clip(best + RNG.normal(size=(8, D)) * [0.1, 0.0, 0.1], 0.0, 1.0)
    record = Record(DATA.X, DATA.y[:, None], np.ones(14, dtype=bool), True, PENDING)
    ours, name = choose([example("gp")], [], None, record)
    assert name == "log noisy expected improvement"
    theirs = qLogNoisyExpectedImprovement(
        example("gp").model,
        torch.tensor(DATA.X),
        X_pending=torch.tensor(PENDING),
        prune_baseline=False,
        cache_root=False,
    )
    with torch.no_grad():
        drawn = theirs(torch.tensor(X).unsqueeze(1)).numpy()
    mine = ours.value(X)
    near = mine > mine.max() - 2.0  # draws are coarse where improvement is rare
    assert near.sum() > 2
    assert mine[near] == pytest.approx(drawn[near], abs=0.3)


def test_no_process_but_of_gaussian_surrogates() -> None:
    fitted: Any = Stub().fit(DATA, EMBEDDING, seed=0)
    assert process_of(fitted) is None
    assert process_of(example("student-t")) is None
    record = Record(DATA.X, DATA.y[:, None], np.ones(14, dtype=bool), False, PENDING)
    _, name = choose([example("gp")], [Bounded(fitted, 0.0, 1.0)], None, record)
    assert name.endswith("by draws")
