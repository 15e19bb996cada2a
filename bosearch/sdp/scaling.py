"""A basis of each block, and powers of two, in which the rows are near orthonormal.

The iterates lose about as many digits as the constraints are ill conditioned,
so half the precision of a sum-of-squares program goes into its basis. Here the
weighted samples ``s_i |w_p| v_p v_p^T`` of a block are made to sum to the
identity: by a Cholesky factor in 212 bits where the samples are ill conditioned,
and by one in double precision, applied in 212 bits, once they are not. Rows are
scaled to unit size by powers of two, so the exact data are not perturbed.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from bosearch.sdp.multifloat import MultiFloat, cat, cholesky, tri_inverse, where
from bosearch.sdp.tables import LIMBS, Block

_PASSES = 4  # row sizes depend on the basis, and the basis on row sizes
_ROUND = 3.0  # condition number of the weighted samples that is good enough
_PLAIN = 1e6  # condition number that double precision can be trusted with
_FLOOR = 1e-55  # regularises the Gram matrix, relative to its largest eigenvalue


def precondition(
    blocks: Sequence[Block], free_matrix: MultiFloat
) -> tuple[list[Block], list[MultiFloat], Tensor]:
    """Return blocks in new bases ``T``, the bases, and exponents for the rows.

    A matrix of a block becomes ``T^T A T``, so ``Y = T Y' T^T``. The blocks come
    back unscaled: the caller multiplies row ``i`` by ``2^exponents[i]``. Each of the
    ``N`` programs makes as many passes as it would alone.

    Returns:
        Blocks, ``N x n x n`` bases of each, and ``N x m`` exponents.
    """
    blocks, bases = list(blocks), [_eyes(block) for block in blocks]
    going = torch.ones(len(free_matrix), dtype=torch.bool)
    for done in range(_PASSES):
        scale = 1.0 / row_sizes(blocks, free_matrix)
        worst = torch.ones_like(scale[:, 0])
        for b, block in enumerate(blocks):
            T, condition = _whitening(_weighted(block, scale), balance=done == 0)
            worst = torch.maximum(worst, condition)
            T = where(going[:, None, None], T, _eyes(block))
            bases[b] = bases[b] @ T
            blocks[b] = changed_basis(block, T)
        going = going & (worst >= _ROUND)
        if not bool(going.any()):
            break
    exponents = -row_sizes(blocks, free_matrix).log2().round()
    return blocks, bases, exponents.to(torch.int64)


def changed_basis(block: Block, T: MultiFloat) -> Block:
    """The block whose matrices are ``T^T A T``."""
    return replace(
        block,
        vectors=block.vectors @ T,
        matrices=_congruent(block.matrices, T.unsqueeze(1)),
        cost=_congruent(block.cost, T),
    )


def _congruent(A: MultiFloat, T: MultiFloat) -> MultiFloat:
    return T.mT @ A @ T if bool(A.to_double().any()) else A


def rows_scaled(block: Block, exponents: Tensor) -> Block:
    """The block whose matrix of row ``i`` is ``2^exponents[:, i]`` times that of ``block``."""
    by_matrix = exponents[:, block.matrix_rows, None, None]
    return replace(
        block,
        weights=block.weights.scale_by_power_of_two(exponents[:, block.rows]),
        matrices=block.matrices.scale_by_power_of_two(by_matrix),
    )


def row_sizes(blocks: Sequence[Block], free_matrix: MultiFloat) -> Tensor:
    """``N x m`` sums of the nuclear norms of the samples of a row and the norms of its matrices.

    A row that no block sees is measured by its free variables.
    """
    total = torch.zeros(free_matrix.shape[:2], dtype=torch.float64)
    for block in blocks:
        nuclear = block.weights.to_double().abs() * block.vectors.to_double().square().sum(-1)
        total.index_add_(1, block.rows, nuclear)
        total.index_add_(1, block.matrix_rows, block.matrices.to_double().norm(dim=(-2, -1)))
    if free_matrix.shape[-1]:
        total = torch.where(total > 0, total, free_matrix.to_double().norm(dim=-1))
    return torch.where(total > 0, total, torch.ones_like(total))


def _weighted(block: Block, scale: Tensor) -> MultiFloat:
    """``N x P x n`` samples times the roots of their weights and row scales."""
    root = (block.weights.to_double().abs() * scale[:, block.rows]).sqrt()
    samples = block.vectors * root[..., None]
    if not len(block.matrix_rows):
        return samples
    values, vectors = torch.linalg.eigh(block.matrices.to_double())
    weight = (values.abs() * scale[:, block.matrix_rows, None]).sqrt()
    columns = (vectors * weight[..., None, :]).mT.reshape(len(scale), -1, block.size)
    return cat([samples, MultiFloat.of(columns, LIMBS)], 1)


def _whitening(samples: MultiFloat, *, balance: bool) -> tuple[MultiFloat, Tensor]:
    """Bases in which the samples are orthonormal, and their conditions in the old ones.

    ``balance`` first brings the coordinates to one size, as only a raw basis needs. A
    block that has no samples keeps its basis.
    """
    n = samples.shape[-1]
    sizes = samples.to_double().norm(dim=-2)  # N x n
    D = torch.ones_like(sizes)
    if balance:
        D = (-torch.where(sizes > 0.0, sizes, D).log2().round()).exp2()
        samples = samples * D[:, None]
    # Rows of zeros make the table tall, so that its triangular factor is square.
    tall = torch.nn.functional.pad(samples.to_double(), (0, 0, 0, n))
    _, values, rotation = torch.linalg.svd(torch.linalg.qr(tall, mode="r").R)
    largest, least = values[:, 0], values[:, -1]
    seen, plain = sizes.any(-1), least * _PLAIN > largest
    T = MultiFloat.of(rotation.mT / torch.where(plain[:, None], values, 1.0)[:, None], LIMBS)
    hard = (seen & ~plain).nonzero()[:, 0]
    if len(hard):
        T.parts[:, hard] = _exact_whitening(samples[hard], _FLOOR * largest[hard] ** 2).parts
    T = where(seen[:, None, None], T, MultiFloat.eye(n, LIMBS))
    return T * D[..., None], torch.where(seen, largest / least, 1.0)


def _exact_whitening(samples: MultiFloat, floor: Tensor) -> MultiFloat:
    """``L^-T`` for Gram matrices ``L L^T``; directions unseen by all samples keep their size."""
    gram = samples.mT @ samples + MultiFloat.eye(samples.shape[-1], LIMBS) * floor[:, None, None]
    factor, ok = cholesky(gram)
    assert bool(ok.all()), "a regularised Gram matrix is definite"
    T = tri_inverse(factor).mT
    unseen = (samples @ T).to_double().norm(dim=-2) < 0.5
    lengths = T.to_double().norm(dim=-2)  # N x n
    usual = lengths.masked_fill(unseen, torch.nan).nanmedian(-1, keepdim=True).values
    ratio = torch.where(unseen, usual / lengths, 1.0)
    return T * ratio.log2().round().exp2()[:, None]


def _eyes(block: Block) -> MultiFloat:
    return MultiFloat.eye(block.size, LIMBS, batch=(len(block.cost),))
