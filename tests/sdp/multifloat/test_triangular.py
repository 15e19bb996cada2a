from collections.abc import Callable

import pytest
import torch
from flint import arb_mat, ctx

from bosearch.sdp.multifloat import MultiFloat, solve_lower, solve_lower_t, tri_inverse
from tests.sdp.multifloat.helpers import LIMBS, numbers, same, unit

# One block, several, with and without padding, and the smallest there are.
ORDERS = [1, 2, 31, 32, 33, 70]


def lower(seed: int, n: int, limbs: int, batch: tuple[int, ...] = ()) -> MultiFloat:
    """Triangular, well conditioned: rows shrink away from a diagonal near 1, of either sign."""
    x = numbers(seed, (*batch, n, n), limbs)
    mask = (torch.ones(n, n, dtype=torch.float64).tril() - torch.eye(n)) / 64 + torch.eye(n)
    return MultiFloat(x.parts * (mask * 64).floor() / 64)


def largest(matrix: arb_mat) -> float:
    return max((float(abs(x).upper()) for x in matrix.entries()), default=0.0)


@pytest.mark.parametrize("limbs", [1, *LIMBS])
@pytest.mark.parametrize("n", ORDERS)
def test_inverse_matches_flint(n: int, limbs: int) -> None:
    L = lower(1, n, limbs)
    exact = L.to_arb_mat().inv()
    found = tri_inverse(L)
    assert largest(found.to_arb_mat() - exact) < 2**9 * unit(limbs) * largest(exact)
    assert (found.parts.triu(1) == 0).all()


@pytest.mark.parametrize("limbs", [1, *LIMBS])
@pytest.mark.parametrize("n", ORDERS)
def test_solutions_match_flint(n: int, limbs: int) -> None:
    L, B = lower(2, n, limbs), numbers(3, (n, 3), limbs)
    matrix, right = L.to_arb_mat(), B.to_arb_mat()
    for found, exact in (
        (solve_lower(L, B), matrix.solve(right)),
        (solve_lower_t(L, B), matrix.transpose().solve(right)),
    ):
        assert largest(found.to_arb_mat() - exact) < 2**9 * unit(limbs) * largest(exact)


@pytest.mark.parametrize("limbs", LIMBS)
def test_badly_scaled_rows_and_columns_cost_no_accuracy(limbs: int) -> None:
    # Substitution leaves a residual of a few units of |L| |X|, whatever the scales are.
    ctx.prec = 1500
    scale = torch.arange(-200, 200, 5)
    L = lower(4, 80, limbs).scale_by_power_of_two(scale[:, None])
    L = L.scale_by_power_of_two(scale.flip(0) // 2)
    B = numbers(5, (80, 2), limbs)
    for X, matrix in ((solve_lower(L, B), L), (solve_lower_t(L, B), L.mT)):
        residual = matrix.to_arb_mat() * X.to_arb_mat() - B.to_arb_mat()
        size = matrix.to_double().abs() @ X.to_double().abs()
        ratios = zip(residual.entries(), size.flatten().tolist(), strict=True)
        assert max(float((abs(r) / s).upper()) for r, s in ratios) < 2**9 * unit(limbs)


@pytest.mark.parametrize("limbs", LIMBS)
@pytest.mark.parametrize("solve", [solve_lower, solve_lower_t])
def test_batch_equals_loop(
    limbs: int, solve: Callable[[MultiFloat, MultiFloat], MultiFloat]
) -> None:
    L, B = lower(6, 40, limbs, (2, 2)), numbers(7, (2, 2, 40, 3), limbs)
    inverse, solution = tri_inverse(L), solve(L, B)
    for i in range(2):
        for j in range(2):
            one, alone = tri_inverse(L[i, j]), solve(L[i, j], B[i, j])
            for x, y in ((inverse[i, j], one), (solution[i, j], alone)):
                # BLAS may sum in another order
                assert float((x - y).to_double().abs().max()) < 2**9 * unit(limbs)


@pytest.mark.parametrize("limbs", LIMBS)
def test_lifting_gives_up_on_what_two_limbs_cannot_invert(limbs: int) -> None:
    # The bidiagonal matrix with 1 and -2^8 has the inverse 2^(8 (i - j)): condition 2^248.
    n = 32
    L = MultiFloat.eye(n, limbs)
    L.parts[0].diagonal(-1).fill_(-(2.0**8))
    powers = torch.arange(n)[:, None] - torch.arange(n)
    exact = torch.ldexp(torch.ones(n, n, dtype=torch.float64).tril(), 8 * powers)
    assert same(tri_inverse(L), MultiFloat.of(exact, limbs))


@pytest.mark.parametrize("limbs", [1, *LIMBS])
def test_nothing_is_inverted_to_nothing(limbs: int) -> None:
    none = MultiFloat.zeros((0, 0), limbs)
    assert tri_inverse(none).shape == (0, 0)
    assert solve_lower(none, MultiFloat.zeros((0, 3), limbs)).shape == (0, 3)
    assert solve_lower_t(none, MultiFloat.zeros((0, 3), limbs)).shape == (0, 3)


@pytest.mark.parametrize("limbs", LIMBS)
def test_a_zero_on_the_diagonal_shows(limbs: int) -> None:
    L = lower(8, 5, limbs)
    L.parts[:, 2, 2] = 0
    assert not tri_inverse(L).to_double().isfinite().all()
