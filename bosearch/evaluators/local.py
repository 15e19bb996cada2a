"""Measuring on this machine: every job a folder, every folder a supervised process.

Nothing about a job lives in the driver's memory. It may be killed at any
moment; the next driver finds the folders by their keys and goes on.
"""

import os
import platform
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, final
from urllib.parse import quote

from bosearch.errors import EvaluatorError
from bosearch.evaluators import jobfolder
from bosearch.evaluators.base import (
    Failed,
    Handle,
    JobRequest,
    JobStatus,
    Measured,
    Outcome,
    measurements,
)
from bosearch.evaluators.processes import kill_processes_of

ENGINE = "local"
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "RAYON_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


@final
class LocalEvaluator:
    """Runs jobs as supervised, detached processes of this machine.

    Args:
        jobs: Folder that holds the job folders; may be removed when no job runs.
        work: What to run and its limits, the part that all requests share: ``folder``,
            ``function`` (and the ``arguments`` that all requests share) or ``command``,
            ``timeout_s``, ``memory_mb``.
        slots: How many jobs may run at once.
        threads: Threads of the numerical libraries in each job; ``None`` shares
            the cores evenly and leaves alone what the environment says already.
    """

    def __init__(
        self, jobs: Path, work: Mapping[str, Any], *, slots: int, threads: int | None = None
    ) -> None:
        self.jobs = jobs.absolute()
        self.work = work
        self.slots = slots
        self.environment = _thread_limits(slots, threads)
        self.spawned: dict[str, int] = {}  # job key -> process id, until it was seen to end

    def submit(self, request: JobRequest) -> Handle:
        """Start a job; a second call with the same key returns the job that exists.

        Raises:
            EvaluatorError: The folder cannot be written, or holds other parameters.
        """
        folder = self._folder(request.key)
        document = {"key": request.key, "params": dict(request.params), **self.work}
        try:
            if not jobfolder.create(folder, document):
                there = jobfolder.read_json(folder / jobfolder.REQUEST) or {}
                if there["params"] != document["params"]:
                    raise EvaluatorError(
                        f"{folder} holds another job of the same key: expected parameters"
                        f" {document['params']}, found {there['params']}",
                        hint="was the study deleted and made anew? then delete its jobs too",
                    )
        except OSError as error:
            raise _cannot_start(folder, error) from error
        self._start(request.key)
        return self._handle(request.key)

    def poll(self, handles: Sequence[Handle]) -> dict[str, JobStatus]:
        """Report each job's status by key; ``unknown`` never means ``failed``."""
        return {handle.key: self._status(handle) for handle in handles}

    def collect(self, handle: Handle) -> Outcome:
        """Read the durable result of a finished or lost job; may be repeated.

        Raises:
            EvaluatorError: The function or the command cannot be started at all, or
                the job has not ended.
        """
        folder = self._folder(handle.key)
        try:
            result = jobfolder.read_json(folder / jobfolder.RESULT) or self._bury(handle.key)
        except (OSError, ValueError) as error:
            raise EvaluatorError(
                f"cannot read the result of {handle.key}: {error}", hint=f"look into {folder}"
            ) from error
        if result["status"] == "measured":
            return Measured(
                measurements(result["values"]), result["seconds"], result.get("notes", {})
            )
        if result["status"] == "broken":
            raise EvaluatorError(result["reason"], hint=f"the whole story is in {folder}/log")
        return Failed(result["reason"], result["retryable"], result["seconds"])

    def cancel(self, handle: Handle, *, grace_s: float) -> None:
        """Ask a job to stop, and kill it after ``grace_s`` seconds."""
        folder = self._folder(handle.key)
        jobfolder.write_json(folder / jobfolder.CANCEL, {"grace_s": grace_s})
        pid = jobfolder.supervisor_pid(folder)
        if pid is not None and self._status(handle) == "running":
            os.kill(pid, 15)

    def reattach(self, key: str) -> Handle | None:
        """Find a job by its key; one whose driver died before starting it is started now."""
        if not self._folder(key).exists():
            return None
        self._start(key)
        return self._handle(key)

    def close(self) -> None:
        """Release what this process holds; running jobs go on."""
        for key in list(self.spawned):
            self._reap(key)
        self.spawned.clear()

    def _folder(self, key: str) -> Path:
        return self.jobs / ",".join(quote(part, safe="") for part in key.split("/"))

    def _handle(self, key: str) -> Handle:
        return Handle(key, ENGINE, {"folder": str(self._folder(key)), "host": platform.node()})

    def _start(self, key: str) -> None:
        """Start the supervisor of a job that never had one. Of two, the lock lets one work."""
        folder = self._folder(key)
        started = jobfolder.supervisor_pid(folder) or (folder / jobfolder.RESULT).exists()
        if started or key in self.spawned:
            return
        log = str(folder / jobfolder.LOG)
        try:
            self.spawned[key] = os.posix_spawn(
                sys.executable,
                [sys.executable, "-P", "-m", "bosearch.evaluators.supervise", str(folder)],
                {**os.environ, **self.environment, jobfolder.MARK: str(folder)},
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644),
                    (os.POSIX_SPAWN_DUP2, 1, 2),
                ],
                setsid=True,
                setsigmask=(),
                setsigdef=(2, 15),
            )
        except OSError as error:
            raise _cannot_start(folder, error) from error

    def _reap(self, key: str) -> bool:
        """Whether the supervisor that this process started has ended (or was none)."""
        if key not in self.spawned:
            return True
        try:
            ended = os.waitpid(self.spawned[key], os.WNOHANG)[0] != 0
        except ChildProcessError:
            ended = True
        if ended:
            del self.spawned[key]
        return ended

    def _status(self, handle: Handle) -> JobStatus:
        folder = self._folder(handle.key)
        result = folder / jobfolder.RESULT
        ended = self._reap(handle.key)
        if result.exists():
            return "finished"
        if not folder.exists():
            here = handle.facts.get("host") == platform.node()
            return "lost" if here else "unknown"
        if jobfolder.supervisor_pid(folder) is None and not ended:
            return "queued"
        lock = jobfolder.take_lock(folder)
        if lock is None:
            return "running"
        os.close(lock)
        return "finished" if result.exists() else "lost"

    def _bury(self, key: str) -> dict[str, Any]:
        """Make the end of a lost job durable, so that nobody can start it again."""
        folder = self._folder(key)
        result: dict[str, Any] = {"status": "failed", "retryable": True, "seconds": 0.0}
        if not folder.exists():
            return {**result, "reason": f"lost: its folder {folder} is gone"}
        lock = jobfolder.take_lock(folder, wait_s=1.0)
        if lock is None:
            raise EvaluatorError(f"job {key} is still running", hint="poll before collecting")
        try:
            if (written := jobfolder.read_json(folder / jobfolder.RESULT)) is not None:
                return written
            kill_processes_of(folder)
            if jobfolder.supervisor_pid(folder) is None:
                reason = "lost: its supervisor did not start"
            else:
                reason = "lost: its supervisor was killed, or the machine stopped"
            jobfolder.write_json(folder / jobfolder.RESULT, {**result, "reason": reason})
            return {**result, "reason": reason}
        finally:
            os.close(lock)


def _cannot_start(folder: Path, error: OSError) -> EvaluatorError:
    return EvaluatorError(
        f"cannot start a job in {folder}: {error}", hint="is the disk full, or read-only?"
    )


def _thread_limits(slots: int, threads: int | None) -> dict[str, str]:
    if threads is not None:
        return dict.fromkeys(THREAD_VARIABLES, str(threads))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    share = str(max(1, (cores or 1) // slots))
    return {name: os.environ.get(name, share) for name in THREAD_VARIABLES}
