"""Read a polynomial with exact coefficients from text.

The grammar, by recursive descent; everything is expanded exactly, and ``0.1`` is a tenth::

    sum     = product (("+" | "-") product)*
    product = factor (("*" | "/") factor)*            divided by numbers only
    factor  = ("+" | "-") factor | atom (("^" | "**") integer)?
    atom    = number | name | "(" sum ")"
"""

import re
from collections.abc import Mapping
from fractions import Fraction
from math import comb
from typing import Any, final

from flint import fmpq, fmpq_mpoly, fmpq_mpoly_ctx

from bosearch.errors import SdpError

Terms = dict[tuple[int, ...], Fraction]

MAX_LENGTH = 100_000  # characters
MAX_DEPTH = 100  # nested parentheses
MAX_TERMS = 20_000
MAX_DEGREE = 100
MAX_VARIABLES = 16
MAX_BITS = 4000  # of a coefficient that a power makes
MAX_DIGITS = 1000  # before or after the point, as an exponent of ten

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[^\W\d]\w*)"
    r"|(?P<sign>\*\*|[-+*/^()]))",
    re.ASCII,
)


def read_polynomial(
    polynomial: str | Mapping[tuple[int, ...], int | Fraction],
) -> tuple[tuple[str, ...], Terms]:
    """Return names of variables, sorted, and coefficients by exponents, none zero.

    Args:
        polynomial: A text such as ``"x^4*y^2 - 3*x^2*y^2 + 1"``, or coefficients by
            exponents, whose variables are then called ``x1``, ``x2`` and so on.

    Raises:
        SdpError: It is no polynomial, or larger than we can serve.
    """
    if isinstance(polynomial, str):
        return _parse(polynomial)
    if not isinstance(polynomial, Mapping) or not polynomial:
        raise SdpError(
            f"expected a polynomial, got {polynomial!r}",
            hint="write a text such as 'x^4 - x + 1', or {(4,): 1, (1,): -1, (0,): 1}",
        )
    first = next(iter(polynomial))
    n = len(first) if isinstance(first, tuple) else 1
    terms: Terms = {}
    for exponents, value in polynomial.items():
        if not (
            isinstance(exponents, tuple)
            and len(exponents) == n
            and all(type(e) is int and e >= 0 for e in exponents)
        ):
            raise SdpError(f"expected {n} exponents, integers from 0, got {exponents!r}")
        if isinstance(value, bool) or not isinstance(value, int | Fraction):
            raise SdpError(f"the coefficient of {exponents} must be int or Fraction, got {value!r}")
        if value:
            terms[exponents] = Fraction(value)
    _check_size(n, terms)
    return tuple(f"x{i + 1}" for i in range(n)), terms


def _check_size(n: int, terms: Terms) -> None:
    if not 1 <= n <= MAX_VARIABLES:
        raise SdpError(f"a polynomial must have 1 to {MAX_VARIABLES} variables, got {n}")
    if len(terms) > MAX_TERMS or max(map(sum, terms), default=0) > MAX_DEGREE:
        raise SdpError(
            f"a polynomial must have at most {MAX_TERMS} terms and degree at most {MAX_DEGREE}"
        )


def _parse(text: str) -> tuple[tuple[str, ...], Terms]:
    if len(text) > MAX_LENGTH:
        raise SdpError(f"a polynomial must have at most {MAX_LENGTH} characters, got {len(text)}")
    reader = _Reader(text)
    expanded = reader.whole()
    terms = {
        tuple(map(int, m)): Fraction(int(c.p), int(c.q)) for m, c in expanded.to_dict().items()
    }
    _check_size(len(reader.names), terms)
    return reader.names, terms


def _natural(name: str) -> tuple[Any, ...]:
    """``x2`` comes before ``x10``."""
    return tuple(int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name))


