"""Batched networks: against loops, automatic differentiation and the infinite network."""

import math

import pytest
import torch
from torch import Generator, Tensor

from bosearch.surrogates.networks.mlp import ACTIVATIONS, BatchedMLP

P = 3


def network(activation: str, widths: tuple[int, ...] = (5, 4)) -> BatchedMLP:
    return BatchedMLP(widths, activation, weight_std=1.3, bias_std=0.7)  # type: ignore[arg-type]


def weights(mlp: BatchedMLP, count: int = 4) -> Tensor:
    return mlp.init(count, P, Generator().manual_seed(0))


def points(*shape: int) -> Tensor:
    return torch.rand((*shape, P), generator=Generator().manual_seed(1), dtype=torch.float64)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_batched_networks_equal_one_network_at_a_time(activation: str) -> None:
    mlp = network(activation)
    z, Z = weights(mlp), points(7)
    phi = {"tanh": torch.tanh, "relu": torch.relu, "gelu": torch.nn.functional.gelu}[activation]

    def by_hand(w: Tensor, point: Tensor) -> Tensor:
        h = 2.0 * point - 1.0
        start = 0
        for i, (k, m) in enumerate([(3, 5), (5, 4), (4, 1)]):
            V = w[start : start + k * m].reshape(k, m)
            c = w[start + k * m : start + (k + 1) * m]
            h = 1.3 / math.sqrt(k) * (h @ V) + 0.7 * c
            h = phi(h) if i < 2 else h
            start += (k + 1) * m
        assert start == mlp.count(P)
        return h[0]

    expected = torch.stack([torch.stack([by_hand(w, point) for point in Z]) for w in z])
    torch.testing.assert_close(mlp.forward(z, Z), expected, rtol=1e-12, atol=1e-13)
    own = points(4, 7)
    each = torch.cat([mlp.forward(z[s : s + 1], own[s]) for s in range(4)])
    torch.testing.assert_close(mlp.forward(z, own), each, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("widths", [(), (5,), (5, 4)])
def test_jacobians_are_those_of_automatic_differentiation(
    activation: str, widths: tuple[int, ...]
) -> None:
    mlp = network(activation, widths)
    z, Z = weights(mlp), points(6)
    J = mlp.jacobian(z, Z)
    for s in range(len(z)):
        expected = torch.autograd.functional.jacobian(
            lambda w: mlp.forward(w.unsqueeze(0), Z)[0], z[s]
        )
        torch.testing.assert_close(J[s], expected, rtol=1e-10, atol=1e-12)
    product = mlp.tangent_kernel(mlp.tangents(z, Z), mlp.tangents(z, Z[:2]))
    torch.testing.assert_close(product, J @ J[:, :2].mT, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_jacobians_have_slopes_in_the_points(activation: str) -> None:
    mlp = network(activation)
    z, Z = weights(mlp, 1), points(2).requires_grad_()
    assert torch.autograd.gradcheck(lambda Z: mlp.jacobian(z, Z), Z)


def test_wide_networks_have_the_variances_of_the_infinite_one() -> None:
    """ReLU halves a second moment: K' = s_b^2 + s_w^2 K / 2, twice."""
    mlp = BatchedMLP((128, 128), "relu", weight_std=1.4, bias_std=0.6)
    z = mlp.init(800, P, Generator().manual_seed(2), dtype=torch.float32)
    Z = points(2)
    var = mlp.forward(z, Z).double().square().mean(0)
    K = 0.36 + 1.96 * (2.0 * Z - 1.0).square().mean(-1)
    for _ in range(2):
        K = 0.36 + 1.96 * K / 2.0
    error = 4.0 * math.sqrt(2.0 / 800) * 1.2  # 4 standard errors; finite width adds kurtosis
    torch.testing.assert_close(var, K, rtol=error, atol=0.0)


def test_features_and_last_layer_make_the_values() -> None:
    mlp = network("tanh")
    z, Z = weights(mlp), points(6)
    last, bias = z[:, -5:-1], z[:, -1]
    made = 1.3 / 2.0 * (mlp.features(z, Z) @ last.unsqueeze(-1)).squeeze(-1) + 0.7 * bias[:, None]
    torch.testing.assert_close(mlp.forward(z, Z), made, rtol=1e-12, atol=1e-13)


def test_single_precision_is_the_same_network() -> None:
    mlp = network("tanh")
    half = mlp.init(4, P, Generator().manual_seed(0), dtype=torch.float32)
    Z = points(6)
    values = mlp.forward(half, Z)
    assert values.dtype == torch.float32
    torch.testing.assert_close(values.double(), mlp.forward(weights(mlp), Z), rtol=1e-5, atol=1e-5)


def test_weights_are_told_from_biases() -> None:
    mlp = network("tanh", (2,))
    flags = mlp.is_weight(1).tolist()
    assert flags == [True, True, False, False, True, True, False]  # 1 x 2, 2, 2 x 1, 1
    stds = BatchedMLP((2,), weight_std=1.5, bias_std=0.5).stds(1)
    narrow, wide = 1.5 / math.sqrt(2.0), 1.5
    assert stds.tolist() == pytest.approx([wide, wide, 0.5, 0.5, narrow, narrow, 0.5])


def test_gelu_is_a_share_of_its_input_by_the_normal_distribution() -> None:
    """Hendrycks and Gimpel (2016), eq. 2; slopes by the product rule, and theirs in turn."""
    mlp = BatchedMLP((1,), "gelu", weight_std=1.0, bias_std=1.0)
    z = torch.tensor([[1.0, 0.0, 1.0, 0.0]], dtype=torch.float64)  # f(Z) = gelu(2 Z - 1)
    a = torch.linspace(-9.0, 9.0, 37, dtype=torch.float64)
    Z = (0.5 * (a + 1.0)).unsqueeze(-1).requires_grad_()
    cdf, density = torch.special.ndtr(a), (-0.5 * a.square()).exp() / math.sqrt(2.0 * math.pi)
    torch.testing.assert_close(mlp.forward(z, Z)[0], a * cdf, rtol=1e-12, atol=1e-15)
    slopes = mlp.hidden(z, Z).derivatives[0].squeeze()
    torch.testing.assert_close(slopes, cdf + a * density, rtol=1e-12, atol=1e-14)
    (found,) = torch.autograd.grad(slopes.sum(), Z)  # by Z: twice that by a
    torch.testing.assert_close(0.5 * found[:, 0], (2.0 - a.square()) * density)
