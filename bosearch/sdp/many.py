"""Solve many programs of a few shapes: side by side, as batches of those that are alike.

A call of a kernel on a small matrix costs as much as its arithmetic, or a thousand
times that on an accelerator; a batch of programs shares the calls.
"""

import math
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, final

import torch

from bosearch.errors import SdpError
from bosearch.sdp.backends.native import Native
from bosearch.sdp.judge import Judge, checked
from bosearch.sdp.ladder import Ladder
from bosearch.sdp.options import Options
from bosearch.sdp.prepare import Prepared
from bosearch.sdp.problem import SdpProblem
from bosearch.sdp.result import SdpResult

_ENTRIES = {"cpu": 2**18, "cuda": 2**26}  # of the constraints of a batch, per limb


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
    clock, backend = time.monotonic(), Native()
    alike: dict[Hashable, list[_One]] = {}
    for place, problem in enumerate(problems):
        began = time.process_time()
        prepared = _checked(problem, place)
        one = _One(place, prepared, Judge(prepared, options), time.process_time() - began)
        alike.setdefault(prepared.program.layout, []).append(one)
    results: dict[int, SdpResult] = {}
    for several in alike.values():
        step = _at_once(several[0].prepared, options)
        for batch in (several[i : i + step] for i in range(0, len(several), step)):
            left = None if time_s is None else max(1e-3, time_s - (time.monotonic() - clock))
            began = time.process_time()
            accept = [one.judge.accepts for one in batch]
            ladder = Ladder([one.prepared for one in batch], replace(options, time_s=left), accept)
            outcomes = ladder.run()
            share = (time.process_time() - began) / len(batch)
            for one, outcome in zip(batch, outcomes, strict=True):
                results[one.place] = one.judge.result(outcome, backend, one.seconds + share)
    return [results[place] for place in range(len(problems))]


@final
@dataclass(frozen=True)
class _One:
    """A program in the list, and the seconds that it took to prepare it."""

    place: int
    prepared: Prepared
    judge: Judge
    seconds: float


def _checked(problem: SdpProblem, place: int) -> Prepared:
    try:
        return checked(problem)
    except SdpError as error:
        raise SdpError(f"program {place}: {error}") from error


def _at_once(prepared: Prepared, options: Options) -> int:
    """How many programs of one layout to solve side by side."""
    kind = torch.device(options.device or "cpu").type
    program = prepared.program
    entries = sum(piece.constraints.entries for piece in program.pieces)
    entries += sum(math.prod(B.shape) for B in program.free)
    return max(1, _ENTRIES.get(kind, _ENTRIES["cuda"]) // entries)
