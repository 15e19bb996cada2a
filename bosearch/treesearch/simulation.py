"""Growing the search graph: descend, complete by a play-out, estimate, back up.

The graph starts from what was told. Its simulations last for the selection of one
leaf, since the guide learns from every result and would value them otherwise.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, final

import numpy as np

from bosearch.errors import SpaceError
from bosearch.space.grammar import Grammar, State, Token, play_out
from bosearch.treesearch.graph import Edge, Node, SearchGraph
from bosearch.treesearch.guide import Guide, Position
from bosearch.treesearch.recipe import SearchRecipe
from bosearch.treesearch.record import Leaf, Told, mean_reward, rewards
from bosearch.treesearch.rules import (
    Array,
    Choices,
    Rule,
    Worth,
    normalised,
    survival,
    unlocked,
    with_losses,
)


@final
@dataclass(frozen=True)
class Method(Generic[State]):
    """Everything that decides how a search goes on from a record, but its random numbers."""

    grammar: Grammar[State]
    recipe: SearchRecipe
    guide: Guide[State]
    rule: Rule
    worth: Worth


@final
class Simulation(Generic[State]):
    """A graph that grows until it knows which leaf to measure next."""

    def __init__(
        self,
        method: Method[State],
        record: Sequence[Told],
        pending: Iterable[Sequence[Token]],
        rng: np.random.Generator,
    ) -> None:
        self.method = method
        self.rng = rng
        self.graph = SearchGraph(method.grammar)
        self.bounds = method.recipe.bounds or (math.inf, -math.inf)
        self._candidates: dict[str, tuple[Leaf, float]] = {}  # with their worths
        self._orders: dict[str, tuple[tuple[Token, ...], Array]] = {}
        self._unknown = mean_reward(record)
        self._remember(record)
        for tokens in pending:
            self._lend(tokens)

    def leaf(self) -> Leaf | None:
        """Simulate, and return the best leaf to measure; ``None`` if all have been asked for."""
        wanted = 1 if self.method.guide.value is None else self.method.recipe.simulations
        done = 0
        while not self.graph.root.closed and (done < wanted or not self._candidates):
            self.simulate()
            done += 1
        if not self._candidates:
            return None
        best, _ = max(self._candidates.values(), key=lambda c: (self._score(*c), -c[0].cost))
        return best

    def simulate(self) -> None:
        """Descend to a state without visits, or to the end; estimate it; back up."""
        path, node = self._descend()
        if node.closed:  # nothing was left, as the descent found out
            return
        worth = self._estimate(node)
        if worth is None:  # no end is near: nothing below will be asked for
            node.closed = True
            worth = self.bounds[0] if self.bounds[0] < math.inf else 0.0
        node.own_worth = worth
        node.own_visits += 1
        for _, edge in path:
            edge.visits += 1
        self.graph.refresh([node, *(parent for parent, _ in path)])

    def _remember(self, record: Sequence[Told]) -> None:
        """Enter the results: each is one visit along its own word."""
        paths = [self.graph.walk(told.tokens) for told in record]
        costs = {told.key: self._cost(self.graph.nodes[told.key].position) for told in record}
        found = {
            key: self.method.worth(reward, costs[key])
            for key, reward in rewards(record).items()
            if reward is not None
        }
        for worth in found.values():
            self._widen(worth)
        failed, worst = self.method.recipe.failed_reward, min(found.values(), default=0.0)
        for told, path in zip(record, paths, strict=True):
            leaf = self.graph.nodes[told.key]
            lost = worst if failed is None else self.method.worth(failed, costs[told.key])
            leaf.own_worth = found.get(told.key, lost)
            leaf.own_visits += 1
            leaf.closed = True
            for _, edge in path:
                edge.visits += 1
        self.graph.refresh(self.graph.nodes.values())

    def _lend(self, tokens: Sequence[Token]) -> None:
        """Enter a leaf that is being measured."""
        leaf = self.graph.root
        for _, edge in self.graph.walk(tokens):
            edge.virtual += self.method.recipe.virtual_loss
            leaf = edge.child
        leaf.closed = True
        self.graph.refresh(leaf.parents.values())

    def _descend(self) -> tuple[list[tuple[Node[State], Edge[State]]], Node[State]]:
        """The moves down to a state without visits, or to the end of an open word."""
        path: list[tuple[Node[State], Edge[State]]] = []
        node = self.graph.root
        while node.visits and not node.terminal and not node.closed:
            token = self._choose(node)
            child = self.graph.step(node, token)
            if child.closed:  # a transposition into what has been asked for: start again
                self.graph.refresh([node])
                path, node = [], self.graph.root
            else:
                path.append((node, node.edges[token]))
                node = child
        return path, node

    def _choose(self, node: Node[State]) -> Token:
        """The move of the highest score among those that are unlocked and open."""
        tokens, prior = self._order(node)
        visits = node.visits
        recipe = self.method.recipe
        count = unlocked(visits, factor=recipe.widening_factor, exponent=recipe.widening_exponent)
        open_moves: list[int] = []
        for i, token in enumerate(tokens):
            if i >= count and open_moves:
                break
            if token not in node.edges or not node.edges[token].child.closed:
                open_moves.append(i)
        edges = [node.edges.get(tokens[i]) for i in open_moves]
        choices = Choices(
            q=np.array([self._q(node, edge) for edge in edges]),
            visits=np.array([edge.visits + edge.virtual if edge else 0 for edge in edges], float),
            prior=prior[open_moves],
            total=visits,
        )
        return tokens[open_moves[int(np.argmax(self.method.rule(choices, recipe.exploration)))]]

    def _q(self, node: Node[State], edge: Edge[State] | None) -> float:
        """Normalised mean worth of a move; that of its state while nothing is known below."""
        worth = node.worth if edge is None or edge.child.worth is None else edge.child.worth
        q = 0.5 if worth is None else normalised(worth, *self.bounds)
        return q if edge is None else with_losses(q, edge.visits, edge.virtual)

    def _order(self, node: Node[State]) -> tuple[tuple[Token, ...], Array]:
        """The moves by falling prior, and the prior."""
        known = self._orders.get(node.position.key)
        if known is None:
            prior = self.method.guide.probabilities(node.position, node.moves)
            order = np.argsort(-prior, kind="stable")
            known = tuple(node.moves[i] for i in order), prior[order]
            self._orders[node.position.key] = known
        return known

    def _estimate(self, node: Node[State]) -> float | None:
        """What a complete word through ``node`` is worth; ``None`` if none was found."""
        position = node.position if node.terminal else self._completed(node.position)
        if position is None:
            return None
        known = self.graph.nodes.get(position.key)
        if known is not None and known.closed and known.worth is not None:
            return known.worth  # measured
        if position.key in self._candidates:
            return self._candidates[position.key][1]
        cost = self._cost(position)
        reward = self.method.guide.reward(position, otherwise=self._unknown)
        worth = self.method.worth(reward, cost)
        self._widen(worth)
        if known is None or not known.closed:
            leaf = Leaf(position.tokens, position.key, cost, reward)
            self._candidates[position.key] = leaf, worth
        return worth

    def _completed(self, position: Position[State]) -> Position[State] | None:
        found = play_out(
            self.method.grammar,
            position.state,
            self.rng,
            after=position.tokens,
            max_moves=self.method.recipe.max_moves,
        )
        if found is None:
            return None
        word, state = found
        return Position(tuple(word), state, self.method.grammar.canonical(state))

    def _cost(self, position: Position[State]) -> float:
        cost = float(self.method.grammar.cost(position.state))
        if not 0.0 < cost < math.inf:
            raise SpaceError(
                f"the predicted cost of {' '.join(position.tokens)!r} must be positive and"
                f" finite, got {cost}"
            )
        return cost

    def _widen(self, worth: float) -> None:
        if self.method.recipe.bounds is None:
            self.bounds = min(self.bounds[0], worth), max(self.bounds[1], worth)

    def _score(self, leaf: Leaf, worth: float) -> float:
        return normalised(worth, *self.bounds) * survival(self.graph.passes(leaf.tokens))
