"""Strings of one length over an alphabet; each site is a factor of its own."""

import operator
from collections.abc import Callable, Mapping
from collections.abc import Sequence as Listing
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, final

import numpy as np

from bosearch.errors import ParameterError, SpaceError
from bosearch.space.factor import Array, Factor
from bosearch.space.named import callable_name, is_name
from bosearch.space.parameter import Column, Parameter, Word

Embed = Callable[[Listing[str]], Any]
"""From ``m`` strings to ``m x p`` numbers."""


@final
@dataclass(frozen=True)
class Sequence(Parameter):
    """A string of ``length`` letters, each one of ``alphabet`` (different single characters).

    Args:
        alphabet: The letters.
        length: Their number in a string.
        embedding: What is known of whole strings: a function from a list of ``m`` of them to
            ``m x p`` numbers, a language model for instance, or its name ``"module:function"``
            where the code is supplied later. A study keeps the name; strategy ``gameopt``
            models the features, others the letters.
    """

    type: ClassVar[str] = "sequence"

    alphabet: str
    length: int
    embedding: str | None = None
    embed: Embed | None = field(default=None, init=False, compare=False, repr=False)

    def __init__(self, alphabet: str, length: int, embedding: Embed | str | None = None) -> None:
        object.__setattr__(self, "alphabet", alphabet)
        object.__setattr__(self, "length", length)
        object.__setattr__(self, "embedding", _name(embedding))
        object.__setattr__(self, "embed", None if isinstance(embedding, str) else embedding)
        self._check()

    def _check(self) -> None:
        if not isinstance(self.alphabet, str) or not self.alphabet:
            raise SpaceError(
                f"Sequence: alphabet must be a string of letters, got {self.alphabet!r}",
                hint="Sequence('ACGT', length=8)",
            )
        for i, letter in enumerate(self.alphabet):
            if letter in self.alphabet[:i]:
                raise SpaceError(f"Sequence: letter {letter!r} is in the alphabet twice")
            if not letter.isprintable():
                raise SpaceError(f"Sequence: letter {letter!r} cannot be printed")
        try:
            length = 0 if isinstance(self.length, bool) else operator.index(self.length)
        except TypeError:
            length = 0
        if length < 1:
            raise SpaceError(f"Sequence: length must be an integer >= 1, got {self.length!r}")
        object.__setattr__(self, "length", length)

    @property
    def callables(self) -> tuple[Embed, ...]:
        """The embedding, where its code is here."""
        return () if self.embed is None else (self.embed,)

    def with_callables(self, functions: Mapping[str, Callable[..., Any]]) -> "Sequence":
        """The parameter with the code of its embedding, if ``functions`` has it."""
        if self.embedding is None:
            return self
        return Sequence(self.alphabet, self.length, functions.get(self.embedding, self.embedding))

    @cached_property
    def factors(self) -> tuple[Factor, ...]:
        """One categorical coordinate per site."""
        return (Factor("categorical", len(self.alphabet)),) * self.length

    @property
    def size(self) -> int:
        """Number of different strings."""
        return int(len(self.alphabet) ** self.length)

    @property
    def word(self) -> Word:
        """A text."""
        return "text"

    @cached_property
    def _letters(self) -> Column:
        return np.array(list(self.alphabet))

    @cached_property
    def _allowed(self) -> frozenset[str]:
        return frozenset(self.alphabet)

    def validate(self, value: Any, *, name: str) -> str:
        """Return a string of the right length over the alphabet."""
        if not isinstance(value, str):
            raise ParameterError(
                f"parameter {name!r}: expected a string of {self.length} letters, got {value!r}"
            )
        if len(value) != self.length:
            raise ParameterError(
                f"parameter {name!r}: expected {self.length} letters, got {len(value)} in {value!r}"
            )
        if not self._allowed.issuperset(value):
            site = next(i for i, letter in enumerate(value) if letter not in self._allowed)
            raise ParameterError(
                f"parameter {name!r}: {value[site]!r} at site {site} of {value!r} is not in"
                f" the alphabet {self.alphabet!r}",
                hint=f"did you mean {value[site].swapcase()!r}?"
                if value[site].swapcase() in self._allowed
                else None,
            )
        return str(value)

    def encode(self, values: Listing[Any]) -> Array:
        """The ``n x length`` codes of the letters."""
        order = np.argsort(self._letters)
        letters = sites(self.column(values), self.length)
        return order[np.searchsorted(self._letters[order], letters)].astype(np.float64)

    def decode(self, X: Array) -> list[str]:
        """The strings whose letters have the ``n x length`` codes."""
        letters = self._letters[self.factors[0].codes(X)]
        strings: list[str] = np.ascontiguousarray(letters).view(f"U{self.length}")[:, 0].tolist()
        return strings

    def column(self, values: Listing[Any]) -> Column:
        """``n`` strings."""
        return np.array(values, dtype=f"U{self.length}")


def _name(embedding: object) -> str | None:
    if embedding is None:
        return None
    if isinstance(embedding, str):
        if is_name(embedding):
            return embedding
    elif callable(embedding):
        return callable_name(embedding)
    raise SpaceError(
        "Sequence: embedding must be a function from strings to numbers, or its name"
        f" 'module:function', got {embedding!r}",
        hint="Sequence('ACGT', length=8, embedding=embed)",
    )


def sites(column: Column, length: int) -> Column:
    """Split a column of ``n`` strings into ``n x length`` letters."""
    return np.ascontiguousarray(column).view("U1").reshape(len(column), length)
