r"""The upper confidence bound of a kernel made of sites' tables, for whole rows of actions at once.

With :math:`k(x, x') = s \prod_i T_i[x_i, x'_i]` the covariance of a point with the
``n`` observations is a product of rows ``R_i[x_i]``, ``R_i = T_i[:, X_i]``. All
actions of one player share the product over the other sites, so that a player's
payoffs cost one product of matrices, whatever the number of sites. So it is with sums over
sites and pairs: see ``combination``.

Two savings change no result. An action matters only if it can beat the present
payoff, and its variance cannot exceed what the nearest observation leaves, so most
variances are never computed. And a point measured as predicted adds one row to the
inverse Cholesky factor: nothing is factored again.

Source: Rasmussen and Williams (2006), algorithm 2.1; hallucinated observations:
Desautels, Krause and Burdick (2014), "Parallelizing exploration-exploitation
tradeoffs in Gaussian process bandit optimization", section 4.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Self, final

import numpy as np
from scipy.linalg.blas import dtrmm

from bosearch.combinatorial.combination import PRODUCT, Affine, Combination
from bosearch.combinatorial.payoff import Array
from bosearch.combinatorial.space import Codes

_FLOATS_AT_ONCE = 1 << 19  # in one array of covariances: 4 MB, near the processor
_FLOOR = 1e-12  # of variances, relative to the signal
_EXACT = 1e-9  # least noisy variance of a hallucinated observation, relative to the signal


@final
@dataclass(eq=False, kw_only=True)
class TablePayoff:
    """``mean + beta * std`` under a kernel of tables; see the module.

    Args:
        tables: ``L`` tables ``T_i``, ``counts[i] x counts[i]``, with ones on the diagonal.
        X: ``n x L`` codes that were observed, or are hallucinated.
        weights: ``n`` weights of the covariances in the mean.
        whitener: ``n x n``, the inverse of the lower Cholesky factor of the noisy
            covariance of ``X``.
        mean: Prior mean.
        signal: Prior variance, ``s``.
        noise: ``n`` variances of the noise of the observations.
        new_noise: Variance of the noise of a hallucinated observation.
        beta: Multiplies the standard deviation.
        combination: How the tables make the kernel.
    """

    tables: Sequence[Array]
    X: Codes
    weights: Array
    whitener: Array
    mean: float
    signal: float
    noise: Array
    new_noise: float
    beta: float
    combination: Combination = PRODUCT
    evaluations: int = field(default=0, init=False)
    variances: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.counts = tuple(len(table) for table in self.tables)
        self._rows = [table[:, self.X[:, i]] for i, table in enumerate(self.tables)]  # A_i x n
        self._reach = self.signal / np.sqrt(self.signal + self.noise)  # n

    def values(self, X: Codes) -> Array:
        """Payoffs of ``S x L`` points; ``S``."""
        self.evaluations += len(X)
        mean, var = self.moments(X)
        upper: Array = mean + self.beta * np.sqrt(var)
        return upper

    def bounds(self, X: Codes) -> Array:
        """Payoffs as if only the most telling observation of each point were known; ``S``."""
        bound = np.empty(len(X))
        for part in _parts(len(X), len(self.X)):
            K = self._correlations(X[part])
            bound[part] = self.mean + self.signal * (K @ self.weights) + self._reached(K)
        return bound

    def moments(self, X: Codes) -> tuple[Array, Array]:
        """Means and variances of the noise-free function at ``S x L`` points; ``S`` each."""
        mean, var = np.empty(len(X)), np.empty(len(X))
        for part in _parts(len(X), len(self.X)):
            K = self._correlations(X[part])
            mean[part], var[part] = self.mean + self.signal * (K @ self.weights), self._var(K)
        return mean, var

    def player(self, X: Codes, i: int, *, above: Array | None = None) -> Array:
        """Payoffs of all actions of player ``i``; ``S x counts[i]``. See ``Payoff.player``."""
        factors = [rows[X[:, j]] for j, rows in enumerate(self._rows)]  # S x n each
        return self._upper(self.combination.without(factors, i), self._rows[i], above)

    def players(self, X: Codes) -> list[Array]:
        """``player`` for each player; ``L`` arrays ``S x counts[i]``."""
        factors = [rows[X[:, j]] for j, rows in enumerate(self._rows)]  # S x n each
        return [
            self._upper(others, self._rows[i], None)
            for i, others in enumerate(self.combination.each(factors))
        ]

    def conditioned(self, x: Codes) -> Self:
        """The payoff once ``x`` is measured as predicted; O(n^2)."""
        n = len(self.X)
        k = self.signal * self._correlations(x[None])[0]
        half = self.whitener @ k
        rest = np.sqrt(max(self.signal + self.new_noise - half @ half, _EXACT * self.signal))
        whitener = np.zeros((n + 1, n + 1))
        whitener[:n, :n] = self.whitener
        whitener[n, :n] = -(half @ self.whitener) / rest
        whitener[n, n] = 1.0 / rest
        return replace(
            self,
            X=np.vstack([self.X, x]),
            weights=np.append(self.weights, 0.0),
            whitener=whitener,
            noise=np.append(self.noise, self.new_noise),
        )

    def on(self, tables: Sequence[Array], X: Codes) -> Self:
        """The same posterior on other sites, with the same correlations at ``X``."""
        return replace(self, tables=tables, X=X)

    def _upper(self, others: Affine, rows: Array, above: Array | None) -> Array:
        """Payoffs of all actions, given what the other sites make of them, ``S x n``."""
        rest, slope = others
        S, n = slope.shape
        A = len(rows)
        self.evaluations += S * A
        mean = self.mean + self.signal * ((slope * self.weights) @ rows.T)  # S x A
        if rest is not None:
            mean += self.signal * (rest @ self.weights)[:, None]
        top = self.beta * np.sqrt(self.signal)
        value: Array = mean + top
        if above is None:
            left = np.arange(S * A)
        else:
            left = np.flatnonzero(value > above[:, None])
        for part in _parts(len(left), n):
            self._settle(value, mean, left[part], others, rows, above)
        return value

    def _settle(
        self,
        value: Array,
        mean: Array,
        cells: Codes,
        others: Affine,
        rows: Array,
        above: Array | None,
    ) -> None:
        """Put the payoffs of some ``cells`` of ``value``, in place of their upper bounds."""
        game, action = np.divmod(cells, len(rows))
        rest, slope = others
        K = slope[game] * rows[action]
        if rest is not None:
            K += rest[game]
        here = mean.ravel()[cells]
        if above is not None:
            bound = here + self._reached(K)
            value.ravel()[cells] = bound
            left = bound > above[game]
            K, cells, here = K[left], cells[left], here[left]
        value.ravel()[cells] = here + self.beta * np.sqrt(self._var(K))

    def _correlations(self, X: Codes) -> Array:
        """With the observations; ``S x n``."""
        return self.combination.whole([rows[X[:, i]] for i, rows in enumerate(self._rows)])

    def _reached(self, K: Array) -> Array:
        """``beta`` times the deviation that the nearest observation leaves, at least the true."""
        var = self.signal - (K * self._reach).max(axis=1, initial=0.0) ** 2
        bound: Array = self.beta * np.sqrt(np.maximum(var, _FLOOR * self.signal))
        return bound

    def _var(self, K: Array) -> Array:
        """Posterior variances of points with these ``C x n`` correlations; ``C``."""
        self.variances += len(K)
        half = dtrmm(self.signal, self.whitener.T, K.T, trans_a=1)  # n x C; half of the products
        explained = np.einsum("nc,nc->c", half, half)
        var: Array = np.maximum(self.signal - explained, _FLOOR * self.signal)
        return var


def _parts(count: int, width: int) -> Iterator[slice]:
    """Slices of ``count`` rows of ``width`` numbers, each of bounded size."""
    step = max(_FLOATS_AT_ONCE // max(width, 1), 1)
    return (slice(start, start + step) for start in range(0, count, step))
