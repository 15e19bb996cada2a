"""The supervisor of one job: starts the measuring child, watches it, writes the result.

``python -m bosearch.evaluators.supervise FOLDER`` runs in a session of its own,
so that it outlives its driver and never sees the terminal's Ctrl-C. Whatever
becomes of the child, the job ends in ``result.json``; and when the job ends,
nothing of it is left running, grandchildren included.

The child is a fork: interpreters start in tens of milliseconds, forks in one.
The supervisor itself stays small (standard library; psutil only for a memory
limit or stragglers) and runs nothing of the user's.

Memory is limited twice. Every 0.2 s the resident memory of the whole process
tree is measured, and a tree over the limit is killed. In addition
``RLIMIT_DATA`` refuses allocations far beyond the limit with a ``MemoryError``,
before a single greedy one can hurt the machine. ``RLIMIT_AS`` would count what
numpy, torch and CUDA only reserve, which is many times what they use.
"""

import os
import resource
import select
import signal
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

from bosearch.evaluators import measure, results
from bosearch.evaluators.jobfolder import (
    CANCEL,
    LOG,
    REQUEST,
    RESULT,
    read_json,
    take_lock,
    write_json,
)
from bosearch.evaluators.processes import (
    adopt_orphans,
    descendants,
    die_with_parent,
    into_own_group,
    signal_group,
    used_bytes,
)
from bosearch.evaluators.streams import Log, Tail

GRACE_S = 2.0  # between asking a job over its limit to stop and killing it
UNKILLABLE_S = 10.0  # after which a process that even KILL does not end is left behind
MEMORY_TICK_S = 0.2
KEPT_BYTES = 1_000_000  # end of standard output kept to look for a command's metrics
TAIL_BYTES = 2_000  # end of standard error kept in the result
TRY_AGAIN_CODE = 75  # EX_TEMPFAIL of sysexits.h: a command's own way to ask for a retry
OWN_FAULT = {"SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGABRT", "SIGSYS", "SIGTRAP"}


def main() -> None:
    """Supervise the job in the folder named on the command line, unless somebody does or did."""
    folder = Path(sys.argv[1])
    lock = take_lock(folder, wait_s=0.1)
    if lock is None or os.read(lock, 1) or (folder / RESULT).exists():
        return
    os.write(lock, str(os.getpid()).encode())
    result = Supervisor(folder, lock).run()
    write_json(folder / RESULT, result)


