import math
from decimal import Decimal, getcontext
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from bosearch.surrogates.sampling.kinetic import (
    SCHEMES,
    Moving,
    Noise,
    decay,
    decay_2,
    decay_3,
    sample,
)
from tests.surrogates.sampling.targets import normal, seeded

T = 1.0
FINEST = 256  # steps of the path that all others are joined from


def tilted(x: Tensor) -> Tensor:
    """Slopes of a log density that is neither Gaussian nor separable."""
    return -x - 1.5 * torch.tanh(2.0 * x) - torch.sin(x.sum(-1, keepdim=True))


def joined(first: Noise, second: Noise, h: float) -> Noise:
    """What two steps of size ``h`` are as one of size ``2 h``.

    Through the integrals of the path and of time by the path, which add up when the
    second piece starts where the first ended; no formula is shared with the schemes.
    """

    def integrals(n: Noise) -> tuple[Tensor, Tensor]:
        area = h * (n.H + 0.5 * n.W)
        return area, 0.5 * h * area + n.W * h**2 / 12.0 - h**2 * n.K

    (a1, a2), (b1, b2) = integrals(first), integrals(second)
    W = first.W + second.W
    area = a1 + h * first.W + b1
    moment = a2 + first.W * 1.5 * h**2 + h * b1 + b2
    g = 2.0 * h
    return Noise(W, area / g - 0.5 * W, (0.5 * g * area - moment + W * g**2 / 12.0) / g**2)


def path() -> list[Noise]:
    generator = seeded(5)
    like = torch.zeros(200, 2, dtype=torch.float64)
    return [Noise.drawn(like, T / FINEST, generator) for _ in range(FINEST)]


def followed(scheme: str, noises: list[Noise], gamma: float = 1.5) -> tuple[Tensor, Tensor]:
    advance = SCHEMES[scheme][0]
    x, v = normal(200, 2), normal(200, 2, seed=1)
    moving = Moving(x, v, tilted(x))
    for noise in noises:
        moving = advance(tilted, moving, T / len(noises), gamma, noise)
    return moving.x, moving.v


def test_joined_noise_has_the_moments_of_brownian_motion() -> None:
    """The rule that joins steps is right: variances h, h/12, h/720, no correlation."""
    generator = seeded(0)
    like = torch.zeros(40_000, 1, dtype=torch.float64)
    h = 0.3
    both = joined(Noise.drawn(like, h, generator), Noise.drawn(like, h, generator), h)
    rows = torch.cat([both.W, both.H, both.K], dim=1).T
    scale = torch.tensor([1.0, 12.0, 720.0], dtype=torch.float64).div(2.0 * h).sqrt()
    covariance = torch.cov(rows * scale[:, None])
    # Standard errors of 40 000 draws: 0.007 and 0.005.
    torch.testing.assert_close(covariance, torch.eye(3, dtype=torch.float64), rtol=0, atol=0.03)


@pytest.mark.parametrize(("scheme", "order"), [("align", 2), ("quicsort", 3)])
def test_schemes_have_their_order_on_one_brownian_path(scheme: str, order: int) -> None:
    noises = path()
    exact = followed("quicsort", noises)
    errors = []
    h = T / FINEST
    while len(noises) > 4:
        noises = [joined(a, b, h) for a, b in zip(noises[::2], noises[1::2], strict=True)]
        h *= 2.0
        if len(noises) <= 32:
            found = followed(scheme, noises)
            errors.append(
                sum(float((a - b).square().mean()) for a, b in zip(found, exact, strict=True))
                ** 0.5
            )
    # errors of 32, 16, 8 and 4 steps
    slopes = [math.log2(coarse / fine) for fine, coarse in pairwise(errors)]
    assert slopes == pytest.approx([float(order)] * 3, abs=0.35)
    assert sum(slopes) / 3.0 == pytest.approx(order, abs=0.2)


def test_schemes_agree_in_the_limit() -> None:
    """BAOAB draws its own way, so only its distribution can be compared; the other two
    start from one path and must end at one point."""
    noises = path()
    ours, theirs = followed("align", noises), followed("quicsort", noises)
    for a, b in zip(ours, theirs, strict=True):
        assert float((a - b).abs().max()) < 1e-4


@pytest.mark.parametrize(
    ("scheme", "step", "tolerance"),
    [("baoab", 0.2, 0.0), ("align", 0.05, 0.02), ("quicsort", 0.1, 0.01)],
)
def test_gaussian_variances_are_found(scheme: str, step: float, tolerance: float) -> None:
    # Curvatures 1 and 25; BAOAB has no bias in the state of a Gaussian, the others
    # have the one that the method's notes measured, hence the tolerance.
    precision = torch.tensor([1.0, 25.0], dtype=torch.float64)
    start = normal(500, 2) / precision.sqrt()
    found = sample(
        lambda x: -precision * x,
        start,
        scheme=scheme,
        step=step,
        burn_in=round(4.0 / step),
        draws=40,
        every=round(1.0 / step),
        friction=2.0,
        generator=seeded(2),
    )
    per_chain = (found.states.square() * precision).mean(0)  # chains x 2
    error = per_chain.std(0) / math.sqrt(500.0)
    assert ((per_chain.mean(0) - 1.0).abs() < 4.0 * error + tolerance).all()
    assert found.gradients == 1 + SCHEMES[scheme][1] * (round(4.0 / step) + 40 * round(1.0 / step))


def test_without_friction_a_step_follows_the_oscillator() -> None:
    """With gamma = 0 nothing is random: x'' = -x, and the error of a path has the order of
    the scheme."""

    def error(scheme: str, steps: int) -> float:
        x = torch.ones(1, 1, dtype=torch.float64)
        moving = Moving(x, torch.zeros_like(x), -x)
        noise = Noise.drawn(x, T / steps, seeded(0))
        for _ in range(steps):
            moving = SCHEMES[scheme][0](lambda x: -x, moving, T / steps, 0.0, noise)
        return abs(float(moving.x) - math.cos(T))

    for scheme in ("baoab", "align"):
        assert math.log2(error(scheme, 10) / error(scheme, 20)) == pytest.approx(2.0, abs=0.1)
    assert math.log2(error("quicsort", 10) / error("quicsort", 20)) > 2.9


@pytest.mark.parametrize("t", [1e-9, 1e-4, 0.01, 0.4999, 0.5, 0.7, 3.0, 40.0])
def test_coefficients_are_accurate_for_small_and_large_arguments(t: float) -> None:
    getcontext().prec = 60
    s = Decimal(t)
    e = (-s).exp()
    assert decay(t) == pytest.approx(float((1 - e) / s), rel=1e-14)
    assert decay_2(t) == pytest.approx(float((e - 1 + s) / s**2), rel=1e-13)
    exact = 6 * (e * (s + 2) + s - 2) / s**3
    assert decay_3(t) == pytest.approx(float(exact), rel=1e-13)


def test_a_step_that_is_not_stable_is_an_error() -> None:
    with pytest.raises(ArithmeticError, match="baoab scheme is not stable at steps of 1"):
        sample(
            lambda x: -100.0 * x,
            torch.ones(2, 1),
            scheme="baoab",
            step=1.0,
            burn_in=100,
            draws=1,
            generator=seeded(0),
        )