@final
class _Reader:
    """Reads one text from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, str, int]] = []  # kind, spelling, position
        at, end = 0, len(text.rstrip())
        while at < end:
            found = _TOKEN.match(text, at)
            if found is None:
                raise self.error("cannot be read", at)
            kind = str(found.lastgroup)
            self.tokens.append((kind, found[kind], found.start(kind)))
            at = found.end()
        self.tokens.append(("end", "the end", end))
        self.next = 0
        found_names = {word for kind, word, _ in self.tokens if kind == "name"}
        self.names = tuple(sorted(found_names, key=_natural))
        if not 1 <= len(self.names) <= MAX_VARIABLES:
            raise self.error(f"must have 1 to {MAX_VARIABLES} variables, not {len(self.names)}", 0)
        self.ring = fmpq_mpoly_ctx.get([f"v{i}" for i in range(len(self.names))])
        self.variables = dict(zip(self.names, self.ring.gens(), strict=True))

    def error(self, message: str, at: int) -> SdpError:
        part = self.text[at : at + 30] + ("..." if len(self.text) > at + 30 else "")
        return SdpError(
            f"polynomial: {part!r} {message}", hint="write it as in 'x^4*y^2 - 3*x*y + 1/2'"
        )

    @property
    def at(self) -> int:
        """The position of the next token."""
        return self.tokens[self.next][2]

    def taken(self, *spellings: str) -> str | None:
        """The next token, passed over if it is one of these."""
        kind, word, _ = self.tokens[self.next]
        if kind != "sign" or word not in spellings:
            return None
        self.next += 1
        return word

    def whole(self) -> fmpq_mpoly:
        made = self.sum(0)
        if self.tokens[self.next][0] != "end":
            raise self.error("is not expected here", self.at)
        return made

    def sum(self, depth: int) -> fmpq_mpoly:
        total = self.product(depth)
        while sign := self.taken("+", "-"):
            value = self.product(depth)
            total = total + value if sign == "+" else total - value
        return total

    def product(self, depth: int) -> fmpq_mpoly:
        total = self.factor(depth)
        at = self.at
        while sign := self.taken("*", "/"):
            value = self.factor(depth)
            if sign == "/":
                total = total * (1 / self.divisor(value, at))
            else:
                self.check_size(len(total) * len(value) > 50 * MAX_TERMS, at, total, value)
                total = total * value
            at = self.at
        return total

    def divisor(self, value: fmpq_mpoly, at: int) -> fmpq:
        if not value.is_constant():
            raise self.error("is no quotient by a number", at)
        if len(value) == 0:
            raise self.error("divides by zero", at)
        return value.leading_coefficient()

    def factor(self, depth: int) -> fmpq_mpoly:
        if depth > MAX_DEPTH:
            raise self.error(f"is nested more than {MAX_DEPTH} deep", self.at)
        if sign := self.taken("+", "-"):
            value = self.factor(depth + 1)
            return value if sign == "+" else -value
        base = self.atom(depth)
        at = self.at
        if not self.taken("^", "**"):
            return base
        kind, word, where = self.tokens[self.next]
        if kind != "number" or not word.isdecimal() or len(word) > 4 or int(word) > MAX_DEGREE:
            raise self.error(f"is no power from 0 to {MAX_DEGREE}", where)
        self.next += 1
        return self.power(base, int(word), at)

    def power(self, base: fmpq_mpoly, power: int, at: int) -> fmpq_mpoly:
        bits = max((int(c.p * c.q).bit_length() for c in base.coeffs()), default=0)
        many = len(base) > 1 and comb(len(base) + power - 1, power) > MAX_TERMS
        self.check_size(many or power * bits > MAX_BITS, at, *[base] * power)
        return base**power

    def check_size(self, large: bool, at: int, *factors: fmpq_mpoly) -> None:
        """Refuse a product before it is made."""
        if large or sum(int(factor.total_degree()) for factor in factors) > 2 * MAX_DEGREE:
            raise self.error("makes the polynomial too large", at)

    def atom(self, depth: int) -> fmpq_mpoly:
        kind, word, at = self.tokens[self.next]
        self.next += 1
        if kind == "name":
            return self.variables[word]
        if kind == "number":
            return self.ring.constant(self.number(word, at))
        if word == "(":
            made = self.sum(depth + 1)
            if not self.taken(")"):
                raise self.error("should close a parenthesis", self.at)
            return made
        raise self.error("is not expected here", at)

    def number(self, word: str, at: int) -> fmpq:
        exponent = re.split("[eE]", word)[1:]
        if len(word) > MAX_BITS or (exponent and abs(int(exponent[0])) > MAX_DIGITS):
            raise self.error("is too long a number", at)
        exact = Fraction(word)
        return fmpq(exact.numerator, exact.denominator)
