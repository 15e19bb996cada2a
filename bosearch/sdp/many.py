"""Solve many programs of a few shapes: side by side, as batches of those that are alike.

A call of a kernel on a small matrix costs as much as its arithmetic, or a thousand
times that on an accelerator; a batch of programs shares the calls.
"""

import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Literal, final

import torch

from bosearch.errors import SdpError
from bosearch.sdp.backends.native import Native
from bosearch.sdp.judge import Judge, checked
from bosearch.sdp.ladder import Ladder
from bosearch.sdp.options import Options
from bosearch.sdp.prepared import Prepared
from bosearch.sdp.problem import SdpProblem
from bosearch.sdp.result import SdpResult
from bosearch.sdp.tables import Tables

_ENTRIES = {"cpu": 2**18, "cuda": 2**24}  # of the constraints of a batch, per limb


def solve_many(
    problems: Sequence[SdpProblem],
    *,
    gap: float = 1e-12,
    limbs: Literal["auto"] | int = "auto",
    device: str | None = None,
    time_s: float | None = None,
    max_iterations: int = 300,
    cancel: Callable[[], bool] | None = None,
) -> list[SdpResult]:
    """Solve programs as ``solve`` does one by one, which it equals but for rounding.

    Each has its own steps, precision and status; those that have ended make room.

    Args:
        problems: The programs. Those whose blocks, rows and terms are arranged alike share
            a batch, as do two-point bounds of one degree in all dimensions and at all scales.
        gap: See ``Options``, as all that follow.
        limbs: See there.
        device: See there.
        time_s: See there; for all programs together.
        max_iterations: See there; for each.
        cancel: See there; ends all of them.

    Returns:
        Results in the order of the problems; ``seconds`` is an equal share of their batch's.

    Raises:
        SdpError: As ``solve``, with the position of the program.
    """
    options = Options(
        gap=gap,
        limbs=limbs,
        device=device,
        time_s=time_s,
        max_iterations=max_iterations,
        cancel=cancel,
    )
    clock = time.monotonic()
    alike: dict[Hashable, list[_One]] = {}
    for place, problem in enumerate(problems):
        one = _One.of(place, problem)
        alike.setdefault(one.tables.arrangement, []).append(one)
    work: list[_Batch] = []
    for several in alike.values():
        step = _at_once(several[0].tables, options)
        for i in range(0, len(several), step):
            work += _prepared(several[i : i + step])
    results: dict[int, SdpResult] = {}
    for batch in work:
        left = None if time_s is None else max(1e-3, time_s - (time.monotonic() - clock))
        results |= batch.solved(replace(options, time_s=left))
    return [results[place] for place in range(len(problems))]


@final
@dataclass(frozen=True)
class _One:
    """A program in the list, and the seconds that it took to round it."""

    place: int
    problem: SdpProblem
    tables: Tables
    seconds: float

    @classmethod
    def of(cls, place: int, problem: SdpProblem) -> "_One":
        began = time.process_time()
        with _named(place):
            tables = Tables.of(problem)
        return cls(place, problem, tables, time.process_time() - began)


@final
@dataclass(frozen=True)
class _Batch:
    """Programs that are solved side by side, and the seconds that it took to prepare each."""

    members: list[_One]
    prepared: Prepared
    seconds: float

    def solved(self, options: Options) -> dict[int, SdpResult]:
        """The results, by place."""
        began = time.process_time()
        judge = Judge(self.prepared, options)
        outcomes = Ladder(self.prepared, options, judge.accepts).run()
        share = self.seconds + (time.process_time() - began) / len(outcomes)
        return {
            one.place: replace(result, seconds=result.seconds + one.seconds)
            for one, result in zip(
                self.members, judge.results(outcomes, Native(), share), strict=True
            )
        }


def _prepared(several: Sequence[_One]) -> list[_Batch]:
    began = time.process_time()
    groups = _checked(several)
    share = (time.process_time() - began) / len(several)
    return [_Batch([several[i] for i in places], made, share) for places, made in groups]


def _checked(batch: Sequence[_One]) -> list[tuple[list[int], Prepared]]:
    """See ``checked``; a batch that fails is gone through for the program to blame."""
    try:
        return checked([one.problem for one in batch], Tables.joined([one.tables for one in batch]))
    except SdpError:
        for one in batch:
            with _named(one.place):
                checked([one.problem], one.tables)
        raise


@contextmanager
def _named(place: int) -> Iterator[None]:
    try:
        yield
    except SdpError as error:
        raise SdpError(f"program {place}: {error}") from error


def _at_once(tables: Tables, options: Options) -> int:
    """How many programs of one arrangement to solve side by side."""
    kind = torch.device(options.device or "cpu").type
    return max(1, _ENTRIES.get(kind, _ENTRIES["cuda"]) // tables.entries)
