"""The folder of one job: what was asked, who works on it, what came of it.

====================  ==========================================================
``request.json``      there from the first moment, never changed
``lock``              held by the supervisor for its lifetime with ``flock``;
                      its content, the supervisor's process id, says that the
                      job was started once, and it is never started again
``log``               standard output and error, the last megabyte or two
``cancel.json``       somebody wants the job to stop
``result.json``       how the job ended; appears whole, once
====================  ==========================================================

Driver and supervisor share nothing else. The lock answers "does it live?"
even after a ``kill -9``, a reboot, or when a process id has been given to
somebody else. This module uses the standard library only: every supervisor
pays for what it imports.
"""

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bosearch.errors import EvaluatorError

try:
    import fcntl
except ModuleNotFoundError as error:  # Windows
    raise EvaluatorError(
        "local evaluators need file locks and process groups of POSIX, which this system lacks",
        hint="on Windows, run the study inside WSL",
    ) from error

REQUEST, LOCK, LOG, CANCEL, RESULT = "request.json", "lock", "log", "cancel.json", "result.json"
MARK = "BOSEARCH_JOB"  # environment variable: the folder of the job a process belongs to


def write_json(path: Path, document: Mapping[str, Any], *, durable: bool = True) -> None:
    """Put ``document`` at ``path``, whole or not at all; ``durable`` survives a power cut."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("w") as file:
        json.dump(document, file)
        file.flush()
        if durable:
            os.fsync(file.fileno())
    draft.replace(path)
    if durable:
        _sync_folder(path.parent)


def read_json(path: Path) -> dict[str, Any] | None:
    """Read what ``write_json`` wrote; ``None`` when there is nothing yet."""
    try:
        document: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    return document


def create(folder: Path, request: Mapping[str, Any]) -> bool:
    """Make ``folder`` with its request in one step; False when it is there already.

    A power cut may take the folder back as a whole: its job would be gone as well,
    and the trial is on the record.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = folder.parent / f".new-{os.urandom(8).hex()}"
    draft.mkdir()
    with (draft / REQUEST).open("w") as file:
        json.dump(request, file)
        file.flush()
        os.fsync(file.fileno())
    try:
        draft.rename(folder)  # refused when the target is a folder that is not empty
    except OSError:
        (draft / REQUEST).unlink()
        draft.rmdir()
        if not folder.exists():
            raise
        return False
    return True


def take_lock(folder: Path, *, wait_s: float = 0.0) -> int | None:
    """Lock the job; return the descriptor to keep open, or ``None`` when somebody holds it.

    ``wait_s`` outlasts those who only look whether somebody does.
    """
    lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    deadline = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        except BlockingIOError:
            if time.monotonic() >= deadline:
                os.close(lock)
                return None
        time.sleep(0.01)


def supervisor_pid(folder: Path) -> int | None:
    """Process id of the supervisor that works, or worked, on the job; ``None`` before it starts."""
    try:
        return int((folder / LOCK).read_text() or 0) or None
    except FileNotFoundError:
        return None


def _sync_folder(folder: Path) -> None:
    """Make a rename inside ``folder`` durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
