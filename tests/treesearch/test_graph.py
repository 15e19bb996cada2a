"""The search graph: one node a state, nothing counted twice, nothing stale."""

from typing import Any

import networkx as nx  # type: ignore[import-untyped]  # it has no types
import numpy as np
import pytest

from bosearch.errors import SpaceError
from bosearch.treesearch.export import to_networkx
from bosearch.treesearch.graph import Node, SearchGraph
from tests.treesearch.games import Baskets, Digits, Table, all_words


def play(graph: SearchGraph[Any], word: str, worth: float) -> None:
    """One visit along a word of one-letter tokens that ends in a state of this worth."""
    path = graph.walk(word)
    leaf = graph.nodes[path[-1][1].child.position.key]
    leaf.own_worth = (leaf.own_visits * leaf.own_worth + worth) / (leaf.own_visits + 1)
    leaf.own_visits += 1
    for _, edge in path:
        edge.visits += 1
    graph.refresh([leaf, *(node for node, _ in path)])


def worths(graph: SearchGraph[Any]) -> dict[str, float]:
    """All worths by the recursion, children first: the order comes from networkx."""
    exported = to_networkx(graph)
    found: dict[str, float] = {}
    for key in reversed(list(nx.topological_sort(exported))):
        node = graph.nodes[key]
        terms = [(node.own_visits, node.own_worth)]
        terms += [
            (facts["visits"], found[child])
            for _, child, facts in exported.out_edges(key, data=True)
            if facts["visits"]
        ]
        visits = sum(count for count, _ in terms)
        if visits:
            found[key] = sum(count * worth for count, worth in terms) / visits
    return found


def test_transpositions_are_one_node() -> None:
    graph = SearchGraph(Baskets("abcd", most=4))
    for word in all_words(graph.grammar):
        graph.walk(word)
    # Open and closed baskets: 2^4 each. There are 4! ways to the full one.
    assert len(graph.nodes) == 2 * 2**4
    full = graph.nodes["a b c d"]
    assert len(full.parents) == 4
    assert full.depth == 4
    assert nx.is_directed_acyclic_graph(to_networkx(graph))


def test_two_tokens_with_one_effect_are_two_edges_to_one_node() -> None:
    graph = SearchGraph(Table({"root": {"a": "x", "b": "y"}}, alias={"x": "same", "y": "same"}))
    assert graph.step(graph.root, "a") is graph.step(graph.root, "b")
    assert to_networkx(graph).number_of_edges("root", "same") == 2


def test_worth_on_a_tree_is_the_mean_of_what_was_played_below() -> None:
    # Without transpositions the recursion is the running mean of Monte Carlo tree search.
    graph = SearchGraph(Digits(5))
    rng = np.random.default_rng(0)
    played: dict[str, list[float]] = {}
    for _ in range(200):
        word = "".join(rng.choice(["0", "1"], size=rng.integers(1, 6)))
        worth = float(rng.normal())
        play(graph, word, worth)
        for end in range(len(word) + 1):
            played.setdefault(word[:end], []).append(worth)
    for key, values in played.items():
        assert graph.nodes[key].visits == len(values)
        assert graph.nodes[key].worth == pytest.approx(np.mean(values), abs=1e-12)


def test_incremental_updates_leave_nothing_stale() -> None:
    graph = SearchGraph(Baskets("abcdef", most=6))
    rng = np.random.default_rng(1)
    for _ in range(150):
        order = "".join(rng.permutation(list("abcdef"))[: rng.integers(1, 7)])
        play(graph, order, float(rng.normal()))
        expected = worths(graph)
        assert {k: n.worth for k, n in graph.nodes.items() if n.worth is not None} == (
            pytest.approx(expected, abs=1e-12)
        )


