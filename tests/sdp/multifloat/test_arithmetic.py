import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from flint import arb

from bosearch.sdp.multifloat import MultiFloat
from tests.sdp.multifloat.helpers import LIMBS, balls, numbers, same, unit, worst

# Exponents of both operands; with the last pair results reach from 1e-200 to 1e200.
RANGES = [(0, 0), (-60, 60), (-330, 330)]


def pair(limbs: int, exponents: tuple[int, int]) -> tuple[MultiFloat, MultiFloat]:
    return (
        numbers(1, (3, 40), limbs, exponents=exponents),
        numbers(2, (3, 40), limbs, exponents=exponents),
    )


@pytest.mark.parametrize("exponents", [*RANGES, (-660, 660)])
@pytest.mark.parametrize("limbs", LIMBS)
def test_sums_and_differences_match_flint(limbs: int, exponents: tuple[int, int]) -> None:
    x, y = pair(limbs, exponents)
    pairs = list(zip(balls(x), balls(y), strict=True))
    size = [abs(a) + abs(b) for a, b in pairs]
    assert worst(x + y, (a + b for a, b in pairs), size) < 4 * unit(limbs)
    assert worst(x - y, (a - b for a, b in pairs), size) < 4 * unit(limbs)


@pytest.mark.parametrize("exponents", RANGES)
@pytest.mark.parametrize("limbs", LIMBS)
@pytest.mark.parametrize(
    ("operation", "units"),
    [(lambda a, b: a * b, 8), (lambda a, b: a / b, 16)],
    ids=["product", "quotient"],
)
def test_products_and_quotients_match_flint(
    limbs: int, exponents: tuple[int, int], operation: Callable[[Any, Any], Any], units: int
) -> None:
    x, y = pair(limbs, exponents)
    exact = [operation(a, b) for a, b in zip(balls(x), balls(y), strict=True)]
    assert worst(operation(x, y), exact, map(abs, exact)) < units * unit(limbs)


@pytest.mark.parametrize("exponents", [*RANGES, (-660, 660)])
@pytest.mark.parametrize("limbs", LIMBS)
def test_roots_match_flint(limbs: int, exponents: tuple[int, int]) -> None:
    x = numbers(3, (120,), limbs, exponents=exponents).abs()
    exact = [a.sqrt() for a in balls(x)]
    assert worst(x.sqrt(), exact, exact) < 16 * unit(limbs)


@pytest.mark.parametrize("limbs", LIMBS)
def test_doubles_enter_as_exact_numbers(limbs: int) -> None:
    x, d = numbers(4, (50,), limbs), torch.linspace(-3.0, 5.0, 50, dtype=torch.float64)
    exact = [(a, arb(float(b))) for a, b in zip(balls(x), d, strict=True)]
    cases = [
        (x + d, [a + b for a, b in exact]),
        (d + x, [a + b for a, b in exact]),
        (x - d, [a - b for a, b in exact]),
        (d - x, [b - a for a, b in exact]),
        (x * d, [a * b for a, b in exact]),
        (d / x, [b / a for a, b in exact]),
        (x + 0.1, [a + arb(0.1) for a, _ in exact]),
        (0.1 - x, [arb(0.1) - a for a, _ in exact]),
        (x * 0.1, [a * arb(0.1) for a, _ in exact]),
        (x / 3, [a / 3 for a, _ in exact]),
        (3 / x, [3 / a for a, _ in exact]),
    ]
    for found, expected in cases:
        assert found.limbs == limbs
        assert worst(found, expected, [abs(a) + 1 for a, _ in exact]) < 64 * unit(limbs)


@pytest.mark.parametrize("limbs", LIMBS)
def test_a_power_of_two_rescales_exactly(limbs: int) -> None:
    x = numbers(5, (60,), limbs)
    assert balls(x * -0.25) == [-a / 4 for a in balls(x)]
    assert balls(x / 8) == [a / 8 for a in balls(x)]


def test_the_operand_with_more_limbs_decides() -> None:
    long, short = numbers(6, (30,), 4), numbers(7, (30,), 2)
    exact = [(a, b) for a, b in zip(balls(long), balls(short), strict=True)]
    size = [abs(a) + abs(b) for a, b in exact]
    assert worst(long + short, (a + b for a, b in exact), size) < 4 * unit(4)
    assert worst(short - long, (b - a for a, b in exact), size) < 4 * unit(4)
    assert (
        worst(short * long, (a * b for a, b in exact), (abs(a * b) for a, b in exact)) < unit(4) * 8
    )


def test_two_limbs_lose_nothing_to_cancellation() -> None:
    # Joldes, Muller and Popescu (2017), theorem 3.1: relative error 3 u^2 of the sum itself.
    x = numbers(8, (200,), 2)
    y = -x + numbers(9, (200,), 2, exponents=(-100, -40))
    exact = [a + b for a, b in zip(balls(x), balls(y), strict=True)]
    assert worst(x + y, exact, map(abs, exact)) < 3.01 * unit(2)


@pytest.mark.parametrize("limbs", LIMBS)
def test_a_number_less_itself_is_zero(limbs: int) -> None:
    x = numbers(10, (40,), limbs, exponents=(-600, 600))
    assert same(x - x, MultiFloat.zeros((40,), limbs))


@pytest.mark.parametrize("limbs", LIMBS)
def test_results_are_normalised(limbs: int) -> None:
    x, y = numbers(11, (400,), limbs), numbers(12, (400,), limbs, exponents=(-80, 3))
    for z in (x + y, x - y, x * y, x / y, x.abs().sqrt()):
        for high, low in zip(z.parts[:-1], z.parts[1:], strict=True):
            assert torch.equal(high + low, high)


@pytest.mark.parametrize("limbs", LIMBS)
def test_what_is_not_finite_stays_so(limbs: int) -> None:
    bad = MultiFloat.of(torch.tensor([math.nan, math.inf, -math.inf], dtype=torch.float64), limbs)
    good = numbers(13, (3,), limbs)
    for z in (bad + good, good - bad, bad * good, good / (bad * 0.0), bad / good, bad.sqrt()):
        assert not z.to_double().isfinite().any()
    assert not (good / MultiFloat.zeros((3,), limbs)).to_double().isfinite().any()
    assert numbers(14, (3,), limbs).abs().__neg__().sqrt().to_double().isnan().all()


@pytest.mark.parametrize("limbs", LIMBS)
def test_zero_of_either_sign_is_zero(limbs: int) -> None:
    zero = MultiFloat.of(torch.tensor([0.0, -0.0], dtype=torch.float64), limbs)
    x = numbers(15, (2,), limbs)
    assert same(x + zero, x)
    assert same(x - zero, x)
    for z in (x * zero, zero / x, zero.sqrt(), zero + zero):
        assert (z.parts == 0).all()


@pytest.mark.parametrize("limbs", LIMBS)
@pytest.mark.parametrize("length", [0, 1, 2, 7, 64])
def test_sums_along_a_dimension_match_flint(limbs: int, length: int) -> None:
    x = numbers(16, (3, length, 2), limbs, exponents=(-40, 40))
    table = [[[x[i, j, k] for j in range(length)] for k in range(2)] for i in range(3)]
    entries = [[balls(v)[0] for v in cell] for row in table for cell in row]
    exact = [sum(cell, arb(0)) for cell in entries]
    size = [sum(map(abs, cell), arb(0)) for cell in entries]
    assert worst(x.sum(1), exact, size) < 8 * unit(limbs)
    assert same(x.sum(1), x.sum(-2))
