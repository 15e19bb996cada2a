"""Formulas over named parameters: an immutable tree, evaluated on columns of values.

Numbers are double precision throughout, so that no formula can take long or run
out of memory. What is undefined (the logarithm of a negative number) is NaN, and
every comparison with it is false.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any, final

import numpy as np

from bosearch.space.parameter import Column, Word
from bosearch.space.sequence import sites

Columns = Mapping[str, Column]  # n values by parameter

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": np.abs,
    "sqrt": np.sqrt,
    "exp": np.exp,
    "log": np.log,
    "log10": np.log10,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "floor": np.floor,
    "ceil": np.ceil,
    "min": lambda *columns: reduce(np.minimum, columns),
    "max": lambda *columns: reduce(np.maximum, columns),
}
ARITHMETIC: dict[str, Callable[..., Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "**": np.power,
    "%": np.mod,
}
COMPARISONS: dict[str, Callable[..., Any]] = {
    "<=": np.less_equal,
    ">=": np.greater_equal,
    "<": np.less,
    ">": np.greater,
    "==": np.equal,
    "!=": np.not_equal,
}


@final
@dataclass(frozen=True)
class Affine:
    """``sum(coefficients * values) + constant`` over numeric parameters."""

    coefficients: Mapping[str, float]
    constant: float

    def plus(self, other: "Affine", factor: float = 1.0) -> "Affine":
        """``self + factor * other``."""
        coefficients = dict(self.coefficients)
        for name, value in other.coefficients.items():
            coefficients[name] = coefficients.get(name, 0.0) + factor * value
        return Affine(coefficients, self.constant + factor * other.constant)

    def times(self, factor: float) -> "Affine":
        """``factor * self``."""
        return Affine({}, 0.0).plus(self, factor)


class Expression(ABC):
    """A node of a formula."""

    @property
    @abstractmethod
    def word(self) -> Word:
        """What the formula yields."""

    @property
    def parts(self) -> tuple["Expression", ...]:
        """The formulas right below this one."""
        return ()

    @abstractmethod
    def evaluate(self, columns: Columns) -> Any:
        """The ``n`` values of the formula, or one value if it is constant."""

    def affine(self) -> Affine | None:
        """The formula as an affine function; ``None`` if it is not written as one."""
        if self.word != "number" or any(self.names()):
            return None
        return Affine({}, float(self.evaluate({})))

    def names(self) -> Iterator[str]:
        """Parameters that occur in the formula, repeated as they occur."""
        for part in self.parts:
            yield from part.names()


@final
@dataclass(frozen=True)
class Constant(Expression):
    """A number, a text or a truth value."""

    value: float | str | bool

    @property
    def word(self) -> Word:
        """Kind of the value."""
        if isinstance(self.value, bool):
            return "truth"
        return "text" if isinstance(self.value, str) else "number"

    def evaluate(self, columns: Columns) -> Any:
        """The value."""
        return np.float64(self.value) if self.word == "number" else self.value


@final
@dataclass(frozen=True)
class Name(Expression):
    """The value of a parameter; ``meaning`` is the parameter's word."""

    name: str
    meaning: Word

    @property
    def word(self) -> Word:
        """Kind of the parameter's values."""
        return self.meaning

    def evaluate(self, columns: Columns) -> Any:
        """The parameter's column."""
        return columns[self.name]

    def affine(self) -> Affine | None:
        """The parameter itself, if it is a number."""
        return Affine({self.name: 1.0}, 0.0) if self.meaning == "number" else None

    def names(self) -> Iterator[str]:
        """This one."""
        yield self.name


@final
@dataclass(frozen=True)
class Site(Expression):
    """The letter at one site (from 0) of a sequence of ``length`` letters."""

    name: str
    site: int
    length: int

    @property
    def word(self) -> Word:
        """A text of one letter."""
        return "text"

    def evaluate(self, columns: Columns) -> Any:
        """The column of letters."""
        return sites(columns[self.name], self.length)[:, self.site]

    def names(self) -> Iterator[str]:
        """The sequence."""
        yield self.name


