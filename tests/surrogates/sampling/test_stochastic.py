import math

import pytest
import torch
from torch import Generator, Tensor

from bosearch.surrogates.sampling.stochastic import Scales, sample
from tests.surrogates.sampling.targets import normal, seeded

PRECISION = torch.tensor([1.0, 4.0, 100.0], dtype=torch.float64)


@pytest.mark.parametrize("noise_std", [0.0, 10.0, 300.0])
def test_gaussian_variances_are_found_whatever_the_noise_of_slopes(noise_std: float) -> None:
    # Slopes with a standard deviation of up to 300 where the posterior's own have 1 to 10.
    def slope(x: Tensor, generator: Generator) -> Tensor:
        noise = torch.randn(x.shape, generator=generator, dtype=x.dtype)
        return -PRECISION * x + noise_std * noise

    found = sample(
        slope,
        normal(500, 3) / PRECISION.sqrt(),
        rate=0.05,
        friction=0.1,
        burn_in=500,
        draws=50,
        every=20,
        generator=seeded(1),
    )
    assert found.gradients == 20 + 500 + 50 + 1000
    per_chain = (found.states.square() * PRECISION).mean(0)
    error = per_chain.std(0) / math.sqrt(500.0)
    # Steps of 0.05 leave a bias of a few per cent.
    assert ((per_chain.mean(0) - 1.0).abs() < 4.0 * error + 0.04).all()


def test_a_start_at_the_mode_does_not_explode() -> None:
    found = sample(
        lambda x, _: -PRECISION * x,
        torch.zeros(50, 3, dtype=torch.float64),
        rate=0.05,
        friction=0.1,
        burn_in=200,
        draws=20,
        every=5,
        generator=seeded(0),
    )
    assert float(found.states.abs().max()) < 6.0


def test_the_variance_of_estimates_is_measured() -> None:
    scales = Scales(torch.zeros(2000, 1, dtype=torch.float64))
    for i in range(60):
        at = normal(2000, 1, seed=3 * i)  # the state moves, which is no noise
        one, other = (at + 3.0 * normal(2000, 1, seed=3 * i + k) for k in (1, 2))
        scales.learn_noise(one, other)
    assert float(scales.noise.mean()) == pytest.approx(9.0, rel=0.03)


def test_unstable_steps_are_an_error() -> None:
    with pytest.raises(ArithmeticError, match="not stable at a rate of 10"):
        sample(
            lambda x, _: x,
            torch.full((2, 1), 5.0),
            rate=10.0,
            friction=0.1,
            burn_in=2,
            draws=500,
            generator=seeded(0),
        )
