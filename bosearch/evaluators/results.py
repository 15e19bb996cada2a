"""What a measurement gave, as JSON, or what went wrong, in words. Standard library only."""

import json
import traceback
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any


class WrongResultError(TypeError):
    """A function or a command gave something that is not a set of metrics."""


def describe(error: BaseException) -> str:
    """An exception in one paragraph, with the place where it was raised."""
    text = "".join(traceback.format_exception_only(error)).strip()
    frames = traceback.extract_tb(error.__traceback__)
    if not frames or frames[-1].filename.startswith((str(Path(__file__).parent), "<frozen")):
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


def as_outcome(returned: Any) -> dict[str, Any]:
    """Write what a function returned as JSON: its metrics and, from a ``Measured``, its notes.

    Raises:
        WrongResultError: There are no metrics, or the notes have no JSON form.
    """
    if not (hasattr(returned, "notes") and hasattr(returned, "seconds")):
        return {"values": as_values(returned), "notes": {}}
    notes = dict(returned.notes)
    try:
        json.dumps(notes, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise WrongResultError(f"expected notes with a JSON form: {error}") from None
    return {"values": as_values(returned.values), "notes": notes}


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
