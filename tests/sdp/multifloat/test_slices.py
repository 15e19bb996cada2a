import math

import pytest
import torch
from flint import fmpz_mat

from bosearch.sdp.multifloat import MultiFloat, slices


@pytest.mark.parametrize("limbs", [2, 3, 4])
@pytest.mark.parametrize("inner", [0, 1, 2, 21, 100, 1000, 4096, 10**5])
def test_plan_keeps_diagonals_exact_and_the_remainder_small(limbs: int, inner: int) -> None:
    count, bits = slices._plan(limbs, inner)
    assert count * max(inner, 1) * 4**bits <= 2**53
    assert count * (bits + 1) + 53 >= 53 * limbs + 4
    fewer = (53 - math.log2(max(inner, 1) * (count - 1))) // 2 if count > 1 else 0
    assert (count - 1) * (fewer + 1) + 53 < 53 * limbs + 4  # one slice less would not do


@pytest.mark.parametrize(("limbs", "bits"), [(2, 50), (3, 76), (4, 76)])
def test_integers_multiply_exactly(limbs: int, bits: int) -> None:
    # One slice and one double hold an entry, so that even the remainder is exact.
    rng = torch.Generator().manual_seed(9)
    digits = torch.randint(-(2**24), 2**24, (2, 15, 15, 4), generator=rng).tolist()
    A, B = (
        fmpz_mat(
            [[sum(d << (24 * i) for i, d in enumerate(x)) >> (96 - bits) for x in row] for row in m]
        )
        for m in digits
    )
    found = MultiFloat.from_flint(A, limbs) @ MultiFloat.from_flint(B, limbs)
    assert found.to_fmpq_mat() == A * B
