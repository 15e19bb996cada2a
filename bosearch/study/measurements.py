"""What a tell may carry: measurements checked against the metrics of a problem.

A tell that is wrong is refused whole, before anything reaches the record.
"""

import math
from collections.abc import Mapping
from decimal import Decimal
from numbers import Real as RealNumber
from typing import Any

import numpy as np

from bosearch.errors import TellError
from bosearch.study.problem import Problem, suggest
from bosearch.study.trial import Measurement

Told = float | tuple[float, float | None] | Measurement | Decimal
"""How a measurement may be told: a value, ``(mean, sem)``, or all its digits."""


def check_measurements(
    problem: Problem, values: Mapping[str, Any], *, complete: bool = True
) -> dict[str, Measurement]:
    """Return ``values`` as measurements, in the order of the problem's metrics.

    Args:
        problem: What the study measures.
        values: By metric, each as ``Told``; NumPy scalars and integers are numbers too.
        complete: Whether every modelled metric must be there.

    Raises:
        TellError: A metric is unknown or missing, or a value is no finite number.
    """
    if not isinstance(values, Mapping):
        (example, *_) = problem.metrics
        raise TellError(
            f"expected measurements by metric, got {values!r}",
            hint=f"write {{{example!r}: 1.0}}",
        )
    for metric in values:
        if metric not in problem.metrics:
            raise TellError(
                f"the study has no metric {metric!r}", hint=suggest(str(metric), problem.metrics)
            )
    missing = [metric for metric in problem.modelled if metric not in values]
    if missing and complete:
        raise TellError(
            f"expected {_words(problem.modelled)}, got {_words(tuple(values)) or 'nothing'}:"
            f" {_words(missing)} missing",
            hint="tell all of them at once, or fail() if there is no measurement",
        )
    return {
        metric: _measurement(metric, values[metric])
        for metric in problem.metrics
        if metric in values
    }


def _words(metrics: tuple[str, ...] | list[str]) -> str:
    return ", ".join(repr(metric) for metric in metrics)


def _measurement(metric: str, told: Any) -> Measurement:
    if isinstance(told, Measurement):
        sem, exact = told.sem, told.exact
        value = told.value
    elif isinstance(told, tuple | list):
        if len(told) != 2:
            raise TellError(
                f"{metric!r}: expected a value or (mean, sem), got {len(told)} numbers: {told!r}",
                hint="the second number is the standard error of the mean",
            )
        value, sem, exact = told[0], told[1], None
    else:
        value, sem, exact = told, None, None
    if isinstance(value, Decimal):
        exact = value
    number = _number(metric, value)
    if not math.isfinite(number) or (exact is not None and not exact.is_finite()):
        raise TellError(
            f"{metric!r}: expected a finite number, got {value}",
            hint="a measurement that failed is told with fail(trial, reason)",
        )
    if sem is None:
        return Measurement(number, None, exact)
    error = _number(f"sem of {metric}", sem)
    if not (math.isfinite(error) and error >= 0):
        raise TellError(
            f"{metric!r}: expected a finite standard error of at least 0, got {sem}",
            hint="None stands for an unknown standard error, 0.0 for an exact value",
        )
    return Measurement(number, error, exact)


def _number(metric: str, value: Any) -> float:
    if isinstance(value, str | bytes):
        raise TellError(
            f"{metric!r}: expected a number, got the text {value!r}", hint="convert it with float()"
        )
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, bool | np.bool_) or not isinstance(value, RealNumber | Decimal):
        raise TellError(
            f"{metric!r}: expected a number, got {type(value).__name__} {value!r}",
            hint="a value, (mean, sem), a Measurement or a Decimal",
        )
    try:
        return float(value)
    except OverflowError:
        raise TellError(
            f"{metric!r}: the number is too large for double precision", hint="tell its logarithm"
        ) from None
