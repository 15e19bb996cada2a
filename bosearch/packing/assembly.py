"""Which pieces a three-point bound is built of: multipliers, degrees of squares, kernels.

Conditions on three points of a packing must hold on a domain, and sums of squares prove
them there with multipliers that are nonnegative on it. A *word* is a product of base
polynomials, written as a sorted tuple of their names; the empty word is the constant 1.
Words of one letter are those of Cohn, de Laat and Salmon (2022); longer ones are those of
Schmüdgen. Each adds psd blocks and can only improve the bound; so does every kernel.

Beside a word stand squares of polynomials, whose degree is the *half-degree* of its blocks.
It is the largest that fits, ``(2d - degree of the word) // 2``, unless it is lowered: the
blocks are smaller then, and the bound is no better.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self, final

from bosearch.errors import SdpError

Word = tuple[str, ...]

Which = Literal["near", "far"]  # all three distances up to R, or the third is longer

# Degrees of the base polynomials in squared distances; ``bosearch.packing.triples`` has them.
LETTERS: Mapping[Which, Mapping[str, int]] = {
    "near": {"s1": 2, "s2": 4, "s3": 6, "G": 2},
    "far": {"q1": 2, "q2": 4, "l": 1, "G": 2},
}


@final
@dataclass(frozen=True, kw_only=True)
class Assembly:
    """The pieces of one bound, as tuples in a canonical order: equal ones compare equal.

    Args:
        near: Multipliers on triples with all three distances up to ``R``.
        far: Multipliers on triples whose third distance is longer.
        kernels: Size of the psd matrix ``F_k`` for ``k = 0, 1, ...``; zero leaves it out.
        lowered: ``(which, word, n)`` for each word whose half-degree is ``n`` below the largest.

    Raises:
        SdpError: A letter is unknown, a word comes twice, the empty word is missing, a size
            is negative, or what is lowered is no word of these or not by an integer from 0.
    """

    near: Sequence[Word]
    far: Sequence[Word]
    kernels: Sequence[int]
    lowered: Sequence[tuple[Which, Word, int]] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "near", _canonical("near", self.near))
        object.__setattr__(self, "far", _canonical("far", self.far))
        object.__setattr__(self, "lowered", self._canonical_lowered())
        sizes = tuple(self.kernels)
        if any(isinstance(n, bool) or not isinstance(n, int) or n < 0 for n in sizes):
            raise SdpError(f"kernels must be integers from 0, got {sizes}")
        while sizes and not sizes[-1]:
            sizes = sizes[:-1]
        object.__setattr__(self, "kernels", sizes)

    @classmethod
    def standard(cls, d: int) -> Self:
        """All words of at most one letter and all kernels that degree ``2d`` admits.

        Raises:
            SdpError: ``d`` is no positive integer.
        """
        if isinstance(d, bool) or not isinstance(d, int) or d < 1:
            raise SdpError(f"d must be an integer from 1, got {d!r}")
        return cls(
            near=_short("near", 2 * d),
            far=_short("far", 2 * d),
            kernels=tuple(largest_kernel(d, k) for k in range(2 * d + 1)),
        )

    def words(self, which: Which) -> Sequence[Word]:
        """The multipliers on one kind of triples."""
        return self.near if which == "near" else self.far

    def half_degree(self, which: Which, word: Word, d: int) -> int:
        """The degree of the polynomials whose squares stand beside a word."""
        below = next((n for kind, w, n in self.lowered if (kind, w) == (which, word)), 0)
        return largest_half_degree(which, word, d) - below

    def check(self, d: int) -> None:
        """Refuse what does not fit into degree ``2d``.

        Raises:
            SdpError: A word or a kernel has a higher degree, or a half-degree is negative.
        """
        for which in LETTERS:
            for word in self.words(which):
                if degree(which, word) > 2 * d:
                    raise SdpError(
                        f"the {which} word {spelled(word)} has degree {degree(which, word)}, but"
                        f" d = {d} admits {2 * d}",
                        hint="leave the word out, or raise d",
                    )
                if self.half_degree(which, word, d) < 0:
                    raise SdpError(
                        f"the half-degree of the {which} word {spelled(word)} is at most"
                        f" {largest_half_degree(which, word, d)} for d = {d}, and lowered below 0",
                        hint="leave the word out, or lower it less",
                    )
        for k, size in enumerate(self.kernels):
            if size > largest_kernel(d, k):
                raise SdpError(
                    f"kernel {k} has size {size}, but d = {d} admits {largest_kernel(d, k)}"
                )

    def to_dict(self) -> dict[str, Any]:
        """Write it as JSON data."""
        return {
            "near": [list(word) for word in self.near],
            "far": [list(word) for word in self.far],
            "kernels": list(self.kernels),
            "lowered": [[which, list(word), n] for which, word, n in self.lowered],
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        """Read what ``to_dict`` wrote; without ``lowered``, nothing is.

        Raises:
            SdpError: The document is something else.
        """
        try:
            near, far = (tuple(map(tuple, document[which])) for which in ("near", "far"))
            kernels = tuple(document["kernels"])
            lowered = tuple(
                (which, tuple(word), n) for which, word, n in document.get("lowered", ())
            )
        except (KeyError, TypeError, ValueError) as error:
            raise SdpError(f"this is no assembly of a bound: {error!r}") from error
        return cls(near=near, far=far, kernels=kernels, lowered=lowered)

    def _canonical_lowered(self) -> tuple[tuple[Which, Word, int], ...]:
        """In the order of the words, without those that are lowered by 0."""
        by_piece: dict[tuple[Which, Word], int] = {}
        for which, given, n in self.lowered:
            word = tuple(sorted(given, key=str))
            if which not in tuple(LETTERS) or word not in self.words(which):
                raise SdpError(f"what is lowered must be a word, got {which!r} {spelled(word)}")
            if (which, word) in by_piece:
                raise SdpError(f"the {which} word {spelled(word)} is lowered twice")
            if isinstance(n, bool) or not isinstance(n, int) or n < 0:
                raise SdpError(
                    f"the {which} word {spelled(word)} must be lowered by an integer from 0,"
                    f" got {n!r}"
                )
            by_piece[which, word] = n
        return tuple(
            (which, word, by_piece[which, word])
            for which in LETTERS
            for word in self.words(which)
            if by_piece.get((which, word))
        )


def degree(which: Which, word: Word) -> int:
    """Return the degree of a word in squared distances."""
    return sum(LETTERS[which][letter] for letter in word)


def largest_half_degree(which: Which, word: Word, d: int) -> int:
    """Return the degree of the polynomials whose squares times the word reach ``2d``."""
    return (2 * d - degree(which, word)) // 2


def spelled(word: Word) -> str:
    """Write a word as a product."""
    return "*".join(word) or "1"


def largest_kernel(d: int, k: int) -> int:
    """Return the size of ``F_k`` at which its kernel reaches degree ``2d``."""
    return max(0, (2 * d - k) // 2 + 1)


def _short(which: Which, most: int) -> tuple[Word, ...]:
    """Words of at most one letter and a limited degree."""
    words: list[Word] = [(), *((letter,) for letter in LETTERS[which])]
    return tuple(word for word in words if degree(which, word) <= most)


def _canonical(which: Which, words: Iterable[Word]) -> tuple[Word, ...]:
    made = []
    for given in words:
        if isinstance(given, str):
            raise SdpError(
                f"a word must be a tuple of letters, got {given!r}", hint=f"({given!r},)"
            )
        for letter in given:
            if letter not in LETTERS[which]:
                raise SdpError(
                    f"unknown letter {letter!r} in a {which} word:"
                    f" expected one of {', '.join(LETTERS[which])}"
                )
        word = tuple(sorted(given))
        if word in made:
            raise SdpError(f"the {which} word {spelled(word)} is given twice")
        made.append(word)
    if () not in made:
        raise SdpError(
            f"the {which} words lack the empty word: without it most conditions have no proof",
            hint="add ()",
        )
    return tuple(sorted(made, key=lambda word: (len(word), word)))
