r"""Bases of polynomials on triples, split by how they behave when points are permuted.

A sum of squares that is invariant under a group is a sum over its irreducible
representations, each with a psd matrix of its own: Gatermann and Parrilo (2004). A triple
has three coordinates. On near triples all of S_3 permutes them; on far triples S_2
exchanges the first two. The polynomials are products ``T_a(x) T_b(y) T_c(z)`` of Chebyshev
polynomials, symmetrised: a *label* is ``(a, b, c)``, its degree ``a + b + c``. Products
of Chebyshev polynomials, unlike monomials, are well conditioned on a box.

Values may be rationals or arrays of doubles: only ring operations occur.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, final

from flint import fmpq

Label = tuple[int, int, int]
Value = Any  # an fmpq, or an array of doubles with one entry per triple
Table = Sequence[Sequence[Value]]  # T_0, T_1, ... of each of the three coordinates


@final
@dataclass(frozen=True)
class Part:
    """What one irreducible representation adds to an invariant sum of squares.

    With ``p`` a column of values per row of the representation, it adds
    ``sum_i factor_i <Y, p_i p_i^T>``.

    Args:
        name: Of the representation.
        labels: Of the basis, by ascending degree.
        values: ``p_i`` of one label, for each row ``i``.
        factors: One per row.
    """

    name: str
    labels: tuple[Label, ...]
    values: Callable[[Table, Label], tuple[Value, ...]]
    factors: tuple[fmpq, ...] = (fmpq(1),)

    def size(self, degree: int) -> int:
        """How many labels have at most this degree; they come first."""
        return sum(sum(label) <= degree for label in self.labels)


def chebyshev(x: Value, count: int) -> list[Value]:
    """Return ``T_0 .. T_(count-1)`` at ``x``."""
    values = [x * 0 + 1, x]
    while len(values) < count:
        values.append(2 * x * values[-1] - values[-2])
    return values[:count]


def near_parts(degree: int) -> tuple[Part, Part, Part]:
    """The three representations of S_3 up to a degree."""
    labels = [
        (a, b, c)
        for a in range(degree + 1)
        for b in range(a + 1)
        for c in range(b + 1)
        if a + b + c <= degree
    ]
    standard: list[Label] = []
    for a, b, c in labels:
        # Of the placements of a set of indices, the sum over all is invariant: one is too many.
        if a > b > c:
            standard += [(a, b, c), (c, a, b)]
        elif a > b or b > c:
            standard.append((a, b, c) if b == c else (c, a, b))
    return (
        Part("trivial", _sorted(labels), _invariant),
        Part("sign", _sorted([(a, b, c) for a, b, c in labels if a > b > c]), _alternating),
        Part("standard", _sorted(standard), _standard, (fmpq(1, 2), fmpq(3, 2))),
    )


def far_parts(degree: int) -> tuple[Part, Part]:
    """The two representations of S_2 up to a degree."""
    labels = [
        (a, b, c)
        for a in range(degree + 1)
        for b in range(a + 1)
        for c in range(degree + 1 - a - b)
    ]
    return (
        Part("trivial", _sorted(labels), _even),
        Part("sign", _sorted([(a, b, c) for a, b, c in labels if a > b]), _odd),
    )


def _sorted(labels: list[Label]) -> tuple[Label, ...]:
    return tuple(sorted(labels, key=lambda label: (sum(label), label)))


def _pair(X: Sequence[Value], Y: Sequence[Value], a: int, b: int) -> Value:
    """``T_a(x) T_b(y)`` symmetrised."""
    return X[a] * Y[b] if a == b else X[a] * Y[b] + X[b] * Y[a]


def _placements(T: Table, label: Label) -> tuple[Value, Value, Value]:
    """``T_a`` of each coordinate in turn, times the symmetrised ``T_b T_c`` of the others."""
    X, Y, Z = T
    a, b, c = label
    return X[a] * _pair(Y, Z, b, c), Y[a] * _pair(Z, X, b, c), Z[a] * _pair(X, Y, b, c)


def _invariant(T: Table, label: Label) -> tuple[Value]:
    one, two, three = _placements(T, label)
    return (one + two + three,)


def _standard(T: Table, label: Label) -> tuple[Value, Value]:
    one, two, three = _placements(T, label)
    return 2 * one - two - three, two - three


def _alternating(T: Table, label: Label) -> tuple[Value]:
    X, Y, Z = T
    a, b, c = label
    return (
        X[a] * (Y[b] * Z[c] - Y[c] * Z[b])
        - X[b] * (Y[a] * Z[c] - Y[c] * Z[a])
        + X[c] * (Y[a] * Z[b] - Y[b] * Z[a]),
    )


def _even(T: Table, label: Label) -> tuple[Value]:
    X, Y, Z = T
    a, b, c = label
    return (_pair(X, Y, a, b) * Z[c],)


def _odd(T: Table, label: Label) -> tuple[Value]:
    X, Y, Z = T
    a, b, c = label
    return ((X[a] * Y[b] - X[b] * Y[a]) * Z[c],)
