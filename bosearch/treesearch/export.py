"""The search graph as networkx, JSON, GraphML and DOT, to be looked at elsewhere."""

import json
from typing import Any

import networkx as nx  # type: ignore[import-untyped]  # it has no types

from bosearch.treesearch.graph import Node, SearchGraph


def to_networkx(graph: SearchGraph[Any]) -> Any:
    """A ``MultiDiGraph``: canonical forms as nodes, moves as edges with their tokens as keys."""
    exported = nx.MultiDiGraph()
    for key, node in graph.nodes.items():
        exported.add_node(key, **_facts(node))
    for key, node in graph.nodes.items():
        for token, edge in node.edges.items():
            exported.add_edge(
                key,
                edge.child.position.key,
                key=token,
                visits=edge.visits,
                virtual=edge.virtual,
            )
    return exported


def to_json(graph: SearchGraph[Any]) -> str:
    """The graph as node-link JSON; ``networkx.node_link_graph`` reads it back."""
    return json.dumps(nx.node_link_data(to_networkx(graph), edges="edges"), allow_nan=False)


def to_graphml(graph: SearchGraph[Any]) -> str:
    """The graph as GraphML, for programs such as Gephi."""
    return "\n".join(nx.generate_graphml(to_networkx(graph)))


def to_dot(graph: SearchGraph[Any]) -> str:
    """The graph as DOT, for Graphviz: worth and visits in each node, closed ones dashed."""
    lines = ["digraph search {", "  node [shape=box];"]
    for key, node in graph.nodes.items():
        worth = "?" if node.worth is None else f"{node.worth:.4g}"
        looks = ["peripheries=2"] * node.terminal + ["style=dashed"] * node.closed
        label = _quoted(f"{key}\n{worth} ({node.visits})")
        lines.append(f"  {_quoted(key)} [{', '.join([f'label={label}', *looks])}];")
    for key, node in graph.nodes.items():
        for token, edge in node.edges.items():
            label = _quoted(f"{token} ({edge.visits})")
            lines.append(f"  {_quoted(key)} -> {_quoted(edge.child.position.key)} [label={label}];")
    return "\n".join([*lines, "}"])


def _facts(node: Node[Any]) -> dict[str, Any]:
    """What is known of a node, in types that every format has."""
    facts: dict[str, Any] = {
        "tokens": " ".join(node.position.tokens),
        "depth": node.depth,
        "visits": node.visits,
        "terminal": node.terminal,
        "closed": node.closed,
    }
    return facts if node.worth is None else facts | {"worth": node.worth}


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
