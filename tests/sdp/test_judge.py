"""Solutions that are known by hand, and what a judge makes of them."""

from collections.abc import Sequence
from fractions import Fraction

import pytest
import torch
from flint import fmpq

from bosearch.errors import SdpError
from bosearch.sdp import judge as module
from bosearch.sdp.backends.native import Native
from bosearch.sdp.iterate import Iterate
from bosearch.sdp.judge import Judge, checked
from bosearch.sdp.multifloat import MultiFloat
from bosearch.sdp.options import Options
from bosearch.sdp.outcome import Outcome
from bosearch.sdp.prepared import Prepared
from bosearch.sdp.problem import Entries, SdpProblem
from bosearch.sdp.recompute import recompute, remeasure
from bosearch.sdp.result import Status
from bosearch.sdp.tables import Tables


def corner(rhs: int) -> SdpProblem:
    """The least trace of a matrix whose first entry is ``rhs``: that entry, with x = 1."""
    return SdpProblem(
        blocks={"a": 2},
        rows=["corner"],
        rhs=[rhs],
        terms=[Entries("a", "corner", {(0, 0): 1})],
        cost_blocks=[Entries("a", None, {(0, 0): 1, (1, 1): 1})],
    )


def two_rows(*, second: int, free: int) -> SdpProblem:
    """A trace of 1, and one with ``second`` for a weight plus ``free`` times a variable."""
    return SdpProblem(
        blocks={"a": 2},
        rows=["one", "two"],
        rhs=[1, 2],
        free=["y"],
        free_matrix=[[0], [free]],
        terms=[
            Entries("a", "one", {(0, 0): 1, (1, 1): 1}),
            Entries("a", "two", {(0, 0): second, (1, 1): 1}),
        ],
    )


def together(problems: Sequence[SdpProblem]) -> list[tuple[list[int], Prepared]]:
    return checked(problems, Tables.joined(list(map(Tables.of, problems))))


def batch(*rhs: int) -> Prepared:
    ((_, prepared),) = together(list(map(corner, rhs)))
    return prepared


def solution(
    prepared: Prepared, place: int, *, first: Fraction = Fraction(0), limbs: int = 2
) -> Iterate:
    """The optimum of one program, its first entry off by ``first``."""
    one = prepared.taken([place])
    value = one.problem.rhs[0] + fmpq(first.numerator, first.denominator)
    Y = MultiFloat.from_exact([[value, 0], [0, 0]], 4)
    Z = MultiFloat.from_exact([[0, 0], [0, 1]], 4)
    inner, y = one.inner_primal({"a": Y}, MultiFloat.zeros((0,), 4))
    slack, x = one.inner_dual({"a": Z}, MultiFloat.from_exact([1], 4))
    return Iterate(inner, slack, x, y).at(limbs, None)


def test_each_claim_of_a_batch_is_judged_by_its_own_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """All at once, and what has been measured is not measured again: calls are counted."""
    sizes: list[int] = []

    def counted(tables, *rest):  # type: ignore[no-untyped-def]  # as ``remeasure``
        sizes.append(len(tables.rhs))
        return remeasure(tables, *rest)

    monkeypatch.setattr(module, "remeasure", counted)
    prepared = batch(3, 5, 7, 9)
    judge = Judge(prepared, Options())
    claims = {
        0: solution(prepared, 0),
        1: solution(prepared, 1, first=Fraction(1, 10**6)),
        3: solution(prepared, 3),
    }
    assert judge.accepts(claims) == {0: True, 1: False, 3: True}
    assert judge.accepts({3: claims[3], 0: claims[0]}) == {3: True, 0: True}
    assert sizes == [3]
    assert judge.accepts({1: solution(prepared, 1)}) == {1: True}
    assert sizes == [3, 1]


@pytest.mark.parametrize("limbs", [1, 2, 3])
def test_objectives_and_gap_are_those_of_the_problem(limbs: int) -> None:
    prepared = batch(3, 5)
    off = Fraction(1, 2**30)
    at = [solution(prepared, place, first=off, limbs=limbs) for place in (0, 1)]
    outcomes = [Outcome(Status.stalled, "by hand", one) for one in at]
    results = Judge(prepared, Options()).results(outcomes, Native(), 0.5)
    for rhs, result in zip((3, 5), results, strict=True):
        assert result.value == rhs + 2.0**-30
        assert float(result.dual.to_double()) == rhs
        assert result.gap == pytest.approx(2.0**-30 / (rhs + 2.0**-30), rel=1e-12)
        assert result.status is Status.near_optimal
        assert result.limbs == limbs
        assert result.seconds == 0.5
        assert torch.equal(result.slacks["a"].to_double(), torch.diag(torch.tensor([0.0, 1.0])))


def test_a_long_iterate_is_measured_in_balls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three limbs are more than half of 212 bits."""
    seen: list[SdpProblem] = []

    def counted(problem, *rest):  # type: ignore[no-untyped-def]  # as ``recompute``
        seen.append(problem)
        return recompute(problem, *rest)

    monkeypatch.setattr(module, "recompute", counted)
    prepared = batch(3, 5)
    judge = Judge(prepared, Options())
    claims = {0: solution(prepared, 0, limbs=2), 1: solution(prepared, 1, limbs=3)}
    assert judge.accepts(claims) == {0: True, 1: True}
    assert seen == [prepared.problems[1]]


@pytest.mark.parametrize(
    ("claimed", "first", "status"),
    [
        (Status.optimal, Fraction(0), Status.optimal),
        (Status.numerical, Fraction(0), Status.optimal),
        (Status.optimal, Fraction(1, 2**30), Status.near_optimal),
        (Status.optimal, Fraction(1, 10), Status.numerical),
        (Status.stalled, Fraction(1, 10), Status.stalled),
        (Status.limit, Fraction(0), Status.limit),
        (Status.cancelled, Fraction(1, 10), Status.cancelled),
    ],
)
def test_a_claim_is_believed_in_nothing(claimed: Status, first: Fraction, status: Status) -> None:
    prepared = batch(3)
    outcome = Outcome(claimed, "by hand", solution(prepared, 0, first=first))
    (result,) = Judge(prepared, Options()).results([outcome], Native(), 0.0)
    assert result.status is status
    assert "by hand" in result.message


def test_programs_that_need_their_free_variables_come_last() -> None:
    """One arrangement: independent on the block, by the variable only, and not at all."""
    problems = [two_rows(second=1, free=1), two_rows(second=2, free=0), two_rows(second=3, free=5)]
    (easy, first), (hard, second) = together(problems)
    assert (easy, hard) == ([1, 2], [0])
    assert (first.program.augmented, second.program.augmented) == (False, True)
    assert first.problems == (problems[1], problems[2])
    assert second.problem is problems[0]
    with pytest.raises(SdpError, match=r"1 of 2 rows are linear combinations.*'two'\n  hint"):
        together([*problems, two_rows(second=1, free=0)])
