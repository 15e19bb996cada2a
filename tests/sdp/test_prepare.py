"""Programs prepared side by side are held to those prepared one at a time."""

from collections.abc import Iterator
from fractions import Fraction

import pytest
import torch

from bosearch.sdp import scaling
from bosearch.sdp.multifloat import MultiFloat
from bosearch.sdp.prepare import prepare, prepare_many
from bosearch.sdp.prepared import Prepared
from bosearch.sdp.problem import SdpProblem
from bosearch.sdp.tables import Tables
from tests.sdp.helpers import complementary, two_point

BOUNDS = [
    two_point(8, 9),
    two_point(3, 9, r_squared=Fraction(6, 5)),
    two_point(24, 9, r_squared=4),
]
DENSE = [complementary(seed, sizes=(8, 7, 3), m=6)[0] for seed in (1, 2)]


def together(problems: list[SdpProblem]) -> Prepared:
    return prepare_many(problems, Tables.joined(list(map(Tables.of, problems))))


def numbers(prepared: Prepared) -> Iterator[torch.Tensor]:
    program = prepared.program
    for part in (*program.cost, *program.rhs, *program.free, program.cost_free, *prepared.bases):
        yield part.to_double()
    for piece in program.pieces:
        yield piece.constraints.doubles()


@pytest.mark.parametrize("problems", [BOUNDS, DENSE], ids=["bounds", "dense"])
def test_a_batch_is_prepared_as_one_by_one(problems: list[SdpProblem]) -> None:
    """Up to the last digits of the doubles from which the bases come."""
    batch = together(problems)
    for place, problem in enumerate(problems):
        one, alone = batch.taken([place]), prepare(problem)
        assert one.problem is problem
        assert one.units == alone.units
        for name in ("row_exponents", "free_exponents", "rhs_exponents", "cost_exponents"):
            assert torch.equal(getattr(one, name), getattr(alone, name))
        for found, expected in zip(numbers(one), numbers(alone), strict=True):
            assert (found - expected).norm() <= 1e-12 * expected.norm()


def test_a_program_makes_no_more_passes_than_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted: a batch whitens each block as often as its slowest member, not once for each."""
    calls: list[int] = []
    whitening = scaling._whitening

    def counted(samples: MultiFloat, *, balance: bool) -> tuple[MultiFloat, torch.Tensor]:
        calls.append(len(samples))
        return whitening(samples, balance=balance)

    monkeypatch.setattr(scaling, "_whitening", counted)
    alone = []
    for problem in BOUNDS:
        prepare(problem)
        alone.append(len(calls))
        calls.clear()
    together(BOUNDS)
    assert calls == [len(BOUNDS)] * max(alone)


def test_the_preconditioned_rows_and_costs_have_size_one() -> None:
    """Largest right-hand side and cost: one within the rounding of exponents."""
    program = together(BOUNDS).program
    rhs = torch.cat([part.to_double().flatten(1) for part in program.rhs], -1).abs().amax(-1)
    costs = [part.to_double().flatten(1) for part in (*program.cost, program.cost_free)]
    for sizes in (rhs, torch.cat(costs, -1).abs().amax(-1)):
        assert bool((sizes >= 0.7).all())
        assert bool((sizes <= 1.42).all())
