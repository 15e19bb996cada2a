r"""The linear system of a search direction: Schur complement and free variables.

.. math:: \begin{pmatrix} S & B \\ B^T & 0 \end{pmatrix}
          \begin{pmatrix} dx \\ dy \end{pmatrix} = \begin{pmatrix} r \\ s \end{pmatrix}

``S`` is block diagonal over clusters; ``dy`` is eliminated through
``Q = B^T S^-1 B``. Where ``S`` alone is singular and only ``B`` makes the rows
independent, ``tau B B^T`` is added to ``S``, which leaves the solution as it is.
Inverse factors are kept, so that each solve costs products with vectors only.
"""

from collections import Counter
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from bosearch.sdp.iterate import each, norm
from bosearch.sdp.multifloat import MultiFloat, cholesky_inverse
from bosearch.sdp.program import Program, Vector


def factor(
    matrices: MultiFloat, which: str, tally: Counter[str]
) -> tuple[MultiFloat, MultiFloat, Tensor]:
    """Lower factors of a batch, and their inverses; identities where there is none.

    Args:
        matrices: ``N x ... x n x n``.
        which: What they are.
        tally: Where the factorization is counted, under ``which``.

    Returns:
        Factors, inverses, and which of the ``N`` programs have definite matrices only.
    """
    tally[which] += 1
    lower, inverse, ok = cholesky_inverse(matrices)
    return lower, inverse, ok.reshape(len(ok), -1).all(-1)


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
        ok: Which programs have definite ``S`` and ``Q``.
    """

    program: Program
    matrices: Vector
    inverses: Vector
    reduced: Vector
    free_inverse: MultiFloat | None
    strength: Tensor | None
    ok: Tensor

    @classmethod
    def of(cls, program: Program, S: Vector, tally: Counter[str]) -> "Kkt":
        """Factor the system; at most one Cholesky of each ``S`` and one of ``Q``."""
        strength = None
        if program.augmented:
            squares = norm(program.free).square()
            strength = (_trace(S) / squares).log2().round().exp2()
            S = tuple(
                s + (B @ B.mT) * each(strength, s) for s, B in zip(S, program.free, strict=True)
            )
        factored = [factor(s, "schur", tally) for s in S]
        inverses = tuple(inverse for _, inverse, _ in factored)
        ok = torch.stack([ok for _, _, ok in factored]).all(0)
        if not program.variables:
            return cls(program, S, inverses, program.free, None, strength, ok)
        reduced = tuple(m @ B for m, B in zip(inverses, program.free, strict=True))
        Q: MultiFloat | None = None
        for LB in reduced:
            flat = LB.reshape(len(LB), -1, program.variables)
            Q = flat.mT @ flat if Q is None else Q + flat.mT @ flat
        assert Q is not None
        _, inverse, definite = factor(Q, "free", tally)
        return cls(program, S, inverses, reduced, inverse, strength, ok & definite)

    def solve(self, r: Vector, s: MultiFloat) -> tuple[Vector, MultiFloat]:
        """Return ``dx`` and ``dy``, with one step of iterative refinement."""
        r = self._augmented(r, s)
        dx, dy = self._solve(r, s)
        left = tuple(
            a - _times(S, d) - b
            for a, S, d, b in zip(r, self.matrices, dx, self.program.free_apply(dy), strict=True)
        )
        more, dy_more = self._solve(left, s - self.program.free_adjoint(dx))
        return tuple(a + b for a, b in zip(dx, more, strict=True)), dy + dy_more

    def _augmented(self, r: Vector, s: MultiFloat) -> Vector:
        if self.strength is None:
            return r
        added = self.program.free_apply(s)
        return tuple(a + b * each(self.strength, b) for a, b in zip(r, added, strict=True))

    def _solve(self, r: Vector, s: MultiFloat) -> tuple[Vector, MultiFloat]:
        u = tuple(_times(m, part) for m, part in zip(self.inverses, r, strict=True))
        dy = s
        if self.free_inverse is not None:
            seen = -s
            for LB, part in zip(self.reduced, u, strict=True):
                seen = seen + (part.unsqueeze(-2) @ LB).sum(1).sum(1)
            dy = _times(self.free_inverse.mT, _times(self.free_inverse, seen))
            column = dy.unsqueeze(1)
            u = tuple(part - _times(LB, column) for part, LB in zip(u, self.reduced, strict=True))
        return tuple(_times(m.mT, part) for m, part in zip(self.inverses, u, strict=True)), dy


def _times(matrix: MultiFloat, vector: MultiFloat) -> MultiFloat:
    return (matrix @ vector.unsqueeze(-1))[..., 0]


def _trace(matrices: Vector) -> Tensor:
    return torch.stack([S.trace().to_double().sum(-1) for S in matrices]).sum(0)
