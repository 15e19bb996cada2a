"""Objects built move by move: expressions, programs, sets of building blocks.

A value is the list of tokens that build it. A study keeps the name of the
grammar, not its code: whoever opens the study supplies the code, as with
functions among the input constraints. Grammars that come with bosearch are found
by their name, when they are needed.
"""

import json
import operator
from collections.abc import Callable, Mapping
from collections.abc import Sequence as Listing
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from typing import Any, ClassVar, final

import numpy as np

from bosearch.errors import ParameterError, SpaceError
from bosearch.space.factor import Array, Factor
from bosearch.space.grammar import Grammar, Token, legal_moves, random_word, replay
from bosearch.space.named import callable_name, is_name
from bosearch.space.parameter import Column, Parameter, Word

Factory = Callable[..., Grammar[Any]]


@final
@dataclass(frozen=True)
class Construction(Parameter):
    """A complete object of a grammar.

    Args:
        grammar: The class or function that makes the grammar, or its name
            ``"module:name"`` where the code is supplied later.
        options: Keyword arguments of ``grammar`` (JSON).
        max_moves: Tokens of the longest value.
    """

    type: ClassVar[str] = "construction"

    grammar: str
    options: Mapping[str, Any] | None = field(default=None, hash=False)
    max_moves: int = 200
    factory: Factory | None = field(default=None, init=False, compare=False, repr=False)

    def __init__(
        self,
        grammar: Factory | str,
        options: Mapping[str, Any] | None = None,
        max_moves: int = 200,
    ) -> None:
        object.__setattr__(self, "grammar", _name(grammar))
        object.__setattr__(self, "options", _plain(options))
        object.__setattr__(self, "max_moves", _positive(max_moves))
        if not isinstance(grammar, str):
            object.__setattr__(self, "factory", grammar)
            root = self.rules.root()
            if not self.rules.terminal(root):
                legal_moves(self.rules, root)

    @cached_property
    def rules(self) -> Grammar[Any]:
        """The grammar itself.

        Raises:
            SpaceError: Its code is not here, or does not make a grammar.
        """
        factory = self.factory or _shipped(self.grammar)
        if factory is None:
            raise SpaceError(
                f"the grammar {self.grammar!r} is Python code that is not here",
                hint="pass it when opening the study: callables=[function]",
            )
        try:
            made: object = factory(**(self.options or {}))
        except Exception as error:
            raise SpaceError(
                f"the grammar {self.grammar!r} failed with {error!r} for {self.options or {}}",
                hint="'options' are its keyword arguments",
            ) from error
        if not isinstance(made, Grammar):
            raise SpaceError(f"{self.grammar!r} made no Grammar but {made!r}")
        return made

    @property
    def callables(self) -> tuple[Factory, ...]:
        """What makes the grammar, where it is here."""
        return () if self.factory is None else (self.factory,)

    def with_callables(self, functions: Mapping[str, Callable[..., Any]]) -> "Construction":
        """The parameter with the code of its grammar, if ``functions`` has it."""
        return Construction(functions.get(self.grammar, self.grammar), self.options, self.max_moves)

    @property
    def factors(self) -> tuple[Factor, ...]:
        """None: a construction has no coordinates."""
        return ()

    @property
    def size(self) -> None:
        """Unknown."""

    @property
    def word(self) -> Word:
        """Nothing that a text constraint can use."""
        return "other"

    def validate(self, value: Any, *, name: str) -> list[Token]:
        """Return the tokens as a list, once they have been replayed."""
        if not isinstance(value, list | tuple):
            raise ParameterError(f"parameter {name!r}: expected a list of tokens, got {value!r}")
        if len(value) > self.max_moves:
            raise ParameterError(
                f"parameter {name!r}: expected at most {self.max_moves} tokens, got {len(value)}"
            )
        try:
            replay(self.rules, value)
        except ParameterError as error:
            raise ParameterError(f"parameter {name!r}: {error.message}", hint=error.hint) from None
        return list(map(str, value))

    def encode(self, values: Listing[Any]) -> Array:
        """The ``n x 0`` coordinates."""
        return np.empty((len(values), 0))

    def decode(self, X: Array) -> list[Any]:
        """Refuse: no coordinates say what was built."""
        raise SpaceError(f"the construction {self.grammar!r} has no coordinates to decode")

    def column(self, values: Listing[Any]) -> Column:
        """``n`` lists of tokens."""
        column = np.empty(len(values), dtype=object)
        column[:] = values
        return column

    def sample(self, n: int, rng: np.random.Generator) -> list[list[Token]]:
        """Draw ``n`` play-outs: uniform over moves, not over objects.

        Raises:
            SpaceError: The grammar goes on without end.
        """
        return [random_word(self.rules, rng, max_moves=self.max_moves)[0] for _ in range(n)]


def is_shipped(grammar: str) -> bool:
    """Whether the code of a grammar comes with bosearch."""
    return grammar.startswith("bosearch.")


def _shipped(grammar: str) -> Factory | None:
    """The code of a grammar that comes with bosearch; ``None`` if it does not."""
    if not is_shipped(grammar):
        return None
    module, _, attribute = grammar.partition(":")
    try:
        factory: Factory = getattr(import_module(module), attribute)
    except (ImportError, AttributeError):
        raise SpaceError(
            f"bosearch has no grammar {grammar!r}", hint="bosearch.packing.game:AssemblyGrammar"
        ) from None
    return factory


def _name(grammar: object) -> str:
    if isinstance(grammar, str):
        if is_name(grammar):
            return grammar
    elif not isinstance(grammar, Grammar):
        try:
            return callable_name(grammar)
        except SpaceError:
            pass
    raise SpaceError(
        f"Construction: grammar must be a class or function that makes a Grammar, or its name"
        f" 'module:name', got {grammar!r}",
        hint="Construction(Expressions, options={'depth': 3})",
    )


def _plain(options: object) -> Mapping[str, Any] | None:
    """A copy of JSON options, apart from what the caller may change later."""
    if options is None:
        return None
    try:
        copy: object = json.loads(json.dumps(options, allow_nan=False))
    except (TypeError, ValueError):
        copy = None
    if not isinstance(copy, dict) or copy != options:
        raise SpaceError(f"Construction: options must be a JSON object, got {options!r}")
    return copy or None


def _positive(max_moves: Any) -> int:
    try:
        number = 0 if isinstance(max_moves, bool) else operator.index(max_moves)
    except TypeError:
        number = 0
    if number < 1:
        raise SpaceError(f"Construction: max_moves must be an integer >= 1, got {max_moves!r}")
    return number
