"""Certificates survive errors of the solver that leave room, and refuse those that do not."""

import random
from fractions import Fraction

import pytest
from flint import arb, arb_mat, ctx, fmpq, fmpq_poly

from bosearch.errors import CertificateError
from bosearch.packing.densities import density_per_ratio
from bosearch.packing.laguerre import monic_laguerre
from bosearch.packing.two_point_certificate import fourier, prove, rounded, upper_density
from bosearch.packing.two_point_program import BLOCKS, TwoPointProgram
from bosearch.packing.two_point_repair import repaired
from bosearch.sdp import SdpResult, solve
from bosearch.verify import verify

RHO = fmpq(25735927, 2048 * 1000)  # about 4 pi


@pytest.fixture(scope="module")
def program() -> TwoPointProgram:
    return TwoPointProgram(8, 13, fmpq(13176795, 2**20))


@pytest.fixture(scope="module")
def result(program: TwoPointProgram) -> SdpResult:
    return solve(program.problem(), gap=1e-10)


def disturbed(result: SdpResult, size: float) -> dict[str, arb_mat]:
    """The Gram matrices with errors relative to their diagonals."""
    rng = random.Random(0)
    made = {}
    with ctx.workprec(300):
        for name in BLOCKS:
            Y = result.blocks[name].to_arb_mat()
            n = Y.nrows()
            root = [Y[i, i].sqrt() for i in range(n)]
            E = [[rng.gauss(0, size) for _ in range(n)] for _ in range(n)]
            made[name] = arb_mat(
                [
                    [Y[i, j] + root[i] * root[j] * (E[i][j] + E[j][i]) for j in range(n)]
                    for i in range(n)
                ]
            ).mid()
    return made


def document(
    program: TwoPointProgram, matrices: dict[str, arb_mat], bits: int
) -> dict[str, object]:
    head = {"format": "bosearch-certificate", "version": 1, "kind": "two-point"}
    return head | rounded(program, matrices, bits)


def test_the_proved_density_is_the_solvers_rounded_up(
    program: TwoPointProgram, result: SdpResult
) -> None:
    proof = verify(prove(program, result))
    assert proof.density is not None
    numerical = float(density_per_ratio(8, program.rho)) * result.value
    assert 0 <= float(proof.density) - numerical <= 1e-9 * numerical
    assert len(proof.density.lstrip("0.")) == 16


@pytest.mark.parametrize("size", [1e-30, 1e-20, 1e-14])
def test_small_errors_are_repaired(
    program: TwoPointProgram, result: SdpResult, size: float
) -> None:
    matrices = repaired(program, disturbed(result, size))
    proof = verify(document(program, matrices, 100))
    assert float(str(proof.density)) == pytest.approx(
        float(density_per_ratio(8, program.rho)) * result.value, rel=1e-8
    )


def test_large_errors_are_refused(program: TwoPointProgram, result: SdpResult) -> None:
    with pytest.raises(CertificateError):
        verify(document(program, repaired(program, disturbed(result, 1e-3)), 100))


def test_too_few_bits_are_refused_and_more_are_enough(
    program: TwoPointProgram, result: SdpResult
) -> None:
    matrices = repaired(program, disturbed(result, 0.0))
    with pytest.raises(CertificateError, match="not positive definite"):
        verify(document(program, matrices, 12))
    for bits in (60, 100, 300):
        verify(document(program, matrices, bits))


def test_the_identity_is_exact_at_any_number_of_bits(
    program: TwoPointProgram, result: SdpResult
) -> None:
    """Even when definiteness is lost the polynomials agree, for absorption is exact."""
    for bits in (2, 12, 40):
        with pytest.raises(CertificateError, match="is not positive definite"):
            verify(document(program, disturbed(result, 1e-2), bits))


def test_the_fourier_transform_is_an_involution() -> None:
    monic = monic_laguerre(3, 8)
    p = fmpq_poly([fmpq(k + 1, 2**k) for k in range(8)])
    assert fourier(fourier(p, monic), monic) == p
    assert fourier(monic[5], monic) == -monic[5]


@pytest.mark.parametrize("dim", [1, 8, 24, 63])
def test_densities_are_rounded_up_in_the_last_digit(dim: int) -> None:
    for ratio in (fmpq(1, 10**9), fmpq(1, 3), fmpq(1), fmpq(35, 113)):
        text = upper_density(dim, RHO, ratio)
        assert len(text.replace(".", "").lstrip("0")) in (16, 17)
        last = Fraction(1, 10 ** len(text.split(".")[1]))
        with ctx.workprec(300):
            density = density_per_ratio(dim, RHO) * arb(ratio)
            above = Fraction(text)
            assert density <= arb(fmpq(above.numerator, above.denominator))
            below = above - last
            assert density > arb(fmpq(below.numerator, below.denominator))


def test_no_density_is_written_for_a_meaningless_ratio() -> None:
    for ratio in (fmpq(0), fmpq(-1), fmpq(10**30)):
        with pytest.raises(CertificateError, match="no density"):
            upper_density(8, RHO, ratio)
