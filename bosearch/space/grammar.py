"""Grammars: the rules by which an object is built move by move.

A word is the list of tokens played from the root to a complete object. All
methods of a grammar are pure: equal arguments give equal results, in every
process, since a study keeps the words alone.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import numpy as np

from bosearch.errors import ParameterError, SpaceError
from bosearch.space.suggestion import suggest

Token = str
State = TypeVar("State")

_ATTEMPTS = 50  # play-outs until the grammar counts as one without end
_SHOWN = 20  # legal tokens listed in a message


class Grammar(ABC, Generic[State]):
    """What may be built: a root, and the legal moves of each state.

    Every state that is not terminal has a legal move, and no sequence of moves
    leads back to the same canonical form.
    """

    @abstractmethod
    def root(self) -> State:
        """Where every construction begins."""

    @abstractmethod
    def moves(self, state: State) -> Sequence[Token]:
        """The legal moves of a state that is not terminal, all different, in a fixed order."""

    @abstractmethod
    def apply(self, state: State, token: Token) -> State:
        """The state after a legal move; ``state`` itself stays as it is."""

    @abstractmethod
    def canonical(self, state: State) -> str:
        """The identity of a state: two states of one name are the same, however reached."""

    @abstractmethod
    def terminal(self, state: State) -> bool:
        """Whether the object is complete."""

    def cost(self, state: State) -> float:
        """Estimated cost of measuring a complete object, such as seconds; positive."""
        return 1.0

    def in_words(self, state: State) -> str:
        """A complete object for people: one line."""
        return self.canonical(state)


def legal_moves(
    grammar: Grammar[State], state: State, after: Sequence[Token] = ()
) -> tuple[Token, ...]:
    """The moves of a state that is not terminal, checked.

    Args:
        grammar: The rules.
        state: Where.
        after: The tokens that led there, for the messages.

    Raises:
        SpaceError: There is no move, or one is no string or offered twice.
    """
    moves = tuple(grammar.moves(state))
    if not moves:
        raise SpaceError(
            f"the grammar offers no move {_place(after)}, and the construction is not complete",
            hint="make that state terminal, or do not offer what leads to it",
        )
    for token in moves:
        if not isinstance(token, str):
            raise SpaceError(f"the grammar offers {token!r} {_place(after)}: tokens are strings")
    if len(set(moves)) < len(moves):
        twice = next(token for token in moves if moves.count(token) > 1)
        raise SpaceError(f"the grammar offers {twice!r} twice {_place(after)}")
    return moves


def replay(grammar: Grammar[State], word: Sequence[Token]) -> State:
    """The complete object that a word spells.

    Raises:
        ParameterError: A token is illegal, or the construction is not complete.
        SpaceError: The grammar contradicts itself.
    """
    state = grammar.root()
    for position, token in enumerate(word):
        if grammar.terminal(state):
            raise ParameterError(
                f"{token!r} at position {position} comes after the construction was complete",
                hint=f"the word ends {_place(word[:position])}",
            )
        moves = legal_moves(grammar, state, word[:position])
        if token not in moves:
            raise ParameterError(
                f"{token!r} at position {position} is not legal: {_listed(moves)}",
                hint=suggest(token, moves) if isinstance(token, str) else "tokens are strings",
            )
        state = grammar.apply(state, token)
    if not grammar.terminal(state):
        raise ParameterError(
            f"the construction is not complete after {len(word)} tokens:"
            f" {_listed(legal_moves(grammar, state, word))}"
        )
    return state


def play_out(
    grammar: Grammar[State],
    state: State,
    rng: np.random.Generator,
    *,
    after: Sequence[Token] = (),
    max_moves: int,
) -> tuple[list[Token], State] | None:
    """Complete an object by uniformly random moves.

    Play-outs of more than ``max_moves`` moves are drawn again: the result has the
    distribution of one that ends in time.

    Args:
        grammar: The rules.
        state: Where to start.
        rng: Draws the moves.
        after: The tokens that led to ``state``; they count as moves.
        max_moves: Length of the longest word.

    Returns:
        The whole word and its state; ``None`` if 50 play-outs did not end in time.
    """
    for _ in range(_ATTEMPTS):
        word, at = list(after), state
        while not grammar.terminal(at) and len(word) < max_moves:
            moves = legal_moves(grammar, at, word)
            token = moves[int(rng.integers(len(moves)))]
            word.append(token)
            at = grammar.apply(at, token)
        if grammar.terminal(at):
            return word, at
    return None


def random_word(
    grammar: Grammar[Any], rng: np.random.Generator, *, max_moves: int
) -> tuple[list[Token], Any]:
    """A play-out from the root: its word and its state.

    Raises:
        SpaceError: The grammar goes on without end.
    """
    found = play_out(grammar, grammar.root(), rng, max_moves=max_moves)
    if found is None:
        raise SpaceError(
            f"none of {_ATTEMPTS} random constructions was complete after {max_moves} moves",
            hint="give the grammar a budget of its own, such as a depth, or raise max_moves",
        )
    return found


def _place(word: Sequence[Token]) -> str:
    if not word:
        return "at the root"
    return f"after {' '.join(map(str, word[-_SHOWN:]))!r}"


def _listed(moves: Sequence[Token]) -> str:
    more = ", ..." if len(moves) > _SHOWN else ""
    return f"expected one of {', '.join(map(repr, moves[:_SHOWN]))}{more}"
