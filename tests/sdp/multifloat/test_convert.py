import math
from decimal import Decimal
from fractions import Fraction

import pytest
import torch
from flint import arb, arb_mat, ctx, fmpq, fmpq_mat, fmpz, fmpz_mat

from bosearch.errors import SdpError
from bosearch.sdp.multifloat import MultiFloat
from tests.sdp.multifloat.helpers import numbers, same


@pytest.mark.parametrize("limbs", [1, 2, 3, 4])
def test_rationals_are_rounded_to_nearest(limbs: int) -> None:
    exact = [[fmpq(1, 3), fmpq(-22, 7)], [fmpq(10) ** 40 / 3, fmpq(1, 10**200)]]
    found = MultiFloat.from_exact(exact, limbs)
    for row, values in zip(found.to_fmpq(), exact, strict=True):
        for x, y in zip(row, values, strict=True):
            assert abs(x - y) <= abs(y) * fmpq(1, 2 ** (53 * limbs))
    assert found.to_double()[0, 0] == 1 / 3


def test_every_exact_kind_is_read() -> None:
    values = [3, Fraction(3, 4), Decimal("0.5"), fmpz(7), fmpq(5, 8), arb("1.25"), 2**100 + 1]
    found = MultiFloat.from_exact(values, 2)
    assert found.to_fmpq() == [3, fmpq(3, 4), fmpq(1, 2), 7, fmpq(5, 8), fmpq(5, 4), 2**100 + 1]
    assert MultiFloat.from_exact(fmpq(1, 2), 2).shape == ()


@pytest.mark.parametrize("limbs", [1, 2, 3, 4])
def test_what_limbs_hold_survives_the_round_trip(limbs: int) -> None:
    x = numbers(1, (6, 5), limbs, exponents=(-700, 700))
    assert same(MultiFloat.from_flint(x.to_fmpq_mat(), limbs), x)
    assert same(MultiFloat.from_flint(x.to_arb_mat(), limbs), x)
    assert same(MultiFloat.from_exact(x.to_fmpq(), limbs), x)
    assert all(ball.rad() == 0 for ball in x.to_arb_mat().entries())


def test_flint_matrices_keep_their_shape() -> None:
    assert MultiFloat.from_flint(fmpz_mat(2, 3, range(6)), 2).to_double().tolist() == [
        [0.0, 1.0, 2.0],
        [3.0, 4.0, 5.0],
    ]
    assert MultiFloat.from_flint(fmpq_mat(0, 3), 2).shape == (0, 3)
    assert MultiFloat.from_flint(arb_mat(2, 0), 2).to_arb_mat().ncols() == 0


def test_long_balls_are_rounded_as_the_rationals_at_their_midpoints() -> None:
    with ctx.workprec(700):
        balls = [scale * arb(sign) / 7 for sign in (1, -1) for scale in (arb(1), arb(2) ** 900)]
    balls += [arb(2) ** -300, arb(-3), arb(0)]
    mantissas = [ball.mid().man_exp() for ball in balls]
    rationals = [fmpq(mantissa) * fmpq(2) ** int(power) for mantissa, power in mantissas]
    assert same(MultiFloat.from_exact(balls, 4), MultiFloat.from_exact(rationals, 4))


def test_a_ball_is_rounded_at_its_midpoint() -> None:
    ball = arb("1.5", "0.25")
    assert MultiFloat.from_flint(arb_mat(1, 1, [ball]), 2).to_fmpq() == [[fmpq(3, 2)]]


@pytest.mark.parametrize(
    "value", [0.1, "1", None, arb("nan"), arb("inf"), Decimal("nan"), Decimal("inf"), 10**400]
)
def test_what_is_no_finite_exact_number_is_refused(value: object) -> None:
    with pytest.raises(SdpError, match="expected"):
        MultiFloat.from_exact([1, value], 2)


def test_ragged_lists_are_refused() -> None:
    with pytest.raises(SdpError, match="equal lengths"):
        MultiFloat.from_exact([[1, 2], [3]], 2)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_not_finite_has_no_exact_value(value: float) -> None:
    x = MultiFloat.of(torch.tensor([[value]], dtype=torch.float64), 2)
    for convert in (x.to_fmpq, x.to_fmpq_mat, x.to_arb_mat):
        with pytest.raises(SdpError, match="finite"):
            convert()
