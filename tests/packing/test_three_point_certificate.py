"""Solutions with room are proved, whatever they are built of; those without are refused."""

import random
from dataclasses import replace
from typing import Any

import pytest
from flint import arb, arb_mat, ctx, fmpq

from bosearch.errors import CertificateError
from bosearch.packing.assembly import LETTERS, Assembly, largest_half_degree
from bosearch.packing.densities import density_per_ratio
from bosearch.packing.three_point_certificate import prove, rounded
from bosearch.packing.three_point_program import ThreePointProgram
from bosearch.sdp import SdpResult, solve
from bosearch.sdp.feasible import feasible
from bosearch.sdp.multifloat import MultiFloat
from bosearch.verify import verify
from tests.verify.certificates import copy

RHO, OUTER = fmpq(9264738, 2**20), fmpq(14823580, 2**20)  # r = 1.1858, R = 1.5
SLACK = fmpq(1, 2**38)


def program(**changes: Any) -> ThreePointProgram:
    arguments: dict[str, Any] = {
        "dim": 4,
        "d": 3,
        "d2": 5,
        "rho": RHO,
        "outer": OUTER,
        "construction": Assembly.standard(3),
        "slack": SLACK,
        **changes,
    }
    return ThreePointProgram(**arguments)


def density(program: ThreePointProgram, result: SdpResult) -> float:
    return float(density_per_ratio(program.dim, program.rho)) * result.value


@pytest.fixture(scope="module")
def result() -> SdpResult:
    return solve(program().problem(), gap=1e-9)


@pytest.fixture(scope="module")
def blocks(result: SdpResult) -> dict[str, MultiFloat]:
    return feasible(program().problem(), result)[0]


def document(blocks: dict[str, MultiFloat], bits: int, size: float = 0.0) -> dict[str, Any]:
    """A certificate of matrices with errors of a size relative to their diagonals."""
    rng, made = random.Random(0), {}
    with ctx.workprec(300):
        for name, block in blocks.items():
            Y, n = block.to_arb_mat(), block.shape[-1]
            root = [Y[i, i].sqrt() for i in range(n)]
            E = [[rng.gauss(0, size) for _ in range(n)] for _ in range(n)]
            rows = [
                [Y[i, j] + root[i] * root[j] * arb(E[i][j] + E[j][i]) for j in range(n)]
                for i in range(n)
            ]
            made[name] = arb_mat(rows).mid()
    head = {"format": "bosearch-certificate", "version": 1, "kind": "three-point"}
    return head | rounded(program(), made, bits)


def test_the_proved_density_is_the_solvers_rounded_up(result: SdpResult) -> None:
    proof = verify(prove(program(), result))
    assert proof.density is not None
    assert float(proof.density) == pytest.approx(density(program(), result), rel=1e-9)
    assert len(proof.density.lstrip("0.")) == 16


def test_pieces_of_any_construction_are_proved() -> None:
    S = Assembly.standard(3)
    built = Assembly(
        near=[(), ("G",), ("s1",), ("G", "s1"), ("s3",)],
        far=[*S.far, ("G", "l"), ("l", "l", "q1")],
        kernels=(4, 3, 3, 2, 2, 0, 1),
    )
    made = program(construction=built)
    found = solve(made.problem(), gap=1e-8)
    certificate = prove(made, found)
    assert [k is None for k in certificate["kernels"]] == [False] * 5 + [True, False]
    assert [item["word"] for item in certificate["far"]] == [list(w) for w in built.far]
    assert float(str(verify(certificate).density)) == pytest.approx(density(made, found), rel=1e-7)


def test_squares_of_lower_degree_are_proved_and_gain_no_more(result: SdpResult) -> None:
    built = replace(
        Assembly.standard(3),
        lowered=[("near", ("G",), 1), ("near", ("s2",), 1), ("far", ("q2",), 1)],
    )
    made = program(construction=built)
    found = solve(made.problem(), gap=1e-8)
    assert density(made, found) > density(program(), result)
    certificate = prove(made, found)
    stated = {
        (kind, *item["word"]): item["half_degree"]
        for kind in ("near", "far")
        for item in certificate[kind]
        if "half_degree" in item
    }
    assert stated == {("near", "G"): 1, ("near", "s2"): 0, ("far", "q2"): 0}  # of 2, 1, 1
    assert float(str(verify(certificate).density)) == pytest.approx(density(made, found), rel=1e-7)
    for which in LETTERS:
        for i, item in enumerate(certificate[which]):
            full = largest_half_degree(which, tuple(item["word"]), 3)
            for other in {*range(5)} - {item.get("half_degree", full)}:
                flipped = copy(certificate)
                flipped[which][i]["half_degree"] = other
                with pytest.raises(CertificateError, match=f"{which} {i}"):
                    verify(flipped)
            if "half_degree" in item:
                del (flipped := copy(certificate))[which][i]["half_degree"]
                with pytest.raises(CertificateError, match=f"{which} {i}"):
                    verify(flipped)


def test_a_rough_solution_is_proved_too() -> None:
    """In double precision residuals are 1e-11, the slack is 4e-12."""
    found = solve(program().problem(), gap=1e-5, limbs=1)
    assert found.errors.rows > 1e-13
    proved = float(prove(program(), found)["density"])
    assert proved == pytest.approx(density(program(), found), rel=1e-5)


@pytest.mark.parametrize("size", [1e-30, 1e-20])
def test_small_errors_are_within_the_slack(blocks: dict[str, MultiFloat], size: float) -> None:
    verify(document(blocks, 80, size))


def test_errors_above_the_slack_are_refused(blocks: dict[str, MultiFloat]) -> None:
    with pytest.raises(CertificateError, match=r"not proved|not strict|not positive definite"):
        verify(document(blocks, 80, 1e-6))


def test_too_few_bits_are_refused_and_more_are_enough(blocks: dict[str, MultiFloat]) -> None:
    with pytest.raises(CertificateError):
        verify(document(blocks, 16))
    for bits in (60, 100, 200):
        verify(document(blocks, bits))


def test_without_slack_rounding_leaves_no_proof() -> None:
    tight = program(slack=fmpq(0))
    found = solve(tight.problem(), gap=1e-8)
    with pytest.raises(CertificateError, match=r"was found .* but not proved"):
        prove(tight, found)


def test_without_kernels_there_is_nothing_to_prove(result: SdpResult) -> None:
    bare = program(construction=Assembly(near=[()], far=[()], kernels=()))
    with pytest.raises(CertificateError, match="without kernels") as caught:
        prove(bare, result)
    assert caught.value.hint == "prove the two-point bound"
