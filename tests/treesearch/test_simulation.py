"""Simulations: visits follow the formula, and gather where the best construction is."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from bosearch.errors import ConfigError, SpaceError
from bosearch.space import Grammar
from bosearch.treesearch import Guide, Position, Rule, SearchRecipe, TreeSearch, puct, ucb1
from bosearch.treesearch.graph import SearchGraph
from tests.space.expressions import Expressions, Tree, misfit
from tests.treesearch.games import (
    Baskets,
    Digits,
    Table,
    all_words,
    at,
    basket_reward,
    subsets,
)


def grown(
    grammar: Grammar[Any],
    reward: Any,
    *,
    rule: Rule = puct,
    prior: Any = None,
    seed: int = 0,
    **settings: Any,
) -> SearchGraph[Any]:
    """The graph after simulations that know every reward."""
    search = TreeSearch(grammar, SearchRecipe(**settings), seed=seed, rule=rule)
    guide = Guide(at(reward)) if prior is None else Guide(at(reward), prior)
    search.select(1, guide)
    assert search.grown is not None
    return search.grown


def shares(graph: SearchGraph[Any]) -> dict[str, float]:
    """Share of the root's visits by move."""
    visits = {token: edge.visits for token, edge in graph.root.edges.items()}
    return {token: count / sum(visits.values()) for token, count in visits.items()}


REWARDS = {"a": 0.2, "b": 0.9, "c": 0.6, "d": 0.0}
BANDIT = Table({"root": {token: token.upper() for token in REWARDS}})
PRIOR = {"a": 0.1, "b": 0.2, "c": 0.3, "d": 0.4}


def iterated(visits: int, score: Any) -> dict[str, int]:
    """Visits of the arms of a bandit of known rewards, if the best score is played each time."""
    counts = dict.fromkeys(REWARDS, 0)
    for total in range(1, visits + 1):
        # An arm that was never played is taken for the mean of what was: the first visit ended
        # at the root with the play-out's reward, which the caller knows to be that of arm b.
        mean = (0.9 + sum(REWARDS[arm] * n for arm, n in counts.items())) / total
        scores = {
            arm: score(REWARDS[arm] if n else mean, n, total, PRIOR[arm])
            for arm, n in counts.items()
        }
        counts[max(sorted(scores, key=lambda arm: -PRIOR[arm]), key=scores.__getitem__)] += 1
    return counts


@pytest.mark.parametrize(
    ("rule", "score"),
    [
        (puct, lambda q, n, total, p: q + 0.7 * p * math.sqrt(total) / (1 + n)),
        (
            ucb1,
            lambda q, n, total, p: (
                q + 0.7 * math.sqrt(2 * math.log(max(total, 2)) / n) if n else math.inf
            ),
        ),
    ],
)
def test_visits_of_a_bandit_are_those_of_the_formula_iterated(rule: Rule, score: Any) -> None:
    graph = grown(
        BANDIT,
        lambda word: REWARDS[word[0]],
        rule=rule,
        prior=lambda position, moves: [PRIOR[move] for move in moves],
        seed=next(seed for seed in range(99) if first_play_out(seed) == "b"),
        simulations=61,
        exploration=0.7,
        bounds=(0.0, 1.0),
    )
    assert {token: edge.visits for token, edge in graph.root.edges.items()} == {
        arm: count for arm, count in iterated(60, score).items() if count
    }


def first_play_out(seed: int) -> str:
    moves = list(REWARDS)
    return moves[int(np.random.default_rng([seed, 0]).integers(len(moves)))]


def test_visits_gather_on_the_optimum_as_simulations_grow() -> None:
    grammar = Baskets("abcde", most=3)
    best = max(subsets("abcde", 3), key=basket_reward)
    assert set(best) == {"b", "c", "d"}
    found = [
        grown(grammar, basket_reward, simulations=n, exploration=0.5) for n in (100, 1000, 8000)
    ]
    through = [sum(shares(graph).get(item, 0.0) for item in best) for graph in found]
    assert through == sorted(through)
    assert through[-1] > 0.95
    worths = [graph.root.worth for graph in found]
    assert worths == sorted(worths)  # type: ignore[type-var]  # all have been visited
    # The root's worth is that of a policy which still explores: below the optimum, near it.
    assert 0.9 * basket_reward(best) < float(worths[-1] or 0.0) < basket_reward(best)


