"""Solutions are moved onto their constraints by the least change, as closed forms say."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest
import torch
from flint import fmpq

from bosearch.errors import SdpError
from bosearch.sdp import Entries, SdpProblem, SdpResult, solve
from bosearch.sdp.feasible import feasible
from bosearch.sdp.multifloat import MultiFloat
from bosearch.sdp.recompute import recompute
from tests.sdp.helpers import pentagon, two_point


def lack(problem: SdpProblem, result: SdpResult, limbs: int) -> float:
    blocks, free = feasible(problem, result, limbs=limbs)
    rows = recompute(problem, blocks, free, result.duals).rows
    return float(rows.to_double().abs().max())


@pytest.mark.parametrize("make", [pentagon, lambda: two_point(8, 9)])
def test_residuals_vanish_to_the_precision_of_the_step(make: Callable[[], SdpProblem]) -> None:
    problem = make()
    result = solve(problem, gap=1e-5, limbs=1)
    assert lack(problem, result, 2) < 1e-22
    assert lack(problem, result, 3) < 1e-36
    blocks, _ = feasible(problem, result)
    for name, block in blocks.items():
        before, after = result.blocks[name].to_double(), block.to_double()
        inverse = torch.linalg.inv(torch.linalg.cholesky(before))
        seen = torch.linalg.eigvalsh(inverse @ after @ inverse.mT)
        torch.testing.assert_close(seen, torch.ones_like(seen), rtol=0, atol=1e-4)


def simplex() -> SdpProblem:
    """Two positive numbers ``a + 2 b = 1``; their sum is minimized."""
    return SdpProblem(
        blocks={"a": 1, "b": 1},
        rows=["sum"],
        rhs=[1],
        terms=[Entries("a", 0, {(0, 0): 1}), Entries("b", 0, {(0, 0): 2})],
        cost_blocks=[Entries("a", None, {(0, 0): 1}), Entries("b", None, {(0, 0): 1})],
    )


def at(a: Fraction, b: Fraction) -> SdpResult:
    result = solve(simplex(), gap=1e-3)
    values = {"a": MultiFloat.from_exact([[a]], 4), "b": MultiFloat.from_exact([[b]], 4)}
    return replace(result, blocks=values)


def test_the_change_is_the_least_in_the_metric_of_the_solution() -> None:
    # with da + 2 db = r, (da/a)^2 + (db/b)^2 is least at da = a^2 s, db = 2 b^2 s
    a, b = Fraction(1, 2), Fraction(1, 8)
    blocks, _ = feasible(simplex(), at(a, b))
    r = 1 - a - 2 * b
    scale = r / (a * a + 4 * b * b)
    for name, expected in (("a", a + a * a * scale), ("b", b + 2 * b * b * scale)):
        found: fmpq = blocks[name].to_fmpq()[0][0]
        assert abs(float(found - fmpq(expected.numerator, expected.denominator))) < 1e-40


def test_a_solution_on_the_boundary_is_refused() -> None:
    for b in (Fraction(0), Fraction(-1)):
        with pytest.raises(SdpError, match="cannot be moved onto its constraints"):
            feasible(simplex(), at(Fraction(1), b))
