"""Read a text constraint into an expression, without ever running it.

Python's own grammar reads the text into a syntax tree; a short list of node types
is then rebuilt as our expressions, and everything else is refused. Depth and size
are limited, and each part is checked against the parameters that it names.
"""

import ast
import warnings
from collections.abc import Mapping
from typing import Any

from bosearch.errors import ParameterError, SpaceError
from bosearch.space import expression as ex
from bosearch.space.parameter import Parameter, Word
from bosearch.space.sequence import Sequence
from bosearch.space.suggestion import suggest

MAX_LENGTH = 2000  # characters
MAX_DEPTH = 200  # nested parts; a sum of n terms is n deep

_ARITHMETIC: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
    ast.Mod: "%",
}
_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.LtE: "<=",
    ast.GtE: ">=",
    ast.Lt: "<",
    ast.Gt: ">",
    ast.Eq: "==",
    ast.NotEq: "!=",
}
_KINDS: dict[Word, str] = {
    "number": "a number",
    "text": "a text",
    "truth": "a condition",
    "other": "a value of mixed kinds",
}


def parse(text: str, parameters: Mapping[str, Parameter]) -> ex.Expression:
    """Read a condition such as ``"x + 2*y <= 3 and kernel == 'rbf'"``.

    Raises:
        SpaceError: The text is not a condition over these parameters.
    """
    if len(text) > MAX_LENGTH:
        raise SpaceError(
            f"constraint {text[:40]!r}... has {len(text)} characters,"
            f" at most {MAX_LENGTH} are read",
            hint="use a Python function as the constraint",
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the text's style, not about ours
            tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise SpaceError(
            f"cannot read the constraint {text!r}: {getattr(error, 'msg', None) or error}",
            hint="write a condition over parameters, as in 'x + 2*y <= 3'",
        ) from None
    reader = _Reader(text, parameters)
    condition = reader.read(tree.body, 0)
    if condition.word != "truth":
        raise reader.error(
            f"expected a condition, got {_KINDS[condition.word]}", hint="compare it: '... <= 1'"
        )
    if not any(condition.names()):
        raise reader.error("it names no parameter", hint=f"parameters: {', '.join(parameters)}")
    return condition


class _Reader:
    """Rebuilds the syntax tree of one text."""

    def __init__(self, text: str, parameters: Mapping[str, Parameter]) -> None:
        self.text = text.strip()
        self.parameters = parameters

    def error(self, message: str, *, hint: str | None = None) -> SpaceError:
        return SpaceError(f"constraint {self.text!r}: {message}", hint=hint)

    def source(self, node: ast.expr) -> str:
        return (ast.get_source_segment(self.text, node) or self.text)[:60]

    def read(self, node: ast.expr, depth: int) -> ex.Expression:
        if depth > MAX_DEPTH:
            raise self.error(
                f"nested more than {MAX_DEPTH} deep", hint="use a Python function as the constraint"
            )
        depth += 1
        match node:
            case ast.Constant(value=value):
                return self.constant(value)
            case ast.Name(id=name):
                return ex.Name(name, self.parameter(name).word)
            case ast.Subscript(value=ast.Name(id=name), slice=index):
                return self.site(name, index)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return ex.Not(self.expect("truth", operand, depth))
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.expect("number", operand, depth)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                operand_read = self.expect("number", operand, depth)
                if isinstance(operand_read, ex.Constant):
                    return ex.Constant(-float(operand_read.value))
                return ex.Arithmetic("*", ex.Constant(-1.0), operand_read)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
                left_read = self.expect("number", left, depth)
                right_read = self.expect("number", right, depth)
                return ex.Arithmetic(_ARITHMETIC[type(op)], left_read, right_read)
            case ast.BoolOp(op=op, values=values):
                operands = [self.expect("truth", value, depth) for value in values]
                return ex.Logic("and" if isinstance(op, ast.And) else "or", tuple(operands))
            case ast.Compare():
                return self.chain(node, depth)
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
                return self.call(name, args, depth)
        raise self.error(
            f"{self.source(node)!r} is not allowed here",
            hint=f"known are + - * / ** %, comparisons, and, or, not, in, and the functions"
            f" {', '.join(ex.FUNCTIONS)}; anything else: a Python function as the constraint",
        )

    def expect(self, word: Word, node: ast.expr, depth: int) -> ex.Expression:
        read = self.read(node, depth)
        if read.word != word:
            raise self.error(
                f"expected {_KINDS[word]}, got {_KINDS[read.word]}: {self.source(node)!r}"
            )
        return read

    def constant(self, value: Any) -> ex.Constant:
        if isinstance(value, bool | str):
            return ex.Constant(value)
        try:
            if isinstance(value, int | float) and abs(number := float(value)) < float("inf"):
                return ex.Constant(number)
        except OverflowError:
            pass
        raise self.error(f"{str(value)[:40]!r} is not a finite number")

    def parameter(self, name: str) -> Parameter:
        if name not in self.parameters:
            raise self.error(f"unknown parameter {name!r}", hint=suggest(name, self.parameters))
        return self.parameters[name]

    def site(self, name: str, index: ast.expr) -> ex.Site:
        parameter = self.parameter(name)
        if not isinstance(parameter, Sequence):
            raise self.error(f"{name!r} is not a sequence, it has no sites")
        try:
            site = ast.literal_eval(index)
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
            site = None
        length = parameter.length
        if type(site) is not int or not -length <= site < length:
            raise self.error(f"{name!r} has the sites 0 .. {length - 1}, got {self.source(index)}")
        return ex.Site(name, site % length, length)

    def call(self, name: str, args: list[ast.expr], depth: int) -> ex.Call:
        if name not in ex.FUNCTIONS:
            raise self.error(f"unknown function {name!r}", hint=suggest(name, ex.FUNCTIONS))
        arguments = tuple([self.expect("number", arg, depth) for arg in args])
        several = name in ("min", "max")
        if (len(arguments) < 2) if several else (len(arguments) != 1):
            expected = "two or more arguments" if several else "one argument"
            raise self.error(f"{name} takes {expected}, got {len(arguments)}")
        return ex.Call(name, arguments)

    def chain(self, node: ast.Compare, depth: int) -> ex.Expression:
        """``a < b <= c`` is ``a < b and b <= c``."""
        parts: list[ex.Expression] = []
        left = self.read(node.left, depth)
        for op, right in zip(node.ops, node.comparators, strict=True):
            if parts:
                self.check_repeated(left)
            if isinstance(op, ast.In | ast.NotIn):
                member = self.membership(left, right, depth)
                parts.append(member if isinstance(op, ast.In) else ex.Not(member))
                if right is not node.comparators[-1]:
                    raise self.error("nothing can be compared with a list", hint="use 'and'")
            elif type(op) in _COMPARISONS:
                right_read = self.read(right, depth)
                parts.append(self.comparison(_COMPARISONS[type(op)], left, right_read))
                left = right_read
            else:
                raise self.error("'is' compares objects", hint="write == or !=")
        return parts[0] if len(parts) == 1 else ex.Logic("and", tuple(parts))

    def membership(self, value: ex.Expression, right: ast.expr, depth: int) -> ex.Expression:
        if not isinstance(right, ast.List | ast.Tuple | ast.Set) or not right.elts:
            raise self.error("'in' needs a list of values", hint="write x in [1, 2, 3]")
        self.check_repeated(value)
        equal = tuple(self.comparison("==", value, self.read(o, depth)) for o in right.elts)
        return equal[0] if len(equal) == 1 else ex.Logic("or", equal)

    def comparison(self, relation: str, left: ex.Expression, right: ex.Expression) -> ex.Comparison:
        words = {left.word, right.word}
        if relation not in ("==", "!="):
            if words != {"number"}:
                raise self.error(
                    f"{relation} compares numbers, got {_KINDS[left.word]} and {_KINDS[right.word]}"
                )
        elif len(words) > 1 and "other" not in words:
            raise self.error(
                f"{_KINDS[left.word]} never equals {_KINDS[right.word]}",
                hint="write texts in quotes, numbers without",
            )
        self.check_literal(left, right)
        self.check_literal(right, left)
        if relation == "==" and (self.continuous(left) or self.continuous(right)):
            raise self.error(
                "a real number meets an equality with probability zero",
                hint="eliminate one parameter by solving for it, or write two inequalities",
            )
        return ex.Comparison(relation, left, right)

    def check_repeated(self, part: ex.Expression) -> None:
        """Nested conditions that are evaluated twice per level would take exponential time."""
        if part.word == "truth" and not isinstance(part, ex.Name | ex.Constant):
            raise self.error("conditions cannot be chained", hint="join them by 'and'")

    def check_literal(self, side: ex.Expression, other: ex.Expression) -> None:
        """A text compared with a parameter must be one of its values."""
        if not isinstance(other, ex.Constant) or other.word != "text":
            return
        try:
            if isinstance(side, ex.Name):
                self.parameters[side.name].validate(other.value, name=side.name)
            elif isinstance(side, ex.Site):
                letters = self.parameters[side.name]
                assert isinstance(letters, Sequence)
                Sequence(letters.alphabet, 1).validate(other.value, name=f"{side.name}[...]")
        except ParameterError as error:
            raise self.error(error.message, hint=error.hint) from None

    def continuous(self, part: ex.Expression) -> bool:
        """Whether the formula takes a continuum of values."""
        if isinstance(part, ex.Name):
            return self.parameters[part.name].size is None
        if isinstance(part, ex.Call) and part.function in ("floor", "ceil"):
            return False
        return part.word == "number" and any(map(self.continuous, part.parts))
