"""The loop: ask -> submit -> collect -> tell, asynchronous, resumable, interruptible."""

from bosearch.runner.loop import RunSummary as RunSummary
from bosearch.runner.loop import Stop as Stop
from bosearch.runner.loop import run as run
