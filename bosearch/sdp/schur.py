r"""The linear system of a search direction: Schur complement and free variables.

.. math:: \begin{pmatrix} S & B \\ B^T & 0 \end{pmatrix}
          \begin{pmatrix} dx \\ dy \end{pmatrix} = \begin{pmatrix} r \\ s \end{pmatrix}

``S`` is block diagonal over clusters; ``dy`` is eliminated through
``Q = B^T S^-1 B``. Where ``S`` alone is singular and only ``B`` makes the rows
independent, ``tau B B^T`` is added to ``S``, which leaves the solution as it is.
Inverse factors are kept, so that each solve costs products with vectors only.
"""

import math
from collections import Counter
from dataclasses import dataclass
from typing import final

from bosearch.sdp.multifloat import MultiFloat, cholesky_inverse
from bosearch.sdp.program import Program, Vector


class BreakdownError(ArithmeticError):
    """An iteration could not be carried out at the present precision."""


def factor(matrices: MultiFloat, which: str, tally: Counter[str]) -> tuple[MultiFloat, MultiFloat]:
    """Lower factors of a batch, and their inverses.

    Args:
        matrices: ``g x n x n``.
        which: What they are.
        tally: Where the factorization is counted, under ``which``.

    Raises:
        BreakdownError: One of the matrices is not positive definite.
    """
    tally[which] += 1
    lower, inverse, ok = cholesky_inverse(matrices)
    if not bool(ok.all()):
        raise BreakdownError(f"the {which} matrix is not positive definite")
    return lower, inverse


@final
@dataclass(frozen=True, eq=False)
class Kkt:
    """A factored system.

    Args:
        program: Whose free variables these are.
        matrices: ``S`` per family, with its augmentation.
        inverses: Inverses of the factors of ``S``.
        reduced: ``L^-1 B`` per family.
        free_inverse: Inverse of the factor of ``Q``; None without free variables.
        strength: ``tau``; the first equation has ``tau B`` times the second added to it.
    """

    program: Program
    matrices: Vector
    inverses: Vector
    reduced: Vector
    free_inverse: MultiFloat | None
    strength: float

    @classmethod
    def of(cls, program: Program, S: Vector, tally: Counter[str]) -> "Kkt":
        """Factor the system; at most one Cholesky of each ``S`` and one of ``Q``.

        Raises:
            BreakdownError: ``S`` or ``Q`` is numerically singular.
        """
        strength = 0.0
        if program.augmented:
            ratio = _trace(S) / sum(float(B.to_double().square().sum()) for B in program.free)
            strength = 2.0 ** round(math.log2(ratio))
            S = tuple(s + (B @ B.mT) * strength for s, B in zip(S, program.free, strict=True))
        inverses = tuple(factor(s, "schur", tally)[1] for s in S)
        if not len(program.cost_free):
            return cls(program, S, inverses, program.free, None, strength)
        reduced = tuple(m @ B for m, B in zip(inverses, program.free, strict=True))
        Q: MultiFloat | None = None
        for part in reduced:
            flat = part.reshape(-1, part.shape[-1])
            Q = flat.mT @ flat if Q is None else Q + flat.mT @ flat
        assert Q is not None
        _, inverse = factor(Q.unsqueeze(0), "free", tally)
        return cls(program, S, inverses, reduced, inverse[0], strength)

    def solve(self, r: Vector, s: MultiFloat) -> tuple[Vector, MultiFloat]:
        """Return ``dx`` and ``dy``, with one step of iterative refinement."""
        if self.strength:
            added = self.program.free_apply(s)
            r = tuple(a + b * self.strength for a, b in zip(r, added, strict=True))
        dx, dy = self._solve(r, s)
        left = tuple(
            a - _times(S, d) - b
            for a, S, d, b in zip(r, self.matrices, dx, self.program.free_apply(dy), strict=True)
        )
        more, dy_more = self._solve(left, s - self.program.free_adjoint(dx))
        return tuple(a + b for a, b in zip(dx, more, strict=True)), dy + dy_more

    def _solve(self, r: Vector, s: MultiFloat) -> tuple[Vector, MultiFloat]:
        u = tuple(_times(m, part) for m, part in zip(self.inverses, r, strict=True))
        dy = s
        if self.free_inverse is not None:
            seen = -s
            for LB, part in zip(self.reduced, u, strict=True):
                seen = seen + (part.unsqueeze(-2) @ LB).sum(0).sum(0)
            dy = _times(self.free_inverse.mT, _times(self.free_inverse, seen))
            u = tuple(part - _times(LB, dy) for part, LB in zip(u, self.reduced, strict=True))
        return tuple(_times(m.mT, part) for m, part in zip(self.inverses, u, strict=True)), dy


def _times(matrix: MultiFloat, vector: MultiFloat) -> MultiFloat:
    return (matrix @ vector.unsqueeze(-1))[..., 0]


def _trace(matrices: Vector) -> float:
    return sum(float(S.to_double().diagonal(dim1=-2, dim2=-1).sum()) for S in matrices)
