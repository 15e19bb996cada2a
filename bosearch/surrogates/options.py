"""Checks of a surrogate's options: study files are written by hand."""

import math
from typing import Any

from bosearch.errors import SurrogateError


def need_count(surrogate: str, option: str, value: Any, *, least: int = 1) -> None:
    """Refuse what is not a whole number from ``least``.

    Raises:
        SurrogateError: It is not.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise SurrogateError(
            f"surrogate {surrogate!r}: {option} must be a whole number from {least}, got {value!r}"
        )


def need_positive(surrogate: str, option: str, value: Any) -> None:
    """Refuse what is not a finite number above 0.

    Raises:
        SurrogateError: It is not.
    """
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or value <= 0.0:
        raise SurrogateError(
            f"surrogate {surrogate!r}: {option} must be a number above 0, got {value!r}"
        )


def need_word(surrogate: str, option: str, value: Any, words: tuple[str, ...]) -> None:
    """Refuse what is not one of ``words``.

    Raises:
        SurrogateError: It is not.
    """
    if value not in words:
        raise SurrogateError(
            f"surrogate {surrogate!r}: {option} must be one of {', '.join(words)}, got {value!r}"
        )
