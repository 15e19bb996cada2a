"""What both methods promise, and what the chooser does."""

import math
from collections.abc import Callable

import pytest
import torch

from bosearch.errors import ShapeError
from bosearch.sdp.multifloat import MultiFloat, matmul, product, residues, slices
from bosearch.sdp.multifloat.backend import Array, quiet
from tests.sdp.multifloat.helpers import LIMBS, numbers, product_error, same, unit

Method = Callable[[MultiFloat, MultiFloat], MultiFloat]

METHODS = {"slices": slices.multiply, "residues": residues.multiply}


@pytest.fixture(params=METHODS)
def times(request: pytest.FixtureRequest) -> Method:
    """Each method by force: the chooser takes slices for all sizes of these tests."""
    kernel: Callable[[Array, Array], Array] = METHODS[request.param]
    return quiet(lambda A, B: MultiFloat.wrapping(kernel(A.data, B.data)))


@pytest.mark.parametrize("limbs", LIMBS)
@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 1, 4), (5, 20, 7), (20, 20, 20), (9, 130, 4)])
def test_product_matches_flint(times: Method, limbs: int, shape: tuple[int, int, int]) -> None:
    n, k, m = shape
    A, B = numbers(1, (n, k), limbs), numbers(2, (k, m), limbs)
    assert product_error(times(A, B), A, B) < 2**6 * unit(limbs)


@pytest.mark.parametrize("limbs", LIMBS)
def test_bad_scales_cost_no_accuracy(times: Method, limbs: int) -> None:
    rows = torch.tensor([-300, 0, 300, 17, -150, 299])
    A = numbers(3, (6, 12), limbs).scale_by_power_of_two(rows[:, None])
    B = numbers(4, (12, 6), limbs).scale_by_power_of_two(rows.flip(0) - 5)
    assert product_error(times(A, B), A, B) < 2**6 * unit(limbs)
    # Within a row, entries far below the largest count for what they add to the norm.
    A, B = (numbers(seed, (12, 12), limbs, exponents=(-300, 300)) for seed in (5, 6))
    assert product_error(times(A, B), A, B) < 2**6 * unit(limbs)


@pytest.mark.parametrize("limbs", LIMBS)
@pytest.mark.parametrize("inner", [16, 23, 64, 91, 182, 256])
def test_no_partial_sum_overflows_its_53_bits(times: Method, limbs: int, inner: int) -> None:
    # All signs equal and all entries just below a power of two: the largest sums there are.
    A = 1.0 - numbers(7, (2, inner), limbs).abs() * 2.0**-60
    B = 1.0 - numbers(8, (inner, 2), limbs).abs() * 2.0**-60
    assert product_error(times(A, B), A, B) < 2**6 * unit(limbs)
    assert product_error(times(-A, B), -A, B) < 2**6 * unit(limbs)


@pytest.mark.parametrize("limbs", LIMBS)
def test_batch_equals_loop_and_broadcasts(times: Method, limbs: int) -> None:
    A, B = numbers(10, (3, 1, 4, 6), limbs), numbers(11, (2, 6, 5), limbs)
    B = B.unsqueeze(0)
    found = times(A, B)
    assert found.shape == (3, 2, 4, 5)
    for i in range(3):
        for j in range(2):
            assert same(found[i, j], times(A[i, 0], B[0, j]))


@pytest.mark.parametrize("limbs", LIMBS)
def test_strides_do_not_matter(times: Method, limbs: int) -> None:
    A, B = numbers(12, (14, 9), limbs), numbers(13, (14, 8), limbs)
    left, right = A.mT[1:], B[:, ::2]
    assert same(times(left, right), times(left.clone(), right.clone()))


