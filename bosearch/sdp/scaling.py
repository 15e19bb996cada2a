"""A basis of each block, and powers of two, in which the rows are near orthonormal.

The iterates lose about as many digits as the constraints are ill conditioned,
so half the precision of a sum-of-squares program goes into its basis. Here the
weighted samples ``s_i |w_p| v_p v_p^T`` of a block are made to sum to the
identity: by a Cholesky factor in 212 bits where the samples are ill conditioned,
and by one in double precision, applied in 212 bits, once they are not. Rows are
scaled to unit size by powers of two, so the exact data are not perturbed.
"""

from dataclasses import replace

import torch
from torch import Tensor

from bosearch.sdp.multifloat import MultiFloat, cat, cholesky, tri_inverse
from bosearch.sdp.tables import LIMBS, Block

_PASSES = 4  # row sizes depend on the basis, and the basis on row sizes
_ROUND = 3.0  # condition number of the weighted samples that is good enough
_PLAIN = 1e6  # condition number that double precision can be trusted with
_FLOOR = 1e-55  # regularises the Gram matrix, relative to its largest eigenvalue


def precondition(
    blocks: list[Block], free_matrix: MultiFloat
) -> tuple[list[Block], list[MultiFloat], Tensor]:
    """Return blocks in new bases ``T``, the bases, and exponents for the rows.

    A matrix of a block becomes ``T^T A T``, so ``Y = T Y' T^T``. The blocks come
    back unscaled: the caller multiplies row ``i`` by ``2^exponents[i]``.
    """
    m = free_matrix.shape[0]
    bases = [MultiFloat.eye(block.size, LIMBS) for block in blocks]
    for done in range(_PASSES):
        scale = 1.0 / row_sizes(blocks, free_matrix, m)
        worst = 1.0
        for b, block in enumerate(blocks):
            T, condition = _whitening(_weighted(block, scale), balance=done == 0)
            worst = max(worst, condition)
            bases[b] = bases[b] @ T
            blocks[b] = changed_basis(block, T)
        if worst < _ROUND:
            break
    exponents = -row_sizes(blocks, free_matrix, m).log2().round()
    return blocks, bases, exponents.to(torch.int64)


def changed_basis(block: Block, T: MultiFloat) -> Block:
    """The block whose matrices are ``T^T A T``."""
    return replace(
        block,
        vectors=block.vectors @ T,
        matrices=T.mT @ block.matrices @ T,
        cost=T.mT @ block.cost @ T,
    )


def rows_scaled(block: Block, exponents: Tensor) -> Block:
    """The block whose matrix of row ``i`` is ``2^exponents[i]`` times that of ``block``."""
    by_matrix = exponents[block.matrix_rows][:, None, None]
    return replace(
        block,
        weights=block.weights.scale_by_power_of_two(exponents[block.rows]),
        matrices=block.matrices.scale_by_power_of_two(by_matrix),
    )


def row_sizes(blocks: list[Block], free_matrix: MultiFloat, m: int) -> Tensor:
    """``m`` sums of the nuclear norms of the samples of a row and the norms of its matrices.

    A row that no block sees is measured by its free variables.
    """
    total = torch.zeros(m, dtype=torch.float64)
    for block in blocks:
        nuclear = block.weights.to_double().abs() * block.vectors.to_double().square().sum(-1)
        total.index_add_(0, block.rows, nuclear)
        total.index_add_(0, block.matrix_rows, block.matrices.to_double().norm(dim=(-2, -1)))
    if free_matrix.shape[1]:
        total = torch.where(total > 0, total, free_matrix.to_double().norm(dim=-1))
    return torch.where(total > 0, total, torch.ones_like(total))


def _weighted(block: Block, scale: Tensor) -> MultiFloat:
    """``q x n`` samples times the roots of their weights and row scales."""
    root = (block.weights.to_double().abs() * scale[block.rows]).sqrt()
    samples = block.vectors * root[:, None]
    if not len(block.matrix_rows):
        return samples
    values, vectors = torch.linalg.eigh(block.matrices.to_double())
    weight = (values.abs() * scale[block.matrix_rows][:, None]).sqrt()
    columns = (vectors * weight[:, None, :]).mT.reshape(-1, block.size)
    return cat([samples, MultiFloat.of(columns, LIMBS)])


def _whitening(samples: MultiFloat, *, balance: bool) -> tuple[MultiFloat, float]:
    """A basis in which the samples are orthonormal, and their condition in the old one.

    ``balance`` first brings the coordinates to one size, as only a raw basis needs.
    """
    n = samples.shape[-1]
    sizes = samples.to_double().norm(dim=0)
    if not bool(sizes.any()):
        return MultiFloat.eye(n, LIMBS), 1.0
    if balance:
        sizes = torch.where(sizes > 0.0, sizes, torch.ones_like(sizes))
        D = (-sizes.log2().round()).exp2()
        T, condition = _whitening(samples * D, balance=False)
        return T * D[:, None], condition
    # Rows of zeros make the table tall, so that its triangular factor is square.
    tall = torch.nn.functional.pad(samples.to_double(), (0, 0, 0, n))
    _, values, rotation = torch.linalg.svd(torch.linalg.qr(tall, mode="r").R)
    largest, least = float(values[0]), float(values[-1])
    if least * _PLAIN > largest:
        return MultiFloat.of(rotation.mT / values, LIMBS), largest / least
    T = _exact_whitening(samples, _FLOOR * largest**2)
    return T, largest / least if least > 0.0 else float("inf")


def _exact_whitening(samples: MultiFloat, floor: float) -> MultiFloat:
    """``L^-T`` for the Gram matrix ``L L^T``; directions unseen by all samples keep their size."""
    gram = samples.mT @ samples + MultiFloat.eye(samples.shape[-1], LIMBS) * floor
    factor, ok = cholesky(gram.unsqueeze(0))
    assert bool(ok.all()), "a regularised Gram matrix is definite"
    T = tri_inverse(factor)[0].mT
    unseen = (samples @ T).to_double().norm(dim=0) < 0.5
    lengths = T.to_double().norm(dim=0)
    ratio = torch.where(unseen, lengths[~unseen].median() / lengths, torch.ones_like(lengths))
    return T * ratio.log2().round().exp2()
