"""Batched networks against loops over ordinary ones, their slopes against autograd."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from bosearch.errors import SurrogateError
from bosearch.surrogates.networks.mlp import ACTIVATIONS, BatchedMLP

P = 3


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def points(b: int, seed: int = 1) -> Tensor:
    return torch.rand(b, P, generator=generator(seed), dtype=torch.float64)


def plain(net: BatchedMLP, z: Tensor, x: Tensor) -> Tensor:
    """One network at one point, number by number as the text books write it."""
    act: Any = {"tanh": torch.tanh, "relu": torch.relu, "gelu": torch.nn.GELU()}[net.activation]
    a, rest = 2.0 * x - 1.0, z
    for i, (h, k) in enumerate(net.sizes(P)):
        W, b, rest = rest[: h * k].reshape(h, k), rest[h * k : (h + 1) * k], rest[(h + 1) * k :]
        u = a @ W * net.weight_std / math.sqrt(h) + net.bias_std * b
        a = u if i == len(net.widths) else act(u)
    return a.squeeze()


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("widths", [(), (5,), (5, 4)])
def test_a_batch_equals_a_loop(widths: tuple[int, ...], activation: str) -> None:
    net = BatchedMLP(widths=widths, activation=activation, bias_std=0.7)
    z, Z = net.init(4, P, generator(), torch.float64), points(6)
    loop = torch.stack([torch.stack([plain(net, zi, x) for x in Z]) for zi in z])
    torch.testing.assert_close(net.forward(z, Z), loop, rtol=1e-12, atol=1e-12)
    own = torch.stack([points(6, seed) for seed in range(4)])
    loop = torch.stack([net.forward(z[i : i + 1], own[i])[0] for i in range(4)])
    torch.testing.assert_close(net.forward(z, own), loop, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("widths", [(), (5,), (5, 4)])
def test_the_jacobian_is_that_of_autograd(widths: tuple[int, ...], activation: str) -> None:
    net = BatchedMLP(widths=widths, activation=activation, bias_std=0.7)
    z, Z = net.init(2, P, generator(), torch.float64), points(3)
    found = net.jacobian(z, Z)
    assert found.shape == (2, 3, net.count(P))
    for s in range(2):
        whole = torch.autograd.functional.jacobian(
            lambda w: net.forward(w.unsqueeze(0), Z)[0], z[s]
        )
        torch.testing.assert_close(found[s], whole, rtol=1e-10, atol=1e-12)


def test_values_are_weighted_sums_of_the_last_features() -> None:
    net = BatchedMLP(widths=(5, 4))
    z, Z = net.init(2, P, generator(), torch.float64), points(3)
    *_, (W, b) = net.layers(z, P)
    torch.testing.assert_close((net.hidden(z, Z) @ W + b).squeeze(-1), net.forward(z, Z))


def test_biases_are_told_from_weights() -> None:
    net = BatchedMLP(widths=(5, 4), bias_std=0.0)
    z, Z = net.init(2, P, generator(), torch.float64), points(3)
    weights = net.is_weight(P)
    assert int(weights.sum()) == 3 * 5 + 5 * 4 + 4
    torch.testing.assert_close(net.forward(z, Z), net.forward(z * weights, Z))


def test_the_prior_spreads_the_same_at_every_width() -> None:
    # One hidden tanh layer: Var f = s_w^2 E tanh(u)^2 + s_b^2, u ~ N(0, s_w^2 |x|^2 / p + s_b^2).
    Z = points(1)
    u_var = 1.5**2 * float((2.0 * Z - 1.0).square().mean()) + 1.0
    u = torch.linspace(-12.0, 12.0, 4001, dtype=torch.float64) * math.sqrt(u_var)
    density = torch.exp(-0.5 * u**2 / u_var) / math.sqrt(2.0 * math.pi * u_var)
    expected = 1.5**2 * float(torch.trapezoid(u.tanh() ** 2 * density, u)) + 1.0
    for width in (2, 40):
        net = BatchedMLP(widths=(width,))
        z = net.init(20_000, P, generator(), torch.float64)
        squares = net.forward(z, Z).square()
        error = float(squares.std()) / math.sqrt(20_000)
        assert float(squares.mean()) == pytest.approx(expected, abs=4.0 * error)


def test_single_precision_stays_single() -> None:
    net = BatchedMLP(widths=(5,))
    z = net.init(2, P, generator())
    assert net.forward(z, points(3)).dtype == torch.float32
    torch.testing.assert_close(
        net.forward(z, points(3)).double(), net.forward(z.double(), points(3)), rtol=1e-5, atol=1e-5
    )


def test_an_unknown_activation_is_refused() -> None:
    with pytest.raises(SurrogateError, match="activation must be one of tanh, relu, gelu"):
        BatchedMLP(widths=(3,), activation="sin")