class Supervisor:
    """One job from its start to its result."""

    def __init__(self, folder: Path, lock: int) -> None:
        """``lock`` is the descriptor of the held lock: the child must not inherit it."""
        self.folder = folder
        self.lock = lock
        self.request: dict[str, Any] = read_json(folder / REQUEST) or {}
        self.cancelled = False
        self.status: int | None = None  # of the child, once it has ended
        self.log = Log(folder / LOG)

    def run(self) -> dict[str, Any]:
        """Measure; return the result as JSON."""
        self.wakeup, writer = os.pipe()
        os.set_blocking(self.wakeup, False)
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # wakes the select below
        signal.signal(signal.SIGTERM, self._cancel)
        if (self.folder / CANCEL).exists():
            return self._failed("cancelled")
        adopt_orphans()
        if "command" in self.request:
            write_json(self.folder / measure.PARAMS, self.request["params"], durable=False)
        out, child_out = os.pipe()
        err, child_err = os.pipe()
        started = time.monotonic()
        self.child = os.fork()
        if self.child == 0:
            self._become_child(child_out, child_err)
        into_own_group(self.child)
        os.close(child_out)
        os.close(child_err)
        self.streams = {out: Tail(KEPT_BYTES), err: Tail(TAIL_BYTES)}
        self.stdout, self.stderr = self.streams[out], self.streams[err]
        verdict = self._watch(started)
        self._sweep(0.0 if verdict is None else GRACE_S)
        self._drain()
        self.log.close()
        seconds = time.monotonic() - started
        result = verdict or self._ending()
        return {"seconds": seconds, **result, "stderr": self.stderr.text()}

    def _become_child(self, out: int, err: int) -> NoReturn:
        """Run in the forked child: shed what is the supervisor's, then measure."""
        try:
            into_own_group(0)
            die_with_parent()
            signal.set_wakeup_fd(-1)
            for name in (signal.SIGCHLD, signal.SIGTERM):
                signal.signal(name, signal.SIG_DFL)
            os.close(self.lock)
            os.dup2(out, 1)
            os.dup2(err, 2)
            os.chdir(self.request["folder"])
            if limit_mb := self.request["memory_mb"]:
                data = int(2 * limit_mb * 1e6 + 1e9)
                hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
                resource.setrlimit(resource.RLIMIT_DATA, (data, hard))
            if "command" in self.request:
                measure.become_command(self.request["command"], self.folder)
            sys.path.insert(0, self.request["folder"])
            arguments = {**self.request.get("arguments", {}), **self.request["params"]}
            measure.call_function(self.request["function"], arguments, self.folder)
        except BaseException as error:
            print(f"bosearch: {results.describe(error)}", file=sys.stderr, flush=True)
        os._exit(1)

    def _cancel(self, *_: object) -> None:
        self.cancelled = True

    def _watch(self, started: float) -> dict[str, Any] | None:
        """Wait for the child; return the verdict if the job was stopped, ``None`` if it ended."""
        timeout_s, memory_mb = self.request["timeout_s"], self.request["memory_mb"]
        look_at_memory = started if memory_mb else float("inf")
        while True:
            self._reap()
            if self.status is not None:
                return None
            now = time.monotonic()
            if self.cancelled:
                return self._cancelled()
            if timeout_s and now - started >= timeout_s:
                return self._failed(f"over the time limit of {timeout_s:g} s")
            if now >= look_at_memory:
                used_mb = used_bytes(memory_mb * 1e6) / 1e6
                if used_mb > memory_mb:
                    return self._failed(
                        f"over the memory limit of {memory_mb:g} MB (used {used_mb:.0f} MB)"
                    )
                cost_s = time.monotonic() - now
                look_at_memory = now + max(MEMORY_TICK_S, 20 * cost_s)
            deadline = started + timeout_s if timeout_s else float("inf")
            self._read(min(deadline, look_at_memory) - now)

    def _cancelled(self) -> dict[str, Any]:
        """Tell a wish to stop this job from a machine that is shut down."""
        if (self.folder / CANCEL).exists():
            return self._failed("cancelled")
        return self._failed("its supervisor was stopped by SIGTERM", retryable=True)

    def _ending(self) -> dict[str, Any]:
        """Say how a child that ended by itself did."""
        outcome = read_json(self.folder / measure.OUTCOME)
        if outcome is not None and outcome["status"] == "out of memory":
            limit_mb = self.request["memory_mb"]
            limit = f"over the memory limit of {limit_mb:g} MB: " if limit_mb else ""
            return self._failed(limit + outcome["reason"])
        if outcome is not None:
            return {"retryable": False, **outcome}
        status = self.status if self.status is not None else 0
        if os.WIFSIGNALED(status):
            name = signal.Signals(os.WTERMSIG(status)).name
            reason = f"killed by signal {os.WTERMSIG(status)} ({name})"
            return self._failed(reason, retryable=name not in OWN_FAULT)
        code = os.WEXITSTATUS(status)
        if code == 0 and "command" in self.request:
            try:
                return {"status": "measured", "values": results.parse_values(self.stdout.text())}
            except results.WrongResultError as error:
                return self._failed(str(error))
        last = self.stderr.last_line()
        reason = f"exit code {code} without a result" + (f": {last}" if last else "")
        return self._failed(reason, retryable=code == TRY_AGAIN_CODE)

    @staticmethod
    def _failed(reason: str, *, retryable: bool = False) -> dict[str, Any]:
        return {"status": "failed", "reason": reason, "retryable": retryable}

    def _read(self, wait_s: float) -> None:
        """Sleep until output, a signal, or ``wait_s`` seconds; log what was written."""
        timeout = None if wait_s == float("inf") else max(0.0, wait_s)
        ready, _, _ = select.select([self.wakeup, *self.streams], [], [], timeout)
        for source in ready:
            data = os.read(source, 65536)
            if source == self.wakeup:
                continue
            if data:
                self.streams[source].add(data)
                self.log.write(data)
            else:
                del self.streams[source]
                os.close(source)

    def _drain(self) -> None:
        """Read what is left in the pipes; a survivor beyond our reach cannot hold us up."""
        deadline = time.monotonic() + 1.0
        while self.streams and (left := deadline - time.monotonic()) > 0:
            self._read(left)

    def _reap(self) -> bool:
        """Take note of ended processes; return whether any are left."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid == self.child:
                self.status = status

    def _sweep(self, grace_s: float) -> None:
        """End what is left of the job: TERM, ``grace_s`` seconds, then KILL until nothing is."""
        if grace_s:
            signal_group(self.child, signal.SIGTERM)
            deadline = time.monotonic() + self._grace_s(grace_s)
            while self._reap() and (left := deadline - time.monotonic()) > 0:
                self._read(min(left, 0.1))
        signal_group(self.child, signal.SIGKILL)
        deadline = time.monotonic() + UNKILLABLE_S
        while self._reap() and time.monotonic() < deadline:
            for process in descendants():
                process.kill()
            self._read(0.01)

    def _grace_s(self, default_s: float) -> float:
        wish = read_json(self.folder / CANCEL) if self.cancelled else None
        return default_s if wish is None else float(wish["grace_s"])


if __name__ == "__main__":
    main()
