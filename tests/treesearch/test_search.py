"""The search: leaves out, rewards in, and nothing remembered but the record."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from bosearch.errors import ConfigError, ParameterError, SpaceExhaustedError
from bosearch.treesearch import Failure, Guide, SearchRecipe, TreeSearch, reward_per_cost
from bosearch.treesearch.export import to_json
from bosearch.treesearch.learned import optimistic, training_data
from bosearch.treesearch.record import Result
from bosearch.treesearch.surrogate import fit
from tests.treesearch.games import Baskets, Digits, Table, all_words, at, basket_reward, subsets

GAME = Baskets("abcde", most=3)


def guide_of(search: TreeSearch[Any]) -> Guide[Any]:
    """What the record taught, if there is enough of it."""
    if len(search.record) < 3:
        return Guide()
    return optimistic(fit(*training_data(search.record)), temperature=0.5)


def measured(word: Sequence[str]) -> Result:
    return Failure("c was out of stock") if "c" in word else basket_reward(word)


def test_resumed_search_equals_the_uninterrupted_one() -> None:
    recipe = SearchRecipe(simulations=30, widening_factor=1.5)
    whole = TreeSearch(GAME, recipe, seed=3)
    asked, resumed_asked, graphs = [], [], []
    for step in range(8):
        record = [(told.tokens, told.result) for told in whole.record]
        resumed = TreeSearch.resume(
            GAME, recipe, record=record, pending=whole.pending.values(), seed=3
        )
        guide = guide_of(whole)
        asked += whole.select(2, guide)
        resumed_asked += resumed.select(2, guide_of(resumed))
        assert whole.grown is not None
        assert resumed.grown is not None
        graphs.append(to_json(whole.grown) == to_json(resumed.grown))
        late = asked[step if step % 2 else -1]  # results arrive late and out of order
        whole.tell(late, measured(late.tokens))
    assert resumed_asked == asked
    assert all(graphs)
    assert any(isinstance(told.result, Failure) for told in whole.record)
    assert len(whole.pending) > 2


def test_asking_for_two_leaves_twice_is_asking_for_four() -> None:
    guide = Guide(at(basket_reward))
    four, twice = (TreeSearch(GAME, SearchRecipe(simulations=40), seed=5) for _ in range(2))
    assert four.select(4, guide) == twice.select(2, guide) + twice.select(2, guide)


def test_leaves_depend_on_the_seed_alone() -> None:
    def words(seed: int) -> list[tuple[str, ...]]:
        search = TreeSearch(Digits(8), SearchRecipe(simulations=5), seed=seed)
        return [leaf.tokens for leaf in search.select(5, Guide(lambda position: 0.0))]

    assert words(1) == words(1)
    assert words(1) != words(2)


@pytest.mark.parametrize("guided", [True, False])
def test_every_construction_is_asked_for_once_and_then_no_more(guided: bool) -> None:
    search = TreeSearch(GAME, SearchRecipe(simulations=20))
    guide: Guide[Any] = Guide(at(basket_reward)) if guided else Guide()
    every = {" ".join(sorted((*items, "done"))) for items in subsets("abcde", 3)}
    for _ in range(len(every)):
        (leaf,) = search.select(1, guide)
        search.tell(leaf, measured(leaf.tokens))
    assert {told.key for told in search.record} == every
    with pytest.raises(SpaceExhaustedError, match=f"{len(every)} told, 0 pending"):
        search.select(1, guide)


def test_batch_larger_than_what_is_left_is_cut_short() -> None:
    search = TreeSearch(Digits(2))
    assert len(search.select(9)) == 4
    assert len(search.pending) == 4


def test_told_words_are_visits_of_their_own_moves() -> None:
    search = TreeSearch(Digits(3))
    words = list(all_words(Digits(3)))
    for number, word in enumerate(words):
        search.tell(word, float(number))
    graph = search.statistics()
    assert graph.root.visits == 8
    assert graph.root.worth == pytest.approx(3.5)
    assert graph.nodes["0"].worth == pytest.approx(
        np.mean([number for number, word in enumerate(words) if word[0] == "0"])
    )


def test_one_construction_told_under_two_words_is_averaged_and_counted_once() -> None:
    search = TreeSearch(GAME)
    search.tell(("b", "d", "done"), 0.8)
    search.tell(("d", "b", "done"), 0.6)
    graph = search.statistics()
    assert graph.nodes["b d done"].worth == pytest.approx(0.7)
    assert graph.nodes["b d done"].own_visits == 2
    assert {token: edge.visits for token, edge in graph.root.edges.items()} == {"b": 1, "d": 1}
    assert graph.root.worth == pytest.approx(0.7)
    asked = {leaf.key for leaf in search.select(5, Guide(lambda position: 1.0))}
    assert "b d done" not in asked


def test_result_under_another_word_settles_the_pending_one() -> None:
    search = TreeSearch(GAME)
    search.pending["b d done"] = ("b", "d", "done")
    search.tell(("d", "b", "done"), 1.0)
    assert search.pending == {}


def test_failures_count_as_the_worst_reward_unless_said_otherwise() -> None:
    game = Table({"root": {"a": "A", "b": "B", "c": "C"}})
    for failed_reward, expected in [(None, 2.0), (-1.0, -1.0)]:
        search = TreeSearch(game, SearchRecipe(failed_reward=failed_reward))
        search.tell(("a",), 2.0)
        search.tell(("b",), 4.0)
        search.tell(("c",), Failure("did not converge"))
        graph = search.statistics()
        assert graph.nodes["C"].worth == expected
        assert graph.nodes["C"].closed
        assert graph.root.worth == pytest.approx((6.0 + expected) / 3)


def test_search_goes_on_where_everything_has_failed() -> None:
    search = TreeSearch(Digits(3))
    for _ in range(8):
        (leaf,) = search.select(1)
        search.tell(leaf, Failure("no"))
    assert len({told.key for told in search.record}) == 8


PLAIN = Digits(length=4)


def spread(virtual_loss: int) -> int:
    """Of four leaves asked for at once, how many different first two digits there are."""

    def reward(word: Sequence[str]) -> float:
        # Everything below 00 is a little better than everything else.
        return 1.0 if word[:2] == ("0", "0") else 0.9

    recipe = SearchRecipe(simulations=60, virtual_loss=virtual_loss, bounds=(0.0, 1.0))
    leaves = TreeSearch(PLAIN, recipe, seed=2).select(4, Guide(at(reward)))
    return len({leaf.tokens[:2] for leaf in leaves})


def test_virtual_loss_spreads_parallel_leaves() -> None:
    assert spread(virtual_loss=0) == 1
    assert spread(virtual_loss=4) == 4


def test_virtual_losses_are_gone_once_the_leaf_is_told() -> None:
    search = TreeSearch(PLAIN, SearchRecipe(virtual_loss=3))
    (leaf,) = search.select(1)
    graph = search.statistics()
    assert graph.passes(leaf.tokens) == [(0, 3)] * 4
    assert graph.root.worth is None  # losses are never backed up
    search.tell(leaf, 0.5)
    assert search.statistics().passes(leaf.tokens) == [(1, 0)] * 4


def test_cost_awareness_prefers_more_reward_per_cost() -> None:
    game = Table({"root": {"dear": "D", "cheap": "C"}}, costs={"D": 10.0, "C": 1.0})
    rewards = {"dear": 1.0, "cheap": 0.4}
    guide = Guide(at(lambda word: rewards[word[0]]))
    (plain,) = TreeSearch(game).select(1, guide)
    (thrifty,) = TreeSearch(game, worth=reward_per_cost).select(1, guide)
    assert (plain.tokens, plain.cost, plain.reward) == (("dear",), 10.0, 1.0)
    assert (thrifty.tokens, thrifty.cost, thrifty.reward) == (("cheap",), 1.0, 0.4)

    search = TreeSearch(game, worth=reward_per_cost)
    search.tell(("dear",), 1.0)
    search.tell(("cheap",), 0.4)
    assert search.statistics().root.worth == pytest.approx((0.1 + 0.4) / 2)


def test_equal_worths_go_to_the_cheaper_leaf() -> None:
    search = TreeSearch(GAME, SearchRecipe(simulations=400))
    (leaf,) = search.select(1, Guide(lambda position: 0.5))
    assert leaf.tokens == ("done",)


def test_search_on_the_record_alone_gathers_where_rewards_are() -> None:
    # No guide: plain tree search. Words below 1 are worth 0.8 to 1, the others 0 to 0.2.
    rng = np.random.default_rng(0)
    rewards = {
        word: (0.8 if word[0] == "1" else 0.0) + 0.2 * float(rng.random())
        for word in all_words(Digits(8))
    }
    search = TreeSearch(Digits(8), SearchRecipe(exploration=0.5), seed=0)
    for _ in range(100):
        (leaf,) = search.select(1)
        search.tell(leaf, rewards[leaf.tokens])
    good = sum(told.tokens[0] == "1" for told in search.record)
    assert good > 80  # uniform sampling: 50, give or take 5


@pytest.mark.parametrize(
    ("word", "result", "message"),
    [
        (("b", "x"), 1.0, "'x' at position 1 is not legal: expected one of 'a', 'c'"),
        (("b", "b"), 1.0, "'b' at position 1 is not legal"),
        (("b",), 1.0, "not complete after 1 tokens"),
        (("done", "a"), 1.0, "'a' at position 1 comes after"),
        (("b", "done"), math.nan, "expected a finite reward or a Failure, got nan"),
    ],
)
def test_wrong_results_are_refused_and_leave_no_trace(
    word: tuple[str, ...], result: Any, message: str
) -> None:
    search = TreeSearch(GAME)
    with pytest.raises(ParameterError, match=message):
        search.tell(word, result)
    with pytest.raises(ParameterError, match=message):
        TreeSearch.resume(GAME, record=[(word, result)])
    assert search.record == []


def test_batch_that_breaks_off_leaves_nothing_pending() -> None:
    search = TreeSearch(Digits(3), SearchRecipe(simulations=20))
    calls = iter(range(12))

    def value(position: object) -> float:
        return 1.0 if next(calls, None) is not None else math.nan

    with pytest.raises(ConfigError, match="must be finite"):
        search.select(4, Guide(value))
    assert search.pending == {}


@pytest.mark.parametrize("n", [0, -1, 1.0, True])
def test_number_of_leaves_must_be_a_number(n: Any) -> None:
    with pytest.raises(ConfigError, match="a number of leaves of at least 1"):
        TreeSearch(GAME).select(n)
