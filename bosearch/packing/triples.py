r"""Three points of a packing by their squared distances, and the polynomials that confine them.

Of points ``0, x, y``: ``u = |x|^2``, ``v = |y|^2``, ``w = |x - y|^2``, in units in which the
Gaussian is ``e^(-u/2)``, so ``u = 2 pi`` times the squared distance. With the inner radius
``r`` of a truncated three-point bound at ``u = rho`` and the outer ``R`` at ``u = outer``,

- *near* triples have ``u, v, w`` in ``[rho, outer]``;
- *far* triples have ``u, v`` there and ``w >= outer``;
- both have a Gram determinant ``G = 4uv - (u + v - w)^2 >= 0``.

Coordinates ``-1 <= x, y, z <= 1`` are affine in them: ``x, y`` in ``u, v`` and, on near
triples, ``z`` in ``w``. On far triples ``z`` is affine in ``w - u - v``, minus twice the inner
product, with ends ``-outer`` and ``2 outer``: there the domain fills more of the box.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import frexp, prod
from typing import Any, final

from flint import fmpq

from bosearch.packing.assembly import Which, Word
from bosearch.packing.invariants import Part, far_parts, near_parts

Triple = tuple[fmpq, fmpq, fmpq]
Value = Any  # an fmpq, or an array of doubles with one entry per triple

_EXTENT_BITS = 5


@final
@dataclass(frozen=True)
class Shell:
    """The domain of one bound.

    Args:
        rho: Least squared distance.
        outer: Where the three-point function ends.
    """

    rho: fmpq
    outer: fmpq

    @cached_property
    def extent(self) -> fmpq:
        """A short rational, a little above ``outer``, by which lengths are measured."""
        unit = fmpq(2) ** (frexp(float(self.outer))[1] - _EXTENT_BITS)
        return (self.outer / unit).ceil() * unit

    def letters(self, which: Which, triple: Triple) -> dict[str, fmpq]:
        """Values of the base polynomials, of size one.

        ``g(u) = (u - rho)(outer - u)`` is ``1 - x^2`` here.
        """
        x, y, z = triple
        u, v, w = squares(which, triple, self.rho, self.outer)
        a, b, c = 1 - x * x, 1 - y * y, 1 - z * z
        gram = (4 * u * v - (u + v - w) * (u + v - w)) / (4 * self.extent**2)
        if which == "near":
            return {"s1": a + b + c, "s2": a * b + b * c + c * a, "s3": a * b * c, "G": gram}
        return {"q1": a + b, "q2": a * b, "l": (w - self.outer) / self.extent, "G": gram}


def length(x: Value, rho: Value, outer: Value) -> Value:
    """Return ``u`` of a coordinate ``x``."""
    return (rho + outer) / 2 + x * ((outer - rho) / 2)


def squares(
    which: Which, triple: tuple[Value, Value, Value], rho: Value, outer: Value
) -> tuple[Value, Value, Value]:
    """Return ``u, v, w`` of coordinates ``x, y, z``: rationals, or arrays of doubles."""
    x, y, z = triple
    u, v = length(x, rho, outer), length(y, rho, outer)
    return u, v, length(z, rho, outer) if which == "near" else u + v + outer * (1 + 3 * z) / 2


def parts(which: Which, degree: int) -> Sequence[Part]:
    """The symmetry-adapted bases of either kind of triples, up to a degree."""
    return near_parts(degree) if which == "near" else far_parts(degree)


def multiplier(letters: Mapping[str, fmpq], word: Word) -> fmpq:
    """The value of a word."""
    return prod((letters[letter] for letter in word), start=fmpq(1))
