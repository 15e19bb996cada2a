import math
from math import factorial

import pytest
import torch
from flint import arb, arb_mat, fmpq, fmpq_mat

from bosearch.sdp.multifloat import MultiFloat, cholesky, cholesky_inverse, columns, stack
from tests.sdp.multifloat.helpers import LIMBS, identity_error, numbers, same, unit

ORDERS = [1, 2, 21, 32, 33, 84]


def positive(seed: int, n: int, limbs: int, batch: tuple[int, ...] = ()) -> MultiFloat:
    """Symmetric and positive definite, condition about 100."""
    x = numbers(seed, (*batch, n, n), limbs) / math.sqrt(n)
    product = x @ x.mT + MultiFloat.eye(n, limbs) * 0.125
    return (product + product.mT) * 0.5


def hilbert(n: int) -> fmpq_mat:
    return fmpq_mat([[fmpq(1, i + j + 1) for j in range(n)] for i in range(n)])


def hilbert_factor(n: int) -> arb_mat:
    """Row ``i`` holds the coefficients of ``x^i`` in the orthonormal Legendre polynomials."""
    return arb_mat(
        [
            [
                arb(2 * j + 1).sqrt()
                * fmpq(factorial(i) ** 2, factorial(i - j) * factorial(i + j + 1))
                if j <= i
                else arb(0)
                for j in range(n)
            ]
            for i in range(n)
        ]
    )


def gap(x: MultiFloat, y: MultiFloat) -> float:
    return float((x - y).to_double().abs().max())


def backward_error(L: MultiFloat, A: MultiFloat) -> float:
    """The largest entry of ``L L^T - A`` as a part of the largest of ``A``, exactly."""
    factor, matrix = L.to_fmpq_mat(), A.to_fmpq_mat()
    residual = (factor * factor.transpose() - matrix).entries()
    return float(max(map(abs, residual)) / max(map(abs, matrix.entries())))


@pytest.mark.parametrize("limbs", [1, *LIMBS])
@pytest.mark.parametrize("n", ORDERS)
def test_factor_times_its_transpose_is_the_matrix(n: int, limbs: int) -> None:
    A = positive(1, n, limbs)
    L, ok = cholesky(A)
    assert ok
    assert (L.parts.triu(1) == 0).all()
    assert (L.diagonal().to_double() > 0).all()
    assert backward_error(L, A) < 2**8 * unit(limbs)


@pytest.mark.parametrize("limbs", [1, *LIMBS])
@pytest.mark.parametrize("n", ORDERS)
def test_inverse_factor_comes_along(n: int, limbs: int) -> None:
    A = positive(2, n, limbs)
    L, X, ok = cholesky_inverse(A)
    assert ok
    assert float(identity_error(X @ L)) < 2**10 * unit(limbs)
    assert float(identity_error(X @ A @ X.mT)) < 2**12 * unit(limbs)


@pytest.mark.parametrize("limbs", [3, 4])
def test_hilbert_matrix_has_the_legendre_factor(limbs: int) -> None:
    n = 20 if limbs == 4 else 15  # condition 10^28 and 10^20
    A = MultiFloat.from_flint(hilbert(n), limbs)
    L, ok = cholesky(A)
    assert ok
    pairs = zip(L.to_arb_mat().entries(), hilbert_factor(n).entries(), strict=True)
    error = max(float(abs(x - y).upper()) for x, y in pairs)
    assert error < 2.0**100 * unit(limbs)  # condition times precision
    assert backward_error(L, A) < 2**8 * unit(limbs)


def test_rounding_can_make_a_hilbert_matrix_indefinite_and_that_is_told() -> None:
    exact = MultiFloat.from_flint(hilbert(30), 2)  # condition 10^44
    L, ok = cholesky(exact)
    assert not ok
    assert same(L, MultiFloat.eye(30, 2))


@pytest.mark.parametrize("limbs", LIMBS)
def test_scaled_rows_and_columns_scale_the_factor(limbs: int) -> None:
    # Powers of two commute with rounding, so D L is the factor of D A D.
    A = positive(3, 40, limbs)
    exponents = torch.arange(40) * 15 - 300
    scaled = A.scale_by_power_of_two(exponents).scale_by_power_of_two(exponents[:, None])
    L, ok = cholesky(scaled)
    assert ok
    back = L.scale_by_power_of_two(-exponents[:, None])
    assert backward_error(back, A) < 2**8 * unit(limbs)


