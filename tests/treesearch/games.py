"""Small games whose every construction can be listed."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bosearch.space import Grammar
from bosearch.treesearch import Position

Word = tuple[str, ...]


@dataclass(frozen=True)
class Table(Grammar[str]):
    """A game given by its moves: ``{"root": {"a": "left", "b": "right"}, "left": {...}}``.

    States without moves are terminal. States of one alias are the same.
    """

    table: Mapping[str, Mapping[str, str]]
    alias: Mapping[str, str] = field(default_factory=dict)
    costs: Mapping[str, float] = field(default_factory=dict)

    def root(self) -> str:
        return "root"

    def moves(self, state: str) -> Sequence[str]:
        return tuple(self.table[state])

    def apply(self, state: str, token: str) -> str:
        return self.table[state][token]

    def canonical(self, state: str) -> str:
        return self.alias.get(state, state)

    def terminal(self, state: str) -> bool:
        return state not in self.table

    def cost(self, state: str) -> float:
        return self.costs.get(state, 1.0)


@dataclass(frozen=True)
class Digits(Grammar[str]):
    """Strings of ``length`` of the digits ``0 .. base - 1``: a tree without transpositions."""

    length: int
    base: int = 2

    def root(self) -> str:
        return ""

    def moves(self, state: str) -> Sequence[str]:
        return tuple(map(str, range(self.base)))

    def apply(self, state: str, token: str) -> str:
        return state + token

    def canonical(self, state: str) -> str:
        return state

    def terminal(self, state: str) -> bool:
        return len(state) == self.length


@dataclass(frozen=True)
class Baskets(Grammar[frozenset[str]]):
    """Sets of at most ``most`` of the ``items``, filled in any order and closed by ``done``."""

    items: str
    most: int

    def root(self) -> frozenset[str]:
        return frozenset()

    def moves(self, state: frozenset[str]) -> Sequence[str]:
        left = [item for item in self.items if item not in state]
        return (*left, "done") if len(state) < self.most else ("done",)

    def apply(self, state: frozenset[str], token: str) -> frozenset[str]:
        return state | {token}

    def canonical(self, state: frozenset[str]) -> str:
        return " ".join(sorted(state))

    def terminal(self, state: frozenset[str]) -> bool:
        return "done" in state

    def cost(self, state: frozenset[str]) -> float:
        return float(len(state))


def all_words(grammar: Grammar[Any]) -> Iterator[Word]:
    """Every complete word, depth first."""
    waiting: list[tuple[Word, Any]] = [((), grammar.root())]
    while waiting:
        word, state = waiting.pop()
        if grammar.terminal(state):
            yield word
        else:
            for token in grammar.moves(state):
                waiting.append(((*word, token), grammar.apply(state, token)))


def basket_reward(word: Sequence[str]) -> float:
    """Items are worth little alone; the pair ``b`` and ``d`` is worth much, if ``a`` is absent."""
    items = set(word)
    alone = {"a": 0.3, "b": 0.1, "c": 0.2, "d": 0.05, "e": 0.15}
    reward = sum(alone.get(item, 0.0) for item in items)
    return reward + (0.7 if {"b", "d"} <= items and "a" not in items else 0.0)


def at(reward: Any) -> Any:
    """A reward of words as a value of positions."""

    def value(position: Position[Any]) -> float:
        return float(reward(position.tokens))

    return value


def subsets(items: str, most: int) -> Iterator[tuple[str, ...]]:
    """The baskets, listed without the grammar."""
    for size in range(most + 1):
        yield from itertools.combinations(items, size)
