r"""The search graph: states by canonical form, so that transpositions are one node.

Visits belong to *moves*, not to states: :math:`N(s, a)` counts how often the
search played ``a`` in ``s``. The worth of a state is that of the policy which its
own moves played,

.. math:: Q(s) = \frac{N_0 U(s) + \sum_a N(s, a)\, Q(s a)}{N_0 + \sum_a N(s, a)},

with the :math:`N_0` visits that ended in ``s`` and their worth :math:`U`. A state
reached from elsewhere thus improves every parent's estimate of it, and adds no
visit to any parent that did not ask for one: nothing is counted twice.

Source: Czech, Korus and Kersting (2021), "Improving AlphaZero Using Monte-Carlo
Graph Search", who keep :math:`Q` on the edges and correct it along the path that
was played. We evaluate the recursion itself, which makes the update idempotent
(Wu, "Monte-Carlo Graph Search from First Principles", KataGo), and for all
ancestors, deepest first, so that no estimate is stale.
"""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, final

from bosearch.errors import SpaceError
from bosearch.space.grammar import Grammar, State, Token, legal_moves
from bosearch.treesearch.guide import Position


@final
@dataclass(slots=True, eq=False)
class Node(Generic[State]):
    """A state that the search has reached.

    Args:
        position: The state, and how it was reached first.
        moves: Its legal moves; none if it is terminal.
        depth: Moves of the longest known way to it: larger than that of each parent.
        edges: The moves that have been looked at.
        parents: By canonical form.
        own_visits: Visits that ended here.
        own_worth: Their mean worth.
        worth: ``Q`` of the module's docstring; ``None`` without a visit.
        closed: Whether nothing is left to ask for below.
    """

    position: Position[State]
    moves: tuple[Token, ...]
    depth: int
    edges: dict[Token, "Edge[State]"] = field(default_factory=dict)
    parents: dict[str, "Node[State]"] = field(default_factory=dict)
    own_visits: int = 0
    own_worth: float = 0.0
    worth: float | None = None
    closed: bool = False

    @property
    def terminal(self) -> bool:
        """Whether the object is complete."""
        return not self.moves

    @property
    def visits(self) -> int:
        """Visits that ended here or played one of the moves."""
        return self.own_visits + sum(edge.visits for edge in self.edges.values())

    def update(self) -> bool:
        """Recompute ``worth`` and ``closed`` from the children; say whether one changed."""
        total, weight = self.own_visits * self.own_worth, self.own_visits
        for edge in self.edges.values():
            if edge.visits and edge.child.worth is not None:
                total += edge.visits * edge.child.worth
                weight += edge.visits
        worth = total / weight if weight else None
        closed = self.closed or (
            0 < len(self.moves) == len(self.edges)
            and all(edge.child.closed for edge in self.edges.values())
        )
        changed = (worth, closed) != (self.worth, self.closed)
        self.worth, self.closed = worth, closed
        return changed


@final
@dataclass(slots=True, eq=False)
class Edge(Generic[State]):
    """A move: where it leads, how often it was played, and by how many pending losses."""

    child: Node[State]
    visits: int = 0
    virtual: int = 0


@final
class SearchGraph(Generic[State]):
    """All states that a search has reached, as a directed graph without cycles."""

    def __init__(self, grammar: Grammar[State]) -> None:
        self.grammar = grammar
        self.nodes: dict[str, Node[State]] = {}
        state = grammar.root()
        self.root = self._node(Position((), state, grammar.canonical(state)), depth=0)

    def step(self, node: Node[State], token: Token) -> Node[State]:
        """The node that a legal move leads to, made if it is new.

        Raises:
            SpaceError: The move leads back to a state on the way here.
        """
        edge = node.edges.get(token)
        if edge is not None:
            return edge.child
        state = self.grammar.apply(node.position.state, token)
        key = self.grammar.canonical(state)
        child = self.nodes.get(key)
        if child is None:
            child = self._node(Position((*node.position.tokens, token), state, key), node.depth + 1)
        self._deepen(child, node, token)
        node.edges[token] = Edge(child)
        child.parents[node.position.key] = node
        return child

    def walk(self, tokens: Sequence[Token]) -> list[tuple[Node[State], Edge[State]]]:
        """The moves along a legal word, with the nodes that they start from."""
        path = []
        node = self.root
        for token in tokens:
            child = self.step(node, token)
            path.append((node, node.edges[token]))
            node = child
        return path

    def passes(self, tokens: Sequence[Token]) -> list[tuple[int, int]]:
        """Visits and virtual visits of the moves along a word, as far as the graph goes."""
        found = []
        node = self.root
        for token in tokens:
            edge = node.edges.get(token)
            if edge is None:
                break
            found.append((edge.visits, edge.virtual))
            node = edge.child
        return found

    def refresh(self, nodes: Iterable[Node[State]]) -> None:
        """Bring ``nodes`` up to date, and every ancestor whose worth changes by that.

        Deeper nodes go first: all children of a node are final before it is computed.
        """
        queued = {node.position.key: node for node in nodes}
        heap = [(-node.depth, key) for key, node in queued.items()]
        heapq.heapify(heap)
        while heap:
            _, key = heapq.heappop(heap)
            if not queued.pop(key).update():
                continue
            for name, parent in self.nodes[key].parents.items():
                if name not in queued:
                    queued[name] = parent
                    heapq.heappush(heap, (-parent.depth, name))

    def _node(self, position: Position[State], depth: int) -> Node[State]:
        terminal = self.grammar.terminal(position.state)
        moves = () if terminal else legal_moves(self.grammar, position.state, position.tokens)
        node = self.nodes[position.key] = Node(position, moves, depth)
        return node

    def _deepen(self, child: Node[State], parent: Node[State], token: Token) -> None:
        """Keep every node deeper than its parents once ``parent`` leads to ``child``.

        A way from ``child`` to ``parent`` would have no end of deepening: it is found
        because it must pass through ``parent``.
        """
        waiting: list[tuple[Node[Any], int]] = [(child, parent.depth + 1)]
        while waiting:
            node, depth = waiting.pop()
            if node is parent:
                raise SpaceError(
                    f"the grammar goes in a circle: {token!r} after"
                    f" {' '.join(parent.position.tokens)!r} leads back to"
                    f" {child.position.key!r}",
                    hint="no word may meet a canonical form twice: is something missing in it?",
                )
            if node.depth < depth:
                node.depth = depth
                waiting += [(edge.child, depth + 1) for edge in node.edges.values()]
