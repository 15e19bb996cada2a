import math

import pytest

from bosearch.sdp.multifloat import MultiFloat, columns, stack
from tests.sdp.multifloat.helpers import LIMBS, identity_error, numbers, same, unit


def positive(seed: int, n: int, limbs: int) -> MultiFloat:
    x = numbers(seed, (n, n), limbs) / n
    return x @ x.mT + MultiFloat.eye(n, limbs)


@pytest.mark.parametrize("limbs", LIMBS)
@pytest.mark.parametrize("n", [1, 2, 12])
def test_elimination_gives_factor_and_inverse_at_once(n: int, limbs: int) -> None:
    A = positive(1, n, limbs)
    L, X, ok = columns.cholesky(A)
    assert ok
    assert float((L @ L.mT - A).to_double().abs().max()) < 2**6 * unit(limbs)
    assert float(identity_error(X @ L)) < 2**6 * unit(limbs)
    assert float(identity_error(columns.inverse(L) @ L)) < 2**6 * unit(limbs)


@pytest.mark.parametrize("limbs", LIMBS)
def test_a_bad_matrix_disturbs_no_other(limbs: int) -> None:
    good, broken = positive(2, 6, limbs), positive(3, 6, limbs)
    broken.parts[0, 1, 1] = math.nan
    L, X, ok = columns.cholesky(stack([good, -good, broken]))
    assert ok.tolist() == [True, False, False]
    alone, inverse, _ = columns.cholesky(good)
    assert same(L[0], alone)
    assert same(X[0], inverse)
