"""What a process knows of a study's trials, kept up to date change by change."""

import threading
from collections.abc import Iterable, Sequence
from typing import final

from bosearch.store.turn import Change
from bosearch.study.trial import Trial


@final
class Picture:
    """The trials of a study as of some revision, in the order of their numbers.

    Safe to use from several threads.
    """

    def __init__(self) -> None:
        self._trials: list[Trial] = []
        self._pending: dict[int, Trial] = {}
        self._seen = 1  # the first entry of every log concerns no trial
        self._lock = threading.Lock()

    @property
    def seen(self) -> int:
        """Every change up to this revision is in the picture."""
        return self._seen

    @property
    def trials(self) -> tuple[Trial, ...]:
        """All trials."""
        return tuple(self._trials)

    @property
    def pending(self) -> list[Trial]:
        """Trials whose result is still to come."""
        with self._lock:
            return [self._pending[number] for number in sorted(self._pending)]

    def may_expire(self) -> bool:
        """Whether some trial waits, or runs on a lease, and might have to be offered again."""
        with self._lock:
            return any(
                trial.lease_until is not None or trial.state == "waiting"
                for trial in self._pending.values()
            )

    def read(self, changes: Sequence[Change]) -> None:
        """Take in everything that changed after ``seen``, as the database gave it."""
        if changes:
            with self._lock:
                self._take((trial for _, trial in changes), max(r for r, _ in changes))

    def wrote(self, revision: int, changed: Iterable[Trial], events: int = 1) -> None:
        """Take in what this process wrote in entries ``revision - events + 1 .. revision``.

        If others wrote before and that has not been read yet, the next ``read``
        brings both.
        """
        with self._lock:
            if revision - events == self._seen:
                self._take(changed, revision)

    def _take(self, changed: Iterable[Trial], revision: int) -> None:
        for trial in sorted(changed, key=lambda trial: trial.number):
            if trial.number < len(self._trials):
                self._trials[trial.number] = trial
            else:
                self._trials.append(trial)
            if trial.pending:
                self._pending[trial.number] = trial
            else:
                self._pending.pop(trial.number, None)
        self._seen = max(self._seen, revision)
