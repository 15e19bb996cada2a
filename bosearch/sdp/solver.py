"""Solve a semidefinite program: prepare it, run a backend, recompute what it found."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from bosearch.sdp.backends import backend as backend_of
from bosearch.sdp.judge import Judge, checked
from bosearch.sdp.options import Options
from bosearch.sdp.problem import SdpProblem
from bosearch.sdp.result import Iteration, SdpResult
from bosearch.sdp.tables import Tables
from bosearch.sdp.warm import warm_start


def solve(
    problem: SdpProblem,
    *,
    backend: str = "native",
    gap: float = 1e-12,
    limbs: Literal["auto"] | int = "auto",
    device: str | None = None,
    time_s: float | None = None,
    max_iterations: int = 300,
    cancel: Callable[[], bool] | None = None,
    on_iteration: Callable[[Iteration], None] | None = None,
    checkpoint: Path | None = None,
    beyond: float = 10.0,
    warm: SdpResult | None = None,
) -> SdpResult:
    """Solve a program. What is asked badly raises; how the solve ends is a status.

    Args:
        problem: The program.
        backend: "native", "clarabel" (double precision) or "sdpa-gmp" (a subprocess).
        gap: See ``Options``, as all that follow.
        limbs: See there.
        device: See there.
        time_s: See there.
        max_iterations: See there.
        cancel: See there.
        on_iteration: See there.
        checkpoint: See there.
        beyond: See there.
        warm: See there.

    Raises:
        SdpError: Rows depend on each other, an option is out of range, a checkpoint
            belongs to another program, or the backend is unknown or not installed.
    """
    began = time.process_time()
    chosen = backend_of(backend)
    chosen.version()  # fails here, before any work, if it is not installed
    options = Options(
        gap=gap,
        limbs=limbs,
        device=device,
        time_s=time_s,
        max_iterations=max_iterations,
        cancel=cancel,
        on_iteration=on_iteration,
        checkpoint=checkpoint,
        beyond=beyond,
        warm=warm,
    )
    ((_, prepared),) = checked([problem], Tables.of(problem))
    judge = Judge(prepared, options)
    start = None if warm is None else warm_start(prepared, warm)
    outcome = chosen.solve(prepared, options, judge.accepts, start)
    (result,) = judge.results([outcome], chosen, time.process_time() - began)
    return result
