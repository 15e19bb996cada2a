"""The Gaussian process over bags of tokens, against dense formulas and finite differences."""

import math

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.stats import multivariate_normal

from bosearch.errors import ShapeError
from bosearch.treesearch.bags import Vocabulary, tanimoto
from bosearch.treesearch.rules import Array
from bosearch.treesearch.surrogate import (
    Hyperparameters,
    condition,
    covariance,
    fit,
    log_likelihood,
)

HYPER = Hyperparameters(np.log([0.4, 1.5]), math.log(2.0), math.log(0.05))


def data(n: int, seed: int = 0) -> tuple[list[tuple[str, ...]], Array, Array]:
    """Random words, contexts of two numbers, and rewards that depend on both."""
    rng = np.random.default_rng(seed)
    words = [tuple(rng.choice(list("abcdef"), size=rng.integers(1, 7))) for _ in range(n)]
    Z = rng.random((n, 2))
    y = np.array([word.count("a") - 0.5 * word.count("b") for word in words])
    return words, Z, y + np.sin(4 * Z[:, 0]) + 0.1 * rng.normal(size=n)


def dense(words: list[tuple[str, ...]], Z: Array, hyper: Hyperparameters) -> Array:
    """The covariance once more, pair by pair, from sets of counts and distances."""
    K = np.empty((len(words), len(words)))
    for i, a in enumerate(words):
        for j, b in enumerate(words):
            inner = sum(a.count(token) * b.count(token) for token in set(a))
            norms = sum(w.count(token) ** 2 for w in (a, b) for token in set(w))
            r = math.sqrt(5 * sum(((Z[i] - Z[j]) / np.exp(hyper.log_lengthscales)) ** 2))
            near = (1 + r + r * r / 3) * math.exp(-r)
            K[i, j] = math.exp(hyper.log_signal) * inner / (norms - inner) * near
    return K


def test_covariance_equals_its_formula_pair_by_pair() -> None:
    words, Z, _ = data(12)
    bags = Vocabulary.of(words).bags(words)
    K = covariance((bags, bags), (Z, Z), HYPER)
    np.testing.assert_allclose(K, dense(words, Z, HYPER), rtol=0, atol=1e-7)  # sqrt of 1e-16


@pytest.mark.parametrize("seed", range(4))
def test_covariance_is_positive_definite(seed: int) -> None:
    words, Z, _ = data(80, seed)
    bags = Vocabulary.of(words).bags(words)
    values = np.linalg.eigvalsh(covariance((bags, bags), (Z, Z), HYPER))
    assert values.min() > -1e-12 * values.max()


def test_posterior_equals_the_conditional_of_the_joint_normal() -> None:
    words, Z, y = data(20)
    new, new_Z, _ = data(5, seed=1)
    model = condition(words, y, Z, HYPER)
    mean, std = model.predict(new, new_Z)

    # One joint covariance of old and new, conditioned by dense inverses; the constant mean is
    # the generalised least squares estimate.
    standard = (y - y.mean()) / y.std()
    K = dense(words + new, np.vstack([Z, new_Z]), HYPER)
    inverse = np.linalg.inv(K[:20, :20] + (0.05 + 1e-9) * np.eye(20))
    beta = inverse.sum(0) @ standard / inverse.sum()
    expected = beta + K[20:, :20] @ inverse @ (standard - beta)
    variance = np.diagonal(K[20:, 20:] - K[20:, :20] @ inverse @ K[:20, 20:])
    np.testing.assert_allclose(mean, y.mean() + y.std() * expected, atol=1e-6)
    np.testing.assert_allclose(std, y.std() * np.sqrt(variance), atol=1e-6)


def test_likelihood_is_the_density_of_a_normal_at_its_best_mean() -> None:
    words, Z, y = data(15)
    bags = Vocabulary.of(words).bags(words)
    theta = np.array([*HYPER.log_lengthscales, HYPER.log_signal, HYPER.log_noise])
    value, _ = log_likelihood(theta, tanimoto(bags, bags), Z, y)
    K = dense(words, Z, HYPER) + (0.05 + 1e-9) * np.eye(15)
    densities = [
        multivariate_normal(np.full(15, beta), K).logpdf(y) for beta in np.linspace(-2, 2, 4001)
    ]
    assert value == pytest.approx(max(densities), abs=1e-4)  # the grid of means has steps of 1e-3


