"""The search itself: ask for leaves, tell their rewards, any number of them at a time.

Nothing is remembered but the record and what is pending. Each leaf is selected on
a graph made anew from the two, with a generator of its own number: a search that
was resumed from its record asks for what the uninterrupted one asks for.
"""

from collections.abc import Iterable, Sequence
from typing import Generic, Self, final

import numpy as np

from bosearch.errors import ConfigError, SpaceExhaustedError
from bosearch.space.grammar import Grammar, State, Token, random_word, replay
from bosearch.treesearch.graph import SearchGraph
from bosearch.treesearch.guide import Guide
from bosearch.treesearch.recipe import SearchRecipe
from bosearch.treesearch.record import Leaf, Result, Told, checked
from bosearch.treesearch.rules import Rule, Worth, puct, reward_alone
from bosearch.treesearch.simulation import Method, Simulation


@final
class TreeSearch(Generic[State]):
    """Looks for the construction of the highest reward, measuring few.

    The statistics are those of Monte Carlo tree search with PUCT on a graph; the
    rewards come from outside, late and in any order, and may be failures.
    """

    def __init__(
        self,
        grammar: Grammar[State],
        recipe: SearchRecipe | None = None,
        *,
        seed: int = 0,
        rule: Rule = puct,
        worth: Worth = reward_alone,
    ) -> None:
        """Rewards are maximized; ``worth`` may weigh them against predicted costs.

        Raises:
            SpaceError: The root has no legal move, or random words do not end within
                ``max_moves``.
        """
        self.grammar = grammar
        self.recipe = recipe or SearchRecipe()
        self.seed = seed
        self.rule = rule
        self.worth = worth
        self.record: list[Told] = []
        self.pending: dict[str, tuple[Token, ...]] = {}  # by canonical form
        self.grown: SearchGraph[State] | None = None  # on which the last leaf was selected
        random_word(grammar, np.random.default_rng(seed), max_moves=self.recipe.max_moves)

    @classmethod
    def resume(
        cls,
        grammar: Grammar[State],
        recipe: SearchRecipe | None = None,
        *,
        record: Iterable[tuple[Sequence[Token], Result]],
        pending: Iterable[Sequence[Token]] = (),
        seed: int = 0,
        rule: Rule = puct,
        worth: Worth = reward_alone,
    ) -> Self:
        """Go on from ``(tokens, reward or failure)``, and the words still being measured.

        Raises:
            ParameterError: A word is not legal and complete, or a reward not finite.
        """
        search = cls(grammar, recipe, seed=seed, rule=rule, worth=worth)
        for tokens, result in record:
            search.tell(tokens, result)
        for tokens in pending:
            search.pending[grammar.canonical(replay(grammar, tokens))] = tuple(tokens)
        return search

    def select(self, n: int = 1, guide: Guide[State] | None = None) -> list[Leaf]:
        """Choose ``n`` leaves to measure, each knowing of those before it as pending.

        A construction that was told or is pending is not chosen again.

        Args:
            n: How many.
            guide: What is believed about rewards and moves; by default nothing.

        Returns:
            The leaves, fewer than ``n`` if a finite grammar ends before.

        Raises:
            SpaceExhaustedError: Every construction has been asked for.
            SpaceError: The grammar contradicts itself.
        """
        if isinstance(n, bool) or not isinstance(n, int) or n < 1:
            raise ConfigError(f"expected a number of leaves of at least 1, got {n!r}")
        leaves: list[Leaf] = []
        while len(leaves) < n:
            simulation = self._simulation(guide or Guide(), leaves)
            leaf = simulation.leaf()
            self.grown = simulation.graph
            if leaf is None:
                break
            leaves.append(leaf)
        self.pending |= {leaf.key: leaf.tokens for leaf in leaves}
        if not leaves:
            raise SpaceExhaustedError(
                f"all constructions have been asked for: {len(self.record)} told,"
                f" {len(self.pending)} pending",
                hint="widen the grammar, or stop here: the best one is the best there is",
            )
        return leaves

    def tell(self, leaf: Leaf | Sequence[Token], result: Result) -> None:
        """Record the reward of a word, pending or measured elsewhere, or its failure.

        Several rewards of one construction are averaged; a failure beside a reward
        does not count.

        Raises:
            ParameterError: The word is not legal and complete, or the reward not finite.
        """
        tokens = tuple(leaf.tokens if isinstance(leaf, Leaf) else leaf)
        key = self.grammar.canonical(replay(self.grammar, tokens))
        self.record.append(Told(tokens, key, checked(result)))
        self.pending.pop(key, None)

    def statistics(self, guide: Guide[State] | None = None) -> SearchGraph[State]:
        """The graph of what was told and is pending, without a simulation."""
        return self._simulation(guide or Guide()).graph

    def _simulation(self, guide: Guide[State], chosen: Sequence[Leaf] = ()) -> Simulation[State]:
        """A graph of all that was asked for, ``chosen`` leaves included."""
        lent = [*self.pending.values(), *(leaf.tokens for leaf in chosen)]
        return Simulation(
            Method(self.grammar, self.recipe, guide, self.rule, self.worth),
            self.record,
            lent,
            np.random.default_rng([self.seed, len(self.record) + len(lent)]),
        )
