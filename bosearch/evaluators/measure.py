"""The measuring child: calls the user's function, or becomes the user's command.

It is a fork of the supervisor, in a process group of its own, and it never
returns: a function's outcome is written to ``outcome.json``, from which the
supervisor makes the job's result. Standard library only, as in ``jobfolder``.
"""

import importlib
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

from bosearch.evaluators.jobfolder import write_json

OUTCOME = "outcome.json"
PARAMS = "params.json"


class WrongResultError(TypeError):
    """A function or a command gave something that is not a set of metrics."""


def become_command(argv: list[str], folder: Path) -> NoReturn:
    """Replace this process by the user's command; ``params.json`` is its standard input."""
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
        values = as_values(function(**params))
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
    return {"status": "measured", "values": values, "seconds": time.monotonic() - started}


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


def describe(error: BaseException) -> str:
    """An exception in one paragraph, with the place where it was raised."""
    text = "".join(traceback.format_exception_only(error)).strip()
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__
    ]
    if not frames or frames[-1].filename.startswith("<frozen"):
        return text
    return f"{text} ({Path(frames[-1].filename).name}:{frames[-1].lineno} in {frames[-1].name})"


def parse_values(output: str) -> dict[str, dict[str, Any]]:
    """Read a command's metrics: its whole output as JSON, or else the last line that is not empty.

    Raises:
        WrongResultError: There is no JSON, or it is not metrics.
    """
    lines = [line for line in output.splitlines() if line.strip()]
    for text in (output, lines[-1] if lines else ""):
        try:
            document = json.loads(text)
        except ValueError:
            continue
        return as_values(document)
    raise WrongResultError(
        "expected metrics as JSON on the last line of standard output, got "
        + (repr(lines[-1][:200]) if lines else "no output")
    )


def as_values(returned: Any) -> dict[str, dict[str, Any]]:
    """Write metrics as JSON: name -> value, standard error, and exact decimal digits.

    A bare number is the metric ``""``: whoever knows the study knows its name.

    Raises:
        WrongResultError: ``returned`` is neither a number nor a mapping of metrics.
    """
    if isinstance(returned, Mapping):
        return {str(metric): _as_measurement(metric, value) for metric, value in returned.items()}
    return {"": _as_measurement(None, returned)}


def _as_measurement(metric: Any, value: Any) -> dict[str, Any]:
    if hasattr(value, "value") and hasattr(value, "sem"):  # a bosearch.Measurement
        exact = None if value.exact is None else str(value.exact)
        return {"value": value.value, "sem": value.sem, "exact": exact}
    if isinstance(value, Decimal):
        return {"value": float(value), "sem": None, "exact": str(value)}
    mean, sem = value if isinstance(value, tuple | list) and len(value) == 2 else (value, None)
    try:
        if isinstance(mean, str | bytes) or isinstance(sem, str | bytes):
            raise TypeError
        return {"value": float(mean), "sem": None if sem is None else float(sem), "exact": None}
    except (TypeError, ValueError):
        where = "" if metric is None else f" for metric {metric!r}"
        expected = "a number" if metric is not None else "a mapping of metrics to numbers"
        raise WrongResultError(
            f"expected {expected} or a pair (mean, sem){where}, got {type(value).__name__}"
        ) from None