@pytest.mark.parametrize("seed", range(3))
def test_gradient_of_the_likelihood_is_that_of_finite_differences(seed: int) -> None:
    words, Z, y = data(18, seed)
    bags = Vocabulary.of(words).bags(words)
    similarity = tanimoto(bags, bags)
    theta = np.random.default_rng(seed).normal(scale=0.7, size=4) - [0, 0, 0, 2]
    _, gradient = log_likelihood(theta, similarity, Z, y)
    numeric = approx_fprime(theta, lambda t: log_likelihood(t, similarity, Z, y)[0], 1e-7)
    np.testing.assert_allclose(gradient, numeric, rtol=1e-4, atol=1e-4)


def test_fit_is_likelier_than_any_of_many_others() -> None:
    words, Z, y = data(40)
    model = fit(words, y, Z)
    bags = Vocabulary.of(words).bags(words)
    similarity, standard = tanimoto(bags, bags), (y - y.mean()) / y.std()

    def likelihood(theta: Array) -> float:
        return log_likelihood(theta, similarity, Z, standard)[0]

    hyper = model.hyper
    best = likelihood(np.array([*hyper.log_lengthscales, hyper.log_signal, hyper.log_noise]))
    rng = np.random.default_rng(2)
    others = rng.uniform([-2.9, -2.9, -2.0, -9.0], [2.9, 2.9, 3.0, 0.0], size=(400, 4))
    assert best > max(map(likelihood, others))


def test_fitted_model_predicts_words_that_it_has_not_seen() -> None:
    words, Z, y = data(150)
    new, new_Z, truth = data(60, seed=9)
    mean, std = fit(words, y, Z).predict(new, new_Z)
    # The noise of the truth has the variance 0.01; a constant would leave about 1.2.
    assert np.mean((mean - truth) ** 2) < 0.15 * truth.var()
    inside = np.abs(mean - truth) < 3 * np.hypot(std, 0.1)
    assert inside.mean() > 0.9


def test_units_of_the_rewards_do_not_matter() -> None:
    words, Z, y = data(25)
    new, new_Z, _ = data(5, seed=3)
    mean, std = fit(words, y, Z).predict(new, new_Z)
    scaled_mean, scaled_std = fit(words, 100.0 - 7.0 * y, Z).predict(new, new_Z)
    np.testing.assert_allclose(scaled_mean, 100.0 - 7.0 * mean, rtol=1e-4)
    np.testing.assert_allclose(scaled_std, 7.0 * std, rtol=1e-3)


def test_words_alone_need_no_context() -> None:
    words, _, y = data(30)
    model = fit(words, y)
    again, _ = model.predict(words)
    assert np.corrcoef(again, y)[0, 1] > 0.8
    alike, _ = model.predict([words[0], words[0][::-1]])
    assert alike[0] == pytest.approx(alike[1])  # a bag has no order


def test_one_observation_is_believed_and_equal_ones_are_no_reason_to_fail() -> None:
    for y in ([2.0], [2.0, 2.0, 2.0]):
        words = [("a",), ("b",), ("c", "c")][: len(y)]
        mean, std = fit(words, np.array(y)).predict([("a",), ("z",)])
        assert mean.tolist() == pytest.approx([2.0, 2.0])
        assert std[1] > std[0] > 0


def test_one_context_serves_all_words() -> None:
    words, Z, y = data(20)
    model = condition(words, y, Z, HYPER)
    one, _ = model.predict(words[:3], Z[0])
    each, _ = model.predict(words[:3], np.tile(Z[0], (3, 1)))
    assert one.tolist() == each.tolist()


def test_arguments_of_different_lengths_are_refused() -> None:
    words, Z, y = data(6)
    with pytest.raises(ShapeError, match="as many rewards as words, 6, got shape"):
        fit(words, y[:5], Z)
    with pytest.raises(ShapeError, match="as many rewards as words, 0"):
        fit([], np.empty(0))
    with pytest.raises(ShapeError, match=r"contexts of shape \(6, 2\) or \(2,\), got \(5, 2\)"):
        fit(words, y, Z[:5])
    with pytest.raises(ShapeError, match="contexts of shape"):
        condition(words, y, Z, HYPER).predict(words)
