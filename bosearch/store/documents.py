"""JSON documents of the record, and the numbers in them.

Doubles are written with the digits that give the same double back. A value told
with more digits than a double holds is kept as text beside it.
"""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from bosearch.study.trial import Measurement


def dumps(value: Any) -> str:
    """Write one JSON document in a canonical form; NaN and infinity are refused.

    Raises:
        ValueError: A number is not finite.
        TypeError: A value has no JSON form.
    """
    return json.dumps(value, allow_nan=False, separators=(",", ":"))


loads = json.loads


def measurements_to_json(values: Mapping[str, Measurement]) -> dict[str, Any]:
    """``{"loss": 1.0}``, and an object where a standard error or more digits are known."""
    return {metric: _to_json(measurement) for metric, measurement in values.items()}


def _to_json(measurement: Measurement) -> Any:
    if measurement.sem is None and measurement.exact is None:
        return measurement.value
    told: dict[str, Any] = {"value": measurement.value}
    if measurement.sem is not None:
        told["sem"] = measurement.sem
    if measurement.exact is not None:
        told["exact"] = str(measurement.exact)
    return told


def measurements_from_json(document: Mapping[str, Any]) -> dict[str, Measurement]:
    """Inverse of ``measurements_to_json``."""
    return {metric: _from_json(told) for metric, told in document.items()}


def _from_json(told: Any) -> Measurement:
    if not isinstance(told, dict):
        return Measurement(told)
    exact = told.get("exact")
    return Measurement(told["value"], told.get("sem"), None if exact is None else Decimal(exact))


def plain_text(text: str) -> str:
    """``text`` as every database can hold it: no NUL, no lone surrogates."""
    return text.encode(errors="replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
