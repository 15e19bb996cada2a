"""Descents on functions with a known minimum."""

import math
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from bosearch.surrogates.networks.descent import descend, descend_early

TARGET = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)


def bowl(parameters: Sequence[Tensor]) -> Tensor:
    (x,) = parameters
    return ((x - TARGET).square() * torch.tensor([1.0, 10.0, 100.0])).sum()


START = [torch.zeros(3, dtype=torch.float64)]


def test_a_bowl_is_descended_to_its_bottom() -> None:
    found = descend_early(bowl, START, steps=600, rate=0.1)
    torch.testing.assert_close(found.parameters[0], TARGET, rtol=0.0, atol=1e-6)
    assert found.gradients == 600
    assert torch.equal(START[0], torch.zeros(3, dtype=torch.float64))


def test_steps_are_those_of_adam_in_torch() -> None:
    ours = descend_early(bowl, START, steps=25, rate=0.1).parameters[0]
    x = START[0].clone().requires_grad_()
    adam = torch.optim.Adam([x], lr=0.1, eps=1e-12)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(adam, 25)
    for _ in range(25):
        adam.zero_grad()
        bowl([x]).backward()
        adam.step()
        schedule.step()
    torch.testing.assert_close(ours, x.detach(), rtol=1e-9, atol=1e-12)


def test_the_best_state_is_a_copy_and_the_descent_stops_behind_it() -> None:
    seen = []

    def score(parameters: Sequence[Tensor]) -> float:
        """Best on the way, at a third of the path."""
        value = -float((parameters[0] - TARGET / 3.0).detach().square().sum())
        seen.append((value, parameters[0].detach().clone()))
        return value

    found = descend_early(bowl, START, steps=10_000, rate=0.01, score=score, patience=5)
    best = max(seen, key=lambda pair: pair[0])[1]
    assert torch.equal(found.parameters[0], best)
    assert not torch.equal(found.parameters[0], seen[-1][1])
    assert found.gradients < 1000
    again = descend_early(bowl, START, steps=10_000, rate=0.01, stop=found.steps)
    assert torch.equal(again.parameters[0], best)


def test_descent_reaches_the_minimum_whatever_the_scale_of_the_loss() -> None:
    target = torch.tensor([[1.0, -2.0], [0.5, 3.0]], dtype=torch.float64)
    start = torch.zeros_like(target)
    ends = [
        descend(lambda z, c=scale: c * (z - target), start, steps=600, rate=0.05)  # type: ignore[misc]
        for scale in (1.0, 1e4)
    ]
    torch.testing.assert_close(ends[0], target, rtol=0.0, atol=1e-6)
    torch.testing.assert_close(ends[1], ends[0], rtol=1e-8, atol=1e-8)
    assert not start.any()


def test_what_is_not_finite_is_an_arithmetic_error() -> None:
    with pytest.raises(ArithmeticError, match="did not stay finite"):
        descend_early(lambda parameters: parameters[0].sum() * torch.nan, START, steps=3, rate=0.1)
    with pytest.raises(ArithmeticError, match="did not stay finite"):
        descend(lambda z: z * math.nan, torch.ones(2), steps=3, rate=0.1)
