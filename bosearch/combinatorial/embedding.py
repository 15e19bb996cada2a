"""Features of whole sequences, from a function that may be slow: a language model, say.

Every sequence is embedded once in the life of the object. Raw embeddings of a thousand
coordinates serve a Gaussian process badly: what it sees is their principal components,
of the sequences that were measured.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, final

import numpy as np

from bosearch.combinatorial.payoff import Array
from bosearch.combinatorial.space import Codes, Sites
from bosearch.errors import ShapeError


@final
class WholeEmbedding:
    """A function of sequences with a memory.

    Args:
        function: From ``m`` sequences to ``m x p`` features.
        decode: From ``S x L`` codes to ``S`` sequences.
        sites: Where the codes live.
        remembered: Sequences kept; the least recently used ones go first.
    """

    def __init__(
        self,
        function: Callable[[Sequence[Any]], Any],
        decode: Callable[[Codes], Sequence[Any]],
        sites: Sites,
        *,
        remembered: int = 1_000_000,
    ) -> None:
        self._function, self._decode, self._sites = function, decode, sites
        self._remembered = remembered
        self._memory: OrderedDict[Any, Array] = OrderedDict()
        self.calls = 0  # sequences given to the function

    def __call__(self, X: Codes) -> Array:
        """``S x p`` features of ``S x L`` codes.

        Raises:
            ShapeError: The function did not return one finite row per sequence.
        """
        keys = self._sites.keys(X).tolist()
        first: dict[Any, int] = {}
        for row, key in enumerate(keys):
            first.setdefault(key, row)
        new = [row for key, row in first.items() if key not in self._memory]
        found = {key: self._memory[key] for key in first if key in self._memory}
        if new:
            table = np.asarray(self._function(self._decode(X[new])), dtype=float)
            self.calls += len(new)
            if table.ndim != 2 or len(table) != len(new) or not np.isfinite(table).all():
                raise ShapeError(
                    f"an embedding must give one finite row per sequence, {len(new)} of them,"
                    f" got shape {table.shape}"
                )
            found |= {keys[row]: features for row, features in zip(new, table, strict=True)}
        for key, features in found.items():
            self._memory[key] = features
            self._memory.move_to_end(key)
        while len(self._memory) > self._remembered:
            self._memory.popitem(last=False)
        return np.stack([found[key] for key in keys])


@final
class PrincipalComponents:
    """The directions in which features of measured sequences vary most, scaled to [0, 1].

    Args:
        features: ``n x p`` features of the measured sequences.
        most: Components kept at most.
    """

    def __init__(self, features: Array, *, most: int = 16) -> None:
        self._centre = features.mean(axis=0)
        _, spread, directions = np.linalg.svd(features - self._centre, full_matrices=False)
        kept = spread > 1e-9 * max(float(spread[0]), 1e-300)
        self._directions = directions[kept][:most].T  # p x k
        scores = (features - self._centre) @ self._directions
        self._low = scores.min(axis=0)
        self._width = np.maximum(np.ptp(scores, axis=0), 1e-12)

    def __call__(self, features: Array) -> Array:
        """``S x k`` components; in [0, 1] for what was measured, perhaps outside for others."""
        scaled: Array = ((features - self._centre) @ self._directions - self._low) / self._width
        return scaled
