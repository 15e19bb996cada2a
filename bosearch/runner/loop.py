"""The loop that runs a study.

Each trial takes the same steps, every one of them durable before the next:
ask (committed), submit (idempotent in the job's key), attach (the handle is on
the record), collect (repeatable), tell (guarded by the attempt). A driver that
dies between any two of them loses nothing: the next one finds the trial in the
record, the job under its key, and takes the remaining steps.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

from bosearch.errors import (
    EvaluatorError,
    SpaceExhaustedError,
    TrialStateError,
)
from bosearch.evaluators.base import Evaluator, Failed, Handle, JobRequest
from bosearch.runner.events import (
    Asked,
    Event,
    FailedTrial,
    Resumed,
    Stopping,
    Superseded,
    Tick,
    Told,
)
from bosearch.runner.interrupts import Wishes, listening
from bosearch.runner.jobs import Job, earlier_job, job_key
from bosearch.runner.leases import Leases
from bosearch.runner.recording import record, record_failure
from bosearch.runner.terms import RunSummary, Stop
from bosearch.study.trial import Trial, TrialState

if TYPE_CHECKING:
    from bosearch.asktell import Study

LEASE_S = 120.0
SHORTEST_WAIT_S, LONGEST_WAIT_S = 0.01, 0.2
LOOK_AROUND_S = 5.0  # how often to look for trials that another driver has lost


def run(
    study: "Study",
    evaluator: Evaluator,
    *,
    stop: Stop,
    retries: int = 0,
    on_event: Callable[[Event], None] = lambda event: None,
    lease_s: float = LEASE_S,
) -> RunSummary:
    """Ask, measure and tell until ``stop``; a free slot never waits for the slowest job.

    Ctrl-C, or SIGTERM, stops asking and waits for what runs. A second Ctrl-C
    leaves the jobs alone: they go on, and the next run collects them.

    Args:
        study: To run, or to go on with.
        evaluator: Measures trials, ``evaluator.slots`` at once.
        stop: When to end.
        retries: How often one trial is tried again after a retryable failure.
        on_event: Called with each event, in this thread.
        lease_s: Seconds after which another driver may take over a trial of a dead one.

    Raises:
        BosearchError: The study cannot go on (the database is gone, say). Jobs go
            on, and the next run collects them.
    """
    with listening() as wishes, Leases(study, lease_s) as leases:
        loop = _Loop(study, evaluator, stop, retries, on_event, leases, wishes)
        try:
            loop.adopt_running()
            while loop.step():
                pass
        except KeyboardInterrupt:
            if not wishes.leave:
                raise
        return loop.summary()


class _Loop:
    """One run: which jobs are under way, and what has come of the others."""

    def __init__(
        self,
        study: "Study",
        evaluator: Evaluator,
        stop: Stop,
        retries: int,
        on_event: Callable[[Event], None],
        leases: Leases,
        wishes: Wishes,
    ) -> None:
        """See ``run`` for the arguments."""
        self.study, self.evaluator, self.stop, self.retries = study, evaluator, stop, retries
        self.on_event, self.leases, self.wishes = on_event, leases, wishes
        self.jobs: list[Job] = []
        self.unsubmitted: deque[Trial] = deque()  # asked by a driver that died before submitting
        self.reason: str | None = None  # why nothing more is asked
        self.broken = False
        self.exhausted: str | None = None
        self.completed = 0
        self.failures: list[str] = []  # reasons, of trials that failed for good
        self.deadline = None if stop.hours is None else time.monotonic() + stop.hours * 3600
        self.wait_s = SHORTEST_WAIT_S
        self.next_look = 0.0

    def adopt_running(self) -> None:
        """Find the jobs of trials that a driver asked for and did not live to settle.

        A trial without lease and handle was asked by hand; it is left alone.
        """
        for trial in self.study.pending:
            by_hand = trial.handle is None and trial.lease_until is None
            if trial.state is not TrialState.RUNNING or by_hand:
                continue
            handle = self.evaluator.reattach(job_key(self.study, trial))
            if handle is not None:
                self._watch(Job(trial, handle))
                self.on_event(Resumed(trial))
            elif trial.handle is None or self._is_lost(Handle(**trial.handle)):
                self.leases.hold(trial)
                self.unsubmitted.append(trial)
        self.leases.renew()

    def step(self) -> bool:
        """Collect what has ended, fill free slots, rest; return whether the run goes on."""
        self._look_at_the_clock()
        if self.wishes.leave:
            return False
        news = self._collect_ended()
        if news or time.monotonic() >= self.next_look:
            news |= self._fill_slots()
            self.next_look = time.monotonic() + LOOK_AROUND_S
        if not self.jobs:
            return False
        self.wait_s = SHORTEST_WAIT_S if news else min(1.5 * self.wait_s, LONGEST_WAIT_S)
        if not news:
            self.on_event(Tick(len(self.jobs)))
        time.sleep(self.wait_s)
        return True

    def summary(self) -> RunSummary:
        """Say how the run ended."""
        return RunSummary(
            self.reason or self._nothing_to_do(),
            self.completed,
            len(self.failures),
            len(self.jobs),
            interrupted=self.wishes.stop,
            broken=self.broken,
        )

    def _nothing_to_do(self) -> str:
        if self.stop.trials is not None and (finished := self._finished()) >= self.stop.trials:
            return f"{finished} trials are finished"
        if elsewhere := ", ".join(str(trial.number) for trial in self.study.pending):
            return f"still with somebody else, by hand or another driver: trials {elsewhere}"
        return self.exhausted or "nothing is left to ask"

    def _look_at_the_clock(self) -> None:
        if self.wishes.stop:
            self._stop("interrupted")
        if self.deadline is not None and time.monotonic() >= self.deadline:
            self._stop(f"{self.stop.hours:g} hours are over")

    def _stop(self, reason: str, *, broken: bool = False) -> None:
        """Ask nothing more; the first reason counts."""
        if self.reason is None:
            self.reason, self.broken = reason, broken
            self.on_event(Stopping(reason, len(self.jobs)))

    # --- from the study to the evaluator ---

    def _fill_slots(self) -> bool:
        """Start jobs while there are slots and something to ask; return whether one was started."""
        started = False
        while len(self.jobs) < self.evaluator.slots:
            self._look_at_the_clock()
            if self.reason is not None:
                break
            trial = self._next_trial()
            if trial is None:
                break
            self._launch(trial)
            started = True
        return started

    def _next_trial(self) -> Trial | None:
        if self.unsubmitted:
            return self.unsubmitted.popleft()
        if not self._may_ask():
            return None
        self.wishes.asking = True
        try:
            (trial,) = self.study.ask(1, lease_s=self.leases.lease_s)
        except SpaceExhaustedError as error:
            self.exhausted = error.message
            return None
        finally:
            self.wishes.asking = False
        if self.wishes.stop:  # pressed during a long ask: the next run finds this trial
            return None
        return trial

    def _may_ask(self) -> bool:
        """Whether a trial is offered again, or the budget has room for a new one."""
        pending = self.study.pending
        if any(self._is_offered(trial) for trial in pending):
            return True
        if self.exhausted is not None:
            return False
        return self.stop.trials is None or self._finished() + len(pending) < self.stop.trials

    def _finished(self) -> int:
        """Trials of the study that count towards ``stop.trials``."""
        over = (TrialState.COMPLETED, TrialState.FAILED)
        return sum(trial.state in over for trial in self.study.trials())

    def _is_offered(self, trial: Trial) -> bool:
        if trial.state is TrialState.WAITING:
            return True
        now = time.time()
        if trial.lease_until is None or trial.lease_until > now:
            return False
        # Renewed leases are not news of a study: ask the record itself.
        lease_until = self.study.trial(trial.number).lease_until
        return lease_until is not None and lease_until <= now

    def _launch(self, trial: Trial) -> None:
        """Submit, unless an earlier attempt whose lease ran out is being measured after all."""
        self.leases.hold(trial)
        handle = earlier_job(self.study, self.evaluator, trial)
        if handle is None:
            request = JobRequest(job_key(self.study, trial), trial.params)
            try:
                handle = self.evaluator.submit(request)
            except EvaluatorError as error:
                self._stop(str(error), broken=True)
                return
            self.on_event(Asked(trial))
        else:
            self.on_event(Resumed(trial))
        self._watch(Job(trial, handle))

    def _watch(self, job: Job) -> None:
        try:
            self.study.attach(job.trial, asdict(job.handle))
        except TrialStateError:  # somebody else has settled it meanwhile
            self.leases.drop(job.trial)
            self.on_event(Superseded(job.trial))
            return
        self.leases.hold(job.trial)
        self.jobs.append(job)

    def _is_lost(self, handle: Handle) -> bool:
        return self.evaluator.poll([handle])[handle.key] == "lost"

    # --- from the evaluator to the study ---

    def _collect_ended(self) -> bool:
        """Record every job that has ended; return whether one had."""
        statuses = self.evaluator.poll([job.handle for job in self.jobs])
        ended = [job for job in self.jobs if statuses[job.handle.key] in ("finished", "lost")]
        for job in ended:
            self._record(job)
            self.jobs.remove(job)
            self.leases.drop(job.trial)
        return bool(ended)

    def _record(self, job: Job) -> None:
        try:
            outcome = self.evaluator.collect(job.handle)
        except EvaluatorError as error:
            if not self.completed:  # nothing has ever worked: the fault is not the trial's
                self.on_event(record_failure(self.study, job.trial, error.message, again=True))
                self._stop(str(error), broken=True)
                return
            outcome = Failed(error.message, retryable=True)
        event = record(self.study, job.trial, outcome, retries=self.retries)
        self.on_event(event)
        if isinstance(event, Told):
            self.completed += 1
        elif isinstance(event, FailedTrial) and not event.again:
            self.failures.append(event.reason)
            self._stop_if_all_fail_alike()

    def _stop_if_all_fail_alike(self) -> None:
        enough = max(5, 3 * self.evaluator.slots)
        if self.completed == 0 and len(self.failures) >= enough and len(set(self.failures)) == 1:
            self._stop(
                f"all of the first {len(self.failures)} trials failed alike: {self.failures[0]}",
                broken=True,
            )
