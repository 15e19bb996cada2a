import math

import numpy as np
import pytest

from bosearch.sdp.multifloat import residues


@pytest.mark.parametrize("limbs", [2, 3, 4])
@pytest.mark.parametrize("inner", [1, 64, 400, 1000, 4096])
def test_plan_keeps_every_step_exact(limbs: int, inner: int) -> None:
    plan = residues._plan(limbs, inner)
    moduli = [int(p) for p in plan.moduli]
    count = plan.left.shape[1]
    precision = count * (plan.bits + 1) - 1
    largest = max(moduli) / 2 + 1
    assert all(math.gcd(p, q) == 1 for i, p in enumerate(moduli) for q in moduli[:i])
    assert math.prod(moduli) > 8 * inner * 4**precision  # x is known from its residues
    assert precision >= 53 * limbs - 4
    # Products of residues, slices times tables, residues times digits: all below 2^53.
    assert inner * largest**2 < 2**53
    scales = 2.0 ** ((plan.bits + 1) * np.arange(1, count + 1) - 1)  # of slices to integers
    for table in (plan.left / scales, plan.right / scales):
        assert (table == np.rint(table)).all()
        assert np.abs(table).max() <= largest
    assert count * 2**plan.bits * largest < 2**53
    units = np.array(plan.units)
    digits = np.abs(plan.digits / units[:, None])
    assert (digits == np.rint(digits)).all()
    assert ((digits[:, :-1].sum(1) * largest + digits[:, -1] * len(moduli)) < 2**52).all()


def test_tables_are_the_cofactors() -> None:
    plan = residues._plan(3, 100)
    moduli = [int(p) for p in plan.moduli]
    whole = math.prod(moduli)
    lowest = plan.units[0]
    for column, exact in zip(plan.digits.T, [*(whole // p for p in moduli), -whole], strict=True):
        total = sum(int(d / lowest) for d in column.tolist())
        scale = round(math.log2(plan.units[1] / lowest))
        assert scale == residues._DIGIT
        shift = exact.bit_length() - total.bit_length()
        assert total == exact >> shift  # the digits dropped lie below the smallest unit
