"""Process groups, process trees, and what they use.

psutil is imported where it is used: most supervisors never need it.
"""

import ctypes
import os
import signal
import sys
from pathlib import Path
from typing import Any

from bosearch.evaluators.jobfolder import MARK


def descendants() -> list[Any]:
    """Every process below this one; orphans among them have become its children."""
    import psutil

    return list(psutil.Process().children(recursive=True))


def used_bytes(limit: float) -> float:
    """Memory of all processes of the job.

    Resident sizes count what processes share once for each. They are quick to
    read; only when their sum exceeds ``limit`` is each shared page divided
    among its users (Linux; reading that takes milliseconds per process).
    """
    processes = descendants()
    used = sum(_memory(process, "memory_info", "rss") for process in processes)
    if used > limit and len(processes) > 1:
        used = sum(_memory(process, "memory_full_info", "pss") for process in processes)
    return used


def _memory(process: Any, method: str, field: str) -> float:
    import psutil

    try:
        sizes = getattr(process, method)()
    except psutil.Error:  # it has just ended
        return 0.0
    return float(getattr(sizes, field, sizes.rss))


def into_own_group(pid: int) -> None:
    """Give ``pid`` a process group; parent and child both do it, whoever is first."""
    try:
        os.setpgid(pid, pid)
    except (PermissionError, ProcessLookupError):  # it has gone on to the command, or is gone
        return


def signal_group(group: int, number: int) -> None:
    """Send a signal to a process group, if it is still there."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):  # macOS says the second of a zombie
        return


def adopt_orphans() -> None:
    """Become the parent of grandchildren whose parent dies, so that none escapes (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER


def die_with_parent() -> None:
    """Have the kernel kill this process when its supervisor dies (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG


def kill_processes_of(folder: Path) -> None:
    """Kill what a dead supervisor left behind; its processes carry the folder's name."""
    import psutil

    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == str(folder):
                process.kill()
        except psutil.Error:  # gone already, or somebody else's
            continue
