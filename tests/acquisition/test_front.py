"""Fronts and reference points."""

import numpy as np
import pytest
import torch

from bosearch.acquisition.front import inferred_reference, nondominated
from bosearch.surrogates import botorch_model  # noqa: F401  # silences what BoTorch warns

pareto = pytest.importorskip("botorch.utils.multi_objective.pareto")
hypervolume = pytest.importorskip("botorch.utils.multi_objective.hypervolume")


@pytest.mark.parametrize("m", [2, 3])
def test_front_and_reference_equal_botorch(m: int) -> None:
    Y = np.random.default_rng(0).normal(size=(60, m))
    front = nondominated(Y)
    assert front.tolist() == pareto.is_non_dominated(torch.tensor(Y)).tolist()
    expected = hypervolume.infer_reference_point(torch.tensor(Y[front]))
    np.testing.assert_allclose(inferred_reference(Y), expected.numpy(), rtol=1e-12)


def test_front_of_one_point_has_a_reference_below_it() -> None:
    assert (inferred_reference(np.array([[0.0, 5.0]])) < [0.0, 5.0]).all()
    assert (inferred_reference(np.array([[1.0, 1.0], [0.0, 0.5]])) == [0.9, 0.95]).all()


def test_equal_points_do_not_beat_each_other() -> None:
    assert nondominated(np.array([[1.0, 2.0], [1.0, 2.0], [0.0, 2.0]])).tolist() == [
        True,
        True,
        False,
    ]
