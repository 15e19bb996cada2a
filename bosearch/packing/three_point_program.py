r"""The truncated three-point bound as a semidefinite program.

Cohn, de Laat and Salmon (2022), theorem 1.1. Let ``0 < r < R``, ``f2`` a function on space
with ``f2^ >= 0`` and ``f2^(0) = 1``, and ``f3`` a positive definite kernel that is zero
beyond the ball of radius ``R``. If

- (ii) ``f2(x) <= 0`` for ``|x| >= R``,
- (iii) ``f2(x) + f3(x, x) + 2 f3(x, 0) <= 0`` for ``r <= |x| <= R``,
- (iv) ``f3(x, y) + f3(-x, y-x) + f3(x-y, -y) <= 0`` where all distances of ``0, x, y`` lie
  in ``[r, R]``,
- (v) ``f3(x, y) <= 0`` for ``|x|, |y|`` in ``[r, R]`` and ``|x - y| >= R``,

then no packing of balls of diameter ``r`` is denser than ``vol(B_(r/2)) (f2(0) + f3(0, 0))``.

``f2`` and (ii) are those of ``TwoPointProgram`` with ``R`` for ``r``. Each of the others is an
identity with a sum of squares, enforced at as many samples as there are polynomials of
degree ``2d`` of its symmetry: see ``bosearch.packing.triples``. In (iii) a Gaussian meets
polynomials; it holds at Chebyshev nodes, and up to their tiny interpolation error elsewhere.
A ``slack`` asks for that much less than zero in (iii), (iv) and (v): room for that error and
for those of the solver, in which a proof can be found.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import cos, pi
from typing import Any, final

from flint import arb, arb_mat, ctx, fmpq, fmpq_mat

from bosearch.errors import SdpError
from bosearch.packing.assembly import LETTERS, Assembly, Which, Word, spelled
from bosearch.packing.invariants import chebyshev
from bosearch.packing.kernels import Kernels
from bosearch.packing.samples import dyadic, fekete
from bosearch.packing.triples import Shell, Triple, length, multiplier, parts, squares
from bosearch.packing.two_point_program import MAX_DIM, TwoPointProgram, check_size
from bosearch.sdp.problem import Sampled, SdpProblem, Term

MAX_D = 16
PAIR_NODES = 37
_BITS = 512  # of balls
_NODE_BITS = 24  # of the Chebyshev nodes of (iii), after the point


@final
@dataclass(frozen=True)
class ThreePointProgram:
    """One bound.

    Args:
        dim: Of the space, 2 to 64.
        d: Half the degree of ``f3`` in squared distances, 1 to 16.
        d2: ``f2`` has degree ``2 d2 + 1`` in ``|x|^2``, times a Gaussian.
        rho: ``2 pi r^2``, a short rational.
        outer: ``2 pi R^2``, likewise.
        construction: Multipliers, degrees of the squares beside them, and kernels.
        pair_nodes: Of (iii): odd, more than ``2d``.
        slack: Of (iii), (iv) and (v), not negative; functions are of size one.

    Raises:
        SdpError: One of them is out of range.
    """

    dim: int
    d: int
    d2: int
    rho: fmpq
    outer: fmpq
    construction: Assembly
    pair_nodes: int = PAIR_NODES
    slack: fmpq = field(default_factory=fmpq)  # zero

    def __post_init__(self) -> None:
        _check_integer("dim", self.dim, 2, MAX_DIM)
        _check_integer("d", self.d, 1, MAX_D)
        _check_integer("d2", self.d2, 1, 100)
        check_size(self.dim, 2 * self.d2 + 1)
        if not 0 < self.rho < self.outer:
            raise SdpError(
                f"expected 0 < r < R, got 2 pi r^2 = {float(self.rho):g}"
                f" and 2 pi R^2 = {float(self.outer):g}",
                hint="with R = r there are no triples to see: that is the two-point bound",
            )
        _check_integer("pair_nodes", self.pair_nodes, 2 * self.d + 1, 999)
        if self.pair_nodes % 2 == 0:
            raise SdpError(f"pair_nodes must be odd, got {self.pair_nodes}")
        if self.slack < 0:
            raise SdpError(f"slack must not be negative, got {self.slack}")
        self.construction.check(self.d)

    @property
    def two_point(self) -> TwoPointProgram:
        """The program of ``f2``."""
        return TwoPointProgram(self.dim, 2 * self.d2 + 1, self.outer)

    @property
    def shell(self) -> Shell:
        """The domain of triples."""
        return Shell(self.rho, self.outer)

    @property
    def kernels(self) -> Kernels:
        """The family of which ``f3`` is a combination."""
        return Kernels(self.dim, self.shell.extent)

    def problem(self) -> SdpProblem:
        """State the program; its cost is ``f2(0) + f3(0, 0)``."""
        base = self.two_point.problem()
        made = _Rows(base)
        self._add_pairs(made)
        cost = []
        if self.construction.kernels:
            for which in LETTERS:
                self._add_triples(made, which)
            origin = self.kernels.radial(fmpq(0), self.construction.kernels[0])
            if origin:
                cost.append(Sampled("F0", fmpq_mat([origin]), [1]))
        missing = len(made.rows) - len(made.free)
        free = arb_mat(made.free + [[arb(0)] * len(base.free)] * missing)
        return SdpProblem(
            blocks=made.blocks,
            rows=made.rows,
            rhs=made.rhs + [-self.slack] * missing,
            terms=made.terms,
            free=base.free,
            free_matrix=free,
            cost_free=base.cost_free,
            cost_blocks=cost,
            constant=base.constant,
        )

    def _add_pairs(self, made: "_Rows") -> None:
        """Condition (iii): ``f2 + f3(x, x) + 2 f3(x, 0) + alpha0 + (1 - x^2) alpha1 = -slack``."""
        count = self.pair_nodes
        nodes = [dyadic(cos((2 * i + 1) * pi / (2 * count)), _NODE_BITS) for i in range(count)]
        lengths = [length(x, self.rho, self.outer) for x in nodes]
        rows = made.new(f"pair {i}" for i in range(count))
        f2 = self.two_point
        with ctx.workprec(_BITS):
            for u in lengths:
                constant, *columns = _pair_function(f2, u)
                made.free.append(columns)
                made.rhs.append(-constant - self.slack)
        basis = [chebyshev(x, count // 2 + 1) for x in nodes]
        made.add("alpha0", basis, [fmpq(1)] * count, rows)
        made.add("alpha1", [v[:-1] for v in basis], [1 - x * x for x in nodes], rows)
        self._add_pair_kernels(made, lengths, rows)

    def _add_pair_kernels(
        self, made: "_Rows", lengths: Sequence[fmpq], rows: Sequence[int]
    ) -> None:
        """``f3(x, x) + 2 f3(x, 0)``; the latter vanishes for ``k > 0``."""
        for k, size in enumerate(self.construction.kernels):
            if not size:
                continue
            vectors = [self.kernels.radial(u, size) for u in lengths]
            weights = [(u / self.shell.extent) ** k for u in lengths]
            if k == 0:  # m m^T + m m(0)^T + m(0) m^T is a difference of two squares
                origin = self.kernels.radial(fmpq(0), size)
                vectors = [[a + b for a, b in zip(v, origin, strict=True)] for v in vectors]
                made.add("F0", [origin] * len(rows), [fmpq(-1)] * len(rows), rows)
            made.add(f"F{k}", vectors, weights, rows)

    def _add_triples(self, made: "_Rows", which: Which) -> None:
        """Condition (iv) or (v): kernels plus a sum of squares for each word is ``-slack``."""
        samples = fekete(self.shell, which, 2 * self.d)
        rows = made.new(f"{which} {i}" for i in range(len(samples)))
        self._add_kernels(made, which, samples, rows)
        letters = [self.shell.letters(which, sample) for sample in samples]
        tables = [[chebyshev(x, self.d + 1) for x in sample] for sample in samples]
        for part in parts(which, self.d):
            values = [[part.values(T, label) for label in part.labels] for T in tables]
            # one vector for each sample and row of the representation
            vectors = [[p[i] for p in v] for v in values for i in range(len(part.factors))]
            repeated = [row for row in rows for _ in part.factors]
            for word in self.construction.words(which):
                size = part.size(self.construction.half_degree(which, word, self.d))
                if size:
                    at = [multiplier(point, word) for point in letters]
                    weights = [value * factor for value in at for factor in part.factors]
                    name = block_name(which, word, part.name)
                    made.add(name, [v[:size] for v in vectors], weights, repeated)

    def _add_kernels(
        self, made: "_Rows", which: Which, samples: Sequence[Triple], rows: Sequence[int]
    ) -> None:
        parted = []
        for sample in samples:
            u, v, w = squares(which, sample, self.rho, self.outer)
            # Of near triples, each of the three points is at the centre in turn.
            places = [(u, v, w), (u, w, v), (w, v, u)] if which == "near" else [(u, v, w)]
            parted.append(self.kernels.split(places, self.construction.kernels))
        for k, size in enumerate(self.construction.kernels):
            if size:
                vectors = [v for split in parted for v in split[k][0]]
                weights = [w for split in parted for w in split[k][1]]
                repeated = [
                    row for row, split in zip(rows, parted, strict=True) for _ in split[k][1]
                ]
                made.add(f"F{k}", vectors, weights, repeated)


def _pair_function(f2: TwoPointProgram, u: fmpq) -> list[arb]:
    """``f2`` at ``u``: its constant, and the factors of the free variables."""
    D, phi = f2.degree, f2.eigenbasis
    gauss = (-arb(u) / 2).exp()
    values = [gauss * arb(p(u)) * (-1) ** k for k, p in enumerate(phi)]
    origin = [p(fmpq(0)) for p in phi]
    # f2^(0) = 1 gives the last coefficient, as in the two-point program
    return [values[0]] + [values[k] - values[D] * arb(origin[k] / origin[D]) for k in range(D)]


def block_name(which: Which, word: Word, representation: str) -> str:
    """Name the block of one word and one representation."""
    return f"{which} {spelled(word)} {representation}"


class _Rows:
    """A program under construction."""

    def __init__(self, base: SdpProblem) -> None:
        self.blocks = dict(base.blocks)
        self.rows = list(base.rows)
        self.rhs: list[Any] = list(base.rhs)
        self.free: list[list[Any]] = base.free_matrix.tolist()
        self.terms: list[Term] = list(base.terms)

    def new(self, names: Iterable[str]) -> list[int]:
        """Append rows; return their positions."""
        first = len(self.rows)
        self.rows.extend(names)
        return list(range(first, len(self.rows)))

    def add(
        self,
        block: str,
        vectors: Sequence[Sequence[fmpq]],
        weights: Sequence[fmpq],
        rows: Sequence[int],
    ) -> None:
        """Add samples of a block."""
        self.blocks.setdefault(block, len(vectors[0]))
        self.terms.append(Sampled(block, fmpq_mat([*map(list, vectors)]), weights, rows))


def _check_integer(name: str, value: object, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise SdpError(f"{name} must be an integer from {low} to {high}, got {value!r}")
