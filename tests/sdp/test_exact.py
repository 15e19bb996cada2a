import random
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch
from flint import arb, arb_mat, ctx, fmpq, fmpq_mat, fmpz

from bosearch.errors import SdpError
from bosearch.sdp import exact
from bosearch.sdp.multifloat import MultiFloat


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, fmpq(3)),
        (fmpz(2), fmpq(2)),
        (Fraction(1, 3), fmpq(1, 3)),
        (Decimal("0.1"), fmpq(1, 10)),
        (np.int64(7), fmpq(7)),
    ],
)
def test_exact_numbers_become_rationals(value: Any, expected: fmpq) -> None:
    assert exact.scalar(value, "x") == expected


@pytest.mark.parametrize("value", [0.1, np.float64(0.5), np.float32(0.5), torch.tensor(0.5)])
def test_a_double_is_refused_with_what_to_write_instead(value: Any) -> None:
    with pytest.raises(SdpError, match=r"x must be exact, got the double.*\n.*Fraction"):
        exact.scalar(value, "x")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), arb("nan"), Decimal("inf")])
def test_what_is_not_finite_is_refused(value: Any) -> None:
    with pytest.raises(SdpError, match="x must be finite"):
        exact.scalar(value, "x")


@pytest.mark.parametrize("value", ["1", None, True, 1j])
def test_what_is_no_number_is_refused(value: Any) -> None:
    with pytest.raises(SdpError, match="x must be"):
        exact.scalar(value, "x")


def test_a_ragged_table_is_refused_by_its_row() -> None:
    with pytest.raises(SdpError, match="t: row 1 must have 2 entries, got 1"):
        exact.table([[1, 2], [3]], "t")


@pytest.mark.parametrize(
    "values",
    [
        arb_mat([[arb("nan")]]),
        MultiFloat(torch.tensor([[[float("inf")]]], dtype=torch.float64)),
        [[arb("inf")]],
    ],
)
def test_a_table_with_an_entry_that_is_not_finite_is_refused(values: Any) -> None:
    with pytest.raises(SdpError, match="must be finite"):
        exact.table(values, "t")


def test_a_rational_beside_balls_keeps_a_thousand_bits() -> None:
    # flint's working precision is 53 bits here; one third must not be cut to it.
    made = exact.table([[Fraction(1, 3), arb.pi()]], "t")
    assert isinstance(made, arb_mat)
    with ctx.workprec(2000):
        assert abs(made[0, 0] - fmpq(1, 3)) < arb(2) ** -1000


def test_tables_of_every_kind_come_back_from_text_unchanged() -> None:
    rng = random.Random(0)
    rationals = fmpq_mat(2, 2, [fmpq(rng.randint(-9, 9), rng.randint(1, 9)) for _ in range(4)])
    balls = arb_mat([[arb(2).sqrt(), arb(3)], [arb("1e-300"), arb.pi()]])
    limbs = MultiFloat.from_exact([[Fraction(1, 3), 2], [-1, 0]], 3)
    for table in (rationals, balls, limbs):
        again = exact.decode_table(exact.encode_table(table))
        assert exact.encode_table(again) == exact.encode_table(table)
        assert type(again) is type(table)


def test_balls_of_any_precision_keep_midpoint_and_radius() -> None:
    rng = random.Random(1)
    for _ in range(300):
        with ctx.workprec(rng.choice([20, 53, 100, 400])):
            ball = arb(rng.randint(1, 10**6)).sqrt() * arb(2) ** rng.randint(-200, 200) / 3
        again = exact.decode_scalar(exact.encode_scalar(ball))
        assert isinstance(again, arb)
        assert again.mid().man_exp() == ball.mid().man_exp()
        assert again.rad().man_exp() == ball.rad().man_exp()


def test_a_ball_around_zero_is_not_zero() -> None:
    assert exact.is_zero(fmpq(0))
    assert not exact.is_zero(arb(0, 1))
