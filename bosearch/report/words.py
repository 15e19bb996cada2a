"""How numbers, parameters and times are written for people."""

import json
from collections.abc import Mapping
from typing import Any

from bosearch.study import Measurement


def number(value: float) -> str:
    """Six significant digits: enough to compare, short enough to read."""
    return f"{value:.6g}"


def measured(measurement: Measurement) -> str:
    """A measured value with its standard error where one is known and not zero."""
    if measurement.exact is not None:
        return str(measurement.exact)
    text = number(measurement.value)
    return f"{text} ± {measurement.sem:.2g}" if measurement.sem else text


def parameter(value: Any) -> str:
    """One parameter's value."""
    if isinstance(value, str):
        return value
    return number(value) if isinstance(value, float) else json.dumps(value, ensure_ascii=False)


def parameters(params: Mapping[str, Any]) -> str:
    """All parameters of a trial on one line."""
    return ", ".join(f"{name}={parameter(value)}" for name, value in params.items())


def duration(seconds: float) -> str:
    """A time span in the two units that matter: ``0.42 s``, ``3 min 5 s``, ``2 d 4 h``."""
    if seconds < 60:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    for size, unit, smaller, part in ((86400, "d", 3600, "h"), (3600, "h", 60, "min")):
        if seconds >= size:
            return f"{seconds // size:.0f} {unit} {seconds % size // smaller:.0f} {part}"
    return f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
