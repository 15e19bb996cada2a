"""The heartbeat: a thread that keeps the leases of a driver's trials from expiring."""

import logging
import threading
from types import TracebackType
from typing import TYPE_CHECKING, Self, final

from bosearch.errors import StoreError
from bosearch.study.trial import Trial

if TYPE_CHECKING:
    from bosearch.asktell import Study

_log = logging.getLogger(__name__)


@final
class Leases:
    """Renews the leases of the trials it holds, however long an ask takes meanwhile.

    Args:
        study: Where the trials are recorded.
        lease_s: Seconds that a lease lasts; it is renewed three times as often.
    """

    def __init__(self, study: "Study", lease_s: float) -> None:
        self.study = study
        self.lease_s = lease_s
        self._held: dict[int, Trial] = {}
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="bosearch-leases", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    def hold(self, trial: Trial) -> None:
        """Keep the lease of ``trial`` from now on."""
        with self._lock:
            self._held[trial.number] = trial

    def drop(self, trial: Trial) -> None:
        """Let the lease of ``trial`` run out."""
        with self._lock:
            self._held.pop(trial.number, None)

    def renew(self) -> None:
        """Renew all leases now; forget trials that are no longer ours."""
        with self._lock:
            held = list(self._held.values())
        if held:
            for lost in self.study.renew(held, self.lease_s):
                self.drop(lost)

    def _beat(self) -> None:
        while not self._ended.wait(self.lease_s / 3):
            try:
                self.renew()
            except StoreError as error:  # the next beat may reach the database again
                _log.warning("cannot renew leases: %s", error)
