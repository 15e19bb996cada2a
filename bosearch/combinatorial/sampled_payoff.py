r"""One draw of the posterior as a payoff: games for Thompson sampling.

Of a site-product kernel :math:`\prod_i T_i` the features
:math:`z_r(x) = \prod_i (F_i g_{ri})[x_i]` with :math:`T_i = F_i F_i^\top` and standard
normal :math:`g_{ri}` have the right covariance on average, and are products over sites like the
kernel itself. A draw is a random sum of them, corrected at the observations.

Source: Thompson sampling by features and corrections: Wilson et al. (2020), "Efficiently
sampling functions from Gaussian process posteriors", eq. 13 (Matheron's rule).
"""

from functools import reduce
from typing import Self, final

import numpy as np

from bosearch.combinatorial.payoff import Array
from bosearch.combinatorial.space import Codes
from bosearch.combinatorial.table_payoff import TablePayoff, leave_one_out

_FEATURES = 1_000
_RIDGE = 1e-9  # added to tables before they are factored


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
        n = len(posterior.X)
        drawn = _product(features, posterior.X) @ amplitudes
        noisy = drawn + np.sqrt(posterior.noise) * rng.standard_normal(n)
        correction = posterior.whitener.T @ (posterior.whitener @ noisy)
        self.mean = posterior.mean
        self._weights = np.concatenate(
            [posterior.signal * (posterior.weights - correction), amplitudes]
        )
        self._rows = [
            np.hstack([table[:, posterior.X[:, i]], features[i]])
            for i, table in enumerate(posterior.tables)
        ]  # A_i x (n + R)

    def values(self, X: Codes) -> Array:
        """Values of the draw at ``S x L`` points; ``S``."""
        self.evaluations += len(X)
        drawn: Array = self.mean + _product(self._rows, X) @ self._weights
        return drawn

    def bounds(self, X: Codes) -> Array:
        """The values themselves."""
        return self.values(X)

    def player(self, X: Codes, i: int, *, above: Array | None = None) -> Array:
        """Values of all actions of player ``i``; ``S x counts[i]``."""
        del above  # there is no variance to save
        others = [rows for j, rows in enumerate(self._rows) if j != i]
        codes = np.delete(X, i, axis=1)
        product = _product(others, codes) if others else np.ones((len(X), len(self._weights)))
        return self._of(product, i)

    def players(self, X: Codes) -> list[Array]:
        """``player`` for each player."""
        factors = [rows[X[:, j]] for j, rows in enumerate(self._rows)]
        return [self._of(others, i) for i, others in enumerate(leave_one_out(factors))]

    def conditioned(self, x: Codes) -> Self:
        """The same draw: it has no uncertainty to lose."""
        del x
        return self

    def _of(self, others: Array, i: int) -> Array:
        self.evaluations += len(others) * self.counts[i]
        drawn: Array = self.mean + (others * self._weights) @ self._rows[i].T
        return drawn


def _product(rows: list[Array], X: Codes) -> Array:
    return reduce(np.multiply, [row[X[:, i]] for i, row in enumerate(rows)])


def _root(table: Array) -> Array:
    """A factor ``F`` of a table ``F F'`` that may be singular."""
    values, vectors = np.linalg.eigh(table + _RIDGE * np.eye(len(table)))
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))
