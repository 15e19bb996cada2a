"""Rows that are linear combinations of others: they make every Newton system singular.

The rows are first seen through random rank-one matrices, which keep the rank,
and a QR in double precision. Only rows that it finds close to the others are
looked at again, through the Gram matrix in 212 bits.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from bosearch.sdp.multifloat import MultiFloat, cholesky, tri_inverse
from bosearch.sdp.prepare import prepare
from bosearch.sdp.prepared import Prepared
from bosearch.sdp.problem import SdpProblem
from bosearch.sdp.program import Program, Vector

_DOUBTFUL = 1e-8  # distance of a row from the others, relative to its size, in doubles
_DEPENDENT = 1e-20  # the same in 212 bits
_SPARE = 10  # columns of the sketch beyond the number of rows


def dependent_rows(problem: SdpProblem) -> tuple[str, ...]:
    """Names of rows that are linear combinations of the others.

    Removing all of them leaves independent rows. Balls count as their midpoints.
    """
    prepared = prepare(problem)
    return () if all(independent_on_blocks(prepared)) else dependent(prepared)


def independent_on_blocks(prepared: Prepared) -> list[bool]:
    """Whether the rows of each program are independent already without free variables.

    All programs are sketched at once; those in doubt are looked at one by one.
    """
    doubtful = [_doubtful(part) for part in _sketched(prepared.program)]  # N x F x m each
    unsure = torch.stack([part.flatten(1).any(-1) for part in doubtful]).any(0).tolist()
    return [
        not doubt or _independent(prepared.taken([place]), [part[place] for part in doubtful])
        for place, doubt in enumerate(unsure)
    ]


def _independent(prepared: Prepared, doubtful: Sequence[Tensor]) -> bool:
    """The same for a batch of one, by its Gram matrices; which rows are in doubt is known."""
    return not any(
        _combinations(square, mask)
        for gram, masks in zip(_gram(prepared.program), doubtful, strict=True)
        for square, mask in zip(_unbound(gram), masks, strict=True)
    )


def dependent(prepared: Prepared) -> tuple[str, ...]:
    """Names of rows that depend on the others, free variables included; of a batch of one."""
    program, families = prepared.program, prepared.clusters.families
    m, k = len(prepared.problem.rows), program.variables
    gram = MultiFloat.zeros((m, m), program.limbs)
    B = MultiFloat.zeros((m, k), program.limbs)
    seen = torch.zeros(m, m + _SPARE + k, dtype=torch.float64)
    for family, squares, columns, sketch in zip(
        families, _gram(program), program.free, _sketched(program), strict=True
    ):
        for rows, square in zip(family.rows, _unbound(squares), strict=True):
            gram.parts[:, rows[:, None], rows[None, :]] = square.parts
        B.parts[:, family.rows] = columns[0].parts
        seen[family.rows] = torch.cat([sketch[0], columns[0].to_double()], -1)
    found = _combinations(gram + B @ B.mT, _doubtful(seen))
    return tuple(prepared.problem.rows[i] for i in found)


def _sketched(program: Program) -> list[Tensor]:
    """Per family ``N x F x m x s``: each row's products with ``s`` random rank-one matrices."""
    rng = torch.Generator().manual_seed(0)
    count = sum(int(torch.tensor(c.shape[1:]).prod()) for c in program.rhs) + _SPARE
    total = [torch.zeros(*c.shape, count, dtype=torch.float64) for c in program.rhs]
    for piece in program.pieces:
        G, n, _ = program.cost[piece.cone].shape[1:]
        members = len(torch.arange(G)[piece.members])
        left, right = torch.randn(2, members, n, count, generator=rng, dtype=torch.float64)
        values = piece.constraints.sketch(left, right)  # N x g x m_b x s
        for layer in piece.layers:
            total[piece.family][layer.index(1)] += values[:, layer.members]
    return total


def _gram(program: Program) -> Vector:
    """Inner products ``<A_i, A_j>`` of the rows on the blocks: ``S`` for ``Y = Z = I``."""
    eyes = tuple(
        MultiFloat.eye(C.shape[-1], program.limbs, batch=C.shape[:2]) for C in program.cost
    )
    return tuple(S[0] for S in program.schur(eyes, eyes))


def _unbound(squares: MultiFloat) -> list[MultiFloat]:
    return [MultiFloat(part) for part in squares.parts.unbind(1)]


def _doubtful(rows: Tensor) -> Tensor:
    """Which of ``... x m x s`` rows lie close to the span of those before them."""
    distance: Tensor = torch.linalg.qr(rows.mT, mode="r").R.diagonal(dim1=-2, dim2=-1).abs()
    return torch.le(distance, _DOUBTFUL * rows.norm(dim=-1))


def _combinations(gram: MultiFloat, doubtful: Tensor) -> list[int]:
    """The doubtful rows that are combinations of the sure ones and of those before them."""
    sure, unsure = (~doubtful).nonzero()[:, 0], doubtful.nonzero()[:, 0]
    lower, ok = cholesky(gram[sure][:, sure].unsqueeze(0))
    if not bool(ok.all()):
        return _combinations(gram, torch.ones_like(doubtful))
    seen = tri_inverse(lower)[0] @ gram[sure][:, unsure]
    rest = gram[unsure][:, unsure] - seen.mT @ seen
    sizes = gram.diagonal()[unsure].to_double()
    found = []
    for i, row in enumerate(unsure.tolist()):
        if float(rest.parts[0, i, i]) <= _DEPENDENT**2 * float(sizes[i]):
            found.append(row)
            continue
        column = rest[:, i] / rest[i, i].sqrt()
        rest = rest - column.unsqueeze(-1) * column.unsqueeze(-2)
    return found
