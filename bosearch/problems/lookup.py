"""Landscapes that were measured: a table of sequences with their values.

Sequences that nobody measured are kept out of the search by an input constraint,
or count as a stated value.
"""

import csv
import gzip
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any, Self, final

import numpy as np
from numpy.typing import NDArray

from bosearch.errors import ConfigError
from bosearch.problems.benchmark import BenchmarkProblem
from bosearch.problems.functions import Array
from bosearch.problems.landscape import Codes, benchmark_of, checked, decode


@final
@dataclass(frozen=True, eq=False)
class Lookup:
    """A measured landscape, to be maximized.

    Args:
        table: Values by sequence, all sequences of one length.
        unmeasured: What a sequence outside the table is worth; ``None``: it is infeasible.
    """

    table: Mapping[str, float]
    unmeasured: float | None = None

    @classmethod
    def read(
        cls,
        path: Path,
        *,
        sequence: str = "sequence",
        value: str = "fitness",
        unmeasured: float | None = None,
    ) -> Self:
        """Read a CSV file with a header, gzipped if its name ends in ``.gz``.

        Everything in the column of sequences is a sequence: ``NA`` is asparagine
        before alanine, not a missing entry.

        Args:
            path: The file.
            sequence: Name of the column of sequences.
            value: Name of the column of values.
            unmeasured: See the class.

        Raises:
            ConfigError: The file or a column is missing, a row is damaged, or a
                sequence occurs twice or has another length.
        """
        if not path.exists():
            raise ConfigError(f"there is no landscape at {path}")
        table: dict[str, float] = {}
        with _opened(path) as lines:
            rows = csv.DictReader(lines)
            for column in (sequence, value):
                if column not in (rows.fieldnames or ()):
                    raise ConfigError(
                        f"{path}: expected the column {column!r}, got {rows.fieldnames}"
                    )
            for row in rows:
                where = f"{path}, line {rows.line_num}"
                letters, number = row[sequence], _number(row[value], where)
                if letters in table:
                    raise ConfigError(f"{where}: {letters!r} occurs twice")
                if not letters or (table and len(letters) != len(next(iter(table)))):
                    raise ConfigError(f"{where}: {letters!r} has another length than those before")
                table[letters] = number
        if not table:
            raise ConfigError(f"{path}: expected at least one sequence, got none")
        return cls(table, unmeasured)

    @cached_property
    def alphabet(self) -> str:
        """The letters that occur, in order."""
        return "".join(sorted(set().union(*self.table)))

    @property
    def length(self) -> int:
        """Number of sites."""
        return len(next(iter(self.table)))

    def feasible(self, X: Codes) -> NDArray[np.bool_]:
        """Which of ``n x L`` codes may be measured."""
        if self.unmeasured is not None:
            return np.ones(len(X), dtype=bool)
        return np.array([text in self.table for text in self._strings(X)], dtype=bool)

    def allows(self, params: Mapping[str, Any]) -> bool:
        """Whether the sequence ``seq`` may be measured."""
        return self.unmeasured is not None or params["seq"] in self.table

    def values(self, X: Codes) -> Array:
        """``n`` values of ``n x L`` codes; minus infinity where infeasible."""
        missing = -math.inf if self.unmeasured is None else self.unmeasured
        return np.array([self.table.get(text, missing) for text in self._strings(X)])

    @cached_property
    def optimiser(self) -> Codes:
        """The codes of the best sequence in the table."""
        best = max(self.table, key=lambda letters: self.table[letters])
        return np.array([self.alphabet.index(letter) for letter in best])

    def _strings(self, X: Codes) -> list[str]:
        return decode(checked(X, self.length, len(self.alphabet)), self.alphabet)


def _opened(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", newline="")
    return path.open(newline="")


def _number(text: str | None, where: str) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ConfigError(f"{where}: expected a finite number, got {text!r}")
    return value


def lookup(name: str, landscape: Lookup) -> BenchmarkProblem:
    """The problem of finding the best sequence of a table."""
    constraint = landscape.allows if landscape.unmeasured is None else None
    return benchmark_of(name, landscape, constraint=constraint)
