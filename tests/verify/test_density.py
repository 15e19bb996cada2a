"""Densities in closed form."""

import math

import pytest
from flint import fmpq

from bosearch.errors import CertificateError
from bosearch.verify.density import prove_density
from bosearch.verify.reading import Section


@pytest.mark.parametrize("dim", [1, 2, 3, 8, 24])
def test_claim_is_proved_when_it_is_true_and_not_when_it_is_false(dim: int) -> None:
    # balls of diameter r = 1.25, 3 per unit of volume; 2 pi r^2 is rounded
    rho, ratio = fmpq(round(2 * math.pi * 1.25**2 * 2**40), 2**40), fmpq(3)
    density = math.pi ** (dim / 2) / math.gamma(dim / 2 + 1) * 0.625**dim * 3

    def claim(value: float) -> Section:
        return Section({"density": f"{value:.40f}"}, "it", ("density",))

    proof = prove_density(claim(density * (1 + 1e-10)), "two-point", dim, rho, ratio)
    assert proof.density == f"{density * (1 + 1e-10):.40f}"
    assert proof.statement.startswith(f"Every packing of equal balls in dimension {dim} has")
    with pytest.raises(CertificateError, match="the density is not proved"):
        prove_density(claim(density * (1 - 1e-10)), "two-point", dim, rho, ratio)
