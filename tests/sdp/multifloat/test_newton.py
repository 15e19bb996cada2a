import pytest
import torch

from bosearch.sdp.multifloat import MultiFloat, cholesky_inverse, newton
from tests.sdp.multifloat.helpers import LIMBS, identity_error, numbers, unit


def spd(seed: int, n: int, limbs: int) -> MultiFloat:
    x = numbers(seed, (n, n), limbs) / n
    return x @ x.mT + MultiFloat.eye(n, limbs)


@pytest.mark.parametrize("limbs", LIMBS)
@pytest.mark.parametrize("start", [1, 2])
def test_factors_are_lifted_from_fewer_limbs(limbs: int, start: int) -> None:
    A = spd(1, 15, limbs)
    L, X, _ = cholesky_inverse(A.with_limbs(start))
    L, X, ok = newton.lift(A, L, X)
    assert ok
    assert float((L @ L.mT - A).to_double().abs().max()) < 2**8 * unit(limbs)
    assert float(identity_error(X @ L)) < 2**8 * unit(limbs)


@pytest.mark.parametrize("limbs", LIMBS)
def test_each_step_squares_the_error(limbs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    A = spd(2, 10, limbs)
    L, X, _ = cholesky_inverse(A)
    off = MultiFloat.eye(10, limbs) * (1 + 2.0**-12)
    gaps = []
    size = newton._size

    def spy(E: MultiFloat) -> torch.Tensor:
        gaps.append(float(size(E)))
        return size(E)

    monkeypatch.setattr(newton, "_size", spy)
    for kind, start in (
        (newton.lift, (L @ off, X / (1 + 2.0**-12))),
        (newton.lift_inverse, (X @ off,)),
    ):
        gaps.clear()
        found = kind(A if kind is newton.lift else L, *start)
        assert found[-1]
        steps = [gap for gap in gaps if gap > 2.0 ** (-26.5 * limbs)]
        assert len(steps) > 1 or limbs == 2
        for before, after in zip(steps, gaps[1:], strict=False):
            assert after < 16 * before**2


@pytest.mark.parametrize("limbs", LIMBS)
def test_a_start_too_far_away_is_not_called_converged(limbs: int) -> None:
    A, eye = spd(3, 8, limbs), MultiFloat.eye(8, limbs)
    assert not newton.lift(A, eye, eye)[2]
    assert not newton.lift_inverse(A, eye)[1]


@pytest.mark.parametrize("limbs", LIMBS)
def test_inverses_are_lifted_by_schulz(limbs: int) -> None:
    A = spd(4, 9, limbs)
    start = MultiFloat.of(torch.linalg.inv(A.to_double()), 1)
    X, ok = newton.lift_inverse(A, start)
    assert ok
    assert float(identity_error(A @ X)) < 2**8 * unit(limbs)
