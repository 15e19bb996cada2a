"""Fitness landscapes over sequences: integer codes in, values out.

A landscape gives a value to every string of one length over one alphabet.
Points are ``n x L`` integer codes, positions of letters in the alphabet, and
values ``n`` floats. ``benchmark_of`` turns a landscape into a benchmark problem
of one sequence parameter, ``seq``, and one metric, ``value``.

The letters of an artificial landscape are names without a meaning: its alphabet
is never that of the amino acids, lest a model take it for a protein.
"""

import string
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bosearch.errors import ConfigError, ShapeError
from bosearch.problems.benchmark import BenchmarkProblem
from bosearch.problems.functions import Array
from bosearch.space import Sequence, Space
from bosearch.study.problem import Direction, Objective, Problem

Codes = NDArray[np.int64]
LETTERS = string.ascii_uppercase + string.digits + string.ascii_lowercase


class Landscape(Protocol):
    """A function of sequences whose best value, or the best one known, is known."""

    @property
    def alphabet(self) -> str:
        """One letter per level."""
        ...

    @property
    def length(self) -> int:
        """Number of sites."""
        ...

    @property
    def optimiser(self) -> Codes:
        """The codes (``L``) of a best point."""
        ...

    def values(self, X: Codes) -> Array:
        """``n`` values of ``n x L`` codes."""
        ...


def alphabet_of(levels: int) -> str:
    """The alphabet of an artificial landscape.

    Raises:
        ConfigError: There are no letters for so many levels, or fewer than two.
    """
    if not 2 <= levels <= len(LETTERS):
        raise ConfigError(f"levels must lie in [2, {len(LETTERS)}], got {levels}")
    return LETTERS[:levels]


def checked(X: Codes, length: int, levels: int) -> Codes:
    """``X`` as an ``n x L`` array of codes.

    Raises:
        ShapeError: The array has another shape, or a code is not a level.
    """
    X = np.asarray(X)
    if X.ndim != 2 or X.shape[1] != length or not np.issubdtype(X.dtype, np.integer):
        raise ShapeError(
            f"expected integer codes of shape (n, {length}), got {X.dtype} of shape {X.shape}"
        )
    if X.size and not 0 <= X.min() <= X.max() < levels:
        raise ShapeError(f"codes must lie in [0, {levels - 1}], got [{X.min()}, {X.max()}]")
    return X.astype(np.int64, copy=False)


def encode(strings: list[str], alphabet: str) -> Codes:
    """``n x L`` codes of ``n`` strings over ``alphabet``, all of one length."""
    return np.array([[alphabet.index(letter) for letter in text] for text in strings])


def decode(X: Codes, alphabet: str) -> list[str]:
    """The strings with the ``n x L`` codes."""
    return ["".join(alphabet[code] for code in row) for row in X.tolist()]


def benchmark_of(
    name: str,
    landscape: Landscape,
    direction: Direction = "maximize",
    *,
    constraint: Callable[[Mapping[str, Any]], bool] | None = None,
    proven: bool = True,
) -> BenchmarkProblem:
    """The benchmark problem of one sequence ``seq``, measured as ``value``.

    Args:
        name: Of the problem.
        landscape: What is measured.
        direction: ``"maximize"`` or ``"minimize"``.
        constraint: Which points, as dicts, may be measured: a named function or a
            method; ``None`` means all.
        proven: Whether no value is better than that of ``landscape.optimiser``.
    """
    alphabet = landscape.alphabet
    stated = () if constraint is None else (constraint,)
    space = Space(stated, seq=Sequence(alphabet, landscape.length))

    def evaluate(params: Mapping[str, Any]) -> dict[str, float]:
        return {"value": float(landscape.values(encode([params["seq"]], alphabet))[0])}

    best = landscape.optimiser[None]
    return BenchmarkProblem(
        name=name,
        problem=Problem(space, (Objective("value", direction),)),
        evaluate=evaluate,
        optimum=float(landscape.values(best)[0]),
        optimiser={"seq": decode(best, alphabet)[0]},
        proven=proven,
    )
