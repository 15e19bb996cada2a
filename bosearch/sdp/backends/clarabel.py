"""Clarabel, in double precision: a screen, never a bound.

It is given the dual: minimize ``-c . x`` with ``B^T x = d`` and ``C - A^T(x)`` psd,
in scaled upper triangles. Its own dual variables are then ``y`` and ``Y``.
"""

import math
from importlib.metadata import version
from typing import Any, final

import clarabel
import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from bosearch.sdp.backends.base import Explicit, judged
from bosearch.sdp.iterate import Iterate
from bosearch.sdp.options import Options
from bosearch.sdp.outcome import Accept, Outcome
from bosearch.sdp.prepared import Prepared
from bosearch.sdp.result import Status

_LEAST_GAP = 1e-9  # double precision reaches no further reliably

_STATUS = {
    "Solved": Status.optimal,
    "AlmostSolved": Status.near_optimal,
    "PrimalInfeasible": Status.dual_infeasible,  # Clarabel's primal is our dual
    "AlmostPrimalInfeasible": Status.dual_infeasible,
    "DualInfeasible": Status.primal_infeasible,
    "AlmostDualInfeasible": Status.primal_infeasible,
    "MaxIterations": Status.limit,
    "MaxTime": Status.limit,
    "NumericalError": Status.numerical,
    "InsufficientProgress": Status.stalled,
}


@final
class Clarabel:
    """Source: Goulart and Chen (2024), "Clarabel: An interior-point solver for conic programs"."""

    name = "clarabel"
    screen = True

    def version(self) -> str:
        """That of the package."""
        return version("clarabel")

    def solve(
        self,
        prepared: Prepared,
        options: Options,
        accept: Accept,
        start: Iterate | None,
    ) -> Outcome:
        """See ``Backend``; it cannot be cancelled or started warm."""
        explicit = Explicit.of(prepared)
        m, k = explicit.free.shape
        rows: list[Any] = [sparse.csc_matrix(explicit.free.mT.numpy())]
        right = [explicit.cost_free.numpy()]
        cones: list[Any] = [clarabel.ZeroConeT(k)] if k else []
        for block in explicit.blocks:
            n = len(block.cost)
            columns = torch.zeros(n * (n + 1) // 2, m, dtype=torch.float64)
            columns[:, block.rows] = _svec(block.matrices).mT
            rows.append(sparse.csc_matrix(columns.numpy()))
            right.append(_svec(block.cost).numpy())
            cones.append(clarabel.PSDTriangleConeT(n))
        settings = clarabel.DefaultSettings()
        settings.verbose = False
        settings.max_iter = options.max_iterations
        settings.time_limit = options.time_s or math.inf
        settings.tol_gap_abs = settings.tol_gap_rel = max(options.gap, _LEAST_GAP)
        settings.tol_feas = max(options.gap, _LEAST_GAP)
        solved = clarabel.DefaultSolver(
            sparse.csc_matrix((m, m)),
            -explicit.rhs.numpy(),
            sparse.vstack(rows, format="csc"),
            np.concatenate(right),
            cones,
            settings,
        ).solve()
        x, z, s = (torch.tensor(v, dtype=torch.float64) for v in (solved.x, solved.z, solved.s))
        sizes = [len(block.cost) for block in explicit.blocks]
        y, Y, Z = z[:k], _smat(z[k:], sizes), _smat(s[k:], sizes)
        status = _STATUS[str(solved.status)]
        detail = f"Clarabel ended with {solved.status} after {solved.iterations} iterations"
        return judged(prepared, options, explicit.iterate(prepared, Y, Z, x, y), status, detail)


def _svec(matrices: Tensor) -> Tensor:
    """Upper triangles by columns, off-diagonal entries times the root of two."""
    n = matrices.shape[-1]
    j, i = torch.tril_indices(n, n)  # i <= j, ordered by j
    factor = torch.where(i == j, 1.0, math.sqrt(2.0)).to(torch.float64)
    return matrices[..., i, j] * factor


def _smat(vector: Tensor, sizes: list[int]) -> list[Tensor]:
    matrices = []
    parts = torch.split(vector, [n * (n + 1) // 2 for n in sizes])
    for n, part in zip(sizes, parts, strict=True):
        j, i = torch.tril_indices(n, n)
        entries = part / torch.where(i == j, 1.0, math.sqrt(2.0)).to(torch.float64)
        matrix = torch.zeros(n, n, dtype=torch.float64)
        matrix[i, j] = entries
        matrix[j, i] = entries
        matrices.append(matrix)
    return matrices
