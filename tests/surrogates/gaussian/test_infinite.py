"""Kernels of infinite networks against BoTorch's and against wide finite networks."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Generator

import bosearch.surrogates.single_output  # noqa: F401  # before BoTorch: it warns
from bosearch.errors import SurrogateError
from bosearch.surrogates.gaussian.exact import fit
from bosearch.surrogates.gaussian.infinite import InfiniteKernel, InfiniteNetwork, arc_cosine
from bosearch.surrogates.gaussian.linear import NOISE
from tests.surrogates.zoo import cube, smooth

# isort: split
from botorch.models.kernels import InfiniteWidthBNNKernel

KERNEL = InfiniteKernel(
    activation="relu", depth=3, weight_var=10.0, bias_var=1.3, fitted="nothing", centred=False
)
NOTHING = torch.empty(0, dtype=torch.float64)
A = torch.tensor(np.random.default_rng(0).uniform(size=(5, 4)))
B = torch.tensor(np.random.default_rng(1).uniform(size=(6, 4)))


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_the_relu_kernel_is_that_of_botorch(depth: int) -> None:
    theirs = InfiniteWidthBNNKernel(depth)
    theirs.weight_var, theirs.bias_var = torch.tensor(10.0), torch.tensor(1.3)
    expected = theirs.double()(A, B).to_dense()
    kernel = replace(KERNEL, depth=depth)
    assert torch.allclose(kernel(NOTHING, A, B), expected, rtol=1e-6)


@pytest.mark.parametrize("activation", ["relu", "erf"])
@pytest.mark.parametrize("centred", [False, True])
def test_the_kernel_is_the_covariance_of_wide_networks(activation: Any, centred: bool) -> None:
    kernel = replace(KERNEL, activation=activation, depth=1, centred=centred, weight_var=2.0)
    X = A[:3]
    values = kernel.draw(NOTHING, 4, 10_000, Generator().manual_seed(0))(X)
    expected = kernel(NOTHING, X, X)
    size = float(expected.diagonal().max())
    assert torch.allclose(values.mT @ values / 10_000, expected, atol=0.08 * size)


@pytest.mark.parametrize("activation", ["relu", "erf"])
def test_the_kernel_of_a_point_with_itself_is_its_variance(activation: Any) -> None:
    kernel = replace(KERNEL, activation=activation)
    together = kernel(NOTHING, A, A)
    alone = torch.stack([kernel(NOTHING, a[None], a[None])[0, 0] for a in A])
    assert torch.allclose(together.diagonal(), alone, rtol=1e-7)
    assert float(torch.linalg.eigvalsh(together).min()) > -1e-9 * float(together.max())


def test_the_angular_function_has_its_slope_where_points_coincide() -> None:
    cosine = torch.tensor([1.0, 1.0 + 1e-12, 0.3, -1.0], dtype=torch.float64, requires_grad=True)
    value = arc_cosine(cosine)
    assert value.detach().numpy() == pytest.approx(
        [math.pi, math.pi, math.sin(math.acos(0.3)) + (math.pi - math.acos(0.3)) * 0.3, 0.0]
    )
    (slope,) = torch.autograd.grad(value.sum(), cosine)
    expected = [math.pi, math.pi, math.pi - math.acos(0.3), 0.0]
    assert slope.numpy() == pytest.approx(expected, abs=1e-7)


def test_centring_makes_opposite_corners_alike() -> None:
    corners = torch.tensor([[0.0] * 4, [1.0] * 4])
    centred, plain = (
        replace(KERNEL, centred=flag)(NOTHING, corners, corners).diagonal()
        for flag in (True, False)
    )
    assert centred[0] == pytest.approx(float(centred[1]))
    assert plain[1] > 2.0 * plain[0]


@pytest.mark.parametrize("learn", ["scale", "nothing"])
def test_a_kernel_computed_once_gives_the_fit_of_one_computed_each_time(learn: Any) -> None:
    recipe, data = InfiniteNetwork(learn=learn), smooth(9, 2)
    found = recipe.fit(data, cube(2), seed=0).process
    each = fit(recipe.kernel, NOISE, found.Z, found.y, found.known_var).process
    assert found.kernel == recipe.kernel
    for ours, expected in zip(found.moments(A[:, :2]), each.moments(A[:, :2]), strict=True):
        assert torch.allclose(ours, expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"activation": "tanh"}, "activation must be one of relu, erf, got 'tanh'"),
        ({"learn": "all"}, "learn must be one of variances, scale, nothing, got 'all'"),
        ({"depth": 0}, "depth must be a whole number from 1, got 0"),
        ({"weight_var": -1.0}, "weight_var must be a number above 0, got -1.0"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(SurrogateError, match=message):
        InfiniteNetwork(**options)
