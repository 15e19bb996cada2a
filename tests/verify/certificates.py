"""Certificates made by hand, and ways to damage one."""

import json
from collections.abc import Iterator
from typing import Any

Path = tuple[str | int, ...]


def gram(*rows: list[int]) -> dict[str, Any]:
    """A Gram matrix of integers from the rows of its lower triangle."""
    return {
        "exponents": [0] * len(rows),
        "lower": [[format(m, "x") for m in row[:-1]] for row in rows[1:]],
        "diagonal": [[format(row[-1], "x"), 0] for row in rows],
    }


def degree_one(dim: int = 8, rho: int = 10, slope: int = 1) -> dict[str, Any]:
    """``f^ = 1 + a s`` by ``e^(-s/2)``: then ``f(0) = 1 + a dim`` and ``-f = a (s - dim) - 1``.

    On ``s = rho + u`` that is ``(a (rho - dim) - 1) + a u``, and every Gram matrix is a number.
    """
    return {
        "format": "bosearch-certificate",
        "version": 1,
        "kind": "two-point",
        "statement": "",
        "dim": dim,
        "degree": 1,
        "rho": str(rho),
        "density": "1.0",
        "grams": {
            "sigma0": gram([1]),
            "sigma1": gram([slope]),
            "tau0": gram([slope * (rho - dim) - 1]),
            "tau1": gram([slope]),
        },
    }


def parabola() -> dict[str, Any]:
    """``x^2 - x y + y^2 - y/2 + 1 >= 3/4``; the difference is ``(1, x, y) G (1, x, y)^T / 4``."""
    return {
        "format": "bosearch-certificate",
        "version": 1,
        "kind": "polynomial-lower-bound",
        "domain": "space",
        "variables": ["x", "y"],
        "terms": [
            [[0, 0], "1"],
            [[0, 1], "-1/2"],
            [[0, 2], "1"],
            [[1, 1], "-1"],
            [[2, 0], "1"],
        ],
        "multiplier": 0,
        "scale": 4,
        "bound": "3/4",
        "basis": [[0, 0], [1, 0], [0, 1]],
        "gram": gram([1], [0, 4], [-1, -2, 4]),
    }


def copy(certificate: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(json.dumps(certificate))
    return made


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every text and number of a certificate with its place."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from leaves(item, (*path, i))
    else:
        yield path, value


def nodes(value: Any, path: Path = ()) -> Iterator[Path]:
    """Every place of a certificate, objects and lists included."""
    yield path
    children = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, item in children:
        yield from nodes(item, (*path, key))


def changed(certificate: dict[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """A copy with another value at one place."""
    made = copy(certificate)
    at: Any = made
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return made
