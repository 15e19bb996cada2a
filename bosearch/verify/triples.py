r"""Prove that a function of triples of points is nowhere positive, from sums of squares.

Of points ``0, x, y``: ``u, v, w`` are ``2 pi`` times the squared distances ``|x|^2``, ``|y|^2``,
``|x - y|^2``. *Near* triples have all three in ``[rho, outer]``; *far* triples have
``u, v`` there and ``w >= outer``. Coordinates: ``u`` and ``v``, and near also ``w``, are
``(rho + outer)/2 + (outer - rho)/2 x`` for ``x`` in ``[-1, 1]``; far triples have
``w = u + v + outer (1 + 3z)/2``. There too ``-1 <= z <= 1``, for the inner product
``t = (u + v - w)/2 = -outer (1 + 3z)/4`` is at least ``-sqrt(uv) >= -outer``, and at most
``(u + v - outer)/2 <= outer/2``. So either kind lies in a cube.

*Letters* are polynomials that are nonnegative on such triples. With ``1 - x^2``, ``1 - y^2``,
``1 - z^2`` as ``a, b, c``: near ``s1 = a + b + c``, ``s2 = ab + bc + ca``, ``s3 = abc``;
far ``q1 = a + b``, ``q2 = ab``, ``l = (w - outer)/unit``; on both, the Gram determinant
``G = (4uv - (u + v - w)^2) / (4 unit^2)``. A *word* is a product of letters, and each
has sums of squares ``sigma`` of its own: see ``bosearch.verify.squares``. Their
``half_degree`` ``h`` is the largest for which ``word * sigma`` has degree at most ``2d``, or any
lower one that the certificate states. If

    e = function + sum over words (word * sigma) <= 0    on the whole cube,

then the function is ``<= 0`` on all triples of that kind. The function has degree at most
``2d`` in ``u, v, w``, as every ``word * sigma`` has. So has ``e`` in each coordinate, and its
values at ``2d + 1`` nodes per coordinate bound it: see ``bosearch.verify.cube``. Everything is
invariant when coordinates are permuted, near by all of S_3, far by the exchange of ``x`` and
``y``; one node of each orbit is enough.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from math import prod
from typing import Any, NamedTuple

from flint import arb, ctx, fmpq

from bosearch.errors import CertificateError
from bosearch.verify.cube import Cube, Node
from bosearch.verify.gram import Gram
from bosearch.verify.reading import Section, as_list
from bosearch.verify.squares import PARTS, Products

LETTERS = {
    "near": {"s1": 2, "s2": 4, "s3": 6, "G": 2},  # degrees in u, v, w
    "far": {"q1": 2, "q2": 4, "l": 1, "G": 2},
}
MAX_WORDS = 64
_BITS = 128


class Shell(NamedTuple):
    """Where triples lie, and the unit in which their squared distances are measured."""

    rho: fmpq
    outer: fmpq
    unit: fmpq

    def squares(self, kind: str, x: arb, y: arb, z: arb) -> tuple[arb, arb, arb]:
        """``u, v, w`` of coordinates."""
        middle, half = (self.rho + self.outer) / 2, (self.outer - self.rho) / 2
        u, v = middle + half * x, middle + half * y
        return u, v, middle + half * z if kind == "near" else u + v + self.outer * (1 + 3 * z) / 2

    def letters(self, kind: str, x: arb, y: arb, z: arb) -> dict[str, arb]:
        """The base polynomials."""
        u, v, w = self.squares(kind, x, y, z)
        a, b, c = 1 - x * x, 1 - y * y, 1 - z * z
        gram = (4 * u * v - (u + v - w) * (u + v - w)) / (4 * self.unit**2)
        if kind == "near":
            return {"s1": a + b + c, "s2": a * b + b * c + c * a, "s3": a * b * c, "G": gram}
        return {"q1": a + b, "q2": a * b, "l": (w - self.outer) / self.unit, "G": gram}


class Multiplied(NamedTuple):
    """One word with its psd matrices, by part."""

    word: tuple[str, ...]
    grams: dict[str, Gram]


def read_words(value: Any, kind: str, d: int) -> list[Multiplied]:
    """Read ``[{"word": ["s1"], "half_degree": 2, "grams": {"trivial": ...}}, ...]``.

    Without a half-degree it is the largest that ``d`` admits.

    Raises:
        CertificateError: It is something else, a half-degree is larger, or a matrix has not the
            size that its half-degree gives.
    """
    made: list[Multiplied] = []
    for i, item in enumerate(as_list(value, kind, 0, MAX_WORDS)):
        where = f"{kind} {i}"
        section = Section(item, where, ("word", "grams"), optional=("half_degree",))
        word = tuple(section.items("word", 0, 2 * d))
        if not all(isinstance(letter, str) and letter in LETTERS[kind] for letter in word):
            raise CertificateError(f"{where}: a word consists of {', '.join(LETTERS[kind])}")
        if sorted(word) in [sorted(other.word) for other in made]:
            raise CertificateError(f"{where}: the word is repeated")
        room = 2 * d - sum(LETTERS[kind][letter] for letter in word)
        if room < 0:
            raise CertificateError(f"{where}: the word has a degree above {2 * d}")
        h = room // 2
        if "half_degree" in section.value:
            h = section.integer("half_degree", 0, h)
        sizes = {name: len(part.labels(h)) for name, part in PARTS[kind].items()}
        sizes = {name: size for name, size in sizes.items() if size}
        grams = Section(section.value["grams"], f"{where}: grams", sizes).value
        made.append(
            Multiplied(
                word, {name: Gram(grams[name], f"{where} {name}", sizes[name]) for name in sizes}
            )
        )
    return made


def prove_nowhere_positive(
    kind: str,
    shell: Shell,
    d: int,
    words: Sequence[Multiplied],
    function: Callable[[Cube], Callable[[Node], arb]],
) -> None:
    """Prove that a function is ``<= 0`` on all triples of a kind.

    Args:
        kind: "near" or "far".
        shell: Where they are.
        d: Half its degree in ``u, v, w``.
        words: With matrices.
        function: Of a cube, returns its value at a node of the cube.

    Raises:
        CertificateError: It is not proved.
    """
    with ctx.workprec(_BITS):
        cube = Cube(2 * d + 1)
        at_node, products = function(cube), Products(cube, d)
        balls = {
            name: [(m.word, m.grams[name].balls()) for m in words if name in m.grams]
            for name in PARTS[kind]
        }
        values: dict[Node, arb] = {}
        for k in range(cube.count):  # nodes with one third coordinate at a time, to save memory
            nodes = [
                (i, j, k)
                for i in range(cube.count)
                for j in range(i + 1)
                if kind == "far" or j >= k
            ]
            letters = [shell.letters(kind, *map(cube.point, node)) for node in nodes]
            totals = [at_node(node) for node in nodes]
            for name, part in PARTS[kind].items():
                tables = part.tables(products, nodes, part.labels(d))
                for word, Y in balls[name]:
                    sums = part.sums(tables, Y)
                    for n, value in enumerate(sums):
                        totals[n] += prod((letters[n][x] for x in word), start=value)
            values.update(zip(nodes, totals, strict=True))
        bound = cube.upper_bound(_unfolded(kind, cube.count, values))
    if not bound <= 0:
        raise CertificateError(
            f"the condition on {kind} triples is not proved: a bound is {bound.str(5)}"
        )
    for multiplied in words:
        for gram in multiplied.grams.values():
            gram.prove_positive_definite()


def _unfolded(kind: str, count: int, values: Mapping[Node, arb]) -> dict[Node, arb]:
    """The values at all nodes from those at one of each orbit."""
    made = {}
    for i, j, k in product(range(count), repeat=3):
        if kind == "near":
            i_, j_, k_ = sorted((i, j, k), reverse=True)
            made[i, j, k] = values[i_, j_, k_]
        else:
            made[i, j, k] = values[max(i, j), min(i, j), k]
    return made
