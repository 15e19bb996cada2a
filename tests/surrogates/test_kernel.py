"""The kernel of an infinite network against integrals, slopes, and its relative in torch."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.integrate import quad

from bosearch.surrogates.gaussian.infinite import InfiniteKernel
from bosearch.surrogates.kernel import KERNELS, ArcCosine, Kernel

Array = NDArray[np.float64]


def points(n: int, seed: int) -> Array:
    return np.random.default_rng(seed).normal(size=(n, 4))


def of_layer(left: float, cross: float, right: float) -> float:
    """``2 E[max(f, 0) max(g, 0)]`` of normal ``f`` and ``g``, in polar coordinates."""
    angle = np.arccos(cross / np.sqrt(left * right))
    # The radius integrates to 2; both rectifiers are open between these angles.
    value, _ = quad(lambda t: np.cos(t) * np.cos(t - angle), angle - np.pi / 2, np.pi / 2)
    return float(2 * np.sqrt(left * right) * 2 * value / (2 * np.pi))


@pytest.mark.parametrize("depth", [1, 3])
def test_a_network_is_its_layers_integrals(depth: int) -> None:
    A, B = points(3, 0), points(4, 1)
    found = ArcCosine(depth)(A, B).values
    for i, a in enumerate(A):
        for j, b in enumerate(B):
            left, cross, right = 1 + a @ a, 1 + a @ b, 1 + b @ b
            for _ in range(depth):  # weights of variance 2 keep the norms
                cross = of_layer(left, cross, right)
            assert found[i, j] == pytest.approx(cross, abs=1e-10)


def test_one_layer_is_that_of_the_network_surrogate_without_its_last_bias() -> None:
    Z, weight_var, bias_var = np.random.default_rng(2).uniform(size=(6, 4)), 3.0, 0.7
    kernel = InfiniteKernel(
        activation="relu",
        depth=1,
        weight_var=weight_var,
        bias_var=bias_var,
        fitted="nothing",
        centred=True,
    )
    points = torch.tensor(Z)
    expected = kernel(torch.empty(0, dtype=torch.float64), points, points).numpy() - bias_var
    A = (Z - ArcCosine.centre) * 2.0 * np.sqrt(weight_var / (4 * bias_var))
    found = 0.5 * weight_var * bias_var * ArcCosine(1)(A, A).values
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kernel", KERNELS.values(), ids=KERNELS)
def test_slopes_equal_central_differences(kernel: Kernel) -> None:
    A, B = points(5, 3), points(4, 4)
    A[0] = B[0]  # where two points coincide, too
    weights = np.random.default_rng(5).normal(size=(5, 4))
    found = kernel(A, B).pull_back(weights)
    _, by_square = kernel.variances(A)
    h = 1e-6
    for i, k in np.ndindex(A.shape):
        up, down = A.copy(), A.copy()
        up[i, k] += h
        down[i, k] -= h
        moved = weights * (kernel(up, B).values - kernel(down, B).values) / (2 * h)
        assert found[i, k] == pytest.approx(moved.sum(), abs=1e-5)
        variance = (kernel.variances(up)[0] - kernel.variances(down)[0]) / (2 * h)
        assert 2 * A[i, k] * by_square[i] == pytest.approx(variance[i], abs=1e-6)


@pytest.mark.parametrize("kernel", KERNELS.values(), ids=KERNELS)
def test_variances_are_the_diagonal_and_nothing_is_negative(kernel: Kernel) -> None:
    A = points(30, 6)
    K = kernel(A, A).values
    np.testing.assert_allclose(kernel.variances(A)[0], np.diagonal(K), rtol=1e-7)
    assert np.linalg.eigvalsh(K).min() > -1e-10