@pytest.mark.parametrize("seed", range(5))
def test_best_leaf_is_that_of_exhaustive_enumeration(seed: int) -> None:
    rng = np.random.default_rng(seed)
    grammar = Digits(length=5, base=3)
    rewards = {word: float(rng.normal()) for word in all_words(grammar)}
    search = TreeSearch(grammar, SearchRecipe(simulations=1500, exploration=2.0), seed=seed)
    guide = Guide(at(rewards.__getitem__))
    assert search.select(1, guide)[0].tokens == max(rewards, key=rewards.__getitem__)


def test_every_state_of_a_small_game_is_reached_in_the_end() -> None:
    grammar = Baskets("abcd", most=2)
    graph = grown(grammar, basket_reward, simulations=3000, exploration=50.0)
    expected = {" ".join(sorted(items)) for items in subsets("abcd", 2)}
    expected |= {" ".join(sorted((*items, "done"))) for items in subsets("abcd", 2)}
    assert set(graph.nodes) == expected
    for key, node in graph.nodes.items():
        if node.terminal:
            assert node.worth == pytest.approx(basket_reward(key.split()))


TRAP = Table(
    {
        "root": {"safe": "S", "bold": "B"},
        "S": {"1": "s1", "2": "s2", "3": "s3"},
        "B": {"1": "B1", "2": "b2", "3": "b3"},
        "B1": {"1": "b11", "2": "b12", "3": "b13"},
    }
)
TRAP_REWARDS = {"safe 1": 0.6, "safe 2": 0.6, "safe 3": 0.55, "bold 1 3": 1.0}


def trap_reward(word: Sequence[str]) -> float:
    return TRAP_REWARDS.get(" ".join(word), 0.0)


def test_search_finds_what_greedy_play_misses() -> None:
    # By the mean of uniform play-outs, bold is worth 1/9 and safe 0.58: greedy play is safe.
    def mean_below(prefix: tuple[str, ...], state: str) -> float:
        if TRAP.terminal(state):
            return trap_reward(prefix)
        return float(
            np.mean([mean_below((*prefix, m), TRAP.apply(state, m)) for m in TRAP.moves(state)])
        )

    assert mean_below(("bold",), "B") == pytest.approx(1 / 9)
    assert mean_below(("safe",), "S") > 0.58

    graph = grown(TRAP, trap_reward, simulations=4000, exploration=1.0)
    assert shares(graph)["bold"] > 0.8
    few = grown(TRAP, trap_reward, simulations=20, exploration=1.0)
    assert shares(few)["safe"] > shares(few)["bold"]  # it begins as greedy as anyone


def test_states_open_their_moves_one_by_one() -> None:
    grammar = Digits(length=2, base=10)
    for factor, exponent in [(1.0, 0.5), (2.0, 0.4)]:
        graph = grown(
            grammar,
            lambda word: int(word[0]) / 10,
            simulations=40,
            widening_factor=factor,
            widening_exponent=exponent,
            exploration=100.0,  # every move that may be tried is tried
            prior=lambda position, moves: [1.0 + int(move) for move in moves],
        )
        root = graph.root
        # The last visit was chosen with one visit less.
        assert len(root.edges) == math.ceil(factor * (root.visits - 1) ** exponent) < 10
        opened = sorted(root.edges, key=int, reverse=True)
        assert opened == [str(9 - i) for i in range(len(opened))]  # best prior first


def test_widening_opens_further_moves_once_the_open_ones_are_used_up() -> None:
    search = TreeSearch(BANDIT, SearchRecipe(widening_factor=0.1))
    asked = [search.select(1)[0].tokens[0] for _ in range(4)]
    assert sorted(asked) == sorted(REWARDS)


