"""Sample points: as many as polynomials, inside the domain, and enough to tell them apart."""

import numpy as np
import pytest
from flint import fmpq, fmpq_mat

from bosearch.packing.assembly import Which
from bosearch.packing.invariants import chebyshev
from bosearch.packing.samples import dyadic, fekete
from bosearch.packing.triples import Shell, parts

COUNTS = [  # d, K4, K5
    (1, 4, 7),
    (2, 11, 22),
    (3, 23, 50),
    (4, 41, 95),
    (5, 67, 161),
    (6, 102, 252),
    (9, 274, 715),
]


def shell(ratio: fmpq) -> Shell:
    return Shell(fmpq(9), 9 * ratio**2)


@pytest.mark.parametrize(("d", "near", "far"), COUNTS)
def test_there_is_one_sample_per_invariant_polynomial(d: int, near: int, far: int) -> None:
    for which, count in (("near", near), ("far", far)):
        samples = fekete(shell(fmpq(7, 5)), which, 2 * d)  # type: ignore[arg-type]  # a literal
        assert len(samples) == count
        assert len({tuple(map(str, sample)) for sample in samples}) == count


@pytest.mark.parametrize("ratio", [fmpq(101, 100), fmpq(7, 5), fmpq(9, 4), fmpq(9)])
@pytest.mark.parametrize("which", ["near", "far"])
def test_samples_are_triangles_of_the_domain(which: Which, ratio: fmpq) -> None:
    for sample in fekete(shell(ratio), which, 6):
        letters = shell(ratio).letters(which, sample)
        assert all(value > -1e-12 for value in map(float, letters.values())), letters


@pytest.mark.parametrize("which", ["near", "far"])
def test_samples_determine_a_polynomial(which: Which) -> None:
    degree, basis = 6, parts(which, 6)[0]
    tables = [
        [chebyshev(x, degree + 1) for x in sample]
        for sample in fekete(shell(fmpq(7, 5)), which, degree)
    ]
    exact = fmpq_mat([[basis.values(T, label)[0] for label in basis.labels] for T in tables])
    assert exact.rank() == len(basis.labels)
    # values at the samples tell coefficients to all but four of their digits
    assert np.linalg.cond(np.array(exact.tolist(), dtype=float)) < 3e3


def test_coordinates_are_short_dyadic_numbers() -> None:
    assert dyadic(1.0) == 1
    assert dyadic(0.3, 3) == fmpq(1, 4)
    for sample in fekete(shell(fmpq(7, 5)), "far", 4):
        assert all((x * 2**14).q == 1 for x in sample)
