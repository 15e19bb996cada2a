"""Ctrl-C and SIGTERM, turned into wishes that the loop looks at."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


@dataclass
class Wishes:
    """What the user has asked for so far."""

    stop: bool = False  # ask nothing more, wait for what runs
    leave: bool = False  # do not wait either
    asking: bool = False  # set by the loop around a step that may take minutes

    def on_signal(self, number: int, frame: FrameType | None) -> None:
        """Take the first signal as ``stop``, a further Ctrl-C as ``leave``.

        Raises:
            KeyboardInterrupt: To cut short a step that would not look at the wish.
        """
        if self.stop and number == signal.SIGINT:
            self.leave = True
            if self.asking:
                raise KeyboardInterrupt
        self.stop = True


@contextmanager
def listening() -> Iterator[Wishes]:
    """Handle signals for a while, in the main thread; elsewhere nobody can press a key."""
    wishes = Wishes()
    if threading.current_thread() is not threading.main_thread():
        yield wishes
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, wishes.on_signal)
    try:
        yield wishes
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
