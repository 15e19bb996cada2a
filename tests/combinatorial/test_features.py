"""Features put levels at distances that mean something."""

import numpy as np
import pytest

from bosearch.combinatorial.features import AMINO_ACIDS, described, identity, of_factor, of_letters
from bosearch.errors import ShapeError
from bosearch.space import Choice, Integer
from bosearch.surrogates.kernel import squared_distances


def distances(
    table: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.sqrt(squared_distances(table, table))


def mean_square(table: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
    d = distances(table) ** 2
    return float(d.sum() / (len(d) * (len(d) - 1)))


@pytest.mark.parametrize("levels", [2, 7])
def test_identity_puts_all_levels_one_unit_apart(levels: int) -> None:
    np.testing.assert_allclose(distances(identity(levels)), 1 - np.eye(levels), rtol=0, atol=1e-7)


def test_descriptors_have_three_quarters_of_one_unit_and_identity_the_rest() -> None:
    rng = np.random.default_rng(0)
    raw = rng.normal(size=(9, 3)) * [1, 100, 0.01] + [0, 5, 7]
    table = described(np.column_stack([raw, np.ones(9)]))  # a column that does not vary
    assert table.shape == (9, 12)
    assert mean_square(table) == pytest.approx(1.0)
    assert mean_square(table[:, :3]) == pytest.approx(0.75)


def test_equal_descriptors_do_not_make_levels_one() -> None:
    table = described(np.array([[0.0], [0.0], [1.0]]))
    d = distances(table)
    assert 0 < d[0, 1] < d[0, 2]
    assert described(np.ones((4, 2))).tolist() == identity(4).tolist()


def test_amino_acids_of_a_kind_are_near() -> None:
    d = distances(of_letters(AMINO_ACIDS))
    where = {letter: i for i, letter in enumerate(AMINO_ACIDS)}
    for near, far in (("IL", "IK"), ("DE", "DW"), ("FY", "FG"), ("IV", "IP")):
        assert d[where[near[0]], where[near[1]]] < d[where[far[0]], where[far[1]]]
    shuffled = of_letters(AMINO_ACIDS[::-1])
    np.testing.assert_allclose(distances(shuffled), d[::-1, ::-1], rtol=0, atol=1e-7)
    assert of_letters("ACGT").tolist() == identity(4).tolist()


def test_factors_bring_their_own_features() -> None:
    plain, described_choice = Choice(["a", "b", "c"]), Choice(["a", "b"], descriptors=[[1], [2]])
    assert of_factor(plain.factors[0]).tolist() == identity(3).tolist()
    assert of_factor(described_choice.factors[0]).shape == (2, 3)
    assert of_factor(Integer(0, 4).factors[0]).ravel().tolist() == [0, 0.25, 0.5, 0.75, 1]


def test_a_descriptor_must_be_a_finite_table() -> None:
    with pytest.raises(ShapeError, match="finite table"):
        described(np.array([[np.nan], [1.0]]))
