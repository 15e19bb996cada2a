"""Functions whose maxima are known."""

import pytest
from flint import arb, ctx, fmpq, fmpq_poly

from bosearch.errors import CertificateError
from bosearch.verify import segment
from bosearch.verify.segment import prove_negative

ZERO, S = fmpq_poly(), fmpq_poly([0, 1])


def near_two_over_e(offset: fmpq) -> fmpq:
    """A rational that differs from ``2/e`` by the offset, up to 1e-75."""
    with ctx.workprec(300):
        exact = 2 / arb.const_e() + offset
        mantissa, exponent = exact.mid().man_exp()
        return fmpq(mantissa) * fmpq(2) ** int(exponent)


@pytest.mark.parametrize("digits", [3, 12, 30])
def test_maximum_of_s_times_gaussian_decides(digits: int) -> None:
    # s e^(-s/2) has its maximum 2/e at s = 2
    above, below = (near_two_over_e(fmpq(sign, 10**digits)) for sign in (1, -1))
    prove_negative(S, fmpq_poly([-above]), fmpq(0), fmpq(50), "h")
    with pytest.raises(CertificateError, match=r"h is not strict where 2 pi \|x\|\^2 = "):
        prove_negative(S, fmpq_poly([-below]), fmpq(0), fmpq(50), "h")


def test_gaussian_is_compared_with_its_own_expansion() -> None:
    # e^(-t) < 1 - t + t^2/2 for t = s/2 > 0, and > 1 - t
    two = 1 - S / 2 + S * S / 8
    prove_negative(fmpq_poly([1]), -two, fmpq(1, 1000), fmpq(40), "h")
    prove_negative(fmpq_poly([-1]), 1 - S / 2, fmpq(1, 1000), fmpq(40), "h")
    with pytest.raises(CertificateError, match="is not strict"):
        prove_negative(fmpq_poly([1]), -two, fmpq(-1, 1000), fmpq(40), "h")


def test_ends_belong_to_the_segment() -> None:
    line = S - 3
    prove_negative(ZERO, line, fmpq(0), fmpq(3) - fmpq(1, 10**9), "h")
    with pytest.raises(CertificateError):
        prove_negative(ZERO, line, fmpq(0), fmpq(3), "h")
    with pytest.raises(CertificateError):
        prove_negative(ZERO, -line, fmpq(3), fmpq(5), "h")


def test_a_function_that_touches_zero_is_not_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segment, "MAX_PIECES", 300)
    with pytest.raises(CertificateError, match="h is not proved with 300 pieces"):
        prove_negative(ZERO, -((S - fmpq(1, 3)) ** 2), fmpq(0), fmpq(1), "h")


def test_a_narrow_peak_between_points_is_found() -> None:
    peak = fmpq_poly([1]) - 10**12 * (S - fmpq(1, 3)) ** 2  # above zero on a width of 2e-6
    with pytest.raises(CertificateError):
        prove_negative(ZERO, peak, fmpq(0), fmpq(1), "h")
