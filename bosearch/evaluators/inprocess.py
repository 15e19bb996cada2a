"""An evaluator in memory, for tests and short scripts."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, final

from bosearch.evaluators.base import (
    Failed,
    Handle,
    JobRequest,
    JobStatus,
    Measured,
    Outcome,
    measurements,
)
from bosearch.evaluators.results import WrongResultError, as_outcome, describe


@final
class InProcessEvaluator:
    """Calls a function in this process, at the moment a job is submitted.

    The twin in memory of ``LocalEvaluator``: same results, no limits, and
    nothing survives the process.

    Args:
        function: Gets the parameters as keyword arguments; returns what the
            function of a ``ProcessRecipe`` may return.
        slots: How many results may wait to be collected.
    """

    def __init__(self, function: Callable[..., Any], *, slots: int = 1) -> None:
        self.function = function
        self.slots = slots
        self.outcomes: dict[str, Outcome] = {}

    def submit(self, request: JobRequest) -> Handle:
        """Measure, unless a job of that key has been measured already."""
        if request.key not in self.outcomes:
            self.outcomes[request.key] = self._measure(request.params)
        return Handle(request.key, "in-process")

    def _measure(self, params: Mapping[str, Any]) -> Outcome:
        started = time.monotonic()
        try:
            outcome = as_outcome(self.function(**params))
        except WrongResultError as error:
            return Failed(str(error), False, time.monotonic() - started)
        except Exception as error:
            return Failed(describe(error), False, time.monotonic() - started)
        seconds = time.monotonic() - started
        return Measured(measurements(outcome["values"]), seconds, outcome["notes"])

    def poll(self, handles: Sequence[Handle]) -> dict[str, JobStatus]:
        """Report finished jobs; those of another process are lost."""
        return {h.key: "finished" if h.key in self.outcomes else "lost" for h in handles}

    def collect(self, handle: Handle) -> Outcome:
        """Return the result; may be repeated."""
        lost = Failed("lost: its process has ended", retryable=True)
        return self.outcomes.get(handle.key, lost)

    def cancel(self, handle: Handle, *, grace_s: float) -> None:
        """Do nothing: a submitted job has ended already."""

    def reattach(self, key: str) -> Handle | None:
        """Find a job of this process by its key."""
        return Handle(key, "in-process") if key in self.outcomes else None

    def close(self) -> None:
        """Do nothing: there is nothing to release."""