@final
@dataclass(frozen=True)
class Arithmetic(Expression):
    """``left operator right`` on numbers."""

    operator: str
    left: Expression
    right: Expression

    @property
    def word(self) -> Word:
        """A number."""
        return "number"

    @property
    def parts(self) -> tuple[Expression, ...]:
        """Both sides."""
        return (self.left, self.right)

    def evaluate(self, columns: Columns) -> Any:
        """Elementwise."""
        return ARITHMETIC[self.operator](self.left.evaluate(columns), self.right.evaluate(columns))

    def affine(self) -> Affine | None:
        """Sums, and products and quotients with constants."""
        left, right = self.left.affine(), self.right.affine()
        if left is None or right is None:
            return None
        if not any(self.names()):
            return Affine({}, float(self.evaluate({})))
        match self.operator:
            case "+" | "-":
                return left.plus(right, 1.0 if self.operator == "+" else -1.0)
            case "*" if not left.coefficients:
                return right.times(left.constant)
            case "*" if not right.coefficients:
                return left.times(right.constant)
            case "/" if not right.coefficients and right.constant != 0:
                return left.times(1.0 / right.constant)
        return None


@final
@dataclass(frozen=True)
class Call(Expression):
    """A function of numbers."""

    function: str
    arguments: tuple[Expression, ...]

    @property
    def word(self) -> Word:
        """A number."""
        return "number"

    @property
    def parts(self) -> tuple[Expression, ...]:
        """The arguments."""
        return self.arguments

    def evaluate(self, columns: Columns) -> Any:
        """Elementwise."""
        return FUNCTIONS[self.function](*(part.evaluate(columns) for part in self.arguments))


@final
@dataclass(frozen=True)
class Comparison(Expression):
    """``left relation right``; false where either side is undefined."""

    relation: str
    left: Expression
    right: Expression

    @property
    def word(self) -> Word:
        """A truth value."""
        return "truth"

    @property
    def parts(self) -> tuple[Expression, ...]:
        """Both sides."""
        return (self.left, self.right)

    def evaluate(self, columns: Columns) -> Any:
        """Elementwise."""
        left, right = self.left.evaluate(columns), self.right.evaluate(columns)
        holds = COMPARISONS[self.relation](left, right)
        if self.relation == "!=" and self.left.word == self.right.word == "number":
            holds = holds & ~np.isnan(left) & ~np.isnan(right)
        return holds


@final
@dataclass(frozen=True)
class Logic(Expression):
    """``and`` or ``or`` of truth values."""

    operator: str
    operands: tuple[Expression, ...]

    @property
    def word(self) -> Word:
        """A truth value."""
        return "truth"

    @property
    def parts(self) -> tuple[Expression, ...]:
        """The operands."""
        return self.operands

    def evaluate(self, columns: Columns) -> Any:
        """Elementwise."""
        combine = np.logical_and if self.operator == "and" else np.logical_or
        return reduce(combine, (part.evaluate(columns) for part in self.operands))


@final
@dataclass(frozen=True)
class Not(Expression):
    """The opposite of a truth value."""

    operand: Expression

    @property
    def word(self) -> Word:
        """A truth value."""
        return "truth"

    @property
    def parts(self) -> tuple[Expression, ...]:
        """The operand."""
        return (self.operand,)

    def evaluate(self, columns: Columns) -> Any:
        """Elementwise."""
        return np.logical_not(self.operand.evaluate(columns))


def conjuncts(expression: Expression) -> Iterator[Expression]:
    """The conditions that must all hold for ``expression`` to hold."""
    if isinstance(expression, Logic) and expression.operator == "and":
        for part in expression.operands:
            yield from conjuncts(part)
    else:
        yield expression


def linear_bounds(expression: Expression) -> Iterator[Affine]:
    """Affine functions that must be at most 0 for ``expression`` to hold.

    Strict inequalities count as weak ones: they differ by a set of measure zero.
    """
    for part in conjuncts(expression):
        if not isinstance(part, Comparison) or part.relation in ("==", "!="):
            continue
        left, right = part.left.affine(), part.right.affine()
        if left is None or right is None:
            continue
        upwards = part.relation in ("<", "<=")
        bound = left.plus(right, -1.0) if upwards else right.plus(left, -1.0)
        numbers = [bound.constant, *bound.coefficients.values()]
        if any(bound.coefficients.values()) and np.isfinite(numbers).all():
            yield bound
