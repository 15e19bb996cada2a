"""Bags of tokens and their similarity."""

import math

import numpy as np
import pytest

from bosearch.treesearch.bags import Vocabulary, tanimoto

WORDS = [("a", "b", "a"), ("b",), ("c", "a"), ()]


def test_bags_count_tokens_in_any_order() -> None:
    vocabulary = Vocabulary.of(WORDS)
    expected = [[2, 1, 0, 0], [0, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0]]
    assert vocabulary.bags(WORDS).tolist() == expected
    assert vocabulary.bags([("a", "a", "b")]).tolist() == [expected[0]]


def test_tanimoto_by_hand() -> None:
    bags = Vocabulary.of(WORDS).bags(WORDS)
    similarity = tanimoto(bags, bags)
    # (2, 1, 0) and (0, 1, 0): 1 / (5 + 1 - 1); with (1, 0, 1): 2 / (5 + 2 - 2).
    assert similarity[0].tolist() == pytest.approx([1.0, 0.2, 0.4, 0.0])
    assert np.diagonal(similarity).tolist() == [1.0] * 4  # the empty bag too


def test_tanimoto_of_sets_is_the_jaccard_index() -> None:
    rng = np.random.default_rng(0)
    A = rng.integers(0, 2, size=(40, 9)).astype(float)
    similarity = tanimoto(A, A)
    for i in range(40):
        for j in range(40):
            a, b = set(np.flatnonzero(A[i])), set(np.flatnonzero(A[j]))
            expected = len(a & b) / len(a | b) if a | b else 1.0
            assert similarity[i, j] == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(5))
def test_tanimoto_of_counts_is_positive_definite(seed: int) -> None:
    rng = np.random.default_rng(seed)
    A = np.unique(rng.poisson(1.5, size=(120, 6)).astype(float), axis=0)
    values = np.linalg.eigvalsh(tanimoto(A, A))
    assert values.min() > -1e-12 * len(A)
    # Different bags that are no multiples of each other are told apart.
    assert values.min() > 0


def test_unknown_tokens_add_to_the_norm_and_to_no_overlap() -> None:
    known = [("a", "b")]
    vocabulary = Vocabulary.of(known)
    (found,) = tanimoto(vocabulary.bags([("a", "x", "x", "y")]), vocabulary.bags(known))
    # Over the vocabulary a, b, x, y: (1, 0, 2, 1) and (1, 1, 0, 0): 1 / (6 + 2 - 1).
    assert found.tolist() == pytest.approx([1 / 7])
    assert vocabulary.bags([("x", "x", "y")])[0, -1] == pytest.approx(math.sqrt(5))
