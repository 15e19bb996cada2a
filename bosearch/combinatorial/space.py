"""Sites: what may stand where, as integer codes.

A point is a row of ``L`` codes, ``0 <= x[i] < counts[i]``; sites may have different
numbers of levels. Three things limit which points are feasible, and they add up:
allow lists per site, a mask on whole points, and a pool of the only points there are.
Arrays are NumPy on the host throughout this room: ``X`` is ``S x L`` of ``intp``.
"""

from collections.abc import Callable, Sequence
from functools import cached_property
from math import prod
from typing import Any, Self, final

import numpy as np
from numpy.typing import NDArray

from bosearch.errors import InfeasibleSpaceError, ParameterError, ShapeError, SpaceError

Codes = NDArray[np.intp]
Bools = NDArray[np.bool_]
Keys = NDArray[Any]
Mask = Callable[[Codes], Bools]

MAX_DRAWS = 1 << 18  # random points tried before a mask counts as empty
_BATCH = 1 << 12
_INT_KEYS = 2**62  # spaces up to this size have integer keys


@final
class Sites:
    """``L`` sites with ``counts[i]`` levels each, and which points of them are feasible.

    Args:
        counts: Number of levels of each site.
        allowed: Per site the levels that may occur, ``counts[i]`` booleans; all by default.
        mask: From ``S x L`` codes to ``S`` booleans: which points are feasible.
        pool: ``N x L`` codes: the only points that may be proposed; duplicates are merged.

    Raises:
        SpaceError: There is no site, a site has no level, or the pool is not made of codes.
        InfeasibleSpaceError: A site has no allowed level, or no point of the pool is feasible.
    """

    def __init__(
        self,
        counts: Sequence[int],
        *,
        allowed: Sequence[Bools] | None = None,
        mask: Mask | None = None,
        pool: Codes | None = None,
    ) -> None:
        self.counts = tuple(int(count) for count in counts)
        if not self.counts or min(self.counts) < 1:
            raise SpaceError(f"expected at least one site, each with a level, got {self.counts}")
        everything = [np.ones(count, dtype=bool) for count in self.counts]
        self.allowed = everything if allowed is None else self._checked(allowed)
        for i, levels in enumerate(self.allowed):
            if not levels.any():
                raise InfeasibleSpaceError(
                    f"site {i} has no allowed level", hint="allow at least one level per site"
                )
        self.mask = mask
        self.pool = None if pool is None else self._pool_of(pool)

    def _checked(self, allowed: Sequence[Bools]) -> list[Bools]:
        lists = [np.asarray(levels, dtype=bool) for levels in allowed]
        if [levels.shape for levels in lists] != [(count,) for count in self.counts]:
            raise ShapeError(
                f"allowed: expected one list per site, of {self.counts} levels,"
                f" got shapes {[levels.shape for levels in lists]}"
            )
        return lists

    def _pool_of(self, pool: Codes) -> Codes:
        pool = self.check(pool)
        _, first = np.unique(self.keys(pool), return_index=True)
        pool = pool[np.sort(first)]
        pool = pool[self._allows(pool)]
        if not len(pool):
            raise InfeasibleSpaceError("no point of the pool is feasible")
        return pool

    @property
    def length(self) -> int:
        """Number of sites."""
        return len(self.counts)

    @cached_property
    def size(self) -> int:
        """Number of points, as far as allow lists and a pool tell; a mask may leave fewer."""
        if self.pool is not None:
            return len(self.pool)
        return prod(int(levels.sum()) for levels in self.allowed)

    @cached_property
    def unrestricted(self) -> bool:
        """Whether allow lists alone decide what is feasible."""
        return self.mask is None and self.pool is None

    def check(self, X: Any) -> Codes:
        """Return ``X`` as ``S x L`` codes.

        Raises:
            ShapeError: It is not ``S x L``.
            ParameterError: A code is not a level of its site.
        """
        codes = np.asarray(X)
        if codes.ndim != 2 or codes.shape[1] != self.length:
            raise ShapeError(f"expected codes of shape (S, {self.length}), got {codes.shape}")
        whole = codes.astype(np.intp)
        wrong = (whole != codes) | (whole < 0) | (whole >= np.array(self.counts))
        if wrong.any():
            row, site = np.argwhere(wrong)[0]
            raise ParameterError(
                f"{codes[row, site]!s} is not a level of site {site},"
                f" which has {self.counts[site]} (point {row})"
            )
        return whole

    def feasible(self, X: Codes) -> Bools:
        """Which of ``S x L`` points are feasible."""
        ok = self._allows(X)
        if self.pool is not None:
            ok &= contains(self._pool_keys, self.keys(X))
        return ok

    def _allows(self, X: Codes) -> Bools:
        ok = np.ones(len(X), dtype=bool)
        for i in self._restricted:
            ok &= self.allowed[i][X[:, i]]
        if self.mask is not None and ok.any():
            ok[ok] = np.asarray(self.mask(X[ok]), dtype=bool)
        return ok

    def alternatives(self, X: Codes, i: int) -> Bools:
        """Which levels player ``i`` may choose against the others' choices; ``S x counts[i]``."""
        if self.unrestricted:
            return np.broadcast_to(self.allowed[i], (len(X), self.counts[i]))
        return self.feasible(deviations(X, i, self.counts[i])).reshape(len(X), -1)

    def random(self, n: int, rng: np.random.Generator) -> Codes:
        """Draw ``n`` feasible points, uniformly and independently; ``n x L``.

        Raises:
            InfeasibleSpaceError: A mask let fewer than ``n`` of ``MAX_DRAWS`` points pass.
        """
        draws = max(MAX_DRAWS, 4 * n)
        found = self.some(n, rng, draws=draws)
        if len(found) < n:
            raise InfeasibleSpaceError(
                f"{len(found)} of {draws} random points satisfy the mask, wanted {n}",
                hint="start from known feasible points, or list the feasible ones as a pool",
            )
        return found

    def some(self, n: int, rng: np.random.Generator, *, draws: int) -> Codes:
        """Up to ``n`` uniform feasible points: as many as are among ``draws`` random ones."""
        if self.pool is not None:
            return self.pool[rng.integers(len(self.pool), size=n)]
        if self.mask is None:
            return self._draw(n, rng)
        found = [np.empty((0, self.length), dtype=np.intp)]
        have = 0
        for start in range(0, draws, _BATCH):
            X = self._draw(min(_BATCH, draws - start), rng)
            found.append(X[self.feasible(X)])
            have += len(found[-1])
            if have >= n:
                break
        return np.concatenate(found)[:n]

    def all(self) -> Codes:
        """All feasible points, in lexicographic order; meant for ``size`` up to a million or so."""
        if self.pool is not None:
            return self.pool
        levels = [np.flatnonzero(ok) for ok in self.allowed]
        X = np.stack(np.meshgrid(*levels, indexing="ij"), axis=-1).reshape(-1, self.length)
        return X[self.feasible(X)]

    def _draw(self, n: int, rng: np.random.Generator) -> Codes:
        columns = [rng.choice(np.flatnonzero(levels), size=n) for levels in self.allowed]
        return np.stack(columns, axis=1).astype(np.intp)

    def keys(self, X: Codes) -> Keys:
        """``S`` sortable keys, equal where points are equal: integers, or bytes in large spaces."""
        if prod(self.counts) < _INT_KEYS:
            return np.asarray(X @ self._radix)
        # Digits 1 .. 255: a fixed-width byte string ends at its last byte that is not zero.
        wide = max(self.counts) > 255
        digits = np.concatenate([X // 255 + 1, X % 255 + 1], axis=1) if wide else X + 1
        return np.ascontiguousarray(digits.astype(np.uint8)).view(f"S{digits.shape[1]}")[:, 0]

    def with_mask(self, mask: Mask) -> Self:
        """The same sites, where ``mask`` must hold as well; it is asked first."""
        old = self.mask

        def both(X: Codes) -> Bools:
            ok = np.asarray(mask(X), dtype=bool)
            if old is not None and ok.any():
                ok[ok] = np.asarray(old(X[ok]), dtype=bool)
            return ok

        return type(self)(self.counts, allowed=self.allowed, mask=both, pool=self.pool)

    @cached_property
    def _restricted(self) -> list[int]:
        """Sites some of whose levels may not occur."""
        return [i for i, levels in enumerate(self.allowed) if not levels.all()]

    @cached_property
    def _radix(self) -> NDArray[np.int64]:
        return np.cumprod((1, *self.counts[:0:-1]), dtype=np.int64)[::-1].copy()

    @cached_property
    def _pool_keys(self) -> Keys:
        assert self.pool is not None
        return np.sort(self.keys(self.pool))


def deviations(X: Codes, i: int, count: int) -> Codes:
    """Each of ``S x L`` points with each of ``count`` levels at site ``i``; ``S*count x L``."""
    changed = np.repeat(X, count, axis=0)
    changed[:, i] = np.tile(np.arange(count), len(X))
    return changed


def replaced(X: Codes, i: int, levels: Codes) -> Codes:
    """``S x L`` points with these ``S`` levels at site ``i``."""
    changed = X.copy()
    changed[:, i] = levels
    return changed


def contains(ordered: Keys, keys: Keys) -> Bools:
    """Which ``keys`` are among the sorted keys ``ordered``."""
    if not len(ordered):
        return np.zeros(len(keys), dtype=bool)
    places = np.minimum(np.searchsorted(ordered, keys), len(ordered) - 1)
    return np.asarray(ordered[places] == keys)
