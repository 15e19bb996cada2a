"""When a run ends, and how it ended."""

from dataclasses import dataclass
from typing import final

from bosearch.errors import ConfigError


@final
@dataclass(frozen=True, kw_only=True)
class Stop:
    """When a run is done; whichever comes first.

    Args:
        trials: Finished trials of the study, completed and failed, earlier runs included.
        hours: Wall clock of this run.
    """

    trials: int | None = None
    hours: float | None = None

    def __post_init__(self) -> None:
        if self.trials is not None and self.trials < 1:
            raise ConfigError(f"stop: trials must be at least 1, got {self.trials}")
        if self.hours is not None and not self.hours > 0:
            raise ConfigError(f"stop: hours must be positive, got {self.hours}")


@final
@dataclass(frozen=True)
class RunSummary:
    """How a run ended.

    Args:
        reason: Why it ended, in words.
        completed: Trials measured in this run.
        failed: Trials that failed for good in this run.
        running: Jobs that go on without us; the next run finds them again.
        interrupted: Whether the user stopped it.
        broken: Whether it cannot go on before something is repaired.
    """

    reason: str
    completed: int
    failed: int
    running: int
    interrupted: bool = False
    broken: bool = False
