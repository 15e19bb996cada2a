"""What the evaluators under test measure: functions, and a command that calls one of them.

Each test gets a copy of this file in a folder of its own, as if it lay beside
a study file.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any


def reciprocal(x: float) -> dict[str, float]:
    return {"loss": 1.0 / x}


def noisy(x: float) -> dict[str, tuple[float, float]]:
    return {"loss": (x, 0.25)}


def bare(x: float) -> float:
    return x


def text(x: float) -> str:
    return "good"


def nothing(x: float) -> None:
    return None


def annotated(x: float) -> Any:
    from bosearch.evaluators import Measured

    return Measured({"loss": x}, seconds=1e9, notes={"certificate": "here.json"})


def annotated_with_an_object(x: float) -> Any:
    from bosearch.evaluators import Measured

    return Measured({"loss": x}, seconds=0.0, notes={"certificate": object()})


def counted(x: float, tally: str) -> dict[str, float]:
    with open(tally, "a") as file:
        file.write(f"{x}\n")
    return {"loss": x}


def broken(x: float, how: str) -> dict[str, float]:
    print("about to break", file=sys.stderr)
    match how:
        case "exit":
            os._exit(3)
        case "sys.exit":
            sys.exit("the mesh is not closed")
        case "try again":
            sys.exit(os.EX_TEMPFAIL)
        case "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "segfault":
            ctypes.string_at(0)
        case "greedy at once":
            return {"loss": float(len(b"x" * 10**10))}
        case "greedy by and by":
            hoard = []
            while True:
                hoard.append(b"x" * 20_000_000)
                time.sleep(0.02)
        case "greedy child":
            script = "hoard = b'x' * 300_000_000; import time; time.sleep(600)"
            subprocess.run([sys.executable, "-c", script], check=True)
    return {"loss": x}


def sharing(x: float) -> dict[str, float]:
    """Hold 120 MB together with three forked children."""
    block = b"x" * 120_000_000
    for _ in range(3):
        if os.fork() == 0:
            time.sleep(600)
    time.sleep(1.0)  # several looks at the memory
    return {"loss": float(len(block) * x)}


def immortal(x: float, ready: str) -> dict[str, float]:
    """Ignore TERM, and have a child, an orphan, and one in a session of its own."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    subprocess.Popen(["sleep", "600"])
    subprocess.Popen(["sleep", "600"], start_new_session=True)
    subprocess.run(["sh", "-c", "sleep 600 &"], check=True)
    Path(ready).touch()
    time.sleep(600)
    return {"loss": x}


def careless(x: float) -> dict[str, float]:
    """Return at once, but leave a process behind."""
    subprocess.Popen(["sleep", "600"], start_new_session=True)
    return {"loss": x}


def patient(x: float, ready: str, go: str) -> dict[str, float]:
    """Say that it runs, and wait for permission to end."""
    Path(ready).touch()
    while not Path(go).exists():
        time.sleep(0.005)
    return {"loss": x}


def talkative(x: float) -> dict[str, float]:
    for line in range(100_000):
        print(f"line {line} of a very long story about the design {x}")
    return {"loss": x}


def threads(x: float) -> dict[str, float]:
    return {"openmp": float(os.environ["OMP_NUM_THREADS"])}


def here(x: float) -> dict[str, float]:
    return {"beside_study": float(Path("measured_functions.py").exists())}


def as_command(function: str, params: dict[str, Any]) -> None:
    print("this line is not the result")
    print(json.dumps(globals()[function](**params)))


if __name__ == "__main__":
    as_command(sys.argv[1], json.load(sys.stdin))
