r"""One draw of the posterior as a payoff: games for Thompson sampling.

Of a site-product kernel :math:`\prod_i T_i` the features
:math:`z_r(x) = \prod_i (F_i g_{ri})[x_i]` with :math:`T_i = F_i F_i^\top` and standard
normal :math:`g_{ri}` have the right covariance on average, and are products over sites like the
kernel itself; so are sums over sites and pairs. A draw is a random sum of features,
corrected at the observations.

Source: Thompson sampling by features and corrections: Wilson et al. (2020), "Efficiently
sampling functions from Gaussian process posteriors", eq. 13 (Matheron's rule).
"""

from collections.abc import Sequence
from typing import Self, final

import numpy as np

from bosearch.combinatorial.combination import Affine, Combination
from bosearch.combinatorial.payoff import Array
from bosearch.combinatorial.space import Codes
from bosearch.combinatorial.table_payoff import TablePayoff

_FEATURES = 1_000
_RIDGE = 1e-9  # added to tables before they are factored

_Part = tuple[Combination, Sequence[Array], Array]
"""How sites combine, per site ``A_i x m``, and ``m`` weights."""


@final
class SampledPayoff:
    """A function drawn from a posterior; a payoff without uncertainty.

    Args:
        posterior: What is drawn from; its ``beta`` plays no part.
        rng: Draws.
    """

    def __init__(self, posterior: TablePayoff, rng: np.random.Generator) -> None:
        self.counts = posterior.counts
        self.evaluations = 0
        features = [
            _root(table) @ rng.standard_normal((len(table), _FEATURES))
            for table in posterior.tables
        ]  # A_i x R
        amplitudes = np.sqrt(posterior.signal / _FEATURES) * rng.standard_normal(_FEATURES)
        combination, root = posterior.combination, posterior.combination.root
        n = len(posterior.X)
        drawn = root.whole(_at(features, posterior.X)) @ amplitudes
        noisy = drawn + np.sqrt(posterior.noise) * rng.standard_normal(n)
        correction = posterior.whitener.T @ (posterior.whitener @ noisy)
        self.mean = posterior.mean
        covariances = [table[:, posterior.X[:, i]] for i, table in enumerate(posterior.tables)]
        self._parts: list[_Part] = [
            (combination, covariances, posterior.signal * (posterior.weights - correction)),
            (root, features, amplitudes),
        ]

    def values(self, X: Codes) -> Array:
        """Values of the draw at ``S x L`` points; ``S``."""
        self.evaluations += len(X)
        drawn = np.full(len(X), self.mean)
        for combination, rows, weights in self._parts:
            drawn += combination.whole(_at(rows, X)) @ weights
        return drawn

    def bounds(self, X: Codes) -> Array:
        """The values themselves."""
        return self.values(X)

    def player(self, X: Codes, i: int, *, above: Array | None = None) -> Array:
        """Values of all actions of player ``i``; ``S x counts[i]``."""
        del above  # there is no variance to save
        return self._of([c.without(_at(rows, X), i) for c, rows, _ in self._parts], i)

    def players(self, X: Codes) -> list[Array]:
        """``player`` for each player."""
        each = [combination.each(_at(rows, X)) for combination, rows, _ in self._parts]
        return [self._of(others, i) for i, others in enumerate(zip(*each, strict=True))]

    def conditioned(self, x: Codes) -> Self:
        """The same draw: it has no uncertainty to lose."""
        del x
        return self

    def _of(self, others: Sequence[Affine], i: int) -> Array:
        drawn = np.full((len(others[0][1]), self.counts[i]), self.mean)
        self.evaluations += drawn.size
        for (rest, slope), (_, rows, weights) in zip(others, self._parts, strict=True):
            drawn += (slope * weights) @ rows[i].T
            if rest is not None:
                drawn += (rest @ weights)[:, None]
        return drawn


def _at(rows: Sequence[Array], X: Codes) -> list[Array]:
    """The rows of ``S x L`` points, per site."""
    return [row[X[:, i]] for i, row in enumerate(rows)]


def _root(table: Array) -> Array:
    """A factor ``F`` of a table ``F F'`` that may be singular."""
    values, vectors = np.linalg.eigh(table + _RIDGE * np.eye(len(table)))
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))
