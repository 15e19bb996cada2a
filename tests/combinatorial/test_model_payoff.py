"""Any model's payoff, by asking it: the same numbers as from tables, each asked for once."""

import warnings

import numpy as np
import pytest

from bosearch.combinatorial.embedding import PrincipalComponents, WholeEmbedding
from bosearch.combinatorial.model import tables, upper_bound
from bosearch.combinatorial.solvers import best_response
from bosearch.combinatorial.space import Codes, Sites
from bosearch.errors import ShapeError
from bosearch.surrogates.fit import JITTER
from tests.combinatorial.cases import COUNTS, features_of, process

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import torch
    from botorch.acquisition import qUpperConfidenceBound
    from botorch.sampling.normal import SobolQMCNormalSampler

    from bosearch.combinatorial.model_payoff import ModelPayoff, UpperBound
    from bosearch.surrogates.botorch_model import GaussianProcesses

RNG = np.random.default_rng
NOISE = 1e-2
SITES = Sites(COUNTS)


def both() -> tuple[ModelPayoff, object, GaussianProcesses]:
    rng = RNG(0)
    X, features = SITES.random(12, rng), features_of(COUNTS, rng)
    model = process(X, rng.normal(size=12), features, noise=NOISE)
    asked = GaussianProcesses([model])
    score = UpperBound(asked, beta=2.0, noise_var=NOISE + JITTER)
    table = upper_bound(model, tables(model, features), X, beta=2.0)
    return ModelPayoff(score, SITES), table, asked


@pytest.mark.parametrize("hallucinated", [0, 2])
def test_a_model_asked_point_by_point_agrees_with_tables(hallucinated: int) -> None:
    asked, table, _ = both()
    for x in SITES.random(hallucinated, RNG(1)):
        asked, table = asked.conditioned(x), table.conditioned(x)  # type: ignore[attr-defined]
    X = SITES.random(30, RNG(2))
    expected = table.values(X)  # type: ignore[attr-defined]
    np.testing.assert_allclose(asked.values(X), expected, rtol=0, atol=1e-6)
    for i in range(SITES.length):
        expected = table.player(X, i)  # type: ignore[attr-defined]
        np.testing.assert_allclose(asked.player(X, i), expected, rtol=0, atol=1e-6)


def test_a_point_is_asked_for_once() -> None:
    asked, *_ = both()
    ends = best_response(asked, SITES, SITES.all(), RNG(0))
    assert ends.certified.all()
    assert asked.evaluations == SITES.size


def test_a_joint_payoff_knows_of_pending_points_and_leaves_the_first_alone() -> None:
    _, _, model = both()
    sampler = SobolQMCNormalSampler(torch.Size([256]), seed=0)
    joint = ModelPayoff(qUpperConfidenceBound(model, beta=4.0, sampler=sampler), SITES)
    X = SITES.all()
    before = joint.values(X).copy()
    x = X[before.argmax()]
    after = joint.conditioned(x)
    # Of a batch of two the better counts: a second look at the same point adds nothing.
    assert after.values(x[None])[0] == pytest.approx(before.max(), abs=0.02)
    assert (after.values(X) >= before.max() - 0.02).all()
    again = ModelPayoff(qUpperConfidenceBound(model, beta=4.0, sampler=sampler), SITES)
    np.testing.assert_allclose(joint.values(X), again.values(X), rtol=0, atol=1e-12)


def letters(X: Codes) -> list[str]:
    return ["".join("abcde"[code] for code in x) for x in X.tolist()]


def test_sequences_are_embedded_once_and_forgotten_when_there_are_too_many() -> None:
    seen: list[str] = []

    def embed(texts: list[str]) -> list[list[int]]:
        seen.extend(texts)
        return [[text.count("a"), len(text)] for text in texts]

    embedding = WholeEmbedding(embed, letters, SITES, remembered=3)  # type: ignore[arg-type]
    X = SITES.all()[:5]
    twice = embedding(np.concatenate([X, X]))
    assert twice.tolist() == [[text.count("a"), 4] for text in letters(X) * 2]
    assert seen == letters(X)
    embedding(X[-3:])
    assert embedding.calls == 5
    embedding(X[:1])
    assert embedding.calls == 6


def test_an_embedding_of_the_wrong_shape_is_refused() -> None:
    embedding = WholeEmbedding(lambda texts: np.zeros(len(texts)), letters, SITES)
    with pytest.raises(ShapeError, match="one finite row per sequence"):
        embedding(SITES.all()[:4])


def test_principal_components_are_the_directions_of_largest_variance() -> None:
    rng = RNG(0)
    scores = rng.normal(size=(50, 2)) * [3.0, 1.0]
    directions = np.linalg.qr(rng.normal(size=(10, 10)))[0][:2]
    features = scores @ directions + 5.0
    components = PrincipalComponents(features)
    found = components(features)
    assert found.shape == (50, 2)
    assert (found.min(axis=0), found.max(axis=0)) == (
        pytest.approx([0, 0], abs=1e-9),
        pytest.approx([1, 1], abs=1e-9),
    )
    correlation = abs(np.atleast_2d(np.corrcoef(np.hstack([found, scores]).T))[:2, 2:])
    # The sample's own directions: near the true ones, with 50 points.
    assert np.diagonal(correlation).min() > 0.95
