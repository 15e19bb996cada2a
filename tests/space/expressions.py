"""A grammar of arithmetic expressions in ``x``, written in prefix notation: ``+ x * x 1``."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bosearch.space import Grammar

OPERATORS = ("+", "*")
LEAVES = ("x", "1")
HOLE = "?"

Tree = Any  # a leaf, a hole, or (operator, left, right)


@dataclass(frozen=True)
class Expressions(Grammar[Tree]):
    """Expressions of at most ``depth`` operators above a leaf; the leftmost hole is filled next."""

    depth: int = 2

    def root(self) -> Tree:
        return HOLE

    def moves(self, state: Tree) -> Sequence[str]:
        return LEAVES if _hole_depth(state) == self.depth else (*OPERATORS, *LEAVES)

    def apply(self, state: Tree, token: str) -> Tree:
        return _filled(state, (token, HOLE, HOLE) if token in OPERATORS else token)

    def canonical(self, state: Tree) -> str:
        return _written(state)

    def terminal(self, state: Tree) -> bool:
        return _hole_depth(state) is None

    def cost(self, state: Tree) -> float:
        return float(len(_written(state).split()))


def endless() -> Grammar[Tree]:
    """Expressions of any depth, of which a play-out ends only by luck."""
    return Expressions(depth=10**9)


def value(word: Sequence[str], x: float) -> float:
    """The value of an expression, read from the right with a stack: no tree is built."""
    stack: list[float] = []
    for token in reversed(word):
        if token in OPERATORS:
            a, b = stack.pop(), stack.pop()
            stack.append(a + b if token == "+" else a * b)
        else:
            stack.append(x if token == "x" else 1.0)
    (result,) = stack
    return result


def misfit(word: Sequence[str]) -> float:
    """Mean squared distance to ``x**2 + x`` at five points."""
    points = (-2.0, -1.0, 0.0, 1.0, 2.0)
    return sum((value(word, x) - (x * x + x)) ** 2 for x in points) / len(points)


def _hole_depth(tree: Tree) -> int | None:
    """Operators above the leftmost hole; ``None`` if the tree is complete."""
    if tree == HOLE:
        return 0
    if isinstance(tree, str):
        return None
    below = [_hole_depth(child) for child in tree[1:]]
    first = next((depth for depth in below if depth is not None), None)
    return None if first is None else first + 1


def _filled(tree: Tree, part: Tree) -> Tree:
    if tree == HOLE:
        return part
    operator, left, right = tree
    if _hole_depth(left) is not None:
        return operator, _filled(left, part), right
    return operator, left, _filled(right, part)


def _written(tree: Tree) -> str:
    """Both operators commute: complete arguments are written in alphabetical order."""
    if isinstance(tree, str):
        return tree
    operator, *arguments = tree
    written = [_written(argument) for argument in arguments]
    if _hole_depth(tree) is None:
        written.sort()
    return " ".join((operator, *written))