def test_prior_steers_where_rewards_say_nothing() -> None:
    graph = grown(
        BANDIT,
        lambda word: 0.5,
        simulations=201,
        prior=lambda position, moves: [PRIOR[move] for move in moves],
    )
    # Equal Q: PUCT keeps N(a) + 1 in proportion to the prior.
    for token, edge in graph.root.edges.items():
        assert edge.visits + 1 == pytest.approx(PRIOR[token] * 204, abs=1.5)


def test_expression_of_the_target_function_is_found() -> None:
    grammar = Expressions(depth=3)

    def closeness(word: Sequence[str]) -> float:
        return 1.0 / (1.0 + misfit(word))

    search: TreeSearch[Tree] = TreeSearch(grammar, SearchRecipe(simulations=2000), seed=1)
    (leaf,) = search.select(1, Guide(at(closeness)))
    assert misfit(leaf.tokens) == 0.0


def test_endless_branches_are_left_alone() -> None:
    class Trapdoor(Grammar[str]):
        """``stop`` ends; after ``fall`` there is no end."""

        def root(self) -> str:
            return ""

        def moves(self, state: str) -> Sequence[str]:
            return ("on",) if state.startswith("fall") else ("stop", "fall")

        def apply(self, state: str, token: str) -> str:
            return f"{state} {token}".strip()

        def canonical(self, state: str) -> str:
            return state

        def terminal(self, state: str) -> bool:
            return state == "stop"

    search = TreeSearch(Trapdoor(), SearchRecipe(simulations=30, max_moves=10))
    (leaf,) = search.select(1, Guide(lambda position: 1.0))
    assert leaf.tokens == ("stop",)
    graph = search.grown
    assert graph is not None
    assert graph.nodes["fall"].closed
    assert len(graph.nodes) == 3


def test_grammar_without_end_is_refused_before_the_search() -> None:
    endless = Digits(length=10**9)
    with pytest.raises(SpaceError, match=r"complete after 50 moves(.|\n)*a budget of its own"):
        TreeSearch(endless, SearchRecipe(max_moves=50))


def test_root_without_a_move_is_refused_before_the_search() -> None:
    with pytest.raises(SpaceError, match="offers no move at the root"):
        TreeSearch(Table({"root": {}}))


def test_circle_is_found_by_the_simulation_that_closes_it() -> None:
    table = Table(
        {"root": {"on": "A", "end": "E"}, "A": {"back": "root2", "end": "E"}}, {"root2": "root"}
    )
    looping = Table({**table.table, "root2": table.table["root"]}, table.alias)
    search = TreeSearch(looping, SearchRecipe(simulations=50, exploration=50.0))
    with pytest.raises(SpaceError, match="in a circle: 'back' after 'on' leads back to 'root'"):
        search.select(1, Guide(lambda position: 0.5))


@pytest.mark.parametrize("cost", [0.0, -1.0, math.nan, math.inf])
def test_costs_must_be_positive(cost: float) -> None:
    game = Table({"root": {"a": "A"}}, costs={"A": cost})
    with pytest.raises(SpaceError, match="predicted cost of 'a' must be positive and finite"):
        TreeSearch(game).select(1)


def test_guide_is_asked_for_complete_positions_only_and_once_each() -> None:
    grammar = Baskets("abc", most=2)
    asked: Counter[str] = Counter()

    def value(position: Position[frozenset[str]]) -> float:
        assert grammar.terminal(position.state)
        assert grammar.canonical(position.state) == position.key
        asked[position.key] += 1
        return basket_reward(position.tokens)

    TreeSearch(grammar, SearchRecipe(simulations=300)).select(1, Guide(value))
    assert set(asked.values()) == {1}
    assert len(asked) == len(list(subsets("abc", 2)))


def test_value_that_is_not_finite_is_named_with_its_word() -> None:
    with pytest.raises(ConfigError, match=r"the value of '[abcd]' must be finite"):
        TreeSearch(BANDIT).select(1, Guide(lambda position: math.nan))
