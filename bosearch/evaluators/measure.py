"""The measuring child: calls the user's function, or becomes the user's command.

It is a fork of the supervisor, in a process group of its own, and it never
returns: a function's outcome is written to ``outcome.json``, from which the
supervisor makes the job's result. Standard library only, as in ``jobfolder``.
"""

import importlib
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from bosearch.evaluators.jobfolder import write_json
from bosearch.evaluators.results import WrongResultError, as_outcome, describe

OUTCOME = "outcome.json"
PARAMS = "params.json"


def become_command(argv: list[str], folder: Path) -> NoReturn:
    """Replace this process by the user's command; ``params.json`` is its standard input."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # as a shell would start it
    try:
        os.dup2(os.open(folder / PARAMS, os.O_RDONLY), 0)
        os.execvp(argv[0], argv)
    except OSError as error:
        reason = f"cannot start the command {argv[0]!r}: {error.strerror}"
        write_json(folder / OUTCOME, {"status": "broken", "reason": reason}, durable=False)
    os._exit(127)


def call_function(path: str, params: Mapping[str, Any], folder: Path) -> NoReturn:
    """Import ``module:function``, call it with the parameters as keywords, write what it returns.

    The process ends like a child of ``multiprocessing``: streams are flushed,
    ``atexit`` handlers do not run, and threads left behind are not waited for.
    """
    code = 0
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # they are files
    try:
        outcome = _outcome(path, params)
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
        if isinstance(stop.code, str):
            print(stop.code, file=sys.stderr)
    else:
        write_json(folder / OUTCOME, outcome, durable=False)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)


def _outcome(path: str, params: Mapping[str, Any]) -> dict[str, Any]:
    try:
        function = load_function(path)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        traceback.print_exc()
        return {"status": "broken", "reason": f"cannot load {path!r}: {describe(error)}"}
    started = time.monotonic()
    try:
        outcome = as_outcome(function(**params))
    except SystemExit:
        raise
    except MemoryError as error:
        traceback.print_exc()
        return {"status": "out of memory", "reason": describe(error)}
    except WrongResultError as error:
        return {"status": "failed", "reason": str(error)}
    except BaseException as error:
        traceback.print_exc()
        return {"status": "failed", "reason": describe(error)}
    return {"status": "measured", **outcome, "seconds": time.monotonic() - started}


def load_function(path: str) -> Callable[..., Any]:
    """Import ``"module:function"``; the function may be an attribute of a class."""
    module, _, name = path.partition(":")
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    if not callable(found):
        raise TypeError(f"{path!r} is no function but {type(found).__name__}")
    function: Callable[..., Any] = found
    return function