@pytest.mark.parametrize("limbs", [1, *LIMBS])
@pytest.mark.parametrize("n", [6, 40])
def test_what_has_no_factor_is_reported_and_spoils_nothing_else(n: int, limbs: int) -> None:
    good = positive(4, n, limbs)
    indefinite, singular, broken = good.clone(), good.clone(), good.clone()
    indefinite.parts[:, n - 1, n - 1] *= -1
    singular.parts[:, 2] = 0
    singular.parts[:, :, 2] = 0
    broken.parts[0, 3, 3] = math.nan
    L, X, ok = cholesky_inverse(stack([indefinite, good, singular, broken, good]))
    assert ok.tolist() == [False, True, False, False, True]
    eye = MultiFloat.eye(n, limbs)
    for i in (0, 2, 3):
        assert same(L[i], eye)
        assert same(X[i], eye)
    alone, _ = cholesky(good)
    for i in (1, 4):
        assert gap(L[i], alone) < 2**8 * unit(limbs)


@pytest.mark.parametrize("limbs", [1, *LIMBS])
@pytest.mark.parametrize("n", [5, 45])
def test_batch_equals_loop(n: int, limbs: int) -> None:
    A = positive(5, n, limbs, (2, 3))
    L, X, ok = cholesky_inverse(A)
    assert ok.shape == (2, 3)
    for i in range(2):
        for j in range(3):
            one, inverse, _ = cholesky_inverse(A[i, j])
            assert gap(L[i, j], one) < 2**8 * unit(limbs)  # BLAS may sum in another order
            assert gap(X[i, j], inverse) < 2**8 * unit(limbs)


@pytest.mark.parametrize("limbs", [1, *LIMBS])
def test_the_smallest_matrices(limbs: int) -> None:
    L, X, ok = cholesky_inverse(MultiFloat.zeros((0, 0), limbs))
    assert (L.shape, X.shape, bool(ok)) == ((0, 0), (0, 0), True)
    L, ok = cholesky(MultiFloat.eye(1, limbs) * 2)
    assert ok
    assert abs(L.to_arb_mat()[0, 0] - arb(2).sqrt()) < 4 * unit(limbs)
    assert not cholesky(MultiFloat.zeros((1, 1), limbs))[1]


@pytest.mark.parametrize("limbs", [1, *LIMBS])
def test_a_warm_start_gives_the_factor_of_the_new_matrix(limbs: int) -> None:
    A = positive(6, 24, limbs, (3,))
    L, X, _ = cholesky_inverse(A)
    new = A + positive(7, 24, limbs, (3,)) * 0.125
    warm, warm_inverse, ok = cholesky_inverse(new, warm=(L, X))
    assert ok.all()
    cold, _ = cholesky(new)
    assert gap(warm, cold) < 2**10 * unit(limbs)
    assert float(identity_error(warm_inverse @ warm)) < 2**10 * unit(limbs)


@pytest.mark.parametrize("limbs", LIMBS)
def test_a_warm_start_needs_no_elimination(limbs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    A = positive(8, 24, limbs)
    L, X, _ = cholesky_inverse(A)
    monkeypatch.delattr(columns, "cholesky")
    assert cholesky(A * 1.25, warm=(L, X))[1]


@pytest.mark.parametrize("limbs", LIMBS)
def test_a_useless_warm_start_costs_time_only(limbs: int) -> None:
    A = positive(9, 12, limbs, (3,))
    eye = MultiFloat.eye(12, limbs, batch=(3,))
    far = eye.clone()
    far.parts[0, 1] *= 2.0**300  # overflows: K is not finite
    A.parts[:, 2, 4, 4] *= -1.0  # and this one is indefinite
    L, _, ok = cholesky_inverse(A, warm=(far, far))
    cold, _, cold_ok = cholesky_inverse(A)
    assert ok.tolist() == cold_ok.tolist() == [True, True, False]
    assert gap(L, cold) < 2**8 * unit(limbs)
    single, single_ok = cholesky(A[1], warm=(far[1], far[1]))
    assert single_ok
    assert same(single, cholesky(A[1])[0])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("limbs", [1, *LIMBS])
def test_a_gpu_gives_the_same_factor(limbs: int) -> None:
    A = positive(10, 40, limbs, (2,))
    L, ok = cholesky(A.to("cuda"))
    assert ok.all()
    assert gap(L.to("cpu"), cholesky(A)[0]) < 2**8 * unit(limbs)