@pytest.mark.parametrize("limbs", LIMBS)
def test_zero_rows_and_columns_give_zeros(times: Method, limbs: int) -> None:
    A, B = numbers(14, (5, 6), limbs), numbers(15, (6, 4), limbs)
    A.parts[:, 2] = 0
    B.parts[:, :, 1] = 0
    found = times(A, B)
    assert (found.parts[:, 2] == 0).all()
    assert (found.parts[:, :, 1] == 0).all()
    assert product_error(found, A, B) < 2**6 * unit(limbs)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_shows_in_its_row_or_column(times: Method, value: float) -> None:
    A, B = numbers(16, (4, 5), 2), numbers(17, (5, 3), 2)
    A.parts[0, 1, 2] = value
    finite = times(A, B).to_double().isfinite()
    assert not finite[1].any()
    assert finite[[0, 2, 3]].all()
    finite = times(B.mT, A.mT).to_double().isfinite()
    assert not finite[:, 1].any()
    assert finite[:, [0, 2, 3]].all()


def test_short_and_long_operands_meet_at_the_longer(times: Method) -> None:
    A, B = numbers(18, (6, 7), 1), numbers(19, (7, 5), 4)
    found = times(A, B)
    assert found.limbs == 4
    assert product_error(found, A, B) < 2**6 * unit(4)


@pytest.mark.parametrize("limbs", [1, *LIMBS])
def test_empty_matrices_multiply(limbs: int) -> None:
    assert (MultiFloat.zeros((0, 4), limbs) @ MultiFloat.zeros((4, 3), limbs)).shape == (0, 3)
    assert (MultiFloat.zeros((2, 4), limbs) @ MultiFloat.zeros((4, 0), limbs)).shape == (2, 0)
    inner = MultiFloat.zeros((2, 0), limbs) @ MultiFloat.zeros((0, 3), limbs)
    assert same(inner, MultiFloat.zeros((2, 3), limbs))


def test_one_limb_is_plain_double() -> None:
    A, B = numbers(20, (2, 5, 5), 1), numbers(21, (5, 5), 1)
    torch.testing.assert_close((A @ B).to_double(), A.to_double() @ B.to_double())


@pytest.mark.parametrize("limbs", LIMBS)
def test_methods_agree_where_the_chooser_changes(
    limbs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    A, B = numbers(22, (70, 300), limbs), numbers(23, (300, 66), limbs)
    by_slices = A @ B
    monkeypatch.setattr(product, "_CROSS_OVER", {2: 64, 3: 64, 4: 64})
    by_residues = matmul(A, B)
    gap = (by_slices - by_residues).to_double().abs().max()
    assert 0 < float(gap) < 2**12 * unit(limbs)  # row norms times column norms are about 2^9


def test_several_panels_equal_one(monkeypatch: pytest.MonkeyPatch, times: Method) -> None:
    A, B = numbers(24, (37, 20), 3), numbers(25, (20, 30), 3)
    whole = times(A, B)
    monkeypatch.setattr(slices, "_PANEL", 64)
    monkeypatch.setattr(residues, "_PANEL", 64)
    monkeypatch.setattr(residues, "_CHUNK", 64)
    assert product_error(times(A, B), A, B) < 2**6 * unit(3)
    assert float((times(A, B) - whole).to_double().abs().max()) < 2**9 * unit(3)


@pytest.mark.parametrize(("left", "right"), [((2, 3), (2, 3)), ((3,), (3, 2)), ((2, 3), (3,))])
def test_shapes_that_do_not_chain_are_refused(
    left: tuple[int, ...], right: tuple[int, ...]
) -> None:
    with pytest.raises(ShapeError, match="n x k times k x m"):
        MultiFloat.zeros(left, 2) @ MultiFloat.zeros(right, 2)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("limbs", [1, *LIMBS])
def test_a_gpu_gives_the_same_product(limbs: int) -> None:
    A, B = numbers(26, (3, 40, 50), limbs), numbers(27, (50, 30), limbs)
    found = (A.to("cuda") @ B.to("cuda")).to("cpu")
    assert float((found - A @ B).to_double().abs().max()) < 2**9 * unit(limbs)
