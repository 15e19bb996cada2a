"""Where words go: results to stdout, progress and warnings to stderr."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object per line.")]


def say(text: str) -> None:
    """Tell the user how it goes."""
    print(text, file=sys.stderr, flush=True)


def emit(record: Mapping[str, Any]) -> None:
    """Print one JSON object for a program to read."""
    print(json.dumps(record, ensure_ascii=False, allow_nan=False), flush=True)


def aligned(rows: Iterable[Sequence[str]]) -> str:
    """Rows of text with their columns aligned."""
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
