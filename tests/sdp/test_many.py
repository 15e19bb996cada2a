"""Many programs side by side are held to one at a time."""

from collections import Counter
from fractions import Fraction

import pytest

from bosearch.errors import SdpError
from bosearch.sdp import Entries, SdpProblem, SdpResult, Status, solve, solve_many
from bosearch.sdp.interior_point import advance
from bosearch.sdp.prepare import prepare_many
from bosearch.sdp.recompute import remeasure
from tests.sdp.helpers import complementary, pentagon, two_point


def one_row(rhs: int, cost: int) -> SdpProblem:
    """Minimize ``cost`` times the last corner of a matrix whose first is ``rhs``."""
    return SdpProblem(
        blocks={"a": 2},
        rows=["corner"],
        rhs=[rhs],
        terms=[Entries("a", "corner", {(0, 0): 1})],
        cost_blocks=[Entries("a", None, {(0, 0): 1, (1, 1): cost})],
    )


MIXED = [
    one_row(3, 1),  # these three are of one layout: 3, nothing feasible, no bound
    one_row(-1, 1),
    one_row(2, -1),
    two_point(8, 9),  # and these three, at different scales
    pentagon(),
    two_point(8, 9, r_squared=Fraction(21, 10)),
    two_point(3, 9, r_squared=Fraction(6, 5)),
    complementary(4)[0],
]


@pytest.fixture(scope="module")
def alone() -> list[SdpResult]:
    return [solve(problem) for problem in MIXED]


def test_a_mixed_bag_is_solved_as_one_by_one(alone: list[SdpResult]) -> None:
    together = solve_many(MIXED)
    for one, other in zip(alone, together, strict=True):
        assert other.status is one.status
        assert len(other.history) == len(one.history)
        assert other.limbs == one.limbs
        assert other.counts == one.counts
        if one.status is Status.optimal:
            assert other.value == pytest.approx(one.value, rel=2e-12, abs=2e-12)
    assert [str(one.status) for one in together[:3]] == [
        "optimal",
        "primal_infeasible",
        "dual_infeasible",
    ]
    assert together[0].value == pytest.approx(3.0, abs=1e-11)


def test_programs_of_one_layout_share_their_iterations(monkeypatch: pytest.MonkeyPatch) -> None:
    """The work is counted: as many iterations as the longest solve takes at each level."""
    sizes: list[int] = []

    def counted(program, *rest):  # type: ignore[no-untyped-def]  # as ``advance``
        sizes.append(program.count)
        return advance(program, *rest)

    monkeypatch.setattr("bosearch.sdp.ladder.advance", counted)
    results = solve_many([problem for problem in MIXED if len(problem.blocks) == 4])
    failed = sum(result.counts["primal"] - len(result.history) for result in results)
    assert sum(sizes) == sum(len(result.history) for result in results) + failed
    assert max(sizes) == len(results) == 3
    at_level = [
        max(sum(i.limbs == limbs for i in result.history) for result in results)
        for limbs in (1, 2, 3)
    ]
    assert len(sizes) <= sum(at_level) + 2  # the last of a level may fail


def test_programs_of_one_arrangement_are_prepared_and_measured_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The work is counted: one preparation, and one measuring for each level that claims end."""
    prepared: list[int] = []
    measured: list[int] = []

    def preparing(problems, *rest, **options):  # type: ignore[no-untyped-def]  # as the original
        prepared.append(len(problems))
        return prepare_many(problems, *rest, **options)

    def measuring(tables, *rest):  # type: ignore[no-untyped-def]
        measured.append(len(tables.rhs))
        return remeasure(tables, *rest)

    monkeypatch.setattr("bosearch.sdp.judge.prepare_many", preparing)
    monkeypatch.setattr("bosearch.sdp.judge.remeasure", measuring)
    results = solve_many([problem for problem in MIXED if len(problem.blocks) == 4])
    assert {result.status for result in results} == {Status.optimal}
    assert prepared == [3]
    ends = Counter(result.limbs for result in results if result.limbs <= 2)
    assert measured == [ends[limbs] for limbs in sorted(ends)]


def test_limits_hold_for_each_program() -> None:
    results = solve_many(MIXED[3:], max_iterations=4)
    assert {result.status for result in results} == {Status.limit}
    assert {len(result.history) for result in results} == {4}
    assert solve_many([]) == []


def test_cancelling_ends_all_programs() -> None:
    results = solve_many(MIXED[3:6], cancel=lambda: True)
    assert {result.status for result in results} == {Status.cancelled}


def test_a_program_that_cannot_be_solved_is_named() -> None:
    twice = SdpProblem(
        blocks={"a": 1},
        rows=["one", "two"],
        rhs=[1, 2],
        terms=[Entries("a", "one", {(0, 0): 1}), Entries("a", "two", {(0, 0): 2})],
    )
    with pytest.raises(SdpError, match=r"program 1: 1 of 2 rows .*'two'"):
        solve_many([pentagon(), twice])