def test_visits_that_come_from_elsewhere_do_not_drag_a_parent_down() -> None:
    # The example of Wu's "Monte-Carlo Graph Search from First Principles": D prefers E to F,
    # and F, which transposes, is visited a hundred times from the other side.
    graph = SearchGraph(
        Table(
            {"root": {"d": "D", "o": "O"}, "D": {"e": "E", "f": "F"}, "O": {"g": "F2"}}, {"F2": "F"}
        )
    )
    for _ in range(9):
        play(graph, "de", 0.56)
    play(graph, "df", 0.33)
    for _ in range(100):
        play(graph, "og", 0.33)
    assert graph.nodes["F"].own_visits == 101
    assert graph.nodes["D"].visits == 10
    assert graph.nodes["D"].worth == pytest.approx((9 * 0.56 + 0.33) / 10)


def test_a_discovery_below_one_parent_reaches_the_other_at_once() -> None:
    graph = SearchGraph(
        Table(
            {"root": {"a": "A", "o": "O"}, "A": {"c": "C"}, "O": {"g": "C2"}, "C": {"t": "T"}},
            {"C2": "C"},
        )
    )
    play(graph, "ac", 0.39)
    play(graph, "ogt", 1.0)
    # C has one visit of its own, worth 0.39, and one that played t; A played c once.
    assert graph.nodes["A"].worth == pytest.approx((0.39 + 1.0) / 2)
    assert graph.nodes["A"].visits == 1


def test_depth_is_that_of_the_longest_way() -> None:
    graph = SearchGraph(
        Table(
            {"root": {"s": "X", "l": "A"}, "A": {"m": "B"}, "B": {"n": "X2"}, "X": {"e": "end"}},
            {"X2": "X"},
        )
    )
    graph.walk("se")
    assert (graph.nodes["X"].depth, graph.nodes["end"].depth) == (1, 2)
    graph.walk("lmn")
    assert (graph.nodes["X"].depth, graph.nodes["end"].depth) == (3, 4)


@pytest.mark.parametrize(
    "table",
    [
        {"root": {"a": "A"}, "A": {"b": "root"}},
        {"root": {"a": "A"}, "A": {"b": "B"}, "B": {"c": "A2"}},
        {"root": {"a": "A2"}, "A2": {"b": "B2"}, "B2": {"c": "A"}, "A": {"d": "end"}},
    ],
)
def test_canonical_forms_that_go_in_a_circle_are_an_error(table: Any) -> None:
    graph = SearchGraph(Table(table, {"A2": "A"}))
    with pytest.raises(
        SpaceError, match=r"in a circle: '[bc]' after 'a.* leads back to '(root|A)'"
    ):
        graph.walk("abc")


def test_late_way_to_a_known_node_deepens_all_below_it() -> None:
    # A leads to B and the end; later C is found to lead to A as well, which is no circle.
    graph = SearchGraph(
        Table(
            {
                "root": {"a": "A", "c": "C"},
                "A": {"b": "B"},
                "B": {"e": "end"},
                "C": {"w": "W"},
                "W": {"x": "A1"},
                "A1": {"b": "B"},
            },
            {"A1": "A"},
        )
    )
    graph.walk("abe")
    graph.walk("cwx")
    depths = {key: node.depth for key, node in graph.nodes.items()}
    assert depths == {"root": 0, "C": 1, "W": 2, "A": 3, "B": 4, "end": 5}


def test_node_is_closed_once_all_of_its_moves_are() -> None:
    graph = SearchGraph(Digits(2))

    def close(word: str) -> None:
        path = graph.walk(word)
        path[-1][1].child.closed = True
        graph.refresh(node for node, _ in path)

    def closed() -> set[str]:
        return {key for key, node in graph.nodes.items() if node.closed}

    close("00")
    assert closed() == {"00"}
    close("01")
    assert closed() == {"00", "01", "0"}
    close("10")
    close("11")
    assert "" in closed()


def test_unvisited_node_has_no_worth() -> None:
    graph = SearchGraph(Digits(2))
    node: Node[str] = graph.step(graph.root, "0")
    assert node.worth is None
    assert graph.passes("01") == [(0, 0)]
    assert graph.passes("1") == []
