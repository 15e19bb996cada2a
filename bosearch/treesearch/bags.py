"""Words as bags of tokens, and how similar two bags are.

Sources: Ralaivola et al. (2005), "Graph kernels for chemical informatics"; that
the kernel stays positive definite for counts is shown by Tripp et al. (2023),
"Tanimoto Random Features for Scalable Molecular Machine Learning".
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from bosearch.space.grammar import Token
from bosearch.treesearch.rules import Array

Words = Sequence[Sequence[Token]]


@final
@dataclass(frozen=True)
class Vocabulary:
    """The tokens of the words that were measured, each with a column."""

    columns: dict[Token, int]

    @classmethod
    def of(cls, words: Words) -> "Vocabulary":
        """All tokens that occur, in alphabetical order."""
        tokens = sorted({token for word in words for token in word})
        return cls({token: i for i, token in enumerate(tokens)})

    def bags(self, words: Words) -> Array:
        """Counts, ``n x (V + 1)``; the last column is the norm of the counts of other tokens.

        Words of the vocabulary have 0 there, so that other tokens add to a bag's
        norm and to no overlap with what was measured.
        """
        bags = np.zeros((len(words), len(self.columns) + 1))
        for row, word in zip(bags, words, strict=True):
            others = 0
            for token, count in Counter(word).items():
                column = self.columns.get(token)
                if column is None:
                    others += count**2
                else:
                    row[column] = count
            row[-1] = math.sqrt(others)
        return bags


def tanimoto(A: Array, B: Array) -> Array:
    r"""Return :math:`a \cdot b / (|a|^2 + |b|^2 - a \cdot b)` for rows of ``n x v`` and ``m x v``.

    Two empty bags are the same: 1.
    """
    inner = A @ B.T  # n x m
    union = (A * A).sum(1)[:, None] + (B * B).sum(1)[None, :] - inner
    similarity: Array = np.divide(inner, union, out=np.ones_like(inner), where=union > 0)
    return similarity
