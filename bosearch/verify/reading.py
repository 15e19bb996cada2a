"""Read a certificate that nobody vouches for: every key, type, size and length is checked.

Numbers are kept in three canonical spellings, so that one number has one text:
hexadecimal integers (``"-1f"``), rationals (``"-3/4"``) and decimals
(``"0.2537"``). The limits below bound the work that a hostile file can cause.
"""

import gzip
import json
import re
import zlib
from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, final

from flint import fmpq, fmpz

from bosearch.errors import CertificateError

MAX_BYTES = 1 << 26  # of a file, decompressed
MAX_DIGITS = 4000  # of one number; Python itself refuses decimals of more than 4300
MAX_EXPONENT = 1 << 14  # of two, either sign

_HEX = re.compile(r"0|-?[1-9a-f][0-9a-f]*")
_RATIONAL = re.compile(r"0|-?[1-9][0-9]*(/[1-9][0-9]*)?")
_DECIMAL = re.compile(r"[0-9]+\.[0-9]+")


def read_document(path: str | Path) -> dict[str, Any]:
    """Return the JSON object in a file; one whose name ends in ``.gz`` is decompressed.

    Raises:
        CertificateError: The file cannot be read, is too large, or is not one JSON object
            without repeated keys.
    """
    opened = gzip.open if str(path).endswith(".gz") else open
    try:
        with opened(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise CertificateError(
            f"{path} cannot be decompressed: {error}",
            hint="was the file cut off while it was copied?",
        ) from error
    except OSError as error:
        raise CertificateError(f"cannot read {path}: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise CertificateError(f"{path}: a certificate has at most {MAX_BYTES} bytes")
    try:
        document = json.loads(data.decode(), object_pairs_hook=_object, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        if isinstance(error, CertificateError):
            raise
        raise CertificateError(
            f"{path} is not JSON: {error}", hint="was the file cut off while it was copied?"
        ) from error
    if not isinstance(document, dict):
        raise CertificateError(f"{path}: expected a JSON object, got {_kind(document)}")
    return document


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        keys = [key for key, _ in pairs]
        raise CertificateError(f"key {next(k for k in keys if keys.count(k) > 1)!r} is repeated")
    return made


def _refuse(constant: str) -> None:
    raise CertificateError(f"{constant} is not a number")


@final
class Section:
    """One object of the certificate, read key by key; ``where`` names it in errors.

    Args:
        value: What the file holds there.
        where: Its name.
        keys: The keys that it must have, all of them and no others.
        optional: Keys that it may have besides.
        ignored: Keys that it may have besides, and that prove nothing.
        others: Whether it may have any others besides.
    """

    def __init__(
        self,
        value: Any,
        where: str,
        keys: Iterable[str],
        *,
        optional: Iterable[str] = (),
        ignored: Iterable[str] = (),
        others: bool = False,
    ) -> None:
        if not isinstance(value, Mapping):
            raise CertificateError(f"{where}: expected an object, got {_kind(value)}")
        for key in keys:
            if key not in value:
                raise CertificateError(f"{where}: key {key!r} is missing")
        for key in value:
            if not others and key not in (*keys, *optional, *ignored):
                raise CertificateError(f"{where}: unknown key {key!r}")
        self.value = value
        self.where = where

    def name(self, key: str) -> str:
        """Name an item in errors."""
        return f"{self.where}: {key}"

    def integer(self, key: str, low: int, high: int) -> int:
        """Return a JSON integer from ``low`` to ``high``."""
        return as_integer(self.value[key], self.name(key), low, high)

    def choice(self, key: str, allowed: Iterable[str]) -> str:
        """Return one of the allowed texts."""
        value, allowed = self.value[key], tuple(allowed)
        if not isinstance(value, str) or value not in allowed:
            raise CertificateError(
                f"{self.name(key)} must be {' or '.join(map(repr, allowed))}, got {_short(value)}"
            )
        return value

    def items(self, key: str, low: int, high: int) -> list[Any]:
        """Return a list of ``low`` to ``high`` items."""
        return as_list(self.value[key], self.name(key), low, high)

    def rational(self, key: str) -> fmpq:
        """Return a rational."""
        return as_rational(self.value[key], self.name(key))

    def decimal(self, key: str) -> tuple[str, fmpq]:
        """Return the text of a positive decimal, and its value."""
        text = _matching(self.value[key], self.name(key), _DECIMAL, "a decimal such as '0.25'")
        exact = Fraction(text)
        return text, fmpq(exact.numerator, exact.denominator)


def as_integer(value: Any, where: str, low: int, high: int) -> int:
    """Return a JSON integer from ``low`` to ``high``."""
    if type(value) is not int or not low <= value <= high:
        raise CertificateError(
            f"{where} must be an integer from {low} to {high}, got {_short(value)}"
        )
    return value


def as_list(value: Any, where: str, low: int, high: int) -> list[Any]:
    """Return a JSON list of ``low`` to ``high`` items."""
    if not isinstance(value, list):
        raise CertificateError(f"{where}: expected a list, got {_kind(value)}")
    if not low <= len(value) <= high:
        sizes = str(low) if low == high else f"{low} to {high}"
        raise CertificateError(f"{where}: expected {sizes} items, got {len(value)}")
    return value


def as_hex(value: Any, where: str) -> fmpz:
    """Return an integer from its hexadecimal text."""
    text = _matching(value, where, _HEX, "a hexadecimal integer such as '-1f'")
    return fmpz(int(text, 16))


def as_rational(value: Any, where: str) -> fmpq:
    """Return a rational from a text such as ``"-3/4"`` in lowest terms."""
    text = _matching(value, where, _RATIONAL, "a rational such as '-3/4'")
    made = fmpq(*(int(part) for part in text.split("/")))
    if str(made) != text:
        raise CertificateError(f"{where} must be in lowest terms, got {_short(value)}")
    return made


def _matching(value: Any, where: str, pattern: re.Pattern[str], wanted: str) -> str:
    if not isinstance(value, str):
        raise CertificateError(f"{where} must be {wanted}, got {_kind(value)}")
    if len(value) > MAX_DIGITS:
        raise CertificateError(f"{where}: a number has at most {MAX_DIGITS} digits")
    if not pattern.fullmatch(value):
        raise CertificateError(f"{where} must be {wanted}, got {_short(value)}")
    return value


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}
    return "null" if value is None else names.get(type(value), "a number")


def _short(value: Any) -> str:
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # an integer too long to print, a list too deep
        return _kind(value)
    return text if len(text) <= 40 else text[:37] + "..."
