"""The loop: ask -> submit -> collect -> tell, asynchronous, resumable, interruptible."""

from bosearch.runner.loop import run as run
from bosearch.runner.terms import RunSummary as RunSummary
from bosearch.runner.terms import Stop as Stop
