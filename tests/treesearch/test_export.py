"""Exports of the search graph, read back by the programs that they are for."""

import json
import re
from typing import Any

import networkx as nx  # type: ignore[import-untyped]  # it has no types
import pytest

from bosearch.treesearch import Guide, SearchRecipe, TreeSearch
from bosearch.treesearch.export import to_dot, to_graphml, to_json, to_networkx
from bosearch.treesearch.graph import SearchGraph
from tests.treesearch.games import Baskets, Table, at, basket_reward


@pytest.fixture(scope="module")
def graph() -> SearchGraph[Any]:
    search = TreeSearch(Baskets("abcd", most=3), SearchRecipe(simulations=60), seed=1)
    search.tell(("b", "done"), 0.1)
    search.select(2, Guide(at(basket_reward)))
    assert search.grown is not None
    return search.grown


def test_networkx_graph_has_every_state_and_every_move(graph: SearchGraph[Any]) -> None:
    exported = to_networkx(graph)
    assert nx.is_directed_acyclic_graph(exported)
    assert set(exported) == set(graph.nodes)
    for key, node in graph.nodes.items():
        assert {token for _, _, token in exported.out_edges(key, keys=True)} == set(node.edges)
        played = sum(facts["visits"] for _, _, facts in exported.out_edges(key, data=True))
        assert exported.nodes[key]["visits"] == node.own_visits + played
    # The longest way by networkx, which knows nothing of our depths.
    for key in graph.nodes:
        below = nx.ancestors(exported, key) | {key}
        assert nx.dag_longest_path_length(
            exported.subgraph(below), default_weight=1, weight=None
        ) == (graph.nodes[key].depth)


def test_json_is_read_back_by_networkx(graph: SearchGraph[Any]) -> None:
    back = nx.node_link_graph(json.loads(to_json(graph)), edges="edges")
    exported = to_networkx(graph)
    assert dict(back.nodes(data=True)) == dict(exported.nodes(data=True))
    assert sorted(back.edges(data="visits", keys=True)) == sorted(
        exported.edges(data="visits", keys=True)
    )


def test_graphml_is_read_back_by_networkx(graph: SearchGraph[Any]) -> None:
    back = nx.parse_graphml(to_graphml(graph), force_multigraph=True)
    assert set(back) == set(graph.nodes)
    visited = {key: node.worth for key, node in graph.nodes.items() if node.worth is not None}
    assert nx.get_node_attributes(back, "worth") == pytest.approx(visited)
    assert sorted(token for _, _, token in back.edges(keys=True)) == sorted(
        token for node in graph.nodes.values() for token in node.edges
    )


def test_dot_names_every_state_and_every_move(graph: SearchGraph[Any]) -> None:
    text = to_dot(graph)
    arrows = re.findall(r'^  "(.*)" -> "(.*)" \[label="(.*) \((\d+)\)"\];$', text, re.MULTILINE)
    expected = [
        (key, edge.child.position.key, token, str(edge.visits))
        for key, node in graph.nodes.items()
        for token, edge in node.edges.items()
    ]
    assert arrows == expected
    assert text.count("peripheries=2") == sum(node.terminal for node in graph.nodes.values())
    assert text.startswith("digraph search {")
    assert text.endswith("}")


def test_dot_quotes_what_tokens_may_contain() -> None:
    search = TreeSearch(Table({"root": {'say "hi" \\': "A"}}))
    search.tell(('say "hi" \\',), 1.0)
    assert r'[label="say \"hi\" \\ (1)"]' in to_dot(search.statistics())
