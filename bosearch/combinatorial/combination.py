"""How correlations of single sites combine to the correlation of two points.

Either all of them are multiplied, and points that differ in many sites know nothing of
each other; or sites and pairs of sites contribute each their part, and points that share
some sites share what these contribute. The second learns of long sequences what the first cannot.

In both, the correlation is an affine function of the correlation at any one site,
``rest + slope * T_i``: that is all a game needs to value every action of a player.

Source: sums over sites and pairs as elementary symmetric polynomials: Duvenaud, Nickisch
and Rasmussen (2011), "Additive Gaussian Processes", eq. 9.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Protocol, Self, final

import numpy as np

from bosearch.combinatorial.payoff import Array

Affine = tuple[Array | None, Array]
"""``rest`` (``None`` is 0) and ``slope``, same shape."""


class Combination(Protocol):
    """From ``L`` arrays of correlations, one per site and of one shape, to those of points."""

    @property
    def root(self) -> "Combination":
        """How random features of sites combine to features of points with this correlation.

        Features of different sites are independent, with mean 0 and the correlations of
        their sites as covariances.
        """
        ...

    def whole(self, factors: Sequence[Array]) -> Array:
        """The correlations of points."""
        ...

    def without(self, factors: Sequence[Array], i: int) -> Affine:
        """The same as an affine function of the correlation at site ``i``."""
        ...

    def each(self, factors: Sequence[Array]) -> Iterator[Affine]:
        """``without`` for each site."""
        ...


@final
@dataclass(frozen=True)
class Product:
    """The product over sites."""

    @property
    def root(self) -> "Product":
        """See ``Combination.root``: products of features."""
        return self

    def whole(self, factors: Sequence[Array]) -> Array:
        """See ``Combination.whole``."""
        return reduce(np.multiply, factors)

    def without(self, factors: Sequence[Array], i: int) -> Affine:
        """See ``Combination.without``."""
        others = [factor for j, factor in enumerate(factors) if j != i]
        return None, reduce(np.multiply, others, np.ones_like(factors[i]))

    def each(self, factors: Sequence[Array]) -> Iterator[Affine]:
        """By prefix and suffix, never by division: factors may underflow to 0."""
        suffixes = [np.ones_like(factors[0])]
        for factor in factors[:0:-1]:
            suffixes.append(suffixes[-1] * factor)
        prefix = np.ones_like(factors[0])
        for factor, suffix in zip(factors, reversed(suffixes), strict=True):
            yield None, prefix * suffix
            prefix = prefix * factor


@final
@dataclass(frozen=True)
class Additive:
    """A weighted sum over sites and over pairs of sites.

    Args:
        first: Weight of a site.
        second: Weight of a pair.
    """

    first: float
    second: float

    @classmethod
    def of(cls, sites: int, *, pairs: float) -> Self:
        """Means over sites and over pairs, which share the correlation of a point with itself, 1.

        Args:
            sites: Number of sites.
            pairs: The share of the pairs, in [0, 1]; of no effect where there are none.
        """
        if sites == 1:
            return cls(1.0, 0.0)
        return cls((1.0 - pairs) / sites, pairs / (0.5 * sites * (sites - 1)))

    @property
    def root(self) -> "Additive":
        """See ``Combination.root``: sums of independent features keep sites and pairs apart."""
        return Additive(math.sqrt(self.first), math.sqrt(self.second))

    def whole(self, factors: Sequence[Array]) -> Array:
        """See ``Combination.whole``."""
        e1, e2 = symmetric(factors, like=factors[0])
        return self.first * e1 + self.second * e2

    def without(self, factors: Sequence[Array], i: int) -> Affine:
        """See ``Combination.without``."""
        e1, e2 = symmetric([*factors[:i], *factors[i + 1 :]], like=factors[i])
        return self.first * e1 + self.second * e2, self.first + self.second * e1

    def each(self, factors: Sequence[Array]) -> Iterator[Affine]:
        """By subtraction from the sums over all sites."""
        e1, e2 = symmetric(factors, like=factors[0])
        for factor in factors:
            rest = e1 - factor
            pairs = e2 - factor * rest
            yield self.first * rest + self.second * pairs, self.first + self.second * rest


def symmetric(factors: Iterable[Array], *, like: Array) -> tuple[Array, Array]:
    """Sums over all factors, and over the products of all pairs; zeros ``like`` without any."""
    e1, e2 = np.zeros_like(like), np.zeros_like(like)
    for factor in factors:
        e2 += factor * e1
        e1 += factor
    return e1, e2


PRODUCT = Product()
