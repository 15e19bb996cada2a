"""Grammars: words are replayed move by move, and what is wrong is named by its place."""

import itertools
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from bosearch.errors import ParameterError, SpaceError
from bosearch.space import Grammar
from bosearch.space.grammar import legal_moves, play_out, random_word, replay
from tests.space.expressions import Expressions, endless


@dataclass(frozen=True)
class Offering(Grammar[int]):
    """A grammar whose root offers just these moves, each of which completes it."""

    offered: tuple[str, ...]

    def root(self) -> int:
        return 0

    def moves(self, state: int) -> Sequence[str]:
        return self.offered

    def apply(self, state: int, token: str) -> int:
        return state + 1

    def canonical(self, state: int) -> str:
        return str(state)

    def terminal(self, state: int) -> bool:
        return state > 0


def words(grammar: Expressions) -> list[tuple[str, ...]]:
    """All words, by trying every string of tokens: no move of the grammar is asked for."""
    found = []
    for length in range(1, 2 ** (grammar.depth + 1)):
        for word in itertools.product(("+", "*", "x", "1"), repeat=length):
            try:
                replay(grammar, word)
            except ParameterError:
                continue
            found.append(word)
    return found


def test_there_are_as_many_expressions_as_the_recurrence_says() -> None:
    # With two leaves and two operators: a(0) = 2, a(d) = 2 + 2 a(d - 1)^2.
    assert len(words(Expressions(depth=1))) == 2 + 2 * 2**2 == 10
    # Up to commutation: unordered pairs of c(d - 1) expressions, c(0) = 2, under each operator.
    grammar = Expressions(depth=1)
    distinct = {grammar.canonical(replay(grammar, word)) for word in words(grammar)}
    assert len(distinct) == 2 + 2 * math.comb(2 + 1, 2) == 8


def test_play_out_is_uniform_over_moves() -> None:
    # Depth 1: a leaf has probability 1/4, an operator with two leaves 1/4 * 1/2 * 1/2.
    n, rng = 8000, np.random.default_rng(0)
    drawn = Counter(tuple(random_word(Expressions(depth=1), rng, max_moves=3)[0]) for _ in range(n))
    assert set(drawn) == set(words(Expressions(depth=1)))
    for word, count in drawn.items():
        p = 1 / 4 if len(word) == 1 else 1 / 16
        assert abs(count / n - p) < 4 * math.sqrt(p * (1 - p) / n)


def test_play_out_that_must_end_early_is_drawn_until_it_does() -> None:
    # Conditioned on at most 1 move, only the two leaves are left, with equal chances.
    n, rng = 2000, np.random.default_rng(1)
    ones = sum(random_word(Expressions(depth=3), rng, max_moves=1)[0] == ["1"] for _ in range(n))
    assert abs(ones / n - 1 / 2) < 4 * math.sqrt(1 / 4 / n)


def test_play_out_goes_on_from_where_it_is() -> None:
    grammar = Expressions(depth=2)
    state = grammar.apply(grammar.root(), "+")
    rng = np.random.default_rng(2)
    found = play_out(grammar, state, rng, after=["+"], max_moves=9)
    assert found is not None
    word, end = found
    assert word[0] == "+"
    assert end == replay(grammar, word)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        (["+", "x"], r"not complete after 2 tokens: expected one of '\+', '\*', 'x', '1'"),
        ([], "not complete after 0 tokens"),
        (["+", "x", "y"], r"'y' at position 2 is not legal: expected one of .*'x', '1'"),
        (["+", "+", "+"], r"'\+' at position 2 is not legal: expected one of 'x', '1'"),
        (["+", "xx"], r"'xx' at position 1 (.|\n)*did you mean 'x'"),
        (["+", 1], r"1 at position 1 (.|\n)*tokens are strings"),
        (["x", "x"], r"'x' at position 1 comes after the construction was complete(.|\n)*'x'"),
    ],
)
def test_wrong_words_are_refused_at_their_first_wrong_token(word: list[str], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        replay(Expressions(depth=2), word)


@pytest.mark.parametrize(
    ("offered", "message"),
    [
        ((), "offers no move at the root, and the construction is not complete"),
        (("a", "b", "a"), "offers 'a' twice at the root"),
        (("a", 3), "offers 3 at the root: tokens are strings"),
    ],
)
def test_grammar_that_contradicts_itself_is_named(offered: tuple[str, ...], message: str) -> None:
    with pytest.raises(SpaceError, match=message):
        legal_moves(Offering(offered), 0)


def test_dead_end_below_the_root_is_named_by_the_tokens_that_led_there() -> None:
    with pytest.raises(SpaceError, match=r"offers no move after '\+ x'"):
        legal_moves(Offering(()), 0, ["+", "x"])


def test_grammar_without_end_is_an_error_that_says_so() -> None:
    @dataclass(frozen=True)
    class Growing(Expressions):
        def moves(self, state: object) -> Sequence[str]:
            return ("+", "*")

    with pytest.raises(SpaceError, match=r"complete after 20 moves(.|\n)*a budget of its own"):
        random_word(Growing(), np.random.default_rng(0), max_moves=20)


def test_words_of_an_endless_grammar_keep_to_the_limit() -> None:
    # Half of the moves are operators: a critical branching process, which ends but has no mean.
    rng = np.random.default_rng(3)
    lengths = [len(random_word(endless(), rng, max_moves=15)[0]) for _ in range(500)]
    assert max(lengths) <= 15
    # An expression of k operators has k + 1 leaves: odd lengths only.
    assert {length % 2 for length in lengths} == {1}
