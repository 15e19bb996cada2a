"""The SDP game: a three-point bound assembled move by move.

The root is the complete assembly of Cohn, de Laat and Salmon (2022): every multiplier of
one letter and every kernel that the degree admits, all squares of the largest degree. Moves
change it:

- ``drop`` and then ``near s3`` leaves a multiplier out;
- ``add`` and then ``far G*l`` adds a longer one, a term of Schmüdgen's. Letters are not
  repeated: the square of a letter is a square itself, and such a word part of a shorter one;
- ``lower`` and then ``near s2`` takes one from the half-degree of the squares beside a
  multiplier. Each can be lowered twice, and loses half of its half-degree at most; one that
  is dropped is not lowered any more. The constant keeps its squares of degree ``2d``, which
  span all polynomials there are: without them a program may have dependent rows;
- ``shorter`` lowers the largest ``k`` of the kernels ``F_k``, by a quarter of the way from
  ``2d`` to ``d``; ``thinner`` takes one row and column from each of them. Both can be
  played several times;
- ``end`` completes the assembly.

Moves say nothing of the degree, so that a word means something at every one: what a
degree does not admit is left out of its assembly. Source of the game: Tutunov et al.
(2025), arXiv 2512.04829; the moves are ours.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import final

from bosearch.errors import ParameterError, SpaceError
from bosearch.packing.assembly import (
    LETTERS,
    Assembly,
    Which,
    Word,
    degree,
    largest_half_degree,
    largest_kernel,
)
from bosearch.packing.cost import SHIPPED, CostModel
from bosearch.space.grammar import Grammar, Token

END, DROP, ADD, LOWER = "end", "drop", "add", "lower"
SHORTER, THINNER = "shorter", "thinner"
STEPS = {SHORTER: 4, THINNER: 3, LOWER: 2}  # how often each may be played, LOWER for each word

Piece = tuple[Which, Word]


def longer_words(letters: int) -> list[Piece]:
    """Products of two or more different letters, at most ``letters`` of them."""
    return [
        (which, tuple(sorted(word)))
        for which in LETTERS
        for count in range(2, letters + 1)
        for word in combinations(LETTERS[which], count)
    ]


def named(which: Which, word: Word) -> Token:
    """The name of a multiplier: ``near G*s1``."""
    return f"{which} {'*'.join(word)}"


_SINGLE: dict[Token, Piece] = {
    named(which, (letter,)): (which, (letter,)) for which in LETTERS for letter in LETTERS[which]
}
_LONGER: dict[Token, Piece] = {named(*piece): piece for piece in longer_words(4)}
_WORDS = _SINGLE | _LONGER
PIECES = (*_WORDS, "longer", "thicker")
"""What an assembly may hold, by name: words, and what moves take from the kernels."""


@final
@dataclass(frozen=True)
class Edits:
    """What has been changed about the complete assembly.

    Args:
        dropped: Names of the multipliers of one letter that are left out.
        added: Names of longer ones.
        lowered: Names of multipliers that are held, sorted, each as often as it was lowered.
        shorter: How often the kernels were cut in ``k``, 0 to 4.
        thinner: How often they were cut in size, 0 to 3.
        last: The move before, where it asks for a name, or ended the game; else empty.
    """

    dropped: frozenset[Token] = frozenset()
    added: frozenset[Token] = frozenset()
    lowered: tuple[Token, ...] = ()
    shorter: int = 0
    thinner: int = 0
    last: Token = ""

    def assembly(self, d: int) -> Assembly:
        """What they make of the complete assembly of degree ``2d``."""
        words: dict[Which, list[Word]] = {which: [()] for which in LETTERS}
        lowered = []
        for name in self.held():
            which, word = _WORDS[name]
            if degree(which, word) <= 2 * d:
                words[which].append(word)
                most = largest_half_degree(which, word, d) // 2
                lowered.append((which, word, min(most, self.lowered.count(name))))
        # a kernel keeps one row at least
        sizes = [largest_kernel(d, k) - self.thinner for k in range(reach(d, self.shorter) + 1)]
        return Assembly(
            near=words["near"],
            far=words["far"],
            kernels=[max(1, size) for size in sizes],
            lowered=lowered,
        )

    def held(self) -> list[Token]:
        """Names of the multipliers, in the order of ``PIECES``."""
        left_out = self.dropped | (_LONGER.keys() - self.added)
        return [name for name in _WORDS if name not in left_out]

    def bag(self) -> list[float]:
        """How much of each of ``PIECES`` the assembly holds.

        A multiplier counts half of what it did each time that it was lowered.
        """
        held = {name: 0.5 ** self.lowered.count(name) for name in self.held()}
        words = [held.get(name, 0.0) for name in _WORDS]
        return [*words, STEPS[SHORTER] - self.shorter, STEPS[THINNER] - self.thinner]

    def in_words(self) -> str:
        """The edits as a sentence for people."""
        said = [f"without {', '.join(sorted(self.dropped))}"] if self.dropped else []
        said += [f"with {', '.join(sorted(self.added))} besides"] if self.added else []
        if self.lowered:
            names = [f"{name} by {n}" for name, n in sorted(Counter(self.lowered).items())]
            said.append(f"squares of lower degree: {', '.join(names)}")
        if self.shorter:
            said.append(f"kernels up to k = {2 - self.shorter / STEPS[SHORTER]:g} d")
        if self.thinner:
            said.append(f"kernels smaller by {self.thinner}")
        return f"complete assembly{': ' if said else ''}{'; '.join(said)}"


def reach(d: int, shorter: int) -> int:
    """Return the largest ``k`` once the kernels were cut so often: ``2d`` down to ``d``."""
    return d + -(-d * (STEPS[SHORTER] - shorter) // STEPS[SHORTER])


def played(state: Edits, token: Token) -> Edits:
    """The edits after a move, whatever it costs.

    Raises:
        ParameterError: There is no such move here.
    """
    if state.last == DROP and token in _SINGLE and token not in state.dropped:
        lowered = tuple(name for name in state.lowered if name != token)
        return replace(state, dropped=state.dropped | {token}, lowered=lowered, last="")
    if state.last == ADD and token in _LONGER and token not in state.added:
        return replace(state, added=state.added | {token}, last="")
    if state.last == LOWER and token in _lowerable(state):
        return replace(state, lowered=tuple(sorted((*state.lowered, token))), last="")
    if state.last == "":
        if token in (END, DROP, ADD, LOWER):
            return replace(state, last=token)
        if token == SHORTER and state.shorter < STEPS[SHORTER]:
            return replace(state, shorter=state.shorter + 1)
        if token == THINNER and state.thinner < STEPS[THINNER]:
            return replace(state, thinner=state.thinner + 1)
    raise ParameterError(
        f"{token!r} is no move of the SDP game{f' after {state.last!r}' if state.last else ''}",
        hint=f"moves are {END}, {SHORTER}, {THINNER}, and {DROP}, {ADD} or {LOWER} with the name"
        " of a word",
    )


def _lowerable(state: Edits) -> list[Token]:
    """Names of the multipliers that can be lowered once more."""
    return [name for name in state.held() if state.lowered.count(name) < STEPS[LOWER]]


def edits(tokens: Sequence[Token]) -> Edits:
    """What the tokens of a construction change, whatever that costs.

    Raises:
        ParameterError: A token is no move, or the last one does not end the game.
    """
    state = Edits()
    for token in tokens:
        state = played(state, token)
    if state.last != END:
        raise ParameterError(f"an assembly is complete when {END!r} was played, got {list(tokens)}")
    return state


@final
class AssemblyGrammar(Grammar[Edits]):
    """The rules, for assemblies that are to be solved within a budget.

    Where the complete assembly exceeds the budget, pieces are left out until it does not;
    then whatever keeps within it can be played. The predicted seconds are those of
    ``bosearch.packing.cost``.
    """

    def __init__(
        self,
        dim: int = 4,
        d: int = 9,
        d2: int = 14,
        *,
        seconds: float | None = None,
        letters: int = 2,
        costs: CostModel = SHIPPED,
    ) -> None:
        """State the rules.

        Args:
            dim: Of the space.
            d: Half the degree in squared distances at which costs are predicted.
            d2: The two-point function has degree ``2 d2 + 1``.
            seconds: The most that a solve may take, as predicted; ``None`` allows all.
            letters: Of the longest word that may be added; 1 adds none.
            costs: What predicts the seconds.

        Raises:
            SpaceError: Even the smallest assembly exceeds the budget.
        """
        self.dim, self.d, self.d2 = dim, d, d2
        self.seconds = math.inf if seconds is None else float(seconds)
        self.letters, self.costs = letters, costs
        self._known: dict[Edits, float] = {}
        alone = self.cost(Edits())
        # a word costs the same beside any others; what does not fit otherwise is to be lowered
        self._extra = {
            name: self.cost(Edits(added=frozenset({name}), lowered=(name,) * STEPS[LOWER])) - alone
            for name in (named(*piece) for piece in longer_words(letters))
        }
        cut = Edits(dropped=frozenset(_SINGLE), shorter=STEPS[SHORTER], thinner=STEPS[THINNER])
        smallest = self.cost(cut)
        if smallest > self.seconds:
            raise SpaceError(
                f"the smallest assembly of d = {d} takes {smallest:.3g} s as predicted, more than"
                f" the budget of {seconds} s",
                hint="lower d, or raise seconds",
            )

    def root(self) -> Edits:
        """The complete assembly."""
        return Edits()

    def moves(self, state: Edits) -> tuple[Token, ...]:
        """What can be left out, and, within the budget, the end and what can be added."""
        if state.last == DROP:
            return tuple(name for name in _SINGLE if name not in state.dropped)
        if state.last == LOWER:
            return tuple(_lowerable(state))
        left = self.seconds - self.cost(state)
        fitting = [name for name, s in self._extra.items() if s <= left and name not in state.added]
        if state.last == ADD:
            return tuple(fitting)
        offered = {
            END: left >= 0.0,
            DROP: len(state.dropped) < len(_SINGLE),
            ADD: bool(fitting),
            LOWER: bool(_lowerable(state)),
            SHORTER: state.shorter < STEPS[SHORTER],
            THINNER: state.thinner < STEPS[THINNER],
        }
        return tuple(token for token, legal in offered.items() if legal)

    def apply(self, state: Edits, token: Token) -> Edits:
        """The edits after a move."""
        return played(state, token)

    def canonical(self, state: Edits) -> str:
        """The set of edits, in a fixed order."""
        said = [f"-{name}" for name in sorted(state.dropped)]
        said += [f"+{name}" for name in sorted(state.added)]
        said += [f"{LOWER} {name}" for name in state.lowered]
        said += [SHORTER] * state.shorter + [THINNER] * state.thinner
        return ", ".join([*said, *[state.last] * bool(state.last)])

    def terminal(self, state: Edits) -> bool:
        """Whether the end was played."""
        return state.last == END

    def in_words(self, state: Edits) -> str:
        """What was changed about the complete assembly."""
        return state.in_words()

    def cost(self, state: Edits) -> float:
        """Predicted seconds of the solve."""
        key = replace(state, last="")
        if key not in self._known:
            self._known[key] = self.costs.seconds(self.dim, self.d, self.d2, key.assembly(self.d))
        return self._known[key]
