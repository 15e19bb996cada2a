"""A certificate leaves only when the checker has accepted it, and a file is whole or absent."""

import gzip
import json
from pathlib import Path

import pytest

from bosearch.errors import CertificateError
from bosearch.sdp.certificate import POLYNOMIAL, certificate_document, certified, write_certificate
from bosearch.sdp.polynomials import PolynomialBound, sos_lower_bound
from bosearch.verify import verify, verify_file


@pytest.fixture(scope="module")
def bound() -> PolynomialBound:
    return sos_lower_bound("x^4 - x + 1")


def test_a_document_states_what_it_proves_and_who_made_it(bound: PolynomialBound) -> None:
    document = certificate_document(bound)
    assert document["statement"] == verify(document).statement
    assert document["made_by"]["solver"].startswith("native")
    assert json.loads(json.dumps(document)) == document


def test_a_written_file_is_verified_and_leaves_no_other_file(
    bound: PolynomialBound, tmp_path: Path
) -> None:
    path = tmp_path / "bound.json"
    path.write_text("older")
    write_certificate(bound, path)
    assert verify_file(path) == verify(certificate_document(bound))
    assert list(tmp_path.iterdir()) == [path]


def test_a_compressed_file_is_smaller_and_says_the_same(
    bound: PolynomialBound, tmp_path: Path
) -> None:
    plain, packed, again = (tmp_path / f"bound.json{end}" for end in ("", ".gz", ".2.gz"))
    for path in (plain, packed, again):
        write_certificate(bound, path)
    assert gzip.decompress(packed.read_bytes()) == plain.read_bytes()
    assert packed.read_bytes() == again.read_bytes()
    assert verify_file(packed) == verify_file(plain)


def test_a_numerical_bound_has_no_document(tmp_path: Path) -> None:
    numerical = sos_lower_bound("x^4 - x + 1", certify=False)
    with pytest.raises(CertificateError, match="is numerical"):
        certificate_document(numerical)
    with pytest.raises(CertificateError, match="certify=True"):
        write_certificate(numerical, tmp_path / "bound.json")
    assert not list(tmp_path.iterdir())


def test_what_the_checker_refuses_does_not_leave(bound: PolynomialBound) -> None:
    document = certificate_document(bound)
    body = {
        k: v
        for k, v in document.items()
        if k not in ("format", "version", "kind", "statement", "made_by")
    }
    assert certified(POLYNOMIAL, body, made_by=bound.result)["bound"] == document["bound"]
    with pytest.raises(CertificateError, match="not the stated sum of squares"):
        certified(POLYNOMIAL, {**body, "bound": "1"}, made_by=bound.result)
