"""What a job writes: a bounded log on file, and bounded ends in memory. Standard library only."""

import contextlib
from pathlib import Path

LOG_BYTES = 1_000_000  # of each of the two files of the log; the older is dropped


class Log:
    """A file that keeps the end of what is written to it, within a bounded size."""

    def __init__(self, path: Path) -> None:
        """Older output moves to ``path`` with the suffix ``.old``."""
        self.path = path
        self.file = path.open("ab", buffering=0)

    def write(self, data: bytes) -> None:
        """Append ``data``; start a new file when this one is full."""
        with contextlib.suppress(OSError):  # a full disk shall not end a measurement
            if self.file.tell() + len(data) > LOG_BYTES:
                self.file.close()
                self.path.replace(self.path.with_suffix(".old"))
                self.file = self.path.open("ab", buffering=0)
            self.file.write(data)

    def close(self) -> None:
        """Close the file."""
        self.file.close()


class Tail:
    """The last bytes of a stream."""

    def __init__(self, size: int) -> None:
        """Keep ``size`` bytes."""
        self.size = size
        self.data = b""

    def add(self, data: bytes) -> None:
        """Append ``data``, drop what is too old."""
        self.data = (self.data + data)[-self.size :]

    def text(self) -> str:
        """The kept bytes as text."""
        return self.data.decode(errors="replace")

    def last_line(self) -> str:
        """The last line that is not empty."""
        return next((line for line in reversed(self.text().splitlines()) if line.strip()), "")
