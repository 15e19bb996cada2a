"""Random numbers of several limbs, and their errors by flint at 400 bits.

Everything that is compared passes through ``balls``, which is exact, so a wrong
conversion cannot hide a wrong operation: ``test_convert`` holds it to rationals.
"""

from collections.abc import Iterable

import torch
from flint import arb, arb_mat
from torch import Tensor

from bosearch.sdp.multifloat import MultiFloat

LIMBS = (2, 3, 4)


def unit(limbs: int) -> float:
    """The nominal relative precision, ``2^(-53 L)``."""
    return 2.0 ** (-53 * limbs)


def numbers(
    seed: int, shape: tuple[int, ...], limbs: int, *, exponents: tuple[int, int] = (0, 0)
) -> MultiFloat:
    """Normalised numbers with all limbs in use, times powers of two between ``exponents``."""
    rng = torch.Generator().manual_seed(seed)
    parts = torch.randn(limbs, *shape, generator=rng, dtype=torch.float64)
    parts[0] = parts[0].sign() * (0.5 + parts[0].abs())
    low, high = exponents
    parts[0] *= torch.ldexp(
        torch.ones(shape, dtype=torch.float64),
        torch.randint(low, high + 1, shape, generator=rng),
    )
    for i in range(1, limbs):  # at most 2^-54 of the limb before, hence half its last place
        parts[i] = parts[i - 1] * 2.0**-54 * (0.25 + parts[i].sigmoid() / 2)
    return MultiFloat(parts)


def balls(x: MultiFloat) -> list[arb]:
    """The exact values, flattened."""
    flat = x.reshape(1, x.shape.numel()) if x.ndim != 2 else x
    return list(flat.to_arb_mat().entries())


def norms(matrix: arb_mat) -> tuple[list[arb], list[arb]]:
    """The Euclidean norms of the rows and of the columns."""
    rows = [sum((x * x for x in row), arb(0)).sqrt() for row in matrix.tolist()]
    columns = [sum((x * x for x in row), arb(0)).sqrt() for row in matrix.transpose().tolist()]
    return rows, columns


def worst(found: MultiFloat, expected: Iterable[arb], scale: Iterable[arb]) -> float:
    """The largest ``|found - expected| / scale``; where the scale is 0 both must be 0."""
    largest = 0.0
    for x, y, s in zip(balls(found), expected, scale, strict=True):
        if s == 0:
            assert x == y == 0
        else:
            largest = max(largest, float((abs(x - y) / s).upper()))
    return largest


def product_error(found: MultiFloat, A: MultiFloat, B: MultiFloat) -> float:
    """The largest error of ``A B`` in terms of row norm times column norm."""
    a, b = A.to_arb_mat(), B.to_arb_mat()
    rows, columns = norms(a)[0], norms(b)[1]
    return worst(found, (a * b).entries(), (r * c for r in rows for c in columns))


def same(x: MultiFloat, y: MultiFloat) -> bool:
    """Equal limb by limb."""
    return torch.equal(x.parts, y.parts)


def identity_error(product: MultiFloat) -> Tensor:
    """The largest entry of ``product - I``, in double."""
    eye = MultiFloat.eye(product.shape[-1], 1)
    return (product - eye).to_double().abs().max()
