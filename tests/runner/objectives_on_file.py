"""Objectives that write down each execution in a file beside them."""

import random
import time
from pathlib import Path


def hold(x: float) -> float:
    """Take until the file ``go`` exists."""
    _count(x)
    while not Path("go").exists():
        time.sleep(0.005)
    return x


def numbered(x: int) -> float:
    """Take up to 0.1 s."""
    _count(x)
    time.sleep(random.Random(x).uniform(0.0, 0.1))
    return float(x)


def _count(x: float) -> None:
    with open("executions", "a") as file:
        file.write(f"{x}\n")
