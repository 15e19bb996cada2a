"""SDPA-GMP in a process of its own: an independent check in many digits.

Its Python package is under the GPL, holds the interpreter lock, cannot be
cancelled, and takes and returns doubles, whatever its arithmetic: values agree
to about 14 digits. Hence a subprocess, which is killed when time is up.
"""

import subprocess
import sys
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, final

import numpy as np
import torch

from bosearch.errors import SdpError
from bosearch.sdp.backends.base import Explicit, judged
from bosearch.sdp.iterate import Iterate
from bosearch.sdp.options import Options
from bosearch.sdp.outcome import Accept, Outcome
from bosearch.sdp.prepared import Prepared
from bosearch.sdp.result import Status

_PACKAGE = "sdpa-multiprecision"
_POLL_S = 0.1


@final
class SdpaGmp:
    """Source: Nakata (2010), "A numerical evaluation of highly accurate multiple-precision
    arithmetic version of semidefinite programming solver: SDPA-GMP, -QD and -DD"."""

    name = "sdpa-gmp"
    screen = False

    def version(self) -> str:
        """That of the package; see ``Backend``."""
        try:
            return version(_PACKAGE)
        except PackageNotFoundError:
            raise SdpError(
                f"backend 'sdpa-gmp' needs the package {_PACKAGE}, which is not installed",
                hint=f"pip install {_PACKAGE}",
            ) from None

    def solve(
        self,
        prepared: Prepared,
        options: Options,
        accept: Accept,
        start: Iterate | None,
    ) -> Outcome:
        """See ``Backend``; it cannot be started warm."""
        explicit = Explicit.of(prepared)
        with tempfile.TemporaryDirectory() as folder:
            asked, answered = Path(folder, "asked.npz"), Path(folder, "answered.npz")
            _write(asked, explicit, options)
            ended = _run([str(asked), str(answered)], options)
            if ended is not None:
                return Outcome(*ended, _nothing(prepared, explicit))
            with np.load(answered, allow_pickle=False) as found:
                answer = {name: found[name] for name in found.files}
        phase = str(answer["phase"])
        sizes = [len(block.cost) for block in explicit.blocks]
        Y, Z = (_matrices(answer[name], sizes) for name in ("Y", "Z"))
        x, y = (torch.from_numpy(answer[name]) for name in ("x", "y"))
        detail = f"SDPA-GMP ended with {phase} after {int(answer['iterations'])} iterations"
        iterate = explicit.iterate(prepared, Y, Z, x, y)
        claimed = Status.optimal if phase == "pdOPT" else Status.numerical
        return judged(prepared, options, iterate, claimed, detail)


def _write(path: Path, explicit: Explicit, options: Options) -> None:
    """Constraints as full matrices, one column of a table per entry."""
    m, k = explicit.free.shape
    columns = [explicit.free]
    for block in explicit.blocks:
        table = torch.zeros(m, block.cost.numel(), dtype=torch.float64)
        table[block.rows] = block.matrices.reshape(len(block.rows), -1)
        columns.append(table)
    costs = [explicit.cost_free, *(block.cost.flatten() for block in explicit.blocks)]
    arrays: dict[str, Any] = {
        "A": torch.cat(columns, 1).numpy(),
        "b": explicit.rhs.numpy(),
        "c": torch.cat(costs).numpy(),
        "sizes": np.array([len(block.cost) for block in explicit.blocks]),
        "free": np.array(k),
        "gap": np.array(options.gap),
        "iterations": np.array(options.max_iterations),
    }
    np.savez(path, **arrays)


def _run(paths: list[str], options: Options) -> tuple[Status, str] | None:
    """Run the child; return why it was ended, if it was.

    Raises:
        SdpError: It failed.
    """
    command = [sys.executable, "-P", str(Path(__file__).with_name("sdpa_child.py")), *paths]
    began = time.monotonic()
    with tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors)
        try:
            while child.poll() is None:
                if options.cancel is not None and options.cancel():
                    return Status.cancelled, "the process was killed"
                if options.time_s is not None and time.monotonic() - began > options.time_s:
                    return Status.limit, f"{options.time_s} seconds; the process was killed"
                time.sleep(_POLL_S)
        finally:
            child.kill()
            child.wait()
        if child.returncode:
            errors.seek(0)
            last = errors.read().decode(errors="replace").strip().splitlines()[-1:]
            raise SdpError(f"SDPA-GMP failed with exit code {child.returncode}: {''.join(last)}")
    return None


def _matrices(entries: np.ndarray[Any, Any], sizes: list[int]) -> list[torch.Tensor]:
    parts = torch.split(torch.from_numpy(entries), [n * n for n in sizes])
    matrices = [part.reshape(n, n) for part, n in zip(parts, sizes, strict=True)]
    return [(matrix + matrix.mT) * 0.5 for matrix in matrices]


def _nothing(prepared: Prepared, explicit: Explicit) -> Iterate:
    zeros = [torch.zeros_like(block.cost) for block in explicit.blocks]
    x, y = torch.zeros_like(explicit.rhs), torch.zeros_like(explicit.cost_free)
    return explicit.iterate(prepared, zeros, zeros, x, y)
